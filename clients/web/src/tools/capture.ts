/** Pictures of a plan's cameras, and their way to the server as a dataset. */
import type { DatasetSummary } from "../gen/vox/v1/maps_pb";
import { UploadKind } from "../gen/vox/v1/uploads_pb";
import { upload } from "../net/upload";
import { persistently } from "../state/calls";
import { datasets, refreshMaps } from "../state/maps";
import { services } from "../state/session";
import { EXACT } from "../render/renderer";
import { lookOptions } from "../state/look";
import { camera, renderer } from "../state/stage";
import { shownWorld } from "../state/view";
import type { Camera } from "../render/camera";
import { metadataParts, type Shot } from "./dataset";
import { pngOf } from "./files";

export interface CaptureProgress {
  readonly what: "Drawing" | "Uploading";
  readonly done: number;
  readonly total: number;
}

export interface CaptureOrder {
  readonly datasetId: string;
  readonly cameras: readonly Camera[];
  readonly width: number;
  readonly height: number;
  /** The present dataset of that id is replaced. */
  readonly replaces: boolean;
}

/** What was drawn and not yet stored: asked again, the very same file goes on from where it broke off. */
let unfinished: { readonly key: string; readonly bytes: Uint8Array<ArrayBuffer> } | null = null;

/** Draws every camera's picture and uploads them all. Throws; a broken upload goes on from where it was when asked again. */
export async function captureDataset(order: CaptureOrder, stop: AbortSignal, progress: (now: CaptureProgress) => void): Promise<DatasetSummary> {
  const { datasetId, cameras, width, height } = order;
  const key = JSON.stringify([datasetId, cameras, width, height, checksum(shownWorld.peek()?.ids ?? new Uint8Array())]);
  if (unfinished?.key !== key) {
    const shots = await photograph(cameras, width, height, stop, progress);
    const text = metadataParts(shots, width, height, `viewer-${datasetId}`, new Date());
    unfinished = { key, bytes: new Uint8Array(await new Blob(text).arrayBuffer()) };
  }
  const { bytes } = unfinished;
  const version = order.replaces ? (datasets.peek().find((one) => one.datasetId === datasetId)?.version ?? "") : "";
  const file = { kind: UploadKind.DATASET, targetId: datasetId, expectedVersion: version, bytes };
  const answer = await upload(services.uploads, file, {
    signal: stop,
    progress: (done, total) => progress({ what: "Uploading", done, total }),
    persistently,
  });
  if (answer.stored.case !== "dataset") throw new Error("the server answered without a dataset");
  unfinished = null;
  await refreshMaps().catch(() => undefined);
  return answer.stored.value;
}

/** Tells worlds apart, not more. */
function checksum(ids: Uint8Array): number {
  let sum = 0;
  for (const id of ids) sum = (Math.imul(sum, 31) + id) | 0;
  return sum;
}

async function photograph(cameras: readonly Camera[], width: number, height: number, stop: AbortSignal, progress: (now: CaptureProgress) => void): Promise<Shot[]> {
  const drawer = renderer.peek();
  if (!drawer) throw new Error("there is nothing that could draw the pictures");
  const shots: Shot[] = [];
  try {
    // A run that is taught by them compares them with what the library draws.
    drawer.setOptions(EXACT);
    for (const from of cameras) {
      stop.throwIfAborted();
      progress({ what: "Drawing", done: shots.length, total: cameras.length });
      drawer.setCamera(from);
      const png = await pngOf(await drawer.readPixels(width, height));
      shots.push({ camera: from, png: new Uint8Array(await png.arrayBuffer()) });
    }
  } finally {
    drawer.setOptions(lookOptions());
    drawer.setCamera(camera.peek());
  }
  return shots;
}
