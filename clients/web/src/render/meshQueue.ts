/** Which chunks want meshing, nearest first, a few in flight at a time; the newest state of a chunk wins. */
import type { VoxelWorld } from "../world/voxels";
import { EMPTY_MESH, type ChunkMesh } from "./faces";
import { chunkCells, isEmpty, meshChunk } from "./mesher";
import type { MeshAnswer, MeshRequest } from "./mesher.worker";

/** So many keep the worker busy while the main thread copies no further ahead than it must. */
const IN_FLIGHT = 6;

export class MeshQueue {
  #world: VoxelWorld | null = null;
  #soft = false;
  readonly #wanted = new Set<number>();
  /** The same, the nearest last; null where it has to be sorted anew. */
  #line: number[] | null = null;
  /** Ticket to chunk, of what the worker has. */
  readonly #flying = new Map<number, number>();
  #ticket = 0;
  #worker: Worker | null;
  #idle: (() => void)[] = [];

  /**
   * `deliver` gets every finished mesh; `order` says how near a chunk is, the nearest goes first.
   */
  constructor(
    private readonly deliver: (chunk: number, mesh: ChunkMesh) => void,
    private readonly order: (chunk: number) => number,
  ) {
    this.#worker = this.#startWorker();
  }

  /** What is in flight of an earlier world is dropped when it comes. */
  setWorld(world: VoxelWorld | null, soft: boolean): void {
    this.#world = world;
    this.#soft = soft;
    this.#wanted.clear();
    this.#line = null;
    this.#flying.clear();
    if (world) for (let chunk = 0; chunk < world.chunkCount; chunk++) this.#wanted.add(chunk);
    this.#pump();
  }

  add(chunks: Iterable<number>): void {
    for (const chunk of chunks) this.#wanted.add(chunk);
    this.#line = null;
    this.#pump();
  }

  get busy(): boolean {
    return this.#wanted.size > 0 || this.#flying.size > 0;
  }

  /** Resolves once everything that was asked for is delivered. */
  idle(): Promise<void> {
    return this.busy ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  destroy(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.setWorld(null, false);
  }

  #startWorker(): Worker | null {
    try {
      const worker = new Worker(new URL("./mesher.worker.ts", import.meta.url), { type: "module" });
      worker.addEventListener("message", ({ data }: MessageEvent<MeshAnswer>) => this.#receive(data));
      // A worker that a browser or a policy forbids: mesh here, what it had included.
      worker.addEventListener("error", () => {
        worker.terminate();
        this.#worker = null;
        for (const chunk of this.#flying.values()) this.#wanted.add(chunk);
        this.#line = null;
        this.#flying.clear();
        this.#pump();
      });
      return worker;
    } catch {
      return null;
    }
  }

  #receive({ ticket, mesh }: MeshAnswer): void {
    const chunk = this.#flying.get(ticket);
    this.#flying.delete(ticket);
    // A chunk that has changed since is still delivered: under a stream of changes it would else never show.
    if (chunk !== undefined) this.deliver(chunk, mesh);
    this.#pump();
  }

  #pump(): void {
    const world = this.#world;
    while (world && this.#wanted.size > 0 && this.#flying.size < IN_FLIGHT) {
      const chunk = this.#next();
      if (chunk === undefined) break;
      this.#wanted.delete(chunk);
      this.#send(world, chunk);
    }
    if (!this.busy) {
      const waiting = this.#idle;
      this.#idle = [];
      for (const resolve of waiting) resolve();
    }
  }

  /** The nearest chunk that is wanted and not in flight. */
  #next(): number | undefined {
    if (!this.#line) {
      const distances = new Map([...this.#wanted].map((chunk) => [chunk, this.order(chunk)]));
      this.#line = [...this.#wanted].sort((a, b) => distances.get(b)! - distances.get(a)!);
    }
    const busy = new Set(this.#flying.values());
    const at = this.#line.findLastIndex((chunk) => !busy.has(chunk));
    return at < 0 ? undefined : this.#line.splice(at, 1)[0];
  }

  #send(world: VoxelWorld, chunk: number): void {
    const cells = chunkCells(world, chunk, this.#soft);
    if (isEmpty(cells)) {
      this.deliver(chunk, EMPTY_MESH);
      return;
    }
    if (!this.#worker) {
      this.deliver(chunk, meshChunk(cells));
      return;
    }
    const request: MeshRequest = { ticket: ++this.#ticket, cells };
    this.#flying.set(request.ticket, chunk);
    this.#worker.postMessage(request, cells.occupancy ? [cells.ids.buffer, cells.occupancy.buffer] : [cells.ids.buffer]);
  }
}
