/**
 * A perspective camera: right-handed, +Y up, looks along its own -Z; matrices as datasets store them
 * (column-major, OpenGL projection with z in -1..1).
 */
import type { Vec3 } from "../world/voxels";
import { cross, dot, multiply, normalize, scale, subtract, add, type Mat4 } from "./matrix";

export interface Camera {
  readonly eye: Vec3;
  readonly target: Vec3;
  readonly up: Vec3;
  /** Full vertical field of view. */
  readonly fovYDegrees: number;
  readonly near: number;
  readonly far: number;
}

export const DEFAULT_CAMERA: Camera = { eye: [90, 70, 110], target: [0, 30, 0], up: [0, 1, 0], fovYDegrees: 60, near: 0.1, far: 500 };

/** Right, up and backward of a camera: orthonormal, world space. */
export interface Axes {
  readonly right: Vec3;
  readonly up: Vec3;
  readonly backward: Vec3;
}

export function axes(camera: Camera): Axes {
  const backward = normalize(subtract(camera.eye, camera.target), [0, 0, 1]);
  // Along the up vector the picture could be turned any way; -Z is up then, as for cameras of datasets.
  const upward = Math.abs(dot(backward, normalize(camera.up))) < 1 - 1e-9 ? camera.up : ([0, 0, -1] as const);
  const right = normalize(cross(upward, backward), [1, 0, 0]);
  return { right, up: cross(backward, right), backward };
}

/** World to camera. */
export function viewMatrix(camera: Camera): Mat4 {
  const { right: r, up: u, backward: b } = axes(camera);
  const e = camera.eye;
  return [r[0], u[0], b[0], 0, r[1], u[1], b[1], 0, r[2], u[2], b[2], 0, -dot(r, e), -dot(u, e), -dot(b, e), 1];
}

/** Camera to clip space, z in -1..1. */
export function projectionMatrix(camera: Camera, aspect: number): Mat4 {
  const f = 1 / Math.tan((camera.fovYDegrees * Math.PI) / 360);
  const { near, far } = camera;
  return [f / aspect, 0, 0, 0, 0, f, 0, 0, 0, 0, (far + near) / (near - far), -1, 0, 0, (2 * far * near) / (near - far), 0];
}

export function viewProjection(camera: Camera, aspect: number): Mat4 {
  return multiply(projectionMatrix(camera, aspect), viewMatrix(camera));
}

/** Grid space, where cell (x, y, z) spans x..x+1 and so on, to world space. */
export function worldFromGrid(size: Vec3, worldScale: number): Mat4 {
  const s = worldScale;
  return [s, 0, 0, 0, 0, s, 0, 0, 0, 0, s, 0, (-size[0] / 2) * s, 0, (-size[2] / 2) * s, 1];
}

export function gridPoint(size: Vec3, worldScale: number, [x, y, z]: Vec3): Vec3 {
  return [x / worldScale + size[0] / 2, y / worldScale, z / worldScale + size[2] / 2];
}

export function worldPoint(size: Vec3, worldScale: number, [x, y, z]: Vec3): Vec3 {
  return [(x - size[0] / 2) * worldScale, y * worldScale, (z - size[2] / 2) * worldScale];
}

/** Nothing nearer is drawn: where the editor's projection, made for z in -1..1, has z = 0. */
export function clipNear({ near, far }: Camera): number {
  return (2 * far * near) / (far + near);
}

/** The ray through a point of the picture (0..1 from its top left); t along it is the distance along the viewing axis. */
export function rayThrough(camera: Camera, aspect: number, u: number, v: number): { origin: Vec3; direction: Vec3 } {
  const { right, up, backward } = axes(camera);
  const half = Math.tan((camera.fovYDegrees * Math.PI) / 360);
  const direction = add(add(scale(right, (2 * u - 1) * half * aspect), scale(up, (1 - 2 * v) * half)), scale(backward, -1));
  return { origin: camera.eye, direction };
}

/** As near as shows all of a world of `size` cells from `direction` (from the world towards the eye), with a margin. */
export function framing(size: Vec3, worldScale: number, { aspect = 1.5, direction = [0.62, 0.5, 0.76] as Vec3, camera = DEFAULT_CAMERA } = {}): Camera {
  const [x, y, z] = scale(size, worldScale);
  const target: Vec3 = [0, y / 2, 0];
  const aimed: Camera = { ...camera, target, eye: add(target, normalize(direction)), up: [0, 1, 0] };
  const { right, up, backward } = axes(aimed);
  const half = Math.tan((camera.fovYDegrees * Math.PI) / 360);
  let distance = 1;
  for (let bits = 0; bits < 8; bits++) {
    const corner: Vec3 = [(bits & 1 ? x : -x) / 2, (bits & 2 ? y : -y) / 2, (bits & 4 ? z : -z) / 2];
    const reach = Math.max(Math.abs(dot(right, corner)) / aspect, Math.abs(dot(up, corner))) / half;
    distance = Math.max(distance, dot(backward, corner) + reach);
  }
  distance *= 1.06;
  return { ...aimed, eye: add(target, scale(backward, distance)), far: Math.max(camera.far, 2 * distance + 500) };
}
