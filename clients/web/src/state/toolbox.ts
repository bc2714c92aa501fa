/** The tool in hand and what it is set to. */
import { computed, effect, signal, untracked } from "@preact/signals";
import type { Vec3 } from "../world/voxels";
import type { CellBox } from "../tools/boxes";
import { shownWorld } from "./view";

export type Tool = "look" | "region" | "keep" | "place" | "remove" | "paint" | "fill" | "pick";

export const tool = signal<Tool>("look");
export const brushSize = signal(1);
/** Palette index of the block that is placed or painted; never Air. */
export const block = signal(3);
/** Where the keyboard's cursor is, while it is in use: a cell, also an empty one. */
export const keyCursor = signal<Vec3 | null>(null);
/** What the brush would touch under the pointer. */
export const brushPreview = signal<CellBox | null>(null);

export const editsBlocks = computed(() => ["place", "remove", "paint", "fill", "pick"].includes(tool.value));
export const drawsBoxes = computed(() => tool.value === "region" || tool.value === "keep");

/** Keeps the chosen block one that the shown world has; returns how to stop. */
export function keepToolbox(): () => void {
  return effect(() => {
    const count = shownWorld.value?.blocks.length ?? 0;
    untracked(() => {
      if (count > 1 && block.peek() >= count) block.value = Math.min(3, count - 1);
      keyCursor.value = null;
      brushPreview.value = null;
    });
  });
}
