/** Where to look from: sides of the world, what is selected, all of it. */
import { framing, type Camera } from "../render/camera";
import { distanceOf, focused, seenFrom } from "../render/orbit";
import { activeBox, boxOf } from "../state/selection";
import { camera, canvas, hover } from "../state/stage";
import { shownWorld } from "../state/view";
import type { Vec3 } from "../world/voxels";
import { worldPoint, type CellBox } from "./boxes";
import { flyTo } from "./flyTo";

/** A block that is looked at closely is this many cells away. */
const FOCUS_CELLS = 12;

function aspect(): number {
  const target = canvas.peek();
  return target && target.clientHeight > 0 ? target.clientWidth / target.clientHeight : 1.5;
}

/** All of the world, from where it is usually seen. */
export function lookHome(): void {
  const world = shownWorld.peek();
  if (world) flyTo(framing(world.size, world.worldScale, { aspect: aspect() }));
}

/** The same target from a side. */
export function lookFrom(direction: Vec3): void {
  flyTo(seenFrom(camera.peek(), direction));
}

/** Turns to the active box, else to the block under the pointer, else to all. */
export function focusView(): void {
  const world = shownWorld.peek();
  if (!world) return;
  const box = boxOf(activeBox.peek());
  if (box) {
    flyTo(seeing(camera.peek(), box, world.size, world.worldScale));
    return;
  }
  const hit = hover.peek();
  if (!hit) {
    lookHome();
    return;
  }
  flyTo(focused(camera.peek(), hit.point, Math.min(distanceOf(camera.peek()), FOCUS_CELLS * world.worldScale)));
}

/** `now` turned and moved so that a box of cells fills most of the view. */
export function seeing(now: Camera, box: CellBox, size: Vec3, worldScale: number): Camera {
  const [low, high] = [worldPoint(box.low, size, worldScale), worldPoint(box.high, size, worldScale)];
  const target: Vec3 = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2];
  const radius = Math.hypot(high[0] - low[0], high[1] - low[1], high[2] - low[2]) / 2;
  const distance = (1.25 * radius) / Math.sin((now.fovYDegrees * Math.PI) / 360);
  return focused(now, target, distance);
}
