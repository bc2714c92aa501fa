import { expect, test } from "vitest";
import { EDITOR_PALETTE } from "../world/palette";
import { VoxelWorld } from "../world/voxels";
import { History, OpenStroke } from "./history";

function world(): VoxelWorld {
  return new VoxelWorld([4, 4, 4], EDITOR_PALETTE);
}

function stroke(on: VoxelWorld, cells: readonly number[], value: number) {
  const open = new OpenStroke(on);
  for (const cell of cells) open.apply({ cells: Uint32Array.of(cell), values: Uint8Array.of(value) });
  return open.end("Place")!;
}

test("strokes are undone and done again in order", () => {
  const on = world();
  const history = new History();
  history.push(stroke(on, [5, 3, 5], 2));
  history.push(stroke(on, [5], 7));
  expect(history.undo(on)!.label).toBe("Place");
  expect(on.ids[5]).toBe(2);
  history.undo(on);
  expect(on.ids.every((id) => id === 0)).toBe(true);
  expect(history.undo(on)).toBeNull();
  history.redo(on);
  history.redo(on);
  expect([on.ids[3], on.ids[5]]).toEqual([2, 7]);
  expect(history.redo(on)).toBeNull();
});

test("a stroke over the same cell keeps its first value, and what came back is no change", () => {
  const on = world();
  const open = new OpenStroke(on);
  open.apply({ cells: Uint32Array.of(1, 2), values: Uint8Array.of(4, 4) });
  open.apply({ cells: Uint32Array.of(1, 2), values: Uint8Array.of(6, 0) });
  const ended = open.end("Paint")!;
  expect([...ended.cells]).toEqual([1]);
  expect([...ended.before, ...ended.after]).toEqual([0, 6]);
  const nothing = new OpenStroke(on);
  nothing.apply({ cells: Uint32Array.of(1), values: Uint8Array.of(6) });
  expect(nothing.end("Paint")).toBeNull();
});

test("an abandoned stroke leaves nothing", () => {
  const on = world();
  const open = new OpenStroke(on);
  open.apply({ cells: Uint32Array.of(1, 2), values: Uint8Array.of(4, 4) });
  open.abandon();
  expect(on.ids.every((id) => id === 0)).toBe(true);
  expect(open.end("Place")).toBeNull();
});

test("saved is a place in the history", () => {
  const on = world();
  const history = new History();
  expect(history.unsaved).toBe(false);
  history.push(stroke(on, [0], 1));
  expect(history.unsaved).toBe(true);
  history.markSaved();
  expect(history.unsaved).toBe(false);
  history.undo(on);
  expect(history.unsaved).toBe(true);
  history.redo(on);
  expect(history.unsaved).toBe(false);
  history.undo(on);
  // The saved state is now behind a stroke that nobody can do again.
  history.push(stroke(on, [1], 1));
  expect(history.unsaved).toBe(true);
  history.undo(on);
  expect(history.unsaved).toBe(true);
});

test("a new stroke ends what could be done again", () => {
  const on = world();
  const history = new History();
  history.push(stroke(on, [0], 1));
  history.undo(on);
  history.push(stroke(on, [1], 1));
  expect(history.redoable).toBeNull();
});

test("the oldest strokes go when the history grows too long", () => {
  const on = world();
  const history = new History(3 * 6);
  for (let i = 0; i < 5; i++) history.push(stroke(on, [i], 1));
  let undone = 0;
  while (history.undo(on)) undone++;
  expect(undone).toBe(3);
  expect(history.unsaved).toBe(true);
  expect([on.ids[0], on.ids[1], on.ids[2]]).toEqual([1, 1, 0]);
});
