import { expect, test } from "vitest";
import { EDITOR_PALETTE } from "../world/palette";
import { VoxelWorld } from "../world/voxels";
import { alongAxis, boxAround, boxContains, cellCount, clampBox, drawnBox, gridCoordinate, innerBox, movedBox, sideAt, sideMiddle, startingBox, withSide, worldPoint, type CellBox, type Side } from "./boxes";

const SIZE = [64, 48, 32] as const;
const BOX: CellBox = { low: [10, 0, 5], high: [20, 8, 9] };

test("a box holds both its cells", () => {
  expect(boxAround([5, 9, 1], [2, 9, 4])).toEqual({ low: [2, 9, 1], high: [6, 10, 5] });
});

test("a clamped box is inside the grid and has a cell", () => {
  expect(clampBox({ low: [-5, 3.4, 31], high: [99, 3.4, 31] }, SIZE)).toEqual({ low: [0, 3, 31], high: [64, 4, 32] });
  expect(clampBox({ low: [500, 500, 500], high: [0, 0, 0] }, SIZE)).toEqual({ low: [63, 47, 31], high: [64, 48, 32] });
  for (const size of [SIZE, [1, 1, 1] as const, [2, 300, 2] as const]) {
    const box = startingBox(size);
    expect(clampBox(box, size)).toEqual(box);
    expect(cellCount(box)).toBeGreaterThan(0);
  }
});

test("an inner box stands on the same ground", () => {
  expect(innerBox({ low: [8, 2, 4], high: [24, 18, 12] }, SIZE)).toEqual({ low: [12, 2, 6], high: [20, 10, 10] });
  expect(cellCount(innerBox({ low: [3, 3, 3], high: [4, 4, 4] }, SIZE))).toBe(1);
});

test("a drawn box takes in what stands there, and with room what may be built", () => {
  const world = new VoxelWorld([16, 12, 16], EDITOR_PALETTE);
  world.apply({ cells: Uint32Array.of(world.index(5, 6, 5)), values: Uint8Array.of(3) });
  expect(drawnBox(world, [4, 1, 4], [6, 2, 6], false)).toEqual({ low: [4, 1, 4], high: [7, 7, 7] });
  expect(drawnBox(world, [8, 1, 8], [13, 2, 9], false)).toEqual({ low: [8, 1, 8], high: [14, 3, 10] });
  expect(drawnBox(world, [8, 1, 8], [13, 2, 9], true)).toEqual({ low: [8, 1, 8], high: [14, 7, 10] });
  expect(drawnBox(world, [0, 1, 0], [15, 1, 15], true)).toEqual({ low: [0, 1, 0], high: [16, 12, 16] });
});

test("a side stops at the opposite side and at the border", () => {
  expect(withSide(BOX, 0, 99, SIZE).high[0]).toBe(64);
  expect(withSide(BOX, 0, 2, SIZE).high[0]).toBe(11);
  expect(withSide(BOX, 1, -4, SIZE).low[0]).toBe(0);
  expect(withSide(BOX, 1, 40, SIZE).low[0]).toBe(19);
  expect(withSide(BOX, 2, 4.6, SIZE).high[1]).toBe(5);
  for (let side = 0; side < 6; side++) expect(withSide(BOX, side as Side, sideAt(BOX, side as Side), SIZE)).toEqual(BOX);
});

test("a moved box keeps its size", () => {
  expect(movedBox(BOX, [-50, 3, 50], SIZE)).toEqual({ low: [0, 3, 28], high: [10, 11, 32] });
});

test("the box knows its cells", () => {
  expect(boxContains(BOX, [19, 7, 8])).toBe(true);
  expect(boxContains(BOX, [20, 7, 8])).toBe(false);
});

test("a handle follows the pointer's ray", () => {
  const middle = sideMiddle(BOX, 0, SIZE, 2);
  expect(middle).toEqual([(20 - 32) * 2, 8, (7 - 16) * 2]);
  // A ray at the point four cells further along x, from anywhere.
  const aim = [middle[0] + 8, middle[1], middle[2]] as const;
  const origin = [3, 50, 70] as const;
  const at = alongAxis({ origin, direction: [aim[0] - 3, aim[1] - 50, aim[2] - 70] }, middle, 0)!;
  expect(gridCoordinate(at, 0, SIZE, 2)).toBeCloseTo(24, 9);
  // Beside the axis: the closest point is straight below.
  expect(alongAxis({ origin: [5, 9, 0], direction: [0, 0, -3] }, [0, 0, 0], 0)).toBeCloseTo(5, 9);
  expect(alongAxis({ origin: [5, 9, 0], direction: [-2, 0, 0] }, [0, 0, 0], 0)).toBeNull();
});

test("grid and world coordinates are each other's inverse", () => {
  const world = worldPoint([7, 11, 30], SIZE, 0.5);
  expect(([0, 1, 2] as const).map((axis) => gridCoordinate(world[axis], axis, SIZE, 0.5))).toEqual([7, 11, 30]);
});
