import { expect, test } from "vitest";
import type { Block } from "../world/voxels";
import { LOOK_FLOATS, looks, mipmaps, rounded, SKY, TILE, tilePixels } from "./shading";

const AIR: Block = { name: "Air", editorId: 0, top: [0, 0, 0], bottom: [0, 0, 0], side: [0, 0, 0] };

test("a colour that came as 32-bit floats looks as it was written", () => {
  const written: Block = { name: "A", editorId: 1, top: [0.34, 0.68, 0.36], bottom: [0.4, 0.3, 0.16], side: [0.45, 0.58, 0.3] };
  const float = (color: readonly number[]) => color.map(Math.fround) as unknown as Block["top"];
  const travelled: Block = { ...written, top: float(written.top), bottom: float(written.bottom), side: float(written.side) };
  expect(looks([AIR, travelled]).table).toEqual(looks([AIR, written]).table);
});

test("lit colours are whole 255ths, and a block that no palette has is magenta", () => {
  const { table } = looks([AIR]);
  const at = (block: number, face: number) => [...table.slice((6 * block + face) * LOOK_FLOATS, (6 * block + face) * LOOK_FLOATS + 3)];
  for (const c of at(9, 2)) expect(Math.abs(c * 255 - Math.round(c * 255))).toBeLessThan(1e-4);
  expect(at(9, 2)).toEqual([1, 0, 1]);
  expect(rounded(SKY).map((c) => c * 255)).toEqual([135, 207, 235]);
});

test("pictures become tiles without blur, and shrink by alpha", () => {
  const tile = tilePixels({ width: 2, height: 1, pixels: Uint8ClampedArray.of(200, 0, 0, 255, 0, 100, 0, 0) });
  expect([...tile.slice(0, 4)]).toEqual([200, 0, 0, 255]);
  expect([...tile.slice(4 * (TILE / 2), 4 * (TILE / 2) + 4)]).toEqual([0, 100, 0, 0]);
  const levels = mipmaps(tile);
  expect(levels.map((level) => level.length)).toEqual([128, 64, 32, 16, 8, 4, 2, 1].map((side) => 4 * side * side));
  // See-through pixels have no say in the colour.
  expect([...levels.at(-1)!]).toEqual([200, 0, 0, 128]);
});
