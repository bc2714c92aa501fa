/** What lies over the world on the canvas: boxes with handles, the brush, cameras. */
import { computed, effect, signal } from "@preact/signals";
import type { Box, Frustum, Overlays } from "../render/renderer";
import { activeBox, kept, region, type BoxRef } from "../state/selection";
import { renderer } from "../state/stage";
import { brushPreview, keyCursor, tool } from "../state/toolbox";
import type { Rgb } from "../world/voxels";
import type { Side } from "./boxes";
import { plannedFrusta } from "./capturePlan";

const REGION: Rgb = [0.95, 0.66, 0.23];
const KEPT: Rgb = [0.32, 0.78, 0.62];
const BRUSH: Readonly<Record<string, Rgb>> = { place: [1, 1, 1], paint: [0.95, 0.66, 0.23], fill: [0.95, 0.66, 0.23], remove: [0.94, 0.42, 0.36], pick: [0.6, 0.85, 1] };
const CAMERA: Rgb = [0.36, 0.72, 1];

/** The handle under the pointer or on its way. */
export const hoveredHandle = signal<Side | null>(null);

/** What each box of the overlays is. */
const refs = computed<readonly BoxRef[]>(() => [
  ...(region.value ? [{ kind: "region" } as const] : []),
  ...kept.value.map((_, index) => ({ kind: "keep", index }) as const),
]);

const overlays = computed<Overlays>(() => {
  const active = activeBox.value;
  const boxes: Box[] = refs.value.map((ref) => {
    const box = ref.kind === "region" ? region.value! : kept.value[ref.index]!;
    const handles = active?.kind === ref.kind && (ref.kind === "region" || ref.index === (active as { index: number }).index);
    const grabbed = handles && hoveredHandle.value !== null ? { active: hoveredHandle.value } : {};
    return { ...box, color: ref.kind === "region" ? REGION : KEPT, handles, ...grabbed };
  });
  const brush = brushPreview.value;
  if (brush) boxes.push({ ...brush, color: BRUSH[tool.value] ?? REGION });
  const cell = keyCursor.value;
  const frusta: readonly Frustum[] = plannedFrusta.value.map((frustum) => ({ ...frustum, color: CAMERA }));
  return { boxes, frusta, cursor: cell ? { cell, color: BRUSH[tool.value] ?? REGION } : null };
});

/** Keeps the renderer showing them; returns how to stop. */
export function showOverlays(): () => void {
  return effect(() => renderer.value?.setOverlays(overlays.value));
}

/** The handle under the pointer, of the box that has handles. */
export function handleUnder(target: HTMLCanvasElement, { clientX, clientY }: PointerEvent): { readonly ref: BoxRef; readonly side: Side } | null {
  const { left, top } = target.getBoundingClientRect();
  const found = renderer.peek()?.pickHandle(clientX - left, clientY - top);
  const ref = found && refs.peek()[found.box];
  return ref ? { ref, side: found.handle as Side } : null;
}
