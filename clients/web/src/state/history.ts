/**
 * What was done to a world, stroke by stroke, so that it can be undone and done again.
 */
import type { CellChanges, VoxelWorld } from "../world/voxels";

export interface Stroke {
  /** For people: "Place 12 Stone". */
  readonly label: string;
  readonly cells: Uint32Array;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Bytes of one changed cell in a stroke. */
const CELL_BYTES = 6;

/** A stroke in the making: cells are set at once, and become one step of the history when it ends. */
export class OpenStroke {
  readonly #before = new Map<number, number>();

  constructor(readonly world: VoxelWorld) {}

  get size(): number {
    return this.#before.size;
  }

  /** Cells that differ from what they were when the stroke began. */
  apply(changes: CellChanges): void {
    changes.cells.forEach((cell) => {
      if (!this.#before.has(cell)) this.#before.set(cell, this.world.ids[cell]!);
    });
    this.world.apply(changes);
  }

  /** Puts everything back. */
  abandon(): void {
    const cells = Uint32Array.from(this.#before.keys());
    this.world.apply({ cells, values: Uint8Array.from(this.#before.values()) });
    this.#before.clear();
  }

  /** The stroke in wire order, or null where nothing has changed. */
  end(label: string): Stroke | null {
    const cells = Uint32Array.from([...this.#before.keys()].filter((cell) => this.#before.get(cell) !== this.world.ids[cell])).sort();
    if (cells.length === 0) return null;
    const before = Uint8Array.from(cells, (cell) => this.#before.get(cell)!);
    return { label, cells, before, after: Uint8Array.from(cells, (cell) => this.world.ids[cell]!) };
  }
}

/** The strokes of one world. Forgets the oldest above `maxBytes`. */
export class History {
  #done: Stroke[] = [];
  #undone: Stroke[] = [];
  /** How many strokes were done at the last save; -1 where that state cannot be reached any more. */
  #saved = 0;

  constructor(readonly maxBytes = 64 * 2 ** 20) {}

  get undoable(): Stroke | null {
    return this.#done.at(-1) ?? null;
  }

  get redoable(): Stroke | null {
    return this.#undone.at(-1) ?? null;
  }

  /** Whether the world is not what was last saved. */
  get unsaved(): boolean {
    return this.#done.length !== this.#saved;
  }

  /** Strokes since the last save, for people. */
  get length(): number {
    return this.#done.length;
  }

  push(stroke: Stroke): void {
    if (this.#saved > this.#done.length) this.#saved = -1;
    this.#undone = [];
    this.#done.push(stroke);
    let bytes = this.#done.reduce((sum, { cells }) => sum + cells.length * CELL_BYTES, 0);
    while (bytes > this.maxBytes && this.#done.length > 1) {
      bytes -= this.#done.shift()!.cells.length * CELL_BYTES;
      this.#saved = this.#saved > 0 ? this.#saved - 1 : -1;
    }
  }

  /** Takes the newest stroke back; null where there is none. */
  undo(world: VoxelWorld): Stroke | null {
    const stroke = this.#done.pop();
    if (!stroke) return null;
    world.apply({ cells: stroke.cells, values: stroke.before });
    this.#undone.push(stroke);
    return stroke;
  }

  redo(world: VoxelWorld): Stroke | null {
    const stroke = this.#undone.pop();
    if (!stroke) return null;
    world.apply({ cells: stroke.cells, values: stroke.after });
    this.#done.push(stroke);
    return stroke;
  }

  markSaved(): void {
    this.#saved = this.#done.length;
  }
}
