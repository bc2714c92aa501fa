/** Moving the camera somewhere else: smoothly, or at once where less motion is wanted. */
import type { Camera } from "../render/camera";
import { between } from "../render/orbit";
import { camera } from "../state/stage";

const MILLIS = 260;
let running = 0;

/** Moves to `goal`; whatever else moves the camera meanwhile ends it. */
export function flyTo(goal: Camera): void {
  cancelAnimationFrame(running);
  const from = camera.peek();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    camera.value = goal;
    return;
  }
  const began = performance.now();
  let mine = from;
  const step = (now: number) => {
    if (camera.peek() !== mine) return;
    const t = Math.min(1, Math.max(0, (now - began) / MILLIS));
    mine = t === 1 ? goal : between(from, goal, t * t * (3 - 2 * t));
    camera.value = mine;
    if (t < 1) running = requestAnimationFrame(step);
  };
  running = requestAnimationFrame(step);
}
