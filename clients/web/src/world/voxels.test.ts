import { describe, expect, test } from "vitest";
import { CHUNK, VoxelWorld, type Block } from "./voxels";

const AIR: Block = { name: "Air", editorId: 0, top: [0, 0, 0], bottom: [0, 0, 0], side: [0, 0, 0] };
const STONE: Block = { name: "Stone", editorId: 3, top: [0.58, 0.6, 0.64], bottom: [0.55, 0.57, 0.6], side: [0.56, 0.58, 0.62] };

function world(x: number, y: number, z: number): VoxelWorld {
  return new VoxelWorld([x, y, z], [AIR, STONE]);
}

describe("VoxelWorld", () => {
  test("x is fastest, then y, then z", () => {
    const found = world(5, 7, 3);
    expect(found.index(2, 3, 1)).toBe(2 + 5 * (3 + 7 * 1));
    expect(found.cell(found.index(4, 6, 2))).toEqual([4, 6, 2]);
  });

  test("a change inside a chunk dirties that chunk, one on its border the neighbour too", () => {
    const found = world(3 * CHUNK, CHUNK, CHUNK);
    const seen: number[][] = [];
    found.onChange((chunks) => seen.push([...chunks].sort()));
    const set = (x: number, y: number, z: number) => found.apply({ cells: Uint32Array.of(found.index(x, y, z)), values: Uint8Array.of(1) });
    set(5, 5, 5);
    set(CHUNK, 5, 5);
    set(2 * CHUNK - 1, 0, CHUNK - 1);
    set(2 * CHUNK - 1, 0, CHUNK - 1); // says nothing: it is so already
    expect(seen).toEqual([[0], [0, 1], [1, 2]]);
  });

  test("replace tells only of chunks that differ, and a diff leads from one world to the other", () => {
    const before = world(2 * CHUNK, CHUNK, CHUNK);
    const after = before.clone();
    after.ids[after.index(40, 3, 3)] = 1;
    after.ids[after.index(41, 3, 3)] = 1;
    const changes = before.diff(after);
    expect([...changes.cells]).toEqual([after.index(40, 3, 3), after.index(41, 3, 3)]);
    const seen: number[] = [];
    before.onChange((chunks) => seen.push(...chunks));
    before.replace(after.ids);
    expect(seen).toEqual([1]);
    expect(before.diff(after).cells).toHaveLength(0);
  });

  test("refuses what does not fit, and changes nothing then", () => {
    const found = world(4, 4, 4);
    expect(() => new VoxelWorld([4, 4, 4], [AIR], 2, new Uint8Array(63))).toThrow("ids: expected 64 cells, got 63");
    expect(() => new VoxelWorld([4, 0, 4], [AIR])).toThrow("size: expected whole numbers above 0, got 4 x 0 x 4");
    expect(() => found.apply({ cells: Uint32Array.of(1, 64), values: Uint8Array.of(1, 1) })).toThrow("cell: expected below 64, got 64");
    expect(() => found.replace(new Uint8Array(3))).toThrow("ids: expected 64 cells, got 3");
    expect(found.counts()[1]).toBe(0);
  });
});
