/**
 * Moving the camera: drag to orbit, right or shift drag to pan, wheel to zoom to the pointer, WASD and QE to
 * fly, arrows to turn, F to focus; one finger orbits, two pan and pinch.
 */
import type { Vec3 } from "../world/voxels";
import { axes, rayThrough, type Camera } from "./camera";
import { add, length, scale } from "./matrix";
import { between, distanceOf, focused, moved, seenFrom, turned, zoomed } from "./orbit";
import type { Hit } from "./pick";

export interface ControlsOptions {
  readonly camera: () => Camera;
  readonly onCamera: (camera: Camera) => void;
  /** The face under a point of the element, in CSS pixels. */
  readonly pick: (x: number, y: number) => Hit | null;
  /** Where the camera goes where there is nothing under the pointer to focus on. */
  readonly home: () => Camera;
  /** True for a pointer that belongs to a tool: the camera then stays. */
  readonly claims?: (event: PointerEvent) => boolean;
}

const TURN_PER_PIXEL = 0.0065;
const TURN_PER_KEY = Math.PI / 24;
const ZOOM_PER_PIXEL = 0.0013;
/** Cells that are looked at closely are this many cells away. */
const FOCUS_DISTANCE = 24;
const MOVE_MILLIS = 380;
/** How fast a turn that was let go of dies down, per second. */
const FRICTION = 7;
const FLIGHT: Readonly<Record<string, Vec3>> = { KeyW: [0, 0, -1], KeyS: [0, 0, 1], KeyA: [-1, 0, 0], KeyD: [1, 0, 0], KeyQ: [0, -1, 0], KeyE: [0, 1, 0] };

interface Pointer {
  x: number;
  y: number;
  readonly pan: boolean;
}

export class Controls {
  readonly #pointers = new Map<number, Pointer>();
  readonly #keys = new Set<string>();
  readonly #scope = new AbortController();
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  /** Where the pointer was last, for focus and zoom by keys. */
  #at: readonly [number, number] | null = null;
  #fast = false;
  /** Turn per second that goes on after the pointer let go. */
  #spin: readonly [number, number] = [0, 0];
  #lastMove = 0;
  /** Depth at which a panned picture sticks to the pointer. */
  #panDepth = 0;
  #journey: { readonly from: Camera; readonly to: Camera; readonly start: number; readonly millis: number } | null = null;
  #frame = 0;
  #time = 0;

  constructor(
    private readonly element: HTMLElement,
    private readonly options: ControlsOptions,
  ) {
    const { signal } = this.#scope;
    element.style.touchAction = "none";
    element.addEventListener("pointerdown", (event) => this.#down(event), { signal });
    element.addEventListener("pointermove", (event) => this.#move(event), { signal });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) element.addEventListener(end, (event) => this.#up(event), { signal });
    element.addEventListener("pointerleave", () => (this.#at = null), { signal });
    element.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    element.addEventListener("dblclick", (event) => this.#focusAt(...this.#place(event)), { signal });
    window.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    window.addEventListener("keyup", (event) => this.#keyUp(event), { signal });
    window.addEventListener("blur", () => this.#keys.clear(), { signal });
  }

  /** Whether the person who looks asked for less motion: everything then jumps. */
  get reducedMotion(): boolean {
    return this.#calm.matches;
  }

  /** Goes there; in one step under reduced motion. */
  moveTo(camera: Camera, millis = MOVE_MILLIS): void {
    this.stop();
    if (this.reducedMotion || millis <= 0) {
      this.options.onCamera(camera);
      return;
    }
    this.#journey = { from: this.options.camera(), to: camera, start: performance.now(), millis };
    this.#run();
  }

  /** Looks from `direction`, the way from the target to the eye. */
  lookFrom(direction: Vec3): void {
    this.moveTo(seenFrom(this.options.camera(), direction));
  }

  /** Brings a point near; without one, the whole world into view. */
  focus(point?: Vec3, distance?: number): void {
    const camera = this.options.camera();
    this.moveTo(point ? focused(camera, point, distance ?? Math.min(distanceOf(camera), FOCUS_DISTANCE)) : this.options.home());
  }

  /** Ends every motion that is under way. */
  stop(): void {
    this.#journey = null;
    this.#spin = [0, 0];
  }

  destroy(): void {
    this.#scope.abort();
    cancelAnimationFrame(this.#frame);
  }

  #place(event: MouseEvent): [number, number] {
    const { left, top } = this.element.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  #down(event: PointerEvent): void {
    if (this.options.claims?.(event)) return;
    this.stop();
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    const [x, y] = this.#place(event);
    this.#pointers.set(event.pointerId, { x, y, pan: event.button === 1 || event.button === 2 || event.shiftKey });
    const camera = this.options.camera();
    const hit = this.options.pick(x, y);
    this.#panDepth = hit ? hit.distance : distanceOf(camera);
    this.#lastMove = performance.now();
  }

  #move(event: PointerEvent): void {
    const [x, y] = this.#place(event);
    this.#at = [x, y];
    const pointer = this.#pointers.get(event.pointerId);
    if (!pointer) return;
    const before = [...this.#pointers.values()].map((p) => [p.x, p.y] as const);
    const delta = [x - pointer.x, y - pointer.y] as const;
    pointer.x = x;
    pointer.y = y;
    if (this.#pointers.size >= 2) this.#pinch(before);
    else if (pointer.pan || event.shiftKey) this.#pan(...delta);
    else this.#orbit(...delta);
  }

  #up(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId) || this.#pointers.size > 0) return;
    // A pointer that rested before it was lifted throws nothing.
    if (this.reducedMotion || performance.now() - this.#lastMove > 60) this.#spin = [0, 0];
    if (this.#spin[0] !== 0 || this.#spin[1] !== 0) this.#run();
  }

  #orbit(dx: number, dy: number): void {
    const now = performance.now();
    const seconds = Math.max(0.008, (now - this.#lastMove) / 1000);
    this.#lastMove = now;
    const turn = [-dx * TURN_PER_PIXEL, dy * TURN_PER_PIXEL] as const;
    this.#spin = [0.6 * this.#spin[0] + (0.4 * turn[0]) / seconds, 0.6 * this.#spin[1] + (0.4 * turn[1]) / seconds];
    this.options.onCamera(turned(this.options.camera(), ...turn));
  }

  #pan(dx: number, dy: number): void {
    const camera = this.options.camera();
    const { right, up } = axes(camera);
    const unit = (2 * Math.tan((camera.fovYDegrees * Math.PI) / 360) * this.#panDepth) / Math.max(1, this.element.clientHeight);
    this.options.onCamera(moved(camera, add(scale(right, -dx * unit), scale(up, dy * unit))));
  }

  #pinch(before: readonly (readonly [number, number])[]): void {
    const now = [...this.#pointers.values()].map((p) => [p.x, p.y] as const);
    const [a, b] = [before, now].map((points) => {
      const [p, q] = [points[0]!, points[1]!];
      return { x: (p[0] + q[0]) / 2, y: (p[1] + q[1]) / 2, spread: Math.max(8, Math.hypot(p[0] - q[0], p[1] - q[1])) };
    }) as [{ x: number; y: number; spread: number }, { x: number; y: number; spread: number }];
    this.#pan(b.x - a.x, b.y - a.y);
    const camera = this.options.camera();
    this.options.onCamera(zoomed(camera, a.spread / b.spread, this.#pointAt(camera, b.x, b.y)));
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.stop();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 400 : 1;
    // A pinch on a touchpad comes as a wheel with ctrl, in much smaller steps.
    const pixels = Math.min(240, Math.max(-240, event.deltaY * lines * (event.ctrlKey ? 8 : 1)));
    this.#zoom(Math.exp(pixels * ZOOM_PER_PIXEL), ...this.#place(event));
  }

  #zoom(factor: number, x: number, y: number): void {
    const camera = this.options.camera();
    this.options.onCamera(zoomed(camera, factor, this.#pointAt(camera, x, y)));
  }

  /** The face under a point, else what is there at the target's distance. */
  #pointAt(camera: Camera, x: number, y: number): Vec3 {
    const hit = this.options.pick(x, y);
    if (hit) return hit.point;
    const { clientWidth: width, clientHeight: height } = this.element;
    const { origin, direction } = rayThrough(camera, width / Math.max(1, height), x / Math.max(1, width), y / Math.max(1, height));
    return add(origin, scale(direction, distanceOf(camera)));
  }

  #focusAt(x: number, y: number): void {
    this.focus(this.options.pick(x, y)?.point);
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    // Keys are the canvas's, or nobody's.
    if (event.target !== this.element && event.target !== document.body) return;
    this.#fast = event.shiftKey;
    if (event.code in FLIGHT) {
      this.#journey = null;
      this.#keys.add(event.code);
      this.#run();
    } else if (!this.#press(event)) return;
    event.preventDefault();
  }

  /** Whether there was something to do. */
  #press(event: KeyboardEvent): boolean {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.code];
    const { clientWidth: width, clientHeight: height } = this.element;
    if (arrow) {
      this.stop();
      const [across, up] = arrow as [number, number];
      this.#panDepth = distanceOf(this.options.camera());
      if (event.shiftKey) this.#pan(-across * height * 0.06, up * height * 0.06);
      else this.options.onCamera(turned(this.options.camera(), across * TURN_PER_KEY, up * TURN_PER_KEY));
    } else if (event.key === "+" || event.key === "=" || event.key === "-") {
      this.stop();
      this.#zoom(event.key === "-" ? 1.2 : 1 / 1.2, ...(this.#at ?? ([width / 2, height / 2] as const)));
    } else if (event.code === "KeyF") this.#focusAt(...(this.#at ?? ([width / 2, height / 2] as const)));
    else if (event.code === "Home") this.focus();
    else return false;
    return true;
  }

  #keyUp(event: KeyboardEvent): void {
    this.#fast = event.shiftKey;
    this.#keys.delete(event.code);
  }

  #run(): void {
    if (this.#frame !== 0) return;
    this.#time = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#step(now));
  }

  #step(now: number): void {
    this.#frame = 0;
    // After a pause (another tab) the first step is a short one.
    const seconds = Math.min(0.05, Math.max(0, (now - this.#time) / 1000));
    this.#time = now;
    const goesOn = [this.#travel(now), this.#fly(seconds), this.#spinOn(seconds)].some(Boolean);
    if (goesOn) this.#frame = requestAnimationFrame((next) => this.#step(next));
  }

  #travel(now: number): boolean {
    const journey = this.#journey;
    if (!journey) return false;
    const t = Math.min(1, Math.max(0, (now - journey.start) / journey.millis));
    const eased = t * t * (3 - 2 * t);
    this.options.onCamera(between(journey.from, journey.to, eased));
    if (t >= 1) this.#journey = null;
    return t < 1;
  }

  #fly(seconds: number): boolean {
    if (this.#keys.size === 0) return false;
    const camera = this.options.camera();
    const { right, backward } = axes(camera);
    const along = [...this.#keys].map((key) => FLIGHT[key]!).reduce<Vec3>((a, b) => add(a, b), [0, 0, 0]);
    const direction = add(add(scale(right, along[0]), scale(backward, along[2])), [0, along[1], 0]);
    const size = length(direction);
    if (size > 0) {
      const speed = Math.max(12, 0.7 * distanceOf(camera)) * (this.#fast ? 3 : 1);
      this.options.onCamera(moved(camera, scale(direction, (speed * seconds) / size)));
    }
    return true;
  }

  #spinOn(seconds: number): boolean {
    if (this.#pointers.size > 0 || (this.#spin[0] === 0 && this.#spin[1] === 0)) return false;
    this.options.onCamera(turned(this.options.camera(), this.#spin[0] * seconds, this.#spin[1] * seconds));
    const left = Math.exp(-FRICTION * seconds);
    this.#spin = [this.#spin[0] * left, this.#spin[1] * left];
    if (Math.hypot(...this.#spin) < 0.02) this.#spin = [0, 0];
    return this.#spin[0] !== 0 || this.#spin[1] !== 0;
  }
}
