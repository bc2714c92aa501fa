/**
 * A grid of blocks as the contract has it: one byte a cell, the palette index, x fastest, then y,
 * then z; y is up; index 0 is Air.
 */

export type Vec3 = readonly [number, number, number];
export type Rgb = readonly [number, number, number];

/** Side of a chunk in cells: the unit of meshing, uploading and culling. */
export const CHUNK = 32;

/** A picture of one face; row 0 is the top. RGBA, not premultiplied. */
export interface FaceTexture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray;
}

export interface BlockTextures {
  readonly top?: FaceTexture;
  readonly bottom?: FaceTexture;
  readonly side?: FaceTexture;
}

/** One kind of block; colours 0..1 as the editor stores them (no gamma). Entry 0 of a palette is Air. */
export interface Block {
  readonly name: string;
  readonly editorId: number;
  readonly top: Rgb;
  readonly bottom: Rgb;
  readonly side: Rgb;
  /** Pictures on the faces of a custom block. */
  readonly textures?: BlockTextures;
}

/** Changed cells in wire order and what they are now. */
export interface CellChanges {
  readonly cells: Uint32Array;
  readonly values: Uint8Array;
}

export type DirtyListener = (chunks: ReadonlySet<number>) => void;

export class VoxelWorld {
  readonly size: Vec3;
  readonly ids: Uint8Array;
  readonly blocks: readonly Block[];
  readonly worldScale: number;
  /** Soft occupancy of each cell, 0 empty to 255 full, in the order of `ids`; null where only the hard grid is known. */
  occupancy: Uint8Array | null = null;
  readonly #listeners = new Set<DirtyListener>();

  /** Takes `ids` over without a copy. Throws RangeError where its length is not that of `size`. */
  constructor(size: Vec3, blocks: readonly Block[], worldScale = 2, ids?: Uint8Array) {
    const cells = size[0] * size[1] * size[2];
    if (size.some((n) => !Number.isInteger(n) || n < 1)) throw new RangeError(`size: expected whole numbers above 0, got ${size.join(" x ")}`);
    if (ids && ids.length !== cells) throw new RangeError(`ids: expected ${cells} cells, got ${ids.length}`);
    this.size = size;
    this.blocks = blocks;
    this.worldScale = worldScale;
    this.ids = ids ?? new Uint8Array(cells);
  }

  /** Chunks along each axis. */
  get chunks(): Vec3 {
    return [Math.ceil(this.size[0] / CHUNK), Math.ceil(this.size[1] / CHUNK), Math.ceil(this.size[2] / CHUNK)];
  }

  get chunkCount(): number {
    const [cx, cy, cz] = this.chunks;
    return cx * cy * cz;
  }

  contains(x: number, y: number, z: number): boolean {
    return x >= 0 && y >= 0 && z >= 0 && x < this.size[0] && y < this.size[1] && z < this.size[2];
  }

  index(x: number, y: number, z: number): number {
    return x + this.size[0] * (y + this.size[1] * z);
  }

  /** The cell of an index. */
  cell(index: number): [number, number, number] {
    const [sx, sy] = this.size;
    return [index % sx, Math.floor(index / sx) % sy, Math.floor(index / (sx * sy))];
  }

  /** Palette index of a cell; Air outside the grid. */
  at(x: number, y: number, z: number): number {
    return this.contains(x, y, z) ? this.ids[this.index(x, y, z)]! : 0;
  }

  /** A world with a grid of its own that no listener hears of. */
  clone(): VoxelWorld {
    const copy = new VoxelWorld(this.size, this.blocks, this.worldScale, this.ids.slice());
    copy.occupancy = this.occupancy?.slice() ?? null;
    return copy;
  }

  /** Calls `listener` with the chunks whose faces a change may alter; returns how to stop that. */
  onChange(listener: DirtyListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Sets single cells. Throws RangeError for cells outside or where the lengths differ; nothing has changed then. */
  apply({ cells, values }: CellChanges): void {
    if (cells.length !== values.length) throw new RangeError(`changes: expected as many values as cells (${cells.length}), got ${values.length}`);
    for (const cell of cells) if (cell >= this.ids.length) throw new RangeError(`cell: expected below ${this.ids.length}, got ${cell}`);
    const dirty = new Set<number>();
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!;
      if (this.ids[cell] === values[i]) continue;
      this.ids[cell] = values[i]!;
      this.#touch(cell, dirty);
    }
    this.#tell(dirty);
  }

  /** Sets all cells, of a grid of the same size; only chunks that differ become dirty. Throws RangeError. */
  replace(ids: Uint8Array, occupancy: Uint8Array | null = null): void {
    if (ids.length !== this.ids.length) throw new RangeError(`ids: expected ${this.ids.length} cells, got ${ids.length}`);
    if (occupancy && occupancy.length !== ids.length) throw new RangeError(`occupancy: expected ${ids.length} cells, got ${occupancy.length}`);
    const dirty = new Set<number>();
    for (let i = 0; i < ids.length; i++) {
      const changed = this.ids[i] !== ids[i] || (occupancy?.[i] ?? 0) !== (this.occupancy?.[i] ?? 0);
      if (changed) this.#touch(i, dirty);
    }
    this.ids.set(ids);
    this.occupancy = occupancy;
    this.#tell(dirty);
  }

  /** What makes this grid into `other`. Throws RangeError for another size. */
  diff(other: VoxelWorld): CellChanges {
    if (other.size.some((n, axis) => n !== this.size[axis])) throw new RangeError(`size: expected ${this.size.join(" x ")}, got ${other.size.join(" x ")}`);
    const cells: number[] = [];
    for (let i = 0; i < this.ids.length; i++) if (this.ids[i] !== other.ids[i]) cells.push(i);
    return { cells: Uint32Array.from(cells), values: Uint8Array.from(cells, (cell) => other.ids[cell]!) };
  }

  /** Number of cells by palette index. */
  counts(): Uint32Array {
    const found = new Uint32Array(256);
    for (const id of this.ids) found[id]!++;
    return found;
  }

  /** A change on a chunk's border also alters faces, or the light on them, of its neighbours. */
  #touch(index: number, dirty: Set<number>): void {
    const [cx, cy, cz] = this.chunks;
    const [x, y, z] = this.cell(index);
    const reach = (at: number, count: number): [number, number] => [Math.max(0, Math.floor((at - 1) / CHUNK)), Math.min(count - 1, Math.floor((at + 1) / CHUNK))];
    const [x0, x1] = reach(x, cx);
    const [y0, y1] = reach(y, cy);
    const [z0, z1] = reach(z, cz);
    for (let k = z0; k <= z1; k++) for (let j = y0; j <= y1; j++) for (let i = x0; i <= x1; i++) dirty.add(i + cx * (j + cy * k));
  }

  #tell(dirty: ReadonlySet<number>): void {
    if (dirty.size > 0) for (const listener of this.#listeners) listener(dirty);
  }
}
