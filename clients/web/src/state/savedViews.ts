/** Nine cameras by number, kept in the browser. */
import { signal } from "@preact/signals";
import type { Camera } from "../render/camera";
import { decodeCamera, encodeCamera } from "../tools/permalink";

export const SLOTS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
const STORE = "voxcore.views";

export const savedViews = signal<ReadonlyMap<number, Camera>>(new Map());

/** Takes what the store has; anything that is no camera counts as empty. */
export function loadViews(storage: Pick<Storage, "getItem">): void {
  let stored: unknown = null;
  try {
    stored = JSON.parse(storage.getItem(STORE) ?? "null");
  } catch {
    // Something else wrote there.
  }
  const found = new Map<number, Camera>();
  for (const slot of SLOTS) {
    const text = (stored as Record<string, unknown> | null)?.[slot];
    const camera = typeof text === "string" ? decodeCamera(text) : null;
    if (camera) found.set(slot, camera);
  }
  savedViews.value = found;
}

export function saveView(slot: number, camera: Camera, storage: Pick<Storage, "setItem">): void {
  const next = new Map(savedViews.peek()).set(slot, camera);
  savedViews.value = next;
  try {
    storage.setItem(STORE, JSON.stringify(Object.fromEntries([...next].map(([at, view]) => [at, encodeCamera(view)]))));
  } catch {
    // A full or forbidden store only means that the view is gone after a reload.
  }
}
