/** The server's maps and datasets, and the grids of those that were looked at. */
import { batch, signal } from "@preact/signals";
import type { DatasetSummary, MapSummary } from "../gen/vox/v1/maps_pb";
import { decodeTextures } from "../net/faceTextures";
import { GridParts, type Grid } from "../net/frames";
import { mapId } from "./form";
import { services } from "./session";

export const maps = signal<readonly MapSummary[]>([]);
export const datasets = signal<readonly DatasetSummary[]>([]);
export const areMapsKnown = signal(false);

/** A map's grid and the version that it is of. */
export interface StoredGrid {
  readonly mapId: string;
  readonly version: string;
  readonly grid: Grid;
}

const MOST_GRIDS = 4;
const grids = new Map<string, StoredGrid>();

/** Asks for both lists. Throws what the calls throw. */
export async function refreshMaps(): Promise<void> {
  await Promise.all([refreshMapList(), refreshDatasets()]);
}

async function refreshMapList(): Promise<void> {
  const found: MapSummary[] = [];
  for (let pageToken = ""; ; ) {
    const page = await services.maps.listMaps({ pageSize: 1000, pageToken });
    found.push(...page.maps);
    pageToken = page.nextPageToken;
    if (pageToken === "" || found.length >= 5000) break;
  }
  batch(() => {
    maps.value = found;
    areMapsKnown.value = true;
    // A form that was never used begins with the first map: there is something to see at once.
    const first = found.find((map) => !map.mapId.startsWith("trained_map_")) ?? found[0];
    if (mapId.peek() === "" && first) mapId.value = first.mapId;
  });
}

async function refreshDatasets(): Promise<void> {
  datasets.value = (await services.maps.listDatasets({ pageSize: 1000 })).datasets;
}

/**
 * The grid of a map, or with an empty id of the one that the server would begin with; of those asked for lately
 * the present version is kept. Throws, also BrokenFrame.
 */
export async function loadGrid(mapId: string, signal: AbortSignal): Promise<StoredGrid> {
  const known = grids.get(mapId);
  const listed = maps.peek().find((map) => map.mapId === mapId);
  if (known && (listed ? listed.version === known.version : !areMapsKnown.peek())) return known;
  const parts = new GridParts();
  let first = { mapId, version: "" };
  for await (const answer of services.maps.getMap({ mapId }, { signal })) {
    if (answer.version !== "") first = { mapId: answer.mapId || mapId, version: answer.version };
    const grid = answer.grid ? await parts.add(answer.grid) : null;
    if (!grid) continue;
    await decodeTextures(grid.palette);
    const stored = { ...first, grid };
    grids.delete(stored.mapId);
    grids.set(stored.mapId, stored);
    for (const oldest of [...grids.keys()].slice(0, -MOST_GRIDS)) grids.delete(oldest);
    return stored;
  }
  throw new Error("the map was cut off");
}
