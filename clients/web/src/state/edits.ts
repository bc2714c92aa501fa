/**
 * The world of one's own: a map that was opened from a file, or one of the server's with edits on it.
 * It outlives every look at something else; only `discardDraft` and another draft end it.
 */
import { computed, effect, signal, untracked } from "@preact/signals";
import type { MapDocument } from "../world/mapJson";
import { VoxelWorld, type Block, type CellChanges } from "../world/voxels";
import { dependOn } from "./depend";
import { mapId } from "./form";
import { History, OpenStroke, type Stroke } from "./history";
import { currentRun } from "./jobs";
import { ownWorld, shownFrame, shownKind, shownWorld, showOwnWorld, source } from "./view";

/** The map of the server that a draft began as, and the version that was seen of it. */
export interface Base {
  readonly mapId: string;
  readonly version: string;
}

export interface Draft {
  readonly world: VoxelWorld;
  /** What it is called: a map's id, or a file's name. */
  readonly name: string;
  readonly base: Base | null;
  /** What its file says besides blocks; null where it came from no file. */
  readonly document: MapDocument | null;
  readonly history: History;
}

export const draft = signal<Draft | null>(null);
/** Rises with every stroke, undo, redo and save: histories are no signals. */
export const revision = signal(0);

/** Whether edits would be lost. A file that nobody edited is still where it came from. */
export const isUnsaved = computed(() => {
  dependOn(revision.value);
  return draft.value?.history.unsaved ?? false;
});
/** Whether the draft is what the canvas shows. */
export const isDraftShown = computed(() => draft.value !== null && ownWorld.value?.world === draft.value.world);
export const undoable = computed(() => (dependOn(revision.value), draft.value?.history.undoable ?? null));
export const redoable = computed(() => (dependOn(revision.value), draft.value?.history.redoable ?? null));
/** Asked before unsaved edits would make room for something else. */
export const replaced = signal<{ readonly what: string; readonly go: () => void } | null>(null);

/** Runs `go` at once, or after a word with the user where edits would be lost. */
export function replacingDraft(what: string, go: () => void): void {
  if (isUnsaved.peek()) replaced.value = { what, go };
  else go();
}

export function openDraft(next: Omit<Draft, "history">): void {
  draft.value = { ...next, history: new History() };
  revision.value++;
  showDraft();
}

/** Puts the draft back on the canvas. */
export function showDraft(): void {
  const now = draft.peek();
  if (now) showOwnWorld(now.world, now.name);
}

export function discardDraft(): void {
  if (isDraftShown.peek()) ownWorld.value = null;
  draft.value = null;
  revision.value++;
}

/**
 * The draft to edit: the one that is shown, else a copy of what is shown. Null where nothing is, and
 * where another draft has unsaved edits (the user is asked then).
 */
export function editable(): Draft | null {
  if (isDraftShown.peek()) return draft.peek();
  const seen = shownWorld.peek();
  if (!seen) return null;
  const begin = () => openDraft(copyOfShown(seen));
  if (isUnsaved.peek()) {
    replaced.value = { what: "start editing another world", go: begin };
    return null;
  }
  begin();
  return draft.peek();
}

function copyOfShown(seen: VoxelWorld): Omit<Draft, "history"> {
  return { world: seen.clone(), ...origin(), document: null };
}

/** What saving would save: a draft with edits wherever it is, else what is shown. Opens nothing. */
export function savable(): Draft | null {
  const now = draft.peek();
  if (now && (isUnsaved.peek() || isDraftShown.peek())) return now;
  const seen = shownWorld.peek();
  return seen && { ...copyOfShown(seen), history: new History() };
}

function origin(): { name: string; base: Base | null } {
  const kind = shownKind.peek();
  const map = source.peek();
  if ((kind === "map" || kind === "source") && map) return { name: map.mapId, base: { mapId: map.mapId, version: map.version } };
  const frame = shownFrame.peek();
  const result = currentRun.peek()?.result.peek();
  if (frame?.final && result?.mapId) return { name: result.mapId, base: null };
  return { name: frame ? `step ${frame.step}` : "world", base: null };
}

/** Makes one stroke of a change; null where nothing is different after it. */
export function edit(label: (cells: number) => string, change: (world: VoxelWorld) => CellChanges): Stroke | null {
  const now = editable();
  if (!now) return null;
  const open = new OpenStroke(now.world);
  open.apply(change(now.world));
  return commit(now, open, label);
}

/** Ends a stroke that was drawn. */
export function commit(on: Draft, open: OpenStroke, label: (cells: number) => string): Stroke | null {
  const ended = open.end(label(open.size));
  if (ended) on.history.push(ended);
  revision.value++;
  return ended;
}

export function undo(): Stroke | null {
  return step((now) => now.history.undo(now.world));
}

export function redo(): Stroke | null {
  return step((now) => now.history.redo(now.world));
}

function step(take: (now: Draft) => Stroke | null): Stroke | null {
  const now = draft.peek();
  if (!now) return null;
  if (!isDraftShown.peek()) showDraft();
  const stroke = take(now);
  revision.value++;
  return stroke;
}

/** Says that the draft lies on the server as `base` now. */
export function draftSaved(base: Base): void {
  const now = draft.peek();
  if (!now) return;
  now.history.markSaved();
  draft.value = { ...now, name: base.mapId, base };
  revision.value++;
  if (ownWorld.peek()?.world === now.world) showDraft();
}

/** Adds a kind of block to the draft and returns its palette index; strokes so far stay undoable. */
export function addBlock(block: Block): number | null {
  const now = editable();
  if (!now || now.world.blocks.length > 255) return null;
  const { size, blocks, worldScale, ids } = now.world;
  const world = new VoxelWorld(size, [...blocks, block], worldScale, ids);
  draft.value = { ...now, world };
  showDraft();
  return blocks.length;
}

/** Shows the map that is chosen in the form instead of the draft, which stays as it is; returns how to stop. */
export function followMapChoice(): () => void {
  let known = mapId.peek();
  return effect(() => {
    const now = mapId.value;
    if (now !== known) untracked(() => (ownWorld.value = null));
    known = now;
  });
}

/** Warns before the page is left with unsaved edits; returns how to stop. */
export function guardUnsaved(target: Window): () => void {
  const warn = (event: BeforeUnloadEvent) => {
    if (isUnsaved.peek()) event.preventDefault();
  };
  target.addEventListener("beforeunload", warn);
  return () => target.removeEventListener("beforeunload", warn);
}
