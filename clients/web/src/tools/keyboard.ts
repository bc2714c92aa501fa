/** Keys of the tools: those of the page, and the arrow keys of a tool on the canvas. */
import { draft, redo, undo } from "../state/edits";
import { activeBox, boxOf, gridSize, removeBox, setBox } from "../state/selection";
import { addShortcuts, type Shortcut } from "../state/shortcuts";
import { SLOTS } from "../state/savedViews";
import { camera, canvas } from "../state/stage";
import { block, brushSize, drawsBoxes, editsBlocks, keyCursor, tool, type Tool } from "../state/toolbox";
import { shownWorld } from "../state/view";
import type { Vec3 } from "../world/voxels";
import { aimAt, meantCell, steps } from "./aim";
import { announce } from "./announce";
import { movedBox, sideAt, startingBox, withSide, type Side } from "./boxes";
import { BRUSH_SIZES } from "./brush";
import { toggleFullScreen } from "./fullScreen";
import { copyLink } from "./place";
import { sheetIsOpen } from "./sheet";
import { blockName, dab, fillAt, takeBlock } from "./strokes";
import { focusView, lookHome } from "./viewpoints";
import { goToView, keepView } from "./ViewWidgets";
import { worldDialog } from "./WorldMenu";

const has = () => shownWorld.peek() !== null;

const TOOL_KEYS: readonly (readonly [string, Tool, string])[] = [
  ["v", "look", "Look around"],
  ["r", "region", "Region tool"],
  ["k", "keep", "Keep tool"],
  ["p", "place", "Place blocks"],
  ["x", "remove", "Remove blocks"],
  ["t", "paint", "Paint blocks"],
  ["g", "fill", "Fill connected blocks"],
  ["i", "pick", "Take a block from the world"],
];

const SHORTCUTS: readonly Shortcut[] = [
  ...TOOL_KEYS.map(([keys, name, label]): Shortcut => ({ keys, label, group: "Edit", when: has, run: () => choose(name) })),
  { keys: "escape", label: "Put the tool down", group: "Edit", when: () => tool.peek() !== "look", run: () => choose("look") },
  { keys: "[", label: "Smaller brush", group: "Edit", run: () => resize(-1) },
  { keys: "]", label: "Larger brush", group: "Edit", run: () => resize(1) },
  { keys: "ctrl+z", label: "Undo", group: "Edit", run: () => tell("Undone", undo()) },
  { keys: "ctrl+shift+z", label: "Redo", group: "Edit", run: () => tell("Done again", redo()) },
  { keys: "ctrl+y", label: "Redo", group: "Edit", run: () => tell("Done again", redo()) },
  { keys: "f", label: "Focus on the selection or the block under the pointer", group: "View", when: has, run: focusView },
  { keys: "h", label: "All of the world", group: "View", when: has, run: lookHome },
  { keys: "shift+l", label: "Copy a link to this view", group: "View", when: has, run: () => void copyLink() },
  { keys: "shift+f", label: "Full screen", group: "View", run: toggleFullScreen },
  ...SLOTS.flatMap((slot): Shortcut[] => [
    { keys: String(slot), label: `Go to view ${slot}`, group: "View", run: () => void goToView(slot) },
    { keys: `shift+${slot}`, label: `Save this view as ${slot}`, group: "View", run: () => keepView(slot) },
  ]),
  { keys: "ctrl+o", label: "Open a map", group: "Page", run: () => (worldDialog.value = "open") },
  { keys: "ctrl+s", label: "Save", group: "Page", when: has, run: () => (worldDialog.value = "save") },
  { keys: "ctrl+e", label: "Export", group: "Page", when: has, run: () => (worldDialog.value = "export") },
  { keys: "?", label: "All shortcuts", group: "Page", run: () => (sheetIsOpen.value = !sheetIsOpen.peek()) },
];

/** Returns how to stop. */
export function listenToKeys(): () => void {
  const remove = addShortcuts(...SHORTCUTS);
  const scope = new AbortController();
  // Before the camera's controls: with a tool in hand the arrow keys are the tool's.
  window.addEventListener("keydown", onCanvasKey, { signal: scope.signal, capture: true });
  return () => {
    scope.abort();
    remove();
  };
}

function choose(name: Tool): void {
  tool.value = name;
  announce(`Tool: ${TOOL_KEYS.find(([, one]) => one === name)![2]}`);
}

function resize(by: number): void {
  const at = BRUSH_SIZES.indexOf(brushSize.peek() as (typeof BRUSH_SIZES)[number]) + by;
  brushSize.value = BRUSH_SIZES[Math.min(BRUSH_SIZES.length - 1, Math.max(0, at))]!;
  announce(`Brush of ${brushSize.peek()}`);
}

function tell(what: string, stroke: { readonly label: string } | null): void {
  announce(stroke ? `${what}: ${stroke.label}` : "Nothing to do");
}

/** The way an arrow or page key points, seen by the camera; null for another key. */
export function wayOf(key: string): Vec3 | null {
  const { right, ahead } = steps(camera.peek());
  switch (key) {
    case "ArrowRight":
      return right;
    case "ArrowLeft":
      return minus(right);
    case "ArrowUp":
      return ahead;
    case "ArrowDown":
      return minus(ahead);
    case "PageUp":
      return [0, 1, 0];
    case "PageDown":
      return [0, -1, 0];
    default:
      return null;
  }
}

function minus([x, y, z]: Vec3): Vec3 {
  return [-x, -y, -z];
}

function onCanvasKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || !shownWorld.peek()) return;
  // As for the controls, keys are the canvas's or nobody's.
  if (event.target !== canvas.peek() && event.target !== document.body) return;
  const taken = drawsBoxes.peek() ? onBoxKey(event) : editsBlocks.peek() ? onBrushKey(event) : false;
  if (!taken && !onFocusKey(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** The controls turn to what is under the pointer; a box that is chosen comes first. */
function onFocusKey(event: KeyboardEvent): boolean {
  if (event.code !== "KeyF" || event.shiftKey || !boxOf(activeBox.peek())) return false;
  focusView();
  return true;
}

function onBoxKey(event: KeyboardEvent): boolean {
  const size = gridSize.peek();
  const ref = activeBox.peek();
  const box = boxOf(ref);
  if (!size) return false;
  if (event.key === "Delete" && ref && box) {
    removeBox(ref);
    announce("Box removed");
    return true;
  }
  const way = wayOf(event.key);
  if (!way) return false;
  if (!ref || !box) {
    // The first arrow key brings a box to move.
    const start = startingBox(size);
    activeBox.value = { kind: "region" };
    setBox({ kind: "region" }, boxOf({ kind: "region" }) ?? start);
  } else if (event.shiftKey) {
    const axis = way.findIndex((n) => n !== 0);
    const side = (axis * 2) as Side;
    setBox(ref, withSide(box, side, sideAt(box, side) + way[axis]!, size));
  } else {
    setBox(ref, movedBox(box, way, size));
  }
  const now = boxOf(activeBox.peek());
  if (now) announce(`From ${now.low.join(", ")} to ${now.high.map((n) => n - 1).join(", ")}`);
  return true;
}

function onBrushKey(event: KeyboardEvent): boolean {
  const world = shownWorld.peek()!;
  const cell = keyCursor.peek();
  if (event.key === "Enter" || event.key === " ") {
    if (!cell) return false;
    act(cell);
    return true;
  }
  const way = wayOf(event.key);
  if (!way) return false;
  const next = cell ? cell.map((at, axis) => Math.min(world.size[axis]! - 1, Math.max(0, at + way[axis]!))) : [...middle()];
  keyCursor.value = next as unknown as Vec3;
  announce(`${next.join(", ")}: ${blockName(world, world.at(next[0]!, next[1]!, next[2]!))}`);
  return true;
}

/** Where the keyboard's cursor begins: at what is in the middle of the view. */
function middle(): Vec3 {
  const world = shownWorld.peek()!;
  const aim = aimAt(world, camera.peek(), { u: 0.5, v: 0.5, aspect: 1 });
  const at = aim ? meantCell(aim, tool.peek() === "place") : [world.size[0] / 2, world.size[1] / 2, world.size[2] / 2];
  return [0, 1, 2].map((axis) => Math.min(world.size[axis]! - 1, Math.max(0, Math.floor(at[axis]!)))) as unknown as Vec3;
}

function act(cell: Vec3): void {
  const world = shownWorld.peek()!;
  const kind = tool.peek();
  if (kind === "fill") fillAt(cell);
  else if (kind === "pick") takeBlock(world.at(...cell));
  else if (kind === "place" || kind === "remove" || kind === "paint") dab(kind, cell);
  keyCursor.value = cell;
  announce(draft.peek()?.history.undoable?.label ?? blockName(world, block.peek()));
}
