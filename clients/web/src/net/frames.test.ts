import { create } from "@bufbuild/protobuf";
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { VoxelDeltaSchema, VoxelEncoding, VoxelGridSchema, VoxelKeyframeSchema } from "../gen/vox/v1/voxels_pb";
import { applyDelta, BrokenFrame, FrameReader, GridParts } from "./frames";

const DIMS = { x: 4, y: 2, z: 3 };
const NAMES = ["Air", "Stone", "Grün"];

function hash(cells: Uint8Array): Uint8Array {
  return createHash("sha256").update(`voxels 4 2 3\n${NAMES.join("\n")}\n\n`).update(cells).digest();
}

function grid(cells: Uint8Array, options: { parts?: number; part?: number; encoding?: VoxelEncoding } = {}) {
  const { parts = 1, part = 0, encoding = VoxelEncoding.ZLIB } = options;
  const layer = DIMS.x * DIMS.y;
  const zStart = Math.floor((DIMS.z * part) / parts);
  const zCount = Math.floor((DIMS.z * (part + 1)) / parts) - zStart;
  const raw = cells.slice(layer * zStart, layer * (zStart + zCount));
  return create(VoxelGridSchema, {
    dims: DIMS,
    palette: part === 0 ? NAMES.map((name) => ({ name })) : [],
    worldScale: 2,
    encoding,
    rawLength: raw.length,
    data: encoding === VoxelEncoding.ZLIB ? deflateSync(raw) : raw,
    sha256: hash(cells),
    zStart,
    zCount,
    partIndex: part,
    partCount: parts,
  });
}

function delta(before: Uint8Array, after: Uint8Array, baseSeq: bigint, frameSeq: bigint) {
  const changed = [...after.keys()].filter((i) => before[i] !== after[i]);
  const raw = Uint8Array.from([...changed.map((cell, i) => cell - (changed[i - 1] ?? 0)), ...changed.map((cell) => after[cell]!)]);
  const data = deflateSync(raw);
  return create(VoxelDeltaSchema, { step: 2, baseSeq, frameSeq, changed: changed.length, encoding: VoxelEncoding.ZLIB, rawLength: raw.length, data, sha256: hash(after) });
}

const CELLS = Uint8Array.from({ length: 24 }, (_, i) => i % 3);

test.each([VoxelEncoding.ZLIB, VoxelEncoding.RAW])("a grid of one part, packed as %i", async (encoding) => {
  const found = await new GridParts().add(grid(CELLS, { encoding }));
  expect(found?.ids).toEqual(CELLS);
  expect(found?.size).toEqual([4, 2, 3]);
  expect(found?.palette.map((entry) => entry.name)).toEqual(NAMES);
});

test("a grid of several parts is there with the last, and parts may not be missing", async () => {
  const parts = new GridParts();
  expect(await parts.add(grid(CELLS, { parts: 3, part: 0 }))).toBeNull();
  expect(await parts.add(grid(CELLS, { parts: 3, part: 1 }))).toBeNull();
  expect((await parts.add(grid(CELLS, { parts: 3, part: 2 })))?.ids).toEqual(CELLS);

  await parts.add(grid(CELLS, { parts: 3, part: 0 }));
  await expect(parts.add(grid(CELLS, { parts: 3, part: 2 }))).rejects.toThrow(BrokenFrame);
  // A new first part begins anew.
  expect((await parts.add(grid(CELLS)))?.ids).toEqual(CELLS);
});

test("bytes that are not those that were sent are noticed", async () => {
  const wrong = grid(CELLS, { encoding: VoxelEncoding.RAW });
  wrong.data = wrong.data.map((cell, i) => (i === 5 ? cell + 1 : cell));
  await expect(new GridParts().add(wrong)).rejects.toThrow("not what was sent");
});

test("a packed grid that is longer or shorter than it says, or no zlib stream, is broken", async () => {
  for (const data of [deflateSync(new Uint8Array(23)), deflateSync(new Uint8Array(10_000_000)), Uint8Array.from([1, 2, 3])]) {
    const wrong = grid(CELLS);
    wrong.data = data;
    await expect(new GridParts().add(wrong)).rejects.toThrow(BrokenFrame);
  }
});

test("a grid above every limit is refused before memory is taken for it", async () => {
  const huge = grid(CELLS);
  huge.dims = { ...huge.dims!, x: 2 ** 31 };
  await expect(new GridParts().add(huge)).rejects.toThrow("expected 1 to");
});

test("deltas lead from frame to frame and leave earlier frames as they were", async () => {
  const reader = new FrameReader();
  const first = await reader.keyframe(create(VoxelKeyframeSchema, { step: 1, frameSeq: 7n, grid: grid(CELLS) }));
  expect(reader.base).toBe(7n);
  const next = CELLS.slice();
  next[0] = 2;
  next[23] = 1;
  const second = await reader.delta(delta(CELLS, next, 7n, 9n));
  expect(second.ids).toEqual(next);
  expect(first?.ids).toEqual(CELLS);
  expect([second.step, reader.base]).toEqual([2, 9n]);
});

test("a delta of a frame that is not held is broken, and so is one with another result", async () => {
  const reader = new FrameReader();
  await expect(reader.delta(delta(CELLS, CELLS, 7n, 9n))).rejects.toThrow("not here");
  await reader.keyframe(create(VoxelKeyframeSchema, { frameSeq: 7n, grid: grid(CELLS) }));
  await expect(reader.delta(delta(CELLS, CELLS, 6n, 9n))).rejects.toThrow("not here");
  const wrong = delta(CELLS, CELLS.map((cell, i) => (i === 3 ? 2 : cell)), 7n, 9n);
  wrong.sha256 = hash(CELLS);
  await expect(reader.delta(wrong)).rejects.toThrow("not what was sent");
});

test.each([
  ["outside the grid", [24, 1], 1],
  ["does not end", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], 1],
  ["something left over", [1, 1, 1], 1],
  ["too short", [1], 2],
])("a damaged delta: %s", (said, raw, changed) => {
  expect(() => applyDelta(new Uint8Array(24), Uint8Array.from(raw), changed)).toThrow(said);
});

test("distances of more than one byte", () => {
  const cells = new Uint8Array(70_000);
  applyDelta(cells, Uint8Array.from([0xe8, 0xfb, 0x03, 0xac, 0x02, 5, 6]), 2);
  expect([cells[65_000], cells[65_300], cells.filter((cell) => cell > 0).length]).toEqual([5, 6, 2]);
});
