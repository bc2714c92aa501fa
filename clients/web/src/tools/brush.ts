/** Which cells a brush touches and what they become. Nothing here changes a world. */
import type { CellChanges, Vec3, VoxelWorld } from "../world/voxels";
import type { CellBox } from "./boxes";

export type BrushKind = "place" | "remove" | "paint";

/** Cells across; odd brushes sit on the cell under the pointer. */
export const BRUSH_SIZES = [1, 2, 3, 5, 9] as const;
/** Cells that one fill may change. */
export const MAX_FILL = 2 ** 20;

export interface Aim {
  /** The block under the pointer. */
  readonly cell: Vec3;
  /** Outward normal of the face under the pointer. */
  readonly normal: Vec3;
}

/** The low corner of a brush of `size` at `aim`; one that places grows away from the face. */
export function brushBox(kind: BrushKind, aim: Aim, size: number): CellBox {
  const low: [number, number, number] = [0, 0, 0];
  const half = Math.floor((size - 1) / 2);
  for (let axis = 0; axis < 3; axis++) {
    const at = aim.cell[axis]!;
    const out = aim.normal[axis]!;
    if (out === 0) low[axis] = at - half;
    // Along the normal: in front of the face when placing, behind it otherwise.
    else if (kind === "place") low[axis] = out > 0 ? at + 1 : at - size;
    else low[axis] = out > 0 ? at - size + 1 : at;
  }
  return { low, high: [low[0] + size, low[1] + size, low[2] + size] };
}

/** What a brush does: place fills what is empty, remove empties what is full, paint changes what is full. */
export function brushChanges(world: VoxelWorld, kind: BrushKind, aim: Aim, size: number, block: number): CellChanges {
  return boxChanges(world, kind, brushBox(kind, aim, size), block);
}

/** The same for all cells of a box. Cells outside the grid are left out, and those that are so already. */
export function boxChanges(world: VoxelWorld, kind: BrushKind, { low, high }: CellBox, block: number): CellChanges {
  const cells: number[] = [];
  const value = kind === "remove" ? 0 : block;
  for (let z = Math.max(0, low[2]); z < Math.min(world.size[2], high[2]); z++) {
    for (let y = Math.max(0, low[1]); y < Math.min(world.size[1], high[1]); y++) {
      for (let x = Math.max(0, low[0]); x < Math.min(world.size[0], high[0]); x++) {
        const index = world.index(x, y, z);
        const isFull = world.ids[index] !== 0;
        if (isFull === (kind !== "place") && world.ids[index] !== value) cells.push(index);
      }
    }
  }
  return { cells: Uint32Array.from(cells), values: new Uint8Array(cells.length).fill(value) };
}

/**
 * The connected blocks of the kind at `start` become `block` (Air: they go). Faces connect.
 * Stops at MAX_FILL cells; `complete` is false then.
 */
export function fillChanges(world: VoxelWorld, start: Vec3, block: number): CellChanges & { readonly complete: boolean } {
  const first = world.index(...start);
  const kind = world.ids[first]!;
  const found: number[] = [];
  if (kind === 0 || kind === block) return { cells: new Uint32Array(0), values: new Uint8Array(0), complete: true };
  const seen = new Set([first]);
  const [sx, sy, sz] = world.size;
  for (let waiting = [first]; waiting.length > 0 && found.length < MAX_FILL; ) {
    const next: number[] = [];
    for (const index of waiting) {
      if (found.length >= MAX_FILL) break;
      found.push(index);
      const [x, y, z] = world.cell(index);
      const around: (number | false)[] = [
        x > 0 && index - 1,
        x + 1 < sx && index + 1,
        y > 0 && index - sx,
        y + 1 < sy && index + sx,
        z > 0 && index - sx * sy,
        z + 1 < sz && index + sx * sy,
      ];
      for (const at of around) {
        if (at === false || seen.has(at) || world.ids[at] !== kind) continue;
        seen.add(at);
        next.push(at);
      }
    }
    waiting = next;
  }
  return { cells: Uint32Array.from(found).sort(), values: new Uint8Array(found.length).fill(block), complete: found.length === seen.size };
}

/** Cells between two, so that a fast stroke leaves no gaps; `to` is the last one. */
export function cellsBetween(from: Vec3, to: Vec3): Vec3[] {
  const steps = Math.max(...from.map((at, axis) => Math.abs(to[axis]! - at)));
  return Array.from({ length: steps }, (_, i) => {
    const t = (i + 1) / steps;
    return [0, 1, 2].map((axis) => Math.round(from[axis]! + (to[axis]! - from[axis]!) * t)) as unknown as Vec3;
  });
}
