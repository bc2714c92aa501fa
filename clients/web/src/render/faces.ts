/**
 * A visible face in 8 bytes, as both backends read it, and the cube's corners.
 *
 * word 0: x, y, z of the cell (9 bits each, x lowest), face (3 bits).
 * word 1: palette index (8 bits), ambient occlusion of the four corners (2 bits each, 3 is open),
 *         occupancy (8 bits, 255 is full).
 *
 * Faces are numbered +x -x +y -y +z -z. Corners and their uv are in the editor's order (formats of
 * the map editor), counter-clockwise as seen from outside.
 */
import type { Vec3 } from "../world/voxels";

export const MAX_SIDE = 512;
export const FACE_BYTES = 8;

export const FACE_NORMALS: readonly Vec3[] = [
  [1, 0, 0],
  [-1, 0, 0],
  [0, 1, 0],
  [0, -1, 0],
  [0, 0, 1],
  [0, 0, -1],
];

/** Corners of each face: x, y, z in 0 or 1. */
export const FACE_CORNERS: readonly (readonly Vec3[])[] = [
  [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]],
  [[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]],
  [[0, 1, 0], [0, 1, 1], [1, 1, 1], [1, 1, 0]],
  [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]],
  [[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]],
  [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0]],
];

const FACE_UVS: readonly (readonly (readonly [number, number])[])[] = [
  [[0, 1], [0, 0], [1, 0], [1, 1]],
  [[1, 1], [0, 1], [0, 0], [1, 0]],
  [[0, 1], [0, 0], [1, 0], [1, 1]],
  [[0, 0], [1, 0], [1, 1], [0, 1]],
  [[0, 1], [1, 1], [1, 0], [0, 0]],
  [[1, 1], [1, 0], [0, 0], [0, 1]],
];

/** Corner bits for the shaders: of each face a word, of each corner 5 bits (x, y, z, u, v). */
export const CORNER_BITS: readonly number[] = FACE_CORNERS.map((corners, face) =>
  corners.reduce((bits, [x, y, z], i) => {
    const [u, v] = FACE_UVS[face]![i]!;
    return bits | ((x | (y << 1) | (z << 2) | (u << 3) | (v << 4)) << (5 * i));
  }, 0),
);

export interface ChunkMesh {
  /** Two words a face, grouped by direction. */
  readonly faces: Uint32Array<ArrayBuffer>;
  /** First face of each direction, and the number of all. */
  readonly starts: readonly number[];
}

export const EMPTY_MESH: ChunkMesh = { faces: new Uint32Array(0), starts: [0, 0, 0, 0, 0, 0, 0] };

/** Two triangles of each of `faces` squares, whose corners are 4 * face and the three that follow. */
export function quadIndices(faces: number): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(6 * faces);
  for (let face = 0; face < faces; face++) {
    const [at, corner] = [6 * face, 4 * face];
    out[at] = out[at + 3] = corner;
    out[at + 1] = corner + 1;
    out[at + 2] = out[at + 4] = corner + 2;
    out[at + 5] = corner + 3;
  }
  return out;
}
