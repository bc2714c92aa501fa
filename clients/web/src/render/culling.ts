/** Which chunks, and which directions of faces in them, a camera can see. */
import { CHUNK, type Vec3 } from "../world/voxels";
import type { ChunkMesh } from "./faces";
import type { Mat4 } from "./matrix";

/** Faces first..first+count of a chunk. */
export interface DrawRange {
  readonly chunk: number;
  readonly first: number;
  readonly count: number;
}

export interface Placed {
  readonly chunk: number;
  readonly origin: Vec3;
  readonly mesh: ChunkMesh;
}

/** Planes a*x + b*y + c*z + d >= 0 of what is in view, grid space; the far plane is left out. */
function planes(clipFromGrid: Mat4): number[][] {
  const row = (r: number, sign: number) => [0, 4, 8, 12].map((column) => clipFromGrid[column + 3]! + sign * clipFromGrid[column + r]!);
  return [row(0, 1), row(0, -1), row(1, 1), row(1, -1), row(2, 1)];
}

/** What to draw, nearest chunk first; `eye` in grid space. */
export function visibleRanges(chunks: Iterable<Placed>, clipFromGrid: Mat4, eye: Vec3): DrawRange[] {
  const sides = planes(clipFromGrid);
  const seen: { distance: number; placed: Placed }[] = [];
  for (const placed of chunks) {
    const [x, y, z] = placed.origin;
    const inView = sides.every(([a, b, c, d]) => a! * (x + (a! > 0 ? CHUNK : 0)) + b! * (y + (b! > 0 ? CHUNK : 0)) + c! * (z + (c! > 0 ? CHUNK : 0)) + d! >= 0);
    if (inView) seen.push({ distance: Math.hypot(x + CHUNK / 2 - eye[0], y + CHUNK / 2 - eye[1], z + CHUNK / 2 - eye[2]), placed });
  }
  seen.sort((a, b) => a.distance - b.distance);
  const out: DrawRange[] = [];
  for (const { placed } of seen) {
    const { chunk, origin, mesh } = placed;
    // Faces in +x are seen only from a higher x than the lowest of them, and so on.
    const faces = [0, 1, 2].flatMap((axis) => [eye[axis]! > origin[axis]!, eye[axis]! < origin[axis]! + CHUNK]);
    let first = -1;
    for (let face = 0; face <= 6; face++) {
      if (first < 0 && faces[face]) first = face;
      if (first >= 0 && !faces[face]) {
        const count = mesh.starts[face]! - mesh.starts[first]!;
        if (count > 0) out.push({ chunk, first: mesh.starts[first]!, count });
        first = -1;
      }
    }
  }
  return out;
}
