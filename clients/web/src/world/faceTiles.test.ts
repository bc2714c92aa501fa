import { expect, test } from "vitest";
import { faceTileUrls } from "./faceTiles";

const PNG = "data:image/png;base64,iVBORw0KGgo=";

test("pictures of custom blocks are found by name and face; addresses and rubbish are left out", () => {
  const document = {
    customBlocks: [
      { id: 1000, name: "Marble", faceTiles: { top: { url: PNG, path: "x" }, side: { url: "https://elsewhere.example/a.png" }, bottom: { path: "tiles/b.png" }, front: { url: PNG } } },
      { id: 1001, name: "Odd", faceTiles: { top: { url: "data:image/svg+xml;base64,AAAA" }, side: { url: "data:image/png;base64,<script>" }, bottom: 7 } },
      { id: 1002, name: "Plain", faceTiles: {} },
      { id: 1003, name: "Bare" },
      "nothing",
    ],
  };
  expect([...faceTileUrls(document)].map(([name, tiles]) => [name, [...tiles]])).toEqual([["Marble", [["top", PNG]]]]);
  expect(faceTileUrls({}).size).toBe(0);
  expect(faceTileUrls({ customBlocks: 3 }).size).toBe(0);
});

test("what is too long is left out, and all together have an end", () => {
  const long = `data:image/png;base64,${"A".repeat(3 * 2 ** 20)}`;
  const tile = (url: string) => ({ url });
  const customBlocks = Array.from({ length: 6 }, (_, i) => ({ name: `B${i}`, faceTiles: { top: tile(long), bottom: tile(long), side: tile(long) } }));
  const found = faceTileUrls({ customBlocks: [{ name: "Huge", faceTiles: { top: tile(`${long}${"A".repeat(2 ** 21)}`) } }, ...customBlocks] });
  expect(found.has("Huge")).toBe(false);
  expect([...found.values()].reduce((sum, tiles) => sum + tiles.size, 0)).toBe(10);
});
