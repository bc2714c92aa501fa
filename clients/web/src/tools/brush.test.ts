import { expect, test } from "vitest";
import { EDITOR_PALETTE } from "../world/palette";
import { VoxelWorld, type Vec3 } from "../world/voxels";
import { boxChanges, brushBox, brushChanges, cellsBetween, fillChanges } from "./brush";

const TOP: Vec3 = [0, 1, 0];
const WEST: Vec3 = [-1, 0, 0];

/** A floor of stone, two cells thick, in a grid of 8 x 6 x 8. */
function floor(): VoxelWorld {
  const world = new VoxelWorld([8, 6, 8], EDITOR_PALETTE);
  world.apply(boxChanges(world, "place", { low: [0, 0, 0], high: [8, 2, 8] }, 3));
  return world;
}

test("a brush that places grows out of the face, one that removes into it", () => {
  expect(brushBox("place", { cell: [4, 1, 4], normal: TOP }, 3)).toEqual({ low: [3, 2, 3], high: [6, 5, 6] });
  expect(brushBox("remove", { cell: [4, 1, 4], normal: TOP }, 3)).toEqual({ low: [3, -1, 3], high: [6, 2, 6] });
  expect(brushBox("place", { cell: [4, 1, 4], normal: WEST }, 2)).toEqual({ low: [2, 1, 4], high: [4, 3, 6] });
  expect(brushBox("paint", { cell: [4, 1, 4], normal: WEST }, 1)).toEqual({ low: [4, 1, 4], high: [5, 2, 5] });
});

test("place only fills, remove only empties, paint only recolours", () => {
  const world = floor();
  const aim = { cell: [0, 1, 0] as const, normal: TOP };
  expect(brushChanges(world, "place", aim, 3, 4).cells).toHaveLength(2 * 2 * 3);
  expect(brushChanges(world, "remove", aim, 3, 4).cells).toHaveLength(2 * 2 * 2);
  expect([...brushChanges(world, "paint", aim, 1, 7).values]).toEqual([7]);
  expect(brushChanges(world, "paint", aim, 1, 3).cells).toHaveLength(0);
  expect(brushChanges(world, "place", { cell: [0, 5, 0], normal: TOP }, 3, 3).cells).toHaveLength(0);
});

test("a fill takes what is connected and of one kind", () => {
  const world = floor();
  world.apply(boxChanges(world, "remove", { low: [4, 0, 0], high: [5, 6, 8] }, 0));
  const filled = fillChanges(world, [0, 0, 0], 6);
  expect(filled.cells).toHaveLength(4 * 2 * 8);
  expect(filled.complete).toBe(true);
  expect([...filled.cells]).toEqual([...filled.cells].sort((a, b) => a - b));
  expect(fillChanges(world, [0, 0, 0], 3).cells).toHaveLength(0);
  expect(fillChanges(world, [0, 5, 0], 3).cells).toHaveLength(0);
});

test("a fast stroke leaves no gaps", () => {
  expect(cellsBetween([0, 0, 0], [3, 0, 1])).toEqual([
    [1, 0, 0],
    [2, 0, 1],
    [3, 0, 1],
  ]);
  expect(cellsBetween([2, 2, 2], [2, 2, 2])).toEqual([]);
});
