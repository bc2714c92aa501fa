/** Drafts to the server, with the version that was seen: what somebody else saved meanwhile is never overwritten unasked. */
import { MapFormat, type MapSummary } from "../gen/vox/v1/maps_pb";
import { UploadKind } from "../gen/vox/v1/uploads_pb";
import { download } from "../net/download";
import { gridMessage } from "../net/gridMessage";
import { problemOf, type Problem } from "../net/problems";
import { upload } from "../net/upload";
import { persistently } from "../state/calls";
import { draft, draftSaved, type Draft } from "../state/edits";
import { mapId } from "../state/form";
import { maps, refreshMaps } from "../state/maps";
import { services } from "../state/session";
import { parseMapJson, type MapDocument } from "../world/mapJson";
import { withoutSequence, writeMapJson } from "../world/mapJsonWrite";

export interface SaveTarget {
  readonly mapId: string;
  /** The version to replace; "" for a new map. */
  readonly expectedVersion: string;
}

export type SaveOutcome = { readonly kind: "saved"; readonly map: MapSummary } | { readonly kind: "refused"; readonly problem: Problem };

/** What the refusal of a save means for the user. */
export type Refusal = "changed" | "gone" | "taken" | "other";

export function refusalKind({ reason }: Problem): Refusal {
  if (reason === "VERSION_CONFLICT") return "changed";
  if (reason === "NOT_FOUND") return "gone";
  return reason === "ID_TAKEN" ? "taken" : "other";
}

export const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** Why an id cannot be a new map's; "" where it can. */
export function idComplaint(id: string): string {
  if (!ID_PATTERN.test(id)) return "expected 1 to 64 letters, digits, _ and -";
  return id.startsWith("trained_map_") ? "names that begin with trained_map_ are for results of runs" : "";
}

/** The version of a map that the list shows; "" where there is none of that id. */
export function listedVersion(id: string): string {
  return maps.peek().find((map) => map.mapId === id)?.version ?? "";
}

/** Saves a draft; what it holds stays as it is whatever comes back. */
export async function saveDraft(now: Draft, target: SaveTarget, progress: (done: number, total: number) => void): Promise<SaveOutcome> {
  try {
    const map = needsFile(now, target) ? await saveFile(now, target, progress) : await saveGrid(now, target);
    // The form first: what it names is shown until the draft comes back.
    mapId.value = map.mapId;
    if (draft.peek()?.world === now.world) draftSaved({ mapId: map.mapId, version: map.version });
    await refreshMaps().catch(() => undefined);
    return { kind: "saved", map };
  } catch (error) {
    // What is there now is what may be replaced, once the user has been told.
    await refreshMaps().catch(() => undefined);
    return { kind: "refused", problem: problemOf(error) };
  }
}

/** Cells above which a grid is no longer one message. */
const MOST_CELLS_IN_MESSAGE = 2 ** 19;

/**
 * A file keeps what a map says besides its blocks. PutMap keeps it too, where the map that is replaced
 * is the very one that was edited.
 */
function needsFile(now: Draft, target: SaveTarget): boolean {
  if (now.world.ids.length > MOST_CELLS_IN_MESSAGE) return true;
  return now.document !== null || (now.base !== null && now.base.mapId !== target.mapId);
}

async function saveGrid(now: Draft, { mapId: id, expectedVersion }: SaveTarget): Promise<MapSummary> {
  const grid = await gridMessage(now.world);
  const { map } = await persistently(() => services.maps.putMap({ mapId: id, expectedVersion, grid }));
  return stored(map);
}

async function saveFile(now: Draft, { mapId: id, expectedVersion }: SaveTarget, progress: (done: number, total: number) => void): Promise<MapSummary> {
  const document = now.document ?? (now.base && (await documentOf(now.base.mapId)));
  // A copy is not the map whose number it was.
  const own = document && now.base?.mapId !== id ? withoutSequence(document) : document;
  const bytes = new TextEncoder().encode(writeMapJson(now.world, own));
  const file = { kind: UploadKind.MAP, targetId: id, expectedVersion, bytes };
  const answer = await upload(services.uploads, file, { signal: new AbortController().signal, progress, persistently });
  return stored(answer.stored.case === "map" ? answer.stored.value : undefined);
}

/** What the server's file of a map says besides its blocks; null where the map is gone. */
async function documentOf(id: string): Promise<MapDocument | null> {
  const open = (offset: bigint, version: string) => services.maps.exportMap({ mapId: id, format: MapFormat.MAP_JSON, offset, version });
  try {
    const { bytes } = await download(open, { progress: () => undefined, persistently });
    return parseMapJson(new TextDecoder().decode(bytes));
  } catch (error) {
    if (problemOf(error).reason === "NOT_FOUND") return null;
    throw error;
  }
}

function stored(map: MapSummary | undefined): MapSummary {
  if (!map) throw new Error("the server answered without a map");
  return map;
}
