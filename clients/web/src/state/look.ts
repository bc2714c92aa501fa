/** How the world is drawn: what the reader chose, kept for the next visit. */
import { computed, effect, signal, type Signal } from "@preact/signals";
import type { RenderOptions } from "../render/renderer";
import { renderer } from "./stage";
import { isSoft } from "./view";

/** Corners are darker. Off, blocks have their exact colours. */
export const hasShadedCorners = signal(false);
/** A horizon instead of the editor's one colour. */
export const hasHorizon = signal(false);
/** What the reader said of edges; null where nothing. */
export const smoothEdges = signal<boolean | null>(null);
/** Edges are smooth by default where a graphics card draws; the processor has enough to do without. */
export const hasSmoothEdges = computed(() => smoothEdges.value ?? (renderer.value !== null && !/swiftshader|llvmpipe|software|basic render/i.test(renderer.value.device)));

const STORED: Readonly<Record<string, Signal<boolean>>> = { corners: hasShadedCorners, horizon: hasHorizon };
const STORE = "voxcore.look";

/** The renderer's options that say so. */
export function lookOptions(): Partial<RenderOptions> {
  return { ambientOcclusion: hasShadedCorners.value, soft: isSoft.value, antialias: hasSmoothEdges.value, background: hasHorizon.value ? "gradient" : "sky" };
}

/** Takes up what was chosen on an earlier visit and keeps it; returns how to stop. */
export function keepLook(storage: Pick<Storage, "getItem" | "setItem">): () => void {
  const chosen = (storage.getItem(STORE) ?? "").split(" ");
  for (const [name, choice] of Object.entries(STORED)) choice.value = chosen.includes(name);
  smoothEdges.value = chosen.includes("smooth") ? true : chosen.includes("exact") ? false : null;
  return effect(() => {
    const names = Object.entries(STORED).flatMap(([name, choice]) => (choice.value ? [name] : []));
    if (smoothEdges.value !== null) names.push(smoothEdges.value ? "smooth" : "exact");
    storage.setItem(STORE, names.join(" "));
  });
}
