/** Faces of one chunk: those between a block and air, never merged, so that no seam can open. */
import { CHUNK, type Vec3, type VoxelWorld } from "../world/voxels";
import { FACE_CORNERS, FACE_NORMALS, EMPTY_MESH, type ChunkMesh } from "./faces";

/** Side of a chunk with the one cell around it that its faces depend on. */
export const PADDED = CHUNK + 2;
const STRIDES: Vec3 = [1, PADDED, PADDED * PADDED];
const CELLS = PADDED ** 3;

export interface ChunkCells {
  /** Low cell of the chunk in the grid. */
  readonly origin: Vec3;
  /** Palette indices of PADDED^3 cells, x fastest, from `origin - 1` on; Air outside the grid. */
  readonly ids: Uint8Array<ArrayBuffer>;
  /** Soft occupancy of the same cells, or null for the hard view. */
  readonly occupancy: Uint8Array<ArrayBuffer> | null;
}

/** Copies what a chunk's faces depend on out of a world. */
export function chunkCells(world: VoxelWorld, chunk: number, soft: boolean): ChunkCells {
  const [cx, cy] = world.chunks;
  const origin: Vec3 = [(chunk % cx) * CHUNK, (Math.floor(chunk / cx) % cy) * CHUNK, Math.floor(chunk / (cx * cy)) * CHUNK];
  const occupancy = soft && world.occupancy ? padded(world, world.occupancy, origin) : null;
  return { origin, ids: padded(world, world.ids, origin), occupancy };
}

function padded(world: VoxelWorld, source: Uint8Array, origin: Vec3): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(CELLS);
  const [sx, sy, sz] = world.size;
  const low = Math.max(0, origin[0] - 1);
  const high = Math.min(sx, origin[0] + CHUNK + 1);
  for (let z = Math.max(0, origin[2] - 1); z < Math.min(sz, origin[2] + CHUNK + 1); z++)
    for (let y = Math.max(0, origin[1] - 1); y < Math.min(sy, origin[1] + CHUNK + 1); y++) {
      const row = sx * (y + sy * z);
      const at = low - origin[0] + 1 + PADDED * (y - origin[1] + 1 + PADDED * (z - origin[2] + 1));
      out.set(source.subarray(row + low, row + high), at);
    }
  return out;
}

/** Whether there is nothing to draw in a chunk: all air, and surely so. */
export function isEmpty({ ids, occupancy }: ChunkCells): boolean {
  return new Uint32Array(ids.buffer).every((four) => four === 0) && (occupancy === null || occupancy.every((o) => o < UNDECIDED[0]));
}

/** Occupancies (of 255) from which on a cell looks a little more solid. */
const UNDECIDED = [26, 92, 166] as const;

/**
 * How solid a cell looks, 0 to 3: a face is drawn towards every neighbour that looks less solid. The
 * hard view knows 0 and 3 only.
 */
function solidity(id: number, occupancy: number): number {
  if (occupancy < UNDECIDED[0]) return 0;
  if (occupancy < UNDECIDED[1]) return 1;
  return occupancy < UNDECIDED[2] || id === 0 ? 2 : 3;
}

function solidities({ ids, occupancy }: ChunkCells): Uint8Array {
  const out = new Uint8Array(CELLS);
  if (occupancy) for (let i = 0; i < CELLS; i++) out[i] = solidity(ids[i]!, occupancy[i]!);
  else for (let i = 0; i < CELLS; i++) out[i] = ids[i] ? 3 : 0;
  return out;
}

const FACE_STEPS = FACE_NORMALS.map((normal) => normal[0] * STRIDES[0] + normal[1] * STRIDES[1] + normal[2] * STRIDES[2]);

/** Of each face and corner: the steps to the two cells beside the corner and the one across it, in the layer in front. */
const CORNER_STEPS = FACE_CORNERS.map((corners, face) =>
  corners.map((corner) => {
    const sides = [0, 1, 2].filter((axis) => FACE_NORMALS[face]![axis] === 0).map((axis) => (corner[axis] ? 1 : -1) * STRIDES[axis]!);
    return [sides[0]!, sides[1]!, sides[0]! + sides[1]!] as const;
  }),
);

/** How open each corner of a face is (3 is open), packed; `front` is the cell before the face. */
function occlusion(solid: Uint8Array, front: number, face: number): number {
  let packed = 0;
  for (let corner = 0; corner < 4; corner++) {
    const [a, b, across] = CORNER_STEPS[face]![corner]!;
    const first = solid[front + a]! === 3 ? 1 : 0;
    const second = solid[front + b]! === 3 ? 1 : 0;
    const open = first + second === 2 ? 0 : 3 - first - second - (solid[front + across]! === 3 ? 1 : 0);
    packed |= open << (2 * corner);
  }
  return packed;
}

/** The faces of a chunk. Throws RangeError where the arrays are not PADDED^3 long. */
export function meshChunk(cells: ChunkCells): ChunkMesh {
  const { ids, occupancy, origin } = cells;
  if (ids.length !== CELLS || (occupancy && occupancy.length !== CELLS)) throw new RangeError(`cells: expected ${CELLS}, got ${ids.length}`);
  const solid = solidities(cells);
  const masks = new Uint8Array(CELLS);
  const counts = [0, 0, 0, 0, 0, 0];
  for (let z = 0; z < CHUNK; z++)
    for (let y = 0; y < CHUNK; y++) {
      const row = rowStart(y, z);
      for (let i = row; i < row + CHUNK; i++) {
        const own = solid[i]!;
        if (own === 0) continue;
        let mask = 0;
        for (let face = 0; face < 6; face++)
          if (solid[i + FACE_STEPS[face]!]! < own) {
            mask |= 1 << face;
            counts[face]!++;
          }
        masks[i] = mask;
      }
    }
  const starts = [0];
  for (const count of counts) starts.push(starts.at(-1)! + count);
  if (starts[6] === 0) return EMPTY_MESH;
  const faces = new Uint32Array(2 * starts[6]!);
  const next = starts.slice(0, 6);
  for (let z = 0; z < CHUNK; z++)
    for (let y = 0; y < CHUNK; y++) {
      const row = rowStart(y, z);
      for (let x = 0; x < CHUNK; x++) {
        const i = row + x;
        const mask = masks[i]!;
        if (mask === 0) continue;
        const position = (origin[0] + x) | ((origin[1] + y) << 9) | ((origin[2] + z) << 18);
        const look = ids[i]! | ((occupancy ? occupancy[i]! : 255) << 16);
        for (let face = 0; face < 6; face++) {
          if (!(mask & (1 << face))) continue;
          const at = 2 * next[face]!++;
          faces[at] = position | (face << 27);
          faces[at + 1] = look | (occlusion(solid, i + FACE_STEPS[face]!, face) << 8);
        }
      }
    }
  return { faces, starts };
}

/** Index of the first cell of a row that is not padding. */
function rowStart(y: number, z: number): number {
  return 1 + PADDED * (y + 1 + PADDED * (z + 1));
}
