/** From a point of the canvas to the cell that a tool means. */
import { gridPoint, rayThrough, type Camera } from "../render/camera";
import { pickFace, type Hit } from "../render/pick";
import type { Vec3, VoxelWorld } from "../world/voxels";
import type { Aim } from "./brush";

export interface CanvasPoint {
  /** 0..1 from the top left. */
  readonly u: number;
  readonly v: number;
  readonly aspect: number;
}

export function canvasPoint(canvas: HTMLCanvasElement, { clientX, clientY }: { readonly clientX: number; readonly clientY: number }): CanvasPoint {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return { u: (clientX - left) / width, v: (clientY - top) / height, aspect: width / height };
}

/** The block under a point, else the ground of the grid there; null beside both. */
export function aimAt(world: VoxelWorld, camera: Camera, { u, v, aspect }: CanvasPoint): Aim | null {
  return pickFace(world, camera, aspect, u, v) ?? groundAt(world, camera, { u, v, aspect });
}

export function blockAt(world: VoxelWorld, camera: Camera, { u, v, aspect }: CanvasPoint): Hit | null {
  return pickFace(world, camera, aspect, u, v);
}

/** The ground under a point as if it were the top of a block below the grid: what an empty world is built on. */
function groundAt(world: VoxelWorld, camera: Camera, { u, v, aspect }: CanvasPoint): Aim | null {
  const ray = rayThrough(camera, aspect, u, v);
  const t = -ray.origin[1] / ray.direction[1];
  if (!(t > 0)) return null;
  const at = gridPoint(world.size, world.worldScale, [ray.origin[0] + t * ray.direction[0], 0, ray.origin[2] + t * ray.direction[2]]);
  const cell: Vec3 = [Math.floor(at[0]), -1, Math.floor(at[2])];
  return cell[0] >= 0 && cell[2] >= 0 && cell[0] < world.size[0] && cell[2] < world.size[2] ? { cell, normal: [0, 1, 0] } : null;
}

/** The cell that a placing tool would fill, or the one that any other means. */
export function meantCell({ cell, normal }: Aim, places: boolean): Vec3 {
  return places ? [cell[0] + normal[0], cell[1] + normal[1], cell[2] + normal[2]] : cell;
}

/**
 * Steps of a cursor for arrow keys, as the eye sees them: "right" is the grid axis nearest to the
 * camera's right, "ahead" the one nearest to where it looks.
 */
export function steps({ eye, target }: Camera): { readonly right: Vec3; readonly ahead: Vec3 } {
  const [x, z] = [target[0] - eye[0], target[2] - eye[2]];
  const ahead: Vec3 = Math.abs(x) > Math.abs(z) ? [Math.sign(x), 0, 0] : [0, 0, Math.sign(z) || -1];
  return { ahead, right: [-ahead[2], 0, ahead[0]] };
}
