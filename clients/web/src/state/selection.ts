/** The boxes of cells that a job may change, and must keep. They follow the grid on the canvas. */
import { computed, effect, signal, untracked } from "@preact/signals";
import { clampBox, sameBox, type CellBox } from "../tools/boxes";
import type { Vec3 } from "../world/voxels";
import { boxes as formBoxes } from "./form";
import { shownWorld } from "./view";

export type BoxRef = { readonly kind: "region" } | { readonly kind: "keep"; readonly index: number };

/** As the contract has it. */
export const MAX_KEPT = 64;

/** Where a job may change cells; null: everywhere. */
export const region = signal<CellBox | null>(null);
/** What it leaves as it is, bit for bit. */
export const kept = signal<readonly CellBox[]>([]);
/** The one with handles. */
export const activeBox = signal<BoxRef | null>(null);

export const gridSize = computed<Vec3 | null>(() => shownWorld.value?.size ?? null);

export function boxOf(ref: BoxRef | null): CellBox | null {
  if (ref === null) return null;
  return ref.kind === "region" ? region.value : (kept.value[ref.index] ?? null);
}

/** Puts `box`, clamped to the grid, where `ref` says. */
export function setBox(ref: BoxRef, box: CellBox): void {
  const size = gridSize.peek();
  const fitting = size ? clampBox(box, size) : box;
  if (ref.kind === "region") region.value = fitting;
  else kept.value = kept.peek().map((one, i) => (i === ref.index ? fitting : one));
}

/** Adds a box to keep and makes it the active one; false where there are as many as a job takes. */
export function addKept(box: CellBox): boolean {
  if (kept.peek().length >= MAX_KEPT) return false;
  kept.value = [...kept.peek(), box];
  activeBox.value = { kind: "keep", index: kept.peek().length - 1 };
  setBox(activeBox.peek()!, box);
  return true;
}

export function removeBox(ref: BoxRef): void {
  if (ref.kind === "region") region.value = null;
  else kept.value = kept.peek().filter((_, i) => i !== ref.index);
  activeBox.value = null;
}

export function isActive(ref: BoxRef): boolean {
  const active = activeBox.value;
  return active?.kind === ref.kind && (active.kind === "region" || active.index === (ref as { index: number }).index);
}

/** Keeps the boxes inside the grid and tells the form of them; returns how to stop. */
export function keepSelection(): () => void {
  const stops = [
    effect(() => {
      const size = gridSize.value;
      if (!size) return;
      untracked(() => {
        const now = region.peek();
        if (now && !sameBox(clampBox(now, size), now)) region.value = clampBox(now, size);
        if (kept.peek().some((box) => !sameBox(clampBox(box, size), box))) kept.value = kept.peek().map((box) => clampBox(box, size));
      });
    }),
    effect(() => {
      const message = ({ low, high }: CellBox) => ({ low: cell(low), high: cell(high) });
      formBoxes.value = {
        ...(region.value ? { region: message(region.value) } : {}),
        ...(kept.value.length > 0 ? { keep: kept.value.map(message) } : {}),
      };
    }),
  ];
  return () => stops.forEach((stop) => stop());
}

function cell([x, y, z]: Vec3): { x: number; y: number; z: number } {
  return { x, y, z };
}
