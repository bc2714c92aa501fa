/**
 * What the canvas shows, in this order: a world of one's own (a file, edits), the source map (A of A/B),
 * a moment of the open job, or the map that is chosen in the form.
 */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { PaletteEntry } from "../gen/vox/v1/voxels_pb";
import { texturesOf } from "../net/faceTextures";
import type { Frame, Grid } from "../net/frames";
import { problemOf, type Problem } from "../net/problems";
import { type Block, type Rgb, VoxelWorld } from "../world/voxels";
import { dependOn } from "./depend";
import { mapId } from "./form";
import { currentRun } from "./jobs";
import { areMapsKnown, loadGrid, maps, type StoredGrid } from "./maps";

/** A world that is shown instead of any job's: somebody opened a file or edited what was there. */
export interface OwnWorld {
  readonly world: VoxelWorld;
  readonly title: string;
}

/** Whether the newest frame is shown as it comes. */
export const isFollowing = signal(true);
/** The step that is shown while not following. */
export const chosenStep = signal(0);
/** A/B: the run, the source, or both with a line between. */
export const compare = signal<"run" | "source" | "split">("run");
/** Where the line is, 0 (left) to 1. */
export const splitAt = signal(0.5);
/** Shows cells that are still undecided as such, while a run goes on. */
export const isSoft = signal(false);
export const ownWorld = signal<OwnWorld | null>(null);

/** The source map: of the open job, else the one chosen in the form. */
export const source = signal<StoredGrid | null>(null);
export const sourceProblem = signal<Problem | null>(null);
export const isSourceLoading = signal(false);

/** Frame of the open job that is due; null where it has none yet. */
export const shownFrame = computed<Frame | null>(() => {
  const run = currentRun.value;
  if (!run) return null;
  dependOn(run.version.value);
  const { frames, last } = run.snapshots;
  if (isFollowing.value) return last ?? null;
  return frames[run.snapshots.indexAt(chosenStep.value)] ?? null;
});

/** What the A of A/B is: the source map, else the job's first frame. */
const sourceGrid = computed<Grid | null>(() => {
  const run = currentRun.value;
  if (run) dependOn(run.version.value);
  return source.value?.grid ?? run?.snapshots.first ?? null;
});

export type ShownKind = "own" | "source" | "frame" | "map" | "nothing";

const target = computed<{ kind: ShownKind; grid: Grid | null }>(() => {
  if (ownWorld.value) return { kind: "own", grid: null };
  if (!currentRun.value) return { kind: source.value ? "map" : "nothing", grid: source.value?.grid ?? null };
  if (compare.value === "source" && sourceGrid.value) return { kind: "source", grid: sourceGrid.value };
  if (shownFrame.value) return { kind: "frame", grid: shownFrame.value };
  // Until the job's first frame is here, the world that it begins with.
  return { kind: sourceGrid.value ? "source" : "nothing", grid: sourceGrid.value };
});

export const shownKind = computed(() => target.value.kind);

/** The world on the canvas. One object for as long as size and palette stay, so that only what differs is drawn anew. */
export const shownWorld = signal<VoxelWorld | null>(null);
/** The world on the other side of the line while `compare` is "split". */
export const splitWorld = signal<VoxelWorld | null>(null);

/** Shows `world` until `leaveOwnWorld`, whatever a job does meanwhile. */
export function showOwnWorld(world: VoxelWorld, title: string): void {
  ownWorld.value = { world, title };
}

export function leaveOwnWorld(): void {
  ownWorld.value = null;
}

/** Shows what there was at `step` and stays there. */
export function goToStep(step: number): void {
  chosenStep.value = step;
  isFollowing.value = false;
  if (compare.peek() === "source") compare.value = "run";
}

export function followLive(): void {
  isFollowing.value = true;
  if (compare.peek() === "source") compare.value = "run";
}

/** Starts what keeps the worlds above up to date; returns how to stop it. */
export function keepViewUpToDate(): () => void {
  let held: Grid | null = null;
  let heldPalette: readonly PaletteEntry[] | null = null;
  const stops = [
    effect(() => {
      const own = ownWorld.value;
      const { grid } = target.value;
      const palette = grid && paletteOf(grid);
      untracked(() => {
        if (own) {
          held = null;
          shownWorld.value = own.world;
        } else if (grid !== held || palette !== heldPalette) {
          const run = currentRun.value;
          const occupancy = run && grid && grid === run.snapshots.last ? (run.occupancy?.values ?? null) : null;
          shownWorld.value = worldOf(grid, held && shownWorld.value, occupancy);
          held = grid;
          heldPalette = palette;
        }
      });
    }),
    effect(() => {
      const grid = compare.value === "split" && !ownWorld.value && currentRun.value ? sourceGrid.value : null;
      untracked(() => (splitWorld.value = grid ? worldOf(grid, splitWorld.value) : null));
    }),
    keepSource(),
    effect(() => currentRun.value?.askForOccupancy(isSoft.value)),
    // A new job is seen from its newest frame.
    effect(() => {
      dependOn(currentRun.value);
      untracked(() => {
        isFollowing.value = true;
        compare.value = "run";
        ownWorld.value = null;
      });
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

/** `before` with the cells of `grid` where it has its size and palette, else a new world. */
function worldOf(grid: Grid | null, before: VoxelWorld | null, occupancy: Uint8Array | null = null): VoxelWorld | null {
  if (!grid) return null;
  const blocks = blocksOf(paletteOf(grid));
  const fits =
    before?.worldScale === grid.worldScale &&
    before.size.every((n, axis) => n === grid.size[axis]) &&
    paletteKey(before.blocks) === paletteKey(blocks);
  if (before && fits) {
    before.replace(grid.ids, occupancy);
    return before;
  }
  const made = new VoxelWorld(grid.size, blocks, grid.worldScale, grid.ids.slice());
  made.occupancy = occupancy;
  return made;
}

/** The grid's palette, or the open run's where it is the same with pictures. */
function paletteOf(grid: Grid): readonly PaletteEntry[] {
  const pictured = currentRun.value?.pictured.value;
  const isSame = pictured?.length === grid.palette.length && pictured.every((entry, i) => entry.name === grid.palette[i]!.name);
  return isSame ? pictured : grid.palette;
}

/** A palette of the contract as the renderer takes it. */
function blocksOf(palette: readonly PaletteEntry[]): readonly Block[] {
  const known = converted.get(palette);
  if (known) return known;
  const rgb = (color: PaletteEntry["top"]): Rgb => [color?.red ?? 0, color?.green ?? 0, color?.blue ?? 0];
  const blocks = palette.map((entry): Block => {
    const textures = texturesOf(entry);
    const plain = { name: entry.name, editorId: entry.editorId, top: rgb(entry.top), bottom: rgb(entry.bottom), side: rgb(entry.side) };
    return textures ? { ...plain, textures } : plain;
  });
  converted.set(palette, blocks);
  return blocks;
}

const converted = new WeakMap<readonly PaletteEntry[], readonly Block[]>();
const keys = new WeakMap<readonly Block[], string>();

function paletteKey(blocks: readonly Block[]): string {
  let key = keys.get(blocks);
  if (key === undefined) keys.set(blocks, (key = JSON.stringify(blocks.map((b) => [b.name, b.top, b.bottom, b.side, numberOf(b.textures)]))));
  return key;
}

const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/** The same for the same pictures; 0 for none. */
function numberOf(textures: object | undefined): number {
  if (!textures) return 0;
  if (!numbers.has(textures)) numbers.set(textures, ++lastNumber);
  return numbers.get(textures)!;
}

/** Keeps `source` the map that is meant, asked for anew where it was replaced; returns how to stop. */
function keepSource(): () => void {
  let asked: { readonly id: string; version: string | undefined; readonly scope: AbortController } | null = null;
  const stop = effect(() => {
    const id = meantMap();
    const listed = maps.value.find((map) => map.mapId === id)?.version;
    const isPending = isSourceLoading.value;
    if (id === undefined) return;
    untracked(() => {
      // What the server begins with is nearly here, and most often it is this one.
      if (asked?.id === "" && isPending) return;
      const before = asked?.id === id ? asked : null;
      if (before && (listed === undefined || listed === before.version)) return;
      // The list says for the first time what there is: most often what is on its way, or here, already.
      if (before && before.version === undefined) {
        if (isPending) return;
        before.version = listed;
        if (source.peek()?.version === listed) return;
      }
      asked?.scope.abort();
      asked = { id, version: listed, scope: new AbortController() };
      void fetchSource(id, asked.scope.signal);
    });
  });
  return () => {
    stop();
    asked?.scope.abort();
  };
}

/** Id of the map that `source` has to be; undefined while nobody knows. */
function meantMap(): string | undefined {
  return currentRun.value ? currentRun.value.job.value?.mapId : mapId.value;
}

/** An empty `id` is the map that the server would begin with: a form that was never used begins with it too. */
async function fetchSource(id: string, signal: AbortSignal): Promise<void> {
  if (source.peek()?.mapId !== id) source.value = null;
  sourceProblem.value = null;
  isSourceLoading.value = id !== "" || !areMapsKnown.peek();
  if (!isSourceLoading.peek()) return;
  try {
    const found = await loadGrid(id, signal);
    if (signal.aborted) return;
    batch(() => {
      if (mapId.peek() === "") mapId.value = found.mapId;
      if (untracked(meantMap) === found.mapId) source.value = found;
    });
  } catch (error) {
    // Without an id nobody asked for anything; the list of maps is on its way.
    if (!signal.aborted && id !== "") sourceProblem.value = problemOf(error);
  } finally {
    if (!signal.aborted) isSourceLoading.value = false;
  }
}
