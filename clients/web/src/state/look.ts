/** How the world is drawn: what the reader chose, kept for the next visit. */
import { effect, signal, type Signal } from "@preact/signals";
import type { RenderOptions } from "../render/renderer";
import { isSoft } from "./view";

/** Corners are darker. Off, blocks have their exact colours. */
export const hasShadedCorners = signal(false);
/** A horizon instead of the editor's one colour. */
export const hasHorizon = signal(false);

const STORED: Readonly<Record<string, Signal<boolean>>> = { corners: hasShadedCorners, horizon: hasHorizon };
const STORE = "voxcore.look";

/** The renderer's options that say so. */
export function lookOptions(): Partial<RenderOptions> {
  return { ambientOcclusion: hasShadedCorners.value, soft: isSoft.value, background: hasHorizon.value ? "gradient" : "sky" };
}

/** Takes up what was chosen on an earlier visit and keeps it; returns how to stop. */
export function keepLook(storage: Pick<Storage, "getItem" | "setItem">): () => void {
  const chosen = (storage.getItem(STORE) ?? "").split(" ");
  for (const [name, choice] of Object.entries(STORED)) choice.value = chosen.includes(name);
  return effect(() => {
    const names = Object.entries(STORED).flatMap(([name, choice]) => (choice.value ? [name] : []));
    storage.setItem(STORE, names.join(" "));
  });
}
