/** Meshes chunks off the main thread. */
import { meshChunk, type ChunkCells } from "./mesher";
import type { ChunkMesh } from "./faces";

export interface MeshRequest {
  readonly ticket: number;
  readonly cells: ChunkCells;
}

export interface MeshAnswer {
  readonly ticket: number;
  readonly mesh: ChunkMesh;
}

self.addEventListener("message", ({ data }: MessageEvent<MeshRequest>) => {
  const mesh = meshChunk(data.cells);
  const answer: MeshAnswer = { ticket: data.ticket, mesh };
  self.postMessage(answer, { transfer: mesh.faces.length > 0 ? [mesh.faces.buffer] : [] });
});
