/** Which face a ray meets first: a walk from cell to cell, as the renderers of the library do it. */
import type { Vec3, VoxelWorld } from "../world/voxels";
import { clipNear, gridPoint, rayThrough, worldPoint, type Camera } from "./camera";
import { scale } from "./matrix";

export interface Hit {
  readonly cell: Vec3;
  /** Outward normal of the face: the cell to build on is `cell + normal`. */
  readonly normal: Vec3;
  /** Palette index of the block. */
  readonly block: number;
  /** Where the ray meets the face, world units. */
  readonly point: Vec3;
  /** Along the viewing axis, world units. */
  readonly distance: number;
}

/** (u, v) is a point of the picture, 0..1 from its top left. */
export function pickFace(world: VoxelWorld, camera: Camera, aspect: number, u: number, v: number): Hit | null {
  const ray = rayThrough(camera, aspect, u, v);
  const origin = gridPoint(world.size, world.worldScale, ray.origin);
  const direction = scale(ray.direction, 1 / world.worldScale);
  let t = clipNear(camera);
  let leave = camera.far;
  for (let axis = 0; axis < 3; axis++) {
    const d = direction[axis]!;
    const o = origin[axis]!;
    if (d === 0) {
      if (o < 0 || o >= world.size[axis]!) return null;
      continue;
    }
    const [a, b] = [-o / d, (world.size[axis]! - o) / d];
    t = Math.max(t, Math.min(a, b));
    leave = Math.min(leave, Math.max(a, b));
  }
  if (t >= leave) return null;
  const cell = [0, 1, 2].map((axis) => Math.min(world.size[axis]! - 1, Math.max(0, Math.floor(origin[axis]! + (t + 1e-9) * direction[axis]!))));
  const step = direction.map(Math.sign);
  const next = cell.map((c, axis) => (step[axis] === 0 ? Infinity : (c + (step[axis]! > 0 ? 1 : 0) - origin[axis]!) / direction[axis]!));
  const outside = [0, 1, 2].some((axis) => origin[axis]! < 0 || origin[axis]! > world.size[axis]!);
  // From inside a block one sees through it until the ray has been in air; a ray from outside has been.
  let beenInAir = outside && t > clipNear(camera);
  let axis = entryAxis(origin, direction, t, world.size);
  while (t < leave) {
    const block = world.at(cell[0]!, cell[1]!, cell[2]!);
    if (block && beenInAir && axis >= 0) {
      const at = origin.map((o, i) => o + t * direction[i]!) as unknown as Vec3;
      const normal = [0, 1, 2].map((i) => (i === axis ? -step[i]! : 0)) as unknown as Vec3;
      return { cell: cell as unknown as Vec3, normal, block, point: worldPoint(world.size, world.worldScale, at), distance: t };
    }
    if (!block) beenInAir = true;
    axis = next[0]! <= next[1]! ? (next[0]! <= next[2]! ? 0 : 2) : next[1]! <= next[2]! ? 1 : 2;
    t = next[axis]!;
    cell[axis]! += step[axis]!;
    next[axis]! += Math.abs(1 / direction[axis]!);
    if (cell[axis]! < 0 || cell[axis]! >= world.size[axis]!) return null;
  }
  return null;
}

/** The axis through whose side of the grid the ray came in at `t`; -1 where it began inside. */
function entryAxis(origin: Vec3, direction: Vec3, t: number, size: Vec3): number {
  let best = -1;
  let least = 1e-6;
  for (let axis = 0; axis < 3; axis++) {
    if (direction[axis] === 0) continue;
    const side = direction[axis]! > 0 ? 0 : size[axis]!;
    const off = Math.abs((side - origin[axis]!) / direction[axis]! - t);
    if (off < least) [best, least] = [axis, off];
  }
  return best;
}
