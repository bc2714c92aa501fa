/** Boxes, handles, the cell under the pointer, cameras and the ground grid, as lines and fills. */
import { CHUNK, type Rgb, type Vec3, type VoxelWorld } from "../world/voxels";
import { axes, worldPoint, type Camera } from "./camera";
import { FACE_CORNERS } from "./faces";
import { add, scale, transform, type Mat4 } from "./matrix";

/** A box of cells: low inclusive, high exclusive. */
export interface Box {
  readonly low: Vec3;
  readonly high: Vec3;
  readonly color: Rgb;
  /** Draws a handle on the middle of each side; `active` is the one under the pointer (0..5: +x -x +y -y +z -z). */
  readonly handles?: boolean;
  readonly active?: number;
}

/** A camera drawn as a pyramid. */
export interface Frustum {
  readonly camera: Camera;
  readonly aspect: number;
  readonly color: Rgb;
  /** Length of the pyramid, world units. */
  readonly length: number;
}

export interface Overlays {
  readonly boxes?: readonly Box[];
  /** Cell under the pointer. */
  readonly cursor?: { readonly cell: Vec3; readonly color: Rgb } | null;
  readonly frusta?: readonly Frustum[];
  /** Lines on the ground around the world. */
  readonly grid?: boolean;
}

/** Floats of a line: its ends, its width in CSS pixels, how visible it is behind blocks, RGBA. */
export const LINE_FLOATS = 12;
/** Floats of a fill's corner: position and RGBA. Three corners make a triangle. */
export const FILL_FLOATS = 7;

export interface OverlayGeometry {
  readonly lines: Float32Array<ArrayBuffer>;
  readonly fills: Float32Array<ArrayBuffer>;
}

export const NO_OVERLAYS: OverlayGeometry = { lines: new Float32Array(0), fills: new Float32Array(0) };

const HANDLE_PIXELS = 11;
const GRID_COLOR: Rgb = [0.25, 0.32, 0.38];
/** Cells between lines of the ground grid. */
const GRID_STEP = 8;
/** Cells that the ground grid reaches beyond the world. */
const GRID_MARGIN = 16;
/** Lines on faces of blocks lie this far outside them, in cells. */
const LIFT = 0.02;

export function overlayGeometry(overlays: Overlays, world: VoxelWorld | null): OverlayGeometry {
  const lines: number[] = [];
  const fills: number[] = [];
  const line = (a: Vec3, b: Vec3, width: number, behind: number, color: Rgb, alpha = 1) => void lines.push(...a, ...b, width, behind, ...color, alpha);
  const quad = (corners: readonly Vec3[], color: Rgb, alpha: number) => {
    for (const i of [0, 1, 2, 0, 2, 3]) fills.push(...corners[i]!, ...color, alpha);
  };
  if (world) {
    const place = (cell: Vec3) => worldPoint(world.size, world.worldScale, cell);
    if (overlays.grid) grid(world, (a, b, alpha) => line(place(a), place(b), 1, 0, GRID_COLOR, alpha));
    for (const box of overlays.boxes ?? []) {
      cuboid(box.low, box.high, (corner) => place(corner), (a, b) => line(a, b, 2, 0.35, box.color), (corners) => quad(corners, box.color, 0.07));
      if (!box.handles) continue;
      for (let face = 0; face < 6; face++) {
        const at = place(handlePoint(box, face));
        const active = box.active === face;
        line(at, at, HANDLE_PIXELS + (active ? 6 : 2), 0.9, [1, 1, 1]);
        line(at, at, HANDLE_PIXELS + (active ? 3 : -2), 0.9, box.color);
      }
    }
    if (overlays.cursor) {
      const { cell, color } = overlays.cursor;
      cuboid(cell, add(cell, [1, 1, 1]), place, (a, b) => line(a, b, 2, 0.15, color), (corners) => quad(corners, color, 0.18));
    }
  }
  for (const frustum of overlays.frusta ?? []) pyramid(frustum, (a, b) => line(a, b, 1.5, 0.3, frustum.color));
  return { lines: new Float32Array(lines), fills: new Float32Array(fills) };
}

function handlePoint({ low, high }: Box, face: number): Vec3 {
  const axis = face >> 1;
  return [0, 1, 2].map((i) => (i === axis ? (face & 1 ? low[i]! : high[i]!) : (low[i]! + high[i]!) / 2)) as unknown as Vec3;
}

/** The handle within reach of a point of the canvas (CSS pixels), nearest to the eye first; null for none. */
export function handleAt(overlays: Overlays, world: VoxelWorld, clipFromWorld: Mat4, width: number, height: number, x: number, y: number): { box: number; handle: number } | null {
  let best: { box: number; handle: number } | null = null;
  let nearest = Infinity;
  (overlays.boxes ?? []).forEach((box, index) => {
    if (!box.handles) return;
    for (let face = 0; face < 6; face++) {
      const [cx, cy, , w] = transform(clipFromWorld, worldPoint(world.size, world.worldScale, handlePoint(box, face)));
      if (w <= 0) continue;
      const off = Math.max(Math.abs((cx / w + 1) * 0.5 * width - x), Math.abs((1 - cy / w) * 0.5 * height - y));
      if (off <= HANDLE_PIXELS && w < nearest) [best, nearest] = [{ box: index, handle: face }, w];
    }
  });
  return best;
}

/** Edges and sides of a box of cells, a little outside it. */
function cuboid(low: Vec3, high: Vec3, place: (cell: Vec3) => Vec3, edge: (a: Vec3, b: Vec3) => void, side: (corners: Vec3[]) => void): void {
  const at = (corner: Vec3) => place([0, 1, 2].map((i) => (corner[i] ? high[i]! + LIFT : low[i]! - LIFT)) as unknown as Vec3);
  for (let bits = 0; bits < 8; bits++)
    for (let axis = 0; axis < 3; axis++) {
      const corner: Vec3 = [bits & 1, (bits >> 1) & 1, (bits >> 2) & 1];
      if (corner[axis] === 0) edge(at(corner), at(corner.map((c, i) => (i === axis ? 1 : c)) as unknown as Vec3));
    }
  for (const corners of FACE_CORNERS) side(corners.map(at));
}

function pyramid({ camera, aspect, length }: Frustum, edge: (a: Vec3, b: Vec3) => void): void {
  const { right, up, backward } = axes(camera);
  const half = Math.tan((camera.fovYDegrees * Math.PI) / 360) * length;
  const center = add(camera.eye, scale(backward, -length));
  const at = (u: number, v: number) => add(center, add(scale(right, u * half * aspect), scale(up, v * half)));
  const ring = [at(-1, -1), at(1, -1), at(1, 1), at(-1, 1)];
  ring.forEach((corner, i) => {
    edge(camera.eye, corner);
    edge(corner, ring[(i + 1) % 4]!);
  });
  // A mark for up.
  const tip = at(0, 1.35);
  edge(at(-0.25, 1.08), tip);
  edge(tip, at(0.25, 1.08));
}

/** Lines on the ground, just below the blocks; those of whole chunks stand out. */
function grid(world: VoxelWorld, line: (a: Vec3, b: Vec3, alpha: number) => void): void {
  const [sx, , sz] = world.size;
  const y = -2 * LIFT;
  const reach = (size: number): [number, number] => [-GRID_MARGIN, Math.ceil(size / GRID_STEP) * GRID_STEP + GRID_MARGIN];
  const [x0, x1] = reach(sx);
  const [z0, z1] = reach(sz);
  for (let x = x0; x <= x1; x += GRID_STEP) line([x, y, z0], [x, y, z1], x % CHUNK === 0 ? 0.5 : 0.22);
  for (let z = z0; z <= z1; z += GRID_STEP) line([x0, y, z], [x1, y, z], z % CHUNK === 0 ? 0.5 : 0.22);
}
