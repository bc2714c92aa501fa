/** Cameras that are to be photographed from: views taken by hand, and a ring that is being planned. */
import { computed, signal } from "@preact/signals";
import type { Camera } from "../render/camera";
import { shownWorld } from "../state/view";
import type { Vec3, VoxelWorld } from "../world/voxels";
import { worldPoint } from "./boxes";
import { RING_LIMITS, ringCameras, ringFor, type RingPlan } from "./ring";

export const isCapturing = signal(false);
/** Views taken so far. */
export const shots = signal<readonly Camera[]>([]);
/** The ring that would be added; null: none is planned. */
export const ring = signal<RingPlan | null>(null);
export const pictureSize = signal<{ readonly width: number; readonly height: number }>({ width: 512, height: 512 });

/** The views taken, then the ring's. */
export const plannedCameras = computed<readonly Camera[]>(() => [...shots.value, ...(ring.value ? ringCameras(ring.value) : [])]);

export const plannedFrusta = computed(() => {
  if (!isCapturing.value) return [];
  const { width, height } = pictureSize.value;
  const extent = shownWorld.value ? Math.hypot(...shownWorld.value.size) * shownWorld.value.worldScale : 100;
  return plannedCameras.value.map((camera) => ({ camera, aspect: width / height, length: extent / 16 }));
});

/** A ring around all blocks of a world; around its grid where it has none. */
export function ringAround(world: VoxelWorld): RingPlan {
  const low: [number, number, number] = [...world.size];
  const high: [number, number, number] = [0, 0, 0];
  world.ids.forEach((id, index) => {
    if (id === 0) return;
    world.cell(index).forEach((at, axis) => {
      low[axis] = Math.min(low[axis]!, at);
      high[axis] = Math.max(high[axis]!, at + 1);
    });
  });
  const isEmpty = low.some((at, axis) => at >= high[axis]!);
  const corner = (cell: Vec3) => worldPoint(cell, world.size, world.worldScale);
  const plan = ringFor(corner(isEmpty ? [0, 0, 0] : low), corner(isEmpty ? world.size : high));
  return { ...plan, center: plan.center.map((at) => Math.round(at * 10) / 10) as unknown as Vec3 };
}

export function setRing(changes: Partial<RingPlan>): void {
  if (ring.peek()) ring.value = { ...ring.peek()!, ...changes };
}

/** Why a plan cannot be photographed; "" where it can. */
export function planComplaint(cameras: number, size: { readonly width: number; readonly height: number }, mostViews: number): string {
  if (cameras === 0) return "take a view or place a ring first";
  if (cameras > mostViews) return `expected at most ${mostViews} views, got ${cameras}`;
  const good = [size.width, size.height].every((side) => Number.isInteger(side) && side >= 16 && side <= 4096);
  return good ? "" : "expected pictures of 16 to 4096 pixels a side";
}

/** The nearest value that a field of a ring may have. */
export function inRing(field: keyof typeof RING_LIMITS, value: number): number {
  const [low, high] = RING_LIMITS[field];
  const within = Math.min(high, Math.max(low, Number.isFinite(value) ? value : low));
  return field === "count" ? Math.round(within) : within;
}
