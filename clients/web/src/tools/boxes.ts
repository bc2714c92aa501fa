/**
 * Boxes of cells: low inclusive, high exclusive. Dragging, nudging and typing all end here, so that a
 * box that is not inside its grid cannot exist.
 */
import type { Vec3, VoxelWorld } from "../world/voxels";

export interface CellBox {
  readonly low: Vec3;
  readonly high: Vec3;
}

/** As the renderer numbers handles: +x -x +y -y +z -z. */
export type Side = 0 | 1 | 2 | 3 | 4 | 5;
export const SIDE_NAMES = ["east (+x)", "west (-x)", "top (+y)", "bottom (-y)", "south (+z)", "north (-z)"] as const;

export function axisOf(side: Side): 0 | 1 | 2 {
  return (side >> 1) as 0 | 1 | 2;
}

export function isHigh(side: Side): boolean {
  return side % 2 === 0;
}

/** The box around two cells, both in it. */
export function boxAround(a: Vec3, b: Vec3): CellBox {
  return {
    low: [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.min(a[2], b[2])],
    high: [Math.max(a[0], b[0]) + 1, Math.max(a[1], b[1]) + 1, Math.max(a[2], b[2]) + 1],
  };
}

/** The middle of `box`, half as long on every side: what a first box to keep in a region may be. */
export function innerBox({ low, high }: CellBox, size: Vec3): CellBox {
  const quarter = (axis: 0 | 1 | 2) => (high[axis] - low[axis]) / 4;
  const [x, y, z] = [quarter(0), quarter(1), quarter(2)];
  return clampBox({ low: [low[0] + x, low[1], low[2] + z], high: [high[0] - x, high[1] - 2 * y, high[2] - z] }, size);
}

/**
 * What a box that was drawn over a world is likely to mean. `roomy`: the blocks in its footprint from its
 * lowest cell up, and as much air above as it is wide, to build in; otherwise just what stands there.
 */
export function drawnBox(world: VoxelWorld, a: Vec3, b: Vec3, roomy: boolean): CellBox {
  const { low, high } = boxAround(a, b);
  let top = high[1];
  for (let z = Math.max(0, low[2]); z < Math.min(world.size[2], high[2]); z++) {
    for (let x = Math.max(0, low[0]); x < Math.min(world.size[0], high[0]); x++) {
      for (let y = world.size[1] - 1; y >= top; y--) if (world.at(x, y, z) !== 0) top = y + 1;
    }
  }
  if (roomy) top = Math.max(top, low[1] + Math.max(high[0] - low[0], high[2] - low[2]));
  return clampBox({ low, high: [high[0], top, high[2]] }, world.size);
}

/** All of a grid. */
export function wholeGrid(size: Vec3): CellBox {
  return { low: [0, 0, 0], high: size };
}

/** The middle third of a grid, standing on its ground: where a first box is at hand. */
export function startingBox(size: Vec3): CellBox {
  const third = (n: number) => Math.max(1, Math.round(n / 3));
  const [w, h, d] = [third(size[0]), third(size[1] * 1.5), third(size[2])];
  const low: Vec3 = [Math.floor((size[0] - w) / 2), 0, Math.floor((size[2] - d) / 2)];
  return clampBox({ low, high: [low[0] + w, low[1] + h, low[2] + d] }, size);
}

/** The nearest box that lies in the grid and has at least one cell. Whole numbers. */
export function clampBox(box: CellBox, size: Vec3): CellBox {
  const low: [number, number, number] = [0, 0, 0];
  const high: [number, number, number] = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    low[axis] = clamp(Math.round(box.low[axis]!), 0, size[axis]! - 1);
    high[axis] = clamp(Math.round(box.high[axis]!), low[axis]! + 1, size[axis]!);
  }
  return { low, high };
}

/** One side put to a coordinate; it stops at the opposite side and at the grid's border. */
export function withSide(box: CellBox, side: Side, at: number, size: Vec3): CellBox {
  const axis = axisOf(side);
  const low: [number, number, number] = [...box.low];
  const high: [number, number, number] = [...box.high];
  if (isHigh(side)) high[axis] = clamp(Math.round(at), low[axis] + 1, size[axis]);
  else low[axis] = clamp(Math.round(at), 0, high[axis] - 1);
  return { low, high };
}

/** The whole box moved, its size kept; it stops at the grid's border. */
export function movedBox(box: CellBox, by: Vec3, size: Vec3): CellBox {
  const low: [number, number, number] = [0, 0, 0];
  const high: [number, number, number] = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    const step = clamp(by[axis]!, -box.low[axis]!, size[axis]! - box.high[axis]!);
    low[axis] = box.low[axis]! + step;
    high[axis] = box.high[axis]! + step;
  }
  return { low, high };
}

/** Where a side lies on its axis. */
export function sideAt(box: CellBox, side: Side): number {
  return (isHigh(side) ? box.high : box.low)[axisOf(side)];
}

export function boxSize(box: CellBox): Vec3 {
  return [box.high[0] - box.low[0], box.high[1] - box.low[1], box.high[2] - box.low[2]];
}

export function cellCount(box: CellBox): number {
  const [x, y, z] = boxSize(box);
  return x * y * z;
}

export function sameBox(a: CellBox, b: CellBox): boolean {
  return [0, 1, 2].every((axis) => a.low[axis] === b.low[axis] && a.high[axis] === b.high[axis]);
}

export function boxContains(box: CellBox, cell: Vec3): boolean {
  return [0, 1, 2].every((axis) => cell[axis]! >= box.low[axis]! && cell[axis]! < box.high[axis]!);
}

export interface Ray {
  readonly origin: Vec3;
  readonly direction: Vec3;
}

/**
 * Where along an axis through `point` a ray passes closest, in the units of the axis; null where the
 * ray runs along it. That is what a handle follows under the pointer.
 */
export function alongAxis(ray: Ray, point: Vec3, axis: 0 | 1 | 2): number | null {
  const d = ray.direction;
  const w: Vec3 = [point[0] - ray.origin[0], point[1] - ray.origin[1], point[2] - ray.origin[2]];
  const dd = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
  const da = d[axis];
  const denominator = dd - da * da;
  if (denominator < 1e-6 * dd) return null;
  const dw = d[0] * w[0] + d[1] * w[1] + d[2] * w[2];
  // Closest points of two lines: the axis has unit direction, so its parameter is s = (d·a d·w - d·d a·w) / (d·d - (d·a)²).
  return point[axis] + (da * dw - dd * w[axis]) / denominator;
}

/** A world coordinate as a grid coordinate: the grid is centred in x and z and stands on y = 0. */
export function gridCoordinate(at: number, axis: 0 | 1 | 2, size: Vec3, worldScale: number): number {
  return at / worldScale + (axis === 1 ? 0 : size[axis] / 2);
}

/** A grid corner in world units. */
export function worldPoint(corner: Vec3, size: Vec3, worldScale: number): Vec3 {
  return [(corner[0] - size[0] / 2) * worldScale, corner[1] * worldScale, (corner[2] - size[2] / 2) * worldScale];
}

/** The middle of a side, world units. */
export function sideMiddle(box: CellBox, side: Side, size: Vec3, worldScale: number): Vec3 {
  const middle: [number, number, number] = [(box.low[0] + box.high[0]) / 2, (box.low[1] + box.high[1]) / 2, (box.low[2] + box.high[2]) / 2];
  middle[axisOf(side)] = sideAt(box, side);
  return worldPoint(middle, size, worldScale);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
