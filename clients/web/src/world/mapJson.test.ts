import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FormatError } from "./json";
import { DEFAULT_LIMITS, checkFileSize, parseMapJson } from "./mapJson";
import { withoutSequence, writeMapJson } from "./mapJsonWrite";
import { EDITOR_PALETTE } from "./palette";
import { VoxelWorld } from "./voxels";

const SAMPLE = readFileSync(new URL("../../../../maps/1/map.json", import.meta.url), "utf8");

interface Written {
  readonly sequence: number | null;
  readonly worldConfig: { readonly dimensions: Record<string, number> };
  readonly blocks: readonly { readonly position: number[]; readonly blockType: string }[];
  readonly customBlocks: readonly { readonly colors: { readonly top: number[] } }[];
}

function read(text: string): Written {
  return JSON.parse(text) as Written;
}

function file(changes: Record<string, unknown> = {}): string {
  const blocks = [{ position: [0, 0, 0], blockType: "Stone" }];
  return JSON.stringify({ worldConfig: { dimensions: { x: 4, y: 3, z: 2 } }, blocks, ...changes });
}

/** The message of the FormatError that `work` throws. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  throw new Error("expected a FormatError, got none");
}

test("a sample map comes back the same, its blocks byte for byte", () => {
  const loaded = parseMapJson(SAMPLE);
  expect(loaded.world.size).toEqual([64, 48, 64]);
  expect(loaded.world.counts().slice(1).reduce((a, b) => a + b)).toBe(read(SAMPLE).blocks.length);
  const again = writeMapJson(loaded.world, loaded);
  const rest = (text: string) => ({ ...read(text), blocks: [] });
  expect(rest(again)).toEqual(rest(SAMPLE));
  const lines = (text: string) => text.slice(text.indexOf('"blocks"')).split("\n").filter((line) => line.startsWith('{"position"')).join("\n");
  expect(lines(again) === lines(SAMPLE)).toBe(true);
}, 60_000);

test("the older shapes: dimensions from the blocks, the scale at the top", () => {
  const loaded = parseMapJson(JSON.stringify({ worldScale: 0.5, blocks: [{ position: [70, 2, 3], blockType: "Dirt" }] }));
  expect(loaded.world.size).toEqual([71, 48, 64]);
  expect(loaded.world.worldScale).toBe(0.5);
  expect(loaded.world.at(70, 2, 3)).toBe(2);
  expect(parseMapJson(file({ worldScale: 3 })).world.worldScale).toBe(3);
  expect(parseMapJson(file({ worldScale: 3, worldConfig: { worldScale: 4, dimensions: { x: 4, y: 4, z: 4 } } })).world.worldScale).toBe(4);
  expect(parseMapJson('{"blocks":[]}').world.size).toEqual([64, 48, 64]);
});

test("a file without dimensions gets them only where its extent would be read wrongly", () => {
  const loaded = parseMapJson(JSON.stringify({ blocks: [{ position: [70, 0, 0], blockType: "Dirt" }] }));
  expect(read(writeMapJson(loaded.world, loaded))).not.toHaveProperty("worldConfig");
  loaded.world.apply({ cells: Uint32Array.of(70), values: Uint8Array.of(0) });
  expect(read(writeMapJson(loaded.world, loaded)).worldConfig.dimensions).toEqual({ x: 71, y: 48, z: 64 });
});

test("unknown keys survive at every level, also long numbers", () => {
  const text = `{"blocks": [{"position": [1, 2, 1], "blockType": "Stone", "waxed": {"by": "me"}}, {"position": [2, 2, 1], "blockType": "Stone", "seed": 12345678901234567890}],
    "worldConfig": {"dimensions": {"x": 4, "y": 3, "z": 2, "w": 1}, "seed": 18446744073709551615, "biome": "moss"}, "metadata": {"a": [1, {"b": null}]}, "captureId": "c"}`;
  const loaded = parseMapJson(text);
  const again = writeMapJson(loaded.world, loaded);
  expect(again).toContain('"seed":18446744073709551615');
  expect(again).toContain('"seed":12345678901234567890');
  expect(JSON.parse(again)).toEqual(JSON.parse(text));
});

test("keys of a block go with the block, not with its cell", () => {
  const loaded = parseMapJson(file({ blocks: [{ position: [0, 0, 0], blockType: "Stone", waxed: true }] }));
  loaded.world.apply({ cells: Uint32Array.of(0), values: Uint8Array.of(2) });
  expect(read(writeMapJson(loaded.world, loaded)).blocks).toEqual([{ position: [0, 0, 0], blockType: "Dirt" }]);
});

test("custom blocks, redefined blocks, names of menus and unknown names", () => {
  const customBlocks = [
    { id: 1000, name: "Marble", textureLayer: null, colors: { top: [1, 1, 1], side: [0.5, 0.5, 0.5] }, faceTiles: {} },
    { id: 1001, name: "Stone", colors: { side: [0, 0, 1] } },
    { id: 1002, name: "Plain" },
  ];
  const names = ["Marble", "Stone", "Alpine Rock", "Mystery"];
  const blocks = names.map((blockType, x) => ({ position: [x, 0, 0], blockType }));
  const loaded = parseMapJson(file({ customBlocks, blocks }));
  const { world } = loaded;
  const at = (x: number) => world.blocks[world.at(x, 0, 0)]!;
  expect(at(0)).toMatchObject({ name: "Marble", editorId: 1000, top: [1, 1, 1], bottom: [0.5, 0.5, 0.5] });
  expect(at(1)).toMatchObject({ name: "Stone", editorId: 1001, top: [0, 0, 1] });
  expect(world.at(1, 0, 0)).toBe(3);
  expect(at(2).name).toBe("AlpineRock");
  expect(at(3)).toMatchObject({ name: "Mystery", side: [1, 0, 1] });
  expect(loaded.unknown).toEqual(["Mystery"]);
  const again = read(writeMapJson(world, loaded));
  expect(again.customBlocks).toEqual(customBlocks);
  expect(again.blocks.map((b) => b.blockType)).toEqual(["Marble", "Stone", "AlpineRock", "Mystery"]);
});

test("a world without a file states its size and its own blocks", () => {
  const blocks = [...EDITOR_PALETTE, { name: "Brass", editorId: 1000, top: [Math.fround(0.7), 0.5, 0.1] as const, bottom: [0.7, 0.5, 0.1] as const, side: [0.7, 0.5, 0.1] as const }];
  const world = new VoxelWorld([3, 2, 4], blocks, 1.5);
  world.apply({ cells: Uint32Array.of(world.index(2, 1, 3)), values: Uint8Array.of(12) });
  const text = writeMapJson(world);
  const loaded = parseMapJson(text);
  expect(loaded.world.ids).toEqual(world.ids);
  expect(loaded.world.worldScale).toBe(1.5);
  expect(read(text).customBlocks[0]!.colors.top).toEqual([0.7, 0.5, 0.1]);
  expect(read(text).customBlocks).toHaveLength(1);
});

test("a copy under another id has no number of its own", () => {
  const loaded = parseMapJson(file({ sequence: 7 }));
  expect(read(writeMapJson(loaded.world, withoutSequence(loaded))).sequence).toBeNull();
});

test("what is wrong is named with its place", () => {
  const block = (position: unknown, blockType: unknown = "Stone") => file({ blocks: [{ position, blockType }] });
  expect(refusal(() => parseMapJson("{"))).toMatch(/^map\.json: expected JSON/);
  expect(refusal(() => parseMapJson("[]"))).toBe("map.json: expected a JSON object, got a list of 0");
  expect(refusal(() => parseMapJson("{}"))).toBe("blocks: expected this key, got none");
  expect(refusal(() => parseMapJson('{"blocks":5}'))).toBe("blocks: expected a list, got 5");
  expect(refusal(() => parseMapJson(file({ blocks: [7] })))).toBe("blocks[0]: expected an object, got 7");
  expect(refusal(() => parseMapJson(block([0, 0])))).toBe("blocks[0].position: expected [x, y, z], got 2 numbers");
  expect(refusal(() => parseMapJson(block([0, 0.5, 0])))).toMatch(/blocks\[0\]\.position: expected three whole numbers/);
  expect(refusal(() => parseMapJson(block([0, 9, 0])))).toBe("blocks[0].position: expected a position inside the grid 4 x 3 x 2, got [0, 9, 0]");
  expect(refusal(() => parseMapJson(block([0, 0, 0], 3)))).toBe("blocks[0].blockType: expected text, got 3");
  expect(refusal(() => parseMapJson(block([0, 0, 0], "")))).toBe('blocks.blockType: expected a name of 1 to 128 characters, got ""');
  expect(refusal(() => parseMapJson(block([0, 0, 0], "\ud800")))).toMatch(/128 characters/);
  const twice = { position: [1, 1, 1], blockType: "Stone" };
  expect(refusal(() => parseMapJson(file({ blocks: [twice, twice] })))).toBe("blocks[1].position: expected every position once, got [1, 1, 1] again");
  expect(refusal(() => parseMapJson(file({ worldConfig: { dimensions: { x: 0, y: 1, z: 1 } } })))).toMatch(/worldConfig\.dimensions: expected at least 1/);
  expect(refusal(() => parseMapJson(file({ worldScale: 0 })))).toMatch(/worldScale: expected a number above 0/);
  expect(refusal(() => parseMapJson(file({ customBlocks: [{ id: 1, name: "Air" }] })))).toMatch(/customBlocks\[0\]\.name/);
  expect(refusal(() => parseMapJson(file({ customBlocks: [{ id: 1, name: "B", colors: { top: [2, 0, 0] } }] })))).toMatch(/customBlocks\[0\]\.colors\.top: expected three numbers in 0\.\.1/);
});

test("what is nested too deep to be written again is not read", () => {
  const nested = (levels: number) => `{"blocks": [{"position": [0, 0, 0], "blockType": "Stone"}], "metadata": ${"[".repeat(levels)}${"]".repeat(levels)}}`;
  const { world, ...document } = parseMapJson(nested(150));
  expect(writeMapJson(world, document)).toContain("[".repeat(150));
  for (const levels of [200, 100_000]) expect(() => parseMapJson(nested(levels))).toThrow("expected at most 200 levels of lists and objects");
});

test("limits hold before anything is made", () => {
  const huge = file({ worldConfig: { dimensions: { x: 1e9, y: 1e9, z: 1e9 } } });
  expect(refusal(() => parseMapJson(huge))).toMatch(/worldConfig\.dimensions: expected at most 16777216 cells/);
  const far = JSON.stringify({ blocks: [{ position: [2e9, 0, 0], blockType: "Stone" }] });
  expect(refusal(() => parseMapJson(far))).toMatch(/^blocks: expected at most 16777216 cells/);
  expect(refusal(() => checkFileSize("a.json", 65 * 2 ** 20, DEFAULT_LIMITS))).toBe("a.json: expected at most 64.0 MiB, got 65.0 MiB");
  const blocks = Array.from({ length: 300 }, (_, i) => ({ position: [i, 0, 0], blockType: `B${i}` }));
  expect(refusal(() => parseMapJson(JSON.stringify({ blocks })))).toMatch(/at most 255 kinds/);
});
