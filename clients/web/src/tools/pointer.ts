/**
 * Tools on the canvas. Listens before the camera's controls do and keeps from them only what a tool
 * takes: the primary button while a tool is in hand, and handles of boxes always. Two fingers are the
 * camera's, whatever tool is in hand: one finger does nothing before it has moved or was lifted.
 */
import { effect } from "@preact/signals";
import { dependOn } from "../state/depend";
import { camera, canvas, hover, renderer } from "../state/stage";
import { brushPreview, brushSize, editsBlocks, keyCursor, tool } from "../state/toolbox";
import { shownWorld } from "../state/view";
import { canvasPoint, type CanvasPoint } from "./aim";
import { brushBox } from "./brush";
import { dragAt, type Drag } from "./drags";
import { handleUnder, hoveredHandle } from "./overlays";
import { currentAim } from "./strokes";

/** Pixels that a finger trembles while it taps. */
const TAP_PIXELS = 6;

/** Follows whichever canvas is there; returns how to stop. */
export function listenToPointer(): () => void {
  return effect(() => {
    const target = canvas.value;
    return target ? listen(target) : undefined;
  });
}

function listen(target: HTMLCanvasElement): () => void {
  const scope = new AbortController();
  const options = { signal: scope.signal, capture: true };
  const fingers = new Set<number>();
  let drag: Drag | null = null;
  /** The newest event of the pointer that drags. */
  let held: PointerEvent | null = null;
  /** The newest place of a pointer that hovers or drags. */
  let last: PointerEvent | null = null;
  let isHandedOver = false;

  const done = (how: "end" | "cancel") => {
    drag?.[how]();
    drag = null;
    held = null;
  };
  /** Lets the camera have the finger that a tool had. */
  const handOver = () => {
    const first = held;
    done("cancel");
    if (!first) return;
    const { pointerId, pointerType, clientX, clientY } = first;
    isHandedOver = true;
    target.dispatchEvent(new PointerEvent("pointerdown", { pointerId, pointerType, clientX, clientY, buttons: 1 }));
    isHandedOver = false;
  };

  target.addEventListener(
    "pointerdown",
    (event) => {
      if (isHandedOver) return;
      const isSecond = fingers.size > 0;
      if (event.pointerType === "touch") fingers.add(event.pointerId);
      if (drag || isSecond) {
        handOver();
        return;
      }
      last = event.pointerType === "touch" ? null : event;
      if (event.pointerType === "touch") forget();
      if (event.button !== 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      keyCursor.value = null;
      const begin = dragAt(target, event, canvasPoint(target, event));
      if (!begin) return;
      event.stopImmediatePropagation();
      event.preventDefault();
      target.setPointerCapture(event.pointerId);
      target.focus({ preventScroll: true });
      held = event;
      drag = event.pointerType === "touch" ? afterTheFirstMove(target, event, begin) : begin();
    },
    options,
  );
  target.addEventListener(
    "pointermove",
    (event) => {
      if (event.pointerType !== "touch") last = event;
      if (drag && event.pointerId === held?.pointerId) {
        event.stopImmediatePropagation();
        held = event;
        for (const step of event.getCoalescedEvents().concat(event)) drag.move(canvasPoint(target, step));
      } else if (event.buttons === 0) {
        look(target, event);
      }
    },
    options,
  );
  for (const [name, how] of [
    ["pointerup", "end"],
    ["pointercancel", "cancel"],
  ] as const) {
    target.addEventListener(
      name,
      (event) => {
        fingers.delete(event.pointerId);
        if (!drag || event.pointerId !== held?.pointerId) return;
        event.stopImmediatePropagation();
        done(how);
      },
      options,
    );
  }
  target.addEventListener(
    "pointerleave",
    (event) => {
      fingers.delete(event.pointerId);
      if (drag) return;
      last = null;
      forget();
    },
    options,
  );
  target.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !drag) return;
      event.stopPropagation();
      done("cancel");
    },
    options,
  );
  const stopWatching = watchWorld(() => {
    if (last && drag) inspect(target, last);
    else if (last) look(target, last);
  });
  return () => {
    done("cancel");
    stopWatching();
    scope.abort();
  };
}

/** A drag that begins once the finger has moved, or was lifted without that: a tap. */
function afterTheFirstMove(target: HTMLCanvasElement, from: PointerEvent, begin: () => Drag): Drag {
  const { width, height } = target.getBoundingClientRect();
  const start = canvasPoint(target, from);
  let begun: Drag | null = null;
  return {
    move: (point) => {
      const moved = Math.hypot((point.u - start.u) * width, (point.v - start.v) * height);
      if (begun || moved >= TAP_PIXELS) (begun ??= begin()).move(point);
    },
    end: () => (begun ??= begin()).end(),
    cancel: () => begun?.cancel(),
  };
}

/** Calls `changed`, once a picture, when the pointer may be over something else without having moved; returns how to stop. */
function watchWorld(changed: () => void): () => void {
  let frame = 0;
  const due = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      changed();
    });
  };
  const stops = [
    effect(() => {
      const stop = shownWorld.value?.onChange(due);
      due();
      return stop;
    }),
    effect(() => {
      dependOn(camera.value);
      dependOn(tool.value);
      due();
    }),
  ];
  return () => {
    stops.forEach((stop) => stop());
    cancelAnimationFrame(frame);
  };
}

function forget(): void {
  hover.value = null;
  brushPreview.value = null;
  hoveredHandle.value = null;
}

/** The block under the pointer. */
function inspect(target: HTMLCanvasElement, event: PointerEvent): void {
  const { left, top } = target.getBoundingClientRect();
  hover.value = renderer.peek()?.pick(event.clientX - left, event.clientY - top) ?? null;
}

/** What is under a pointer that only passes by. */
function look(target: HTMLCanvasElement, event: PointerEvent): void {
  const point: CanvasPoint = canvasPoint(target, event);
  inspect(target, event);
  const handle = handleUnder(target, event);
  hoveredHandle.value = handle?.side ?? null;
  target.style.cursor = handle ? "grab" : tool.peek() === "look" ? "" : "crosshair";
  const kind = tool.peek();
  const aim = editsBlocks.peek() && !handle ? currentAim(point) : null;
  if (!aim) brushPreview.value = null;
  else if (kind === "place" || kind === "remove" || kind === "paint") brushPreview.value = brushBox(kind, aim, brushSize.peek());
  else brushPreview.value = brushBox("paint", aim, 1);
}
