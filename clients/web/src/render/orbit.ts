/** Moves of a camera about its target. Angles in radians, lengths in world units. */
import type { Vec3 } from "../world/voxels";
import { axes, type Camera } from "./camera";
import { add, length, mix, normalize, scale, subtract } from "./matrix";

/** A camera straight above or below its target could be turned any way: stop just before. */
const MAX_PITCH = (89.5 * Math.PI) / 180;
const MIN_DISTANCE = 0.5;
const MAX_DISTANCE = 4000;

export function distanceOf(camera: Camera): number {
  return length(subtract(camera.eye, camera.target));
}

/** Yaw from +z towards +x, and pitch above the horizon, of the eye as seen from the target. */
export function anglesOf(camera: Camera): { yaw: number; pitch: number } {
  const [x, y, z] = axes(camera).backward;
  // Straight up and down, the picture's upper side says which way the camera is turned.
  if (Math.hypot(x, z) > 1e-6) return { yaw: Math.atan2(x, z), pitch: Math.asin(Math.min(1, Math.max(-1, y))) };
  const up = axes(camera).up;
  return { yaw: Math.atan2(-up[0] * Math.sign(y), -up[2] * Math.sign(y)), pitch: (Math.sign(y) * Math.PI) / 2 };
}

/** The eye on a sphere about the target; up becomes +Y. The far plane follows, so that nothing is cut off. */
export function placed(camera: Camera, yaw: number, pitch: number, distance: number): Camera {
  const held = Math.min(MAX_PITCH, Math.max(-MAX_PITCH, pitch));
  const reach = Math.min(MAX_DISTANCE, Math.max(MIN_DISTANCE, distance));
  const direction: Vec3 = [Math.cos(held) * Math.sin(yaw), Math.sin(held), Math.cos(held) * Math.cos(yaw)];
  return { ...camera, eye: add(camera.target, scale(direction, reach)), up: [0, 1, 0], far: Math.max(500, 2 * reach + 500) };
}

export function turned(camera: Camera, yaw: number, pitch: number): Camera {
  const now = anglesOf(camera);
  return placed(camera, now.yaw + yaw, now.pitch + pitch, distanceOf(camera));
}

export function moved(camera: Camera, by: Vec3): Camera {
  return { ...camera, eye: add(camera.eye, by), target: add(camera.target, by) };
}

/** Nearer (factor below 1) or farther with `point` staying where it is in the picture. */
export function zoomed(camera: Camera, factor: number, point: Vec3): Camera {
  const distance = distanceOf(camera);
  const held = Math.min(MAX_DISTANCE / distance, Math.max(MIN_DISTANCE / distance, factor));
  const pull = (p: Vec3) => add(point, scale(subtract(p, point), held));
  return { ...camera, eye: pull(camera.eye), target: pull(camera.target), far: Math.max(500, 2 * distance * held + 500) };
}

/** From `direction` (from the target towards the eye), at the same distance. */
export function seenFrom(camera: Camera, direction: Vec3): Camera {
  const [x, y, z] = normalize(direction);
  const flat = Math.hypot(x, z);
  // From above and below the picture keeps the quarter turn that it has.
  const yaw = flat > 1e-3 ? Math.atan2(x, z) : Math.round(anglesOf(camera).yaw / (Math.PI / 2)) * (Math.PI / 2);
  return placed(camera, yaw, Math.atan2(y, flat), distanceOf(camera));
}

/** `point` becomes the target, from the same side, `distance` away. */
export function focused(camera: Camera, point: Vec3, distance: number): Camera {
  const { yaw, pitch } = anglesOf(camera);
  return placed({ ...camera, target: point }, yaw, pitch, distance);
}

/** Between two cameras: angles and distances each on their shortest way, so that the eye swings and does not cut through. */
export function between(from: Camera, to: Camera, t: number): Camera {
  if (t >= 1) return to;
  const [a, b] = [anglesOf(from), anglesOf(to)];
  const turn = Math.atan2(Math.sin(b.yaw - a.yaw), Math.cos(b.yaw - a.yaw));
  const distance = distanceOf(from) * (distanceOf(to) / distanceOf(from)) ** t;
  const camera = { ...to, target: mix(from.target, to.target, t), fovYDegrees: from.fovYDegrees + (to.fovYDegrees - from.fovYDegrees) * t };
  return placed(camera, a.yaw + turn * t, a.pitch + (b.pitch - a.pitch) * t, distance);
}
