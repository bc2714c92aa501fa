/**
 * Voxel frames from the wire: keyframes in parts, deltas on an earlier frame; see voxels.proto.
 *
 * Unpacking and hashing run in the browser's own threads (DecompressionStream, WebCrypto), so the page
 * stays smooth however large a grid is.
 */
import type { PaletteEntry, VoxelDelta, VoxelGrid, VoxelKeyframe, VoxelOccupancy } from "../gen/vox/v1/voxels_pb";
import { VoxelEncoding } from "../gen/vox/v1/voxels_pb";
import { sha256 } from "./digest";

/** A whole grid. `ids` is in wire order, x fastest, then y, then z, and never written again. */
export interface Grid {
  readonly size: readonly [number, number, number];
  readonly ids: Uint8Array<ArrayBuffer>;
  readonly palette: readonly PaletteEntry[];
  /** Side of a cell in world units. */
  readonly worldScale: number;
}

/** A grid at one moment of a job. */
export interface Frame extends Grid {
  readonly step: number;
  /** The frame's name: what a later delta builds on. */
  readonly seq: bigint;
  /** True for the job's last grid. */
  readonly final: boolean;
}

/** The stream sent something that does not follow from what came before; ask again from scratch. */
export class BrokenFrame extends Error {}

/** Largest grid that is taken, in cells: the server's own upper bound. */
export const MAX_CELLS = 2 ** 26;

/** Puts the parts of a grid together. */
export class GridParts {
  #ids: Uint8Array<ArrayBuffer> | null = null;
  #first: VoxelGrid | null = null;
  #next = 0;

  /** The grid once its last part is here, else null. Throws BrokenFrame. */
  async add(part: VoxelGrid): Promise<Grid | null> {
    const dims = part.dims;
    if (!dims) throw new BrokenFrame("a grid without its size");
    const cells = dims.x * dims.y * dims.z;
    if (cells === 0 || cells > MAX_CELLS) throw new BrokenFrame(`expected 1 to ${MAX_CELLS} cells, got ${cells}`);
    if (part.partIndex === 0) {
      this.#first = part;
      this.#ids = new Uint8Array(cells);
      this.#next = 0;
    }
    const first = this.#first;
    const ids = this.#ids;
    if (!first || !ids || part.partIndex !== this.#next || ids.length !== cells) {
      throw new BrokenFrame(`expected part ${this.#next} of a grid, got ${part.partIndex}`);
    }
    const layer = dims.x * dims.y;
    if (part.rawLength !== layer * part.zCount || part.zStart + part.zCount > dims.z) {
      throw new BrokenFrame("a part that does not fit its grid");
    }
    ids.set(await unpack(part.data, part.encoding, part.rawLength), layer * part.zStart);
    this.#next += 1;
    if (this.#next < part.partCount) return null;
    const grid: Grid = {
      size: [dims.x, dims.y, dims.z],
      ids,
      palette: first.palette,
      worldScale: first.worldScale,
    };
    this.clear();
    // Only the first part has the palette; each has the whole grid's hash.
    await checkHash(grid, part.sha256);
    return grid;
  }

  clear(): void {
    this.#first = this.#ids = null;
    this.#next = 0;
  }
}

/** How full each cell was after a step, 0 to 255, in wire order. */
export interface Occupancy {
  readonly step: number;
  readonly values: Uint8Array<ArrayBuffer>;
}

/** Puts the parts of an occupancy together. One that misses a part is left out: the next one comes soon. */
export class OccupancyParts {
  #values: Uint8Array<ArrayBuffer> | null = null;
  #next = 0;

  /** The whole once its last part is here, else null. Throws BrokenFrame. */
  async add(part: VoxelOccupancy): Promise<Occupancy | null> {
    const { x, y, z } = part.dims ?? { x: 0, y: 0, z: 0 };
    const cells = x * y * z;
    if (cells === 0 || cells > MAX_CELLS) throw new BrokenFrame(`expected 1 to ${MAX_CELLS} cells, got ${cells}`);
    if (part.partIndex === 0) {
      this.#values = new Uint8Array(cells);
      this.#next = 0;
    }
    const values = this.#values;
    if (values?.length !== cells || part.partIndex !== this.#next) return null;
    if (part.rawLength !== x * y * part.zCount || part.zStart + part.zCount > z) throw new BrokenFrame("a part that does not fit its grid");
    values.set(await unpack(part.data, part.encoding, part.rawLength), x * y * part.zStart);
    this.#next += 1;
    if (this.#next < part.partCount) return null;
    this.#values = null;
    return { step: part.step, values };
  }
}

/** Follows a job's frames. Calls must not overlap. */
export class FrameReader {
  readonly #parts = new GridParts();
  #held: Frame | null = null;

  /** Name of the frame that is held completely; undefined where there is none. */
  get base(): bigint | undefined {
    return this.#held?.seq;
  }

  /** Forget all; the next frame has to be a keyframe. */
  reset(): void {
    this.#held = null;
    this.#parts.clear();
  }

  /** The frame once its last part is here, else null. Throws BrokenFrame. */
  async keyframe(message: VoxelKeyframe): Promise<Frame | null> {
    if (!message.grid) throw new BrokenFrame("a keyframe without a grid");
    const grid = await this.#parts.add(message.grid);
    if (!grid) return null;
    this.#held = { ...grid, step: message.step, seq: message.frameSeq, final: message.final };
    return this.#held;
  }

  /** The frame that `message` leads to. Throws BrokenFrame, also where its base is not held. */
  async delta(message: VoxelDelta): Promise<Frame> {
    const held = this.#held;
    if (held?.seq !== message.baseSeq) throw new BrokenFrame("a change of a frame that is not here");
    const ids = held.ids.slice();
    applyDelta(ids, await unpack(message.data, message.encoding, message.rawLength), message.changed);
    const frame: Frame = { ...held, ids, step: message.step, seq: message.frameSeq, final: message.final };
    await checkHash(frame, message.sha256);
    this.#held = frame;
    return frame;
  }
}

/** Write the changes in `raw` (see VoxelDelta.data) into `ids`. Throws BrokenFrame. */
export function applyDelta(ids: Uint8Array, raw: Uint8Array, changed: number): void {
  const values = raw.length - changed;
  if (values < 0) throw new BrokenFrame("a change that is too short");
  let at = 0;
  let cell = 0;
  for (let i = 0; i < changed; i++) {
    let step = 0;
    let shift = 0;
    for (;;) {
      if (at >= values || shift > 28) throw new BrokenFrame("a distance that does not end");
      const byte = raw[at++]!;
      step += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    cell += step;
    if (cell >= ids.length) throw new BrokenFrame("a change outside the grid");
    ids[cell] = raw[values + i]!;
  }
  if (at !== values) throw new BrokenFrame("a change with something left over");
}

async function unpack(data: Uint8Array, encoding: VoxelEncoding, length: number): Promise<Uint8Array> {
  if (encoding === VoxelEncoding.RAW) {
    if (data.length !== length) throw new BrokenFrame(`expected ${length} bytes, got ${data.length}`);
    return data;
  }
  if (encoding !== VoxelEncoding.ZLIB) throw new BrokenFrame(`an encoding of ${encoding}`);
  const out = new Uint8Array(length);
  let at = 0;
  const stream = new Blob([data as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate"));
  try {
    for (const reader = stream.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      if (at + value.length > length) throw new BrokenFrame(`more than ${length} bytes`);
      out.set(value, at);
      at += value.length;
    }
  } catch (error) {
    throw error instanceof BrokenFrame ? error : new BrokenFrame("bytes that cannot be unpacked", { cause: error });
  }
  if (at !== length) throw new BrokenFrame(`expected ${length} bytes, got ${at}`);
  return out;
}

/** Throws BrokenFrame where the grid does not have its content hash; see VoxelGrid.sha256. */
async function checkHash(grid: Grid, expected: Uint8Array): Promise<void> {
  // Without WebCrypto, hashing a large grid would hold up the page; the stream's own framing has to do.
  if (expected.length === 0 || (!("subtle" in crypto) && grid.ids.length > 2 ** 20)) return;
  const head = `voxels ${grid.size.join(" ")}\n${grid.palette.map((entry) => entry.name).join("\n")}\n\n`;
  const text = new TextEncoder().encode(head);
  const whole = new Uint8Array(text.length + grid.ids.length);
  whole.set(text);
  whole.set(grid.ids, text.length);
  const digest = await sha256(whole);
  if (digest.some((byte, i) => byte !== expected[i])) throw new BrokenFrame("a grid that is not what was sent");
}
