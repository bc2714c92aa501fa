/**
 * A dataset in the editor's metadata.json. Matrices are 16 numbers, column-major; `viewMatrix` is
 * cam_from_world (the camera looks along its -Z, +Y up, right-handed); the projection is OpenGL's.
 */
import type { Camera } from "../render/camera";
import type { Vec3 } from "../world/voxels";

export interface Shot {
  readonly camera: Camera;
  readonly png: Uint8Array;
}

export interface Pose {
  readonly right: Vec3;
  readonly up: Vec3;
  readonly forward: Vec3;
}

/** Axes of a camera in world space, each of unit length. Straight up or down, -Z is up, as in voxcore. */
export function poseOf({ eye, target, up }: Camera): Pose {
  const forward = unit([target[0] - eye[0], target[1] - eye[1], target[2] - eye[2]]);
  const isVertical = Math.hypot(...cross(forward, up)) < 1e-9 * Math.hypot(...up);
  const right = unit(cross(forward, isVertical ? [0, 0, -1] : up));
  return { right, up: cross(right, forward), forward };
}

/** cam_from_world, column-major. */
export function viewMatrix(camera: Camera): number[] {
  const { right: r, up: u, forward: f } = poseOf(camera);
  const e = camera.eye;
  return [r[0], u[0], -f[0], 0, r[1], u[1], -f[1], 0, r[2], u[2], -f[2], 0, -dot(r, e), -dot(u, e), dot(f, e), 1];
}

/** clip_from_cam, OpenGL style, z in -1..1, column-major. */
export function projectionMatrix({ fovYDegrees, near, far }: Camera, aspect: number): number[] {
  const f = 1 / Math.tan((fovYDegrees * Math.PI) / 360);
  return [f / aspect, 0, 0, 0, 0, f, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, (2 * far * near) / (near - far), 0];
}

/** The text of a metadata.json in pieces, so that pictures are never joined into one string. */
export function metadataParts(shots: readonly Shot[], width: number, height: number, captureId: string, at: Date): string[] {
  const exportedAt = at.toISOString();
  const head = { formatVersion: "1.0", exportedAt, imageSize: { width, height }, viewCount: shots.length, captureId };
  const parts = [`${JSON.stringify(head).slice(0, -1)},"views":[`];
  shots.forEach(({ camera, png }, i) => {
    const view = viewEntry(camera, i, width / height, exportedAt);
    parts.push(`${i > 0 ? ",\n" : "\n"}${JSON.stringify(view).slice(0, -1)},"rgbBase64":"`, base64(png), '","depthBase64":null,"normalBase64":null}');
  });
  parts.push("\n]}\n");
  return parts;
}

function viewEntry(camera: Camera, index: number, aspect: number, capturedAt: string) {
  const view = viewMatrix(camera);
  const projection = projectionMatrix(camera, aspect);
  return {
    id: `view_${String(index + 1).padStart(3, "0")}`,
    index,
    capturedAt,
    position: camera.eye,
    ...poseOf(camera),
    intrinsics: { fovYDegrees: camera.fovYDegrees, aspect, near: camera.near, far: camera.far },
    viewMatrix: view,
    projectionMatrix: projection,
    viewProjectionMatrix: product(projection, view),
  };
}

/** a * b, column-major. */
export function product(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: 16 }, (_, i) => {
    const [row, column] = [i % 4, i - (i % 4)];
    return a[row]! * b[column]! + a[row + 4]! * b[column + 1]! + a[row + 8]! * b[column + 2]! + a[row + 12]! * b[column + 3]!;
  });
}

/** RFC 4648. In slices of a multiple of three bytes, since String.fromCharCode takes only so many at once. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  const slice = 3 * 8192;
  for (let at = 0; at < bytes.length; at += slice) text += btoa(String.fromCharCode(...bytes.subarray(at, at + slice)));
  return text;
}

function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(v: Vec3): Vec3 {
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}
