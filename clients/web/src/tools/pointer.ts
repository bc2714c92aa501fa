/**
 * Tools on the canvas. Listens before the camera's controls do and keeps from them only what a tool
 * takes: the primary button while a tool is in hand, and handles of boxes always.
 */
import { effect } from "@preact/signals";
import { rayThrough } from "../render/camera";
import { activeBox, addKept, boxOf, gridSize, kept, region, setBox, type BoxRef } from "../state/selection";
import { camera, canvas, hover, renderer } from "../state/stage";
import { brushPreview, brushSize, editsBlocks, keyCursor, tool } from "../state/toolbox";
import { shownWorld } from "../state/view";
import type { Vec3 } from "../world/voxels";
import { aimAt, canvasPoint, meantCell, type CanvasPoint } from "./aim";
import { alongAxis, axisOf, drawnBox, gridCoordinate, sideMiddle, withSide, type CellBox, type Side } from "./boxes";
import { brushBox } from "./brush";
import { handleUnder, hoveredHandle } from "./overlays";
import { BrushStroke, currentAim, fillAt, takeBlock } from "./strokes";

interface Drag {
  move(point: CanvasPoint): void;
  end(): void;
  cancel(): void;
}

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
  let drag: Drag | null = null;
  let held = -1;

  const take = (event: PointerEvent, begun: Drag) => {
    event.stopImmediatePropagation();
    event.preventDefault();
    target.setPointerCapture(event.pointerId);
    target.focus({ preventScroll: true });
    held = event.pointerId;
    drag = begun;
  };
  const done = (how: "end" | "cancel") => {
    drag?.[how]();
    drag = null;
    held = -1;
  };

  target.addEventListener(
    "pointerdown",
    (event) => {
      if (drag) {
        // A second finger means to turn the view, not to draw.
        done("cancel");
        return;
      }
      if (event.button !== 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      keyCursor.value = null;
      const point = canvasPoint(target, event);
      const begun = beginDrag(target, event, point);
      if (begun) take(event, begun);
    },
    options,
  );
  target.addEventListener(
    "pointermove",
    (event) => {
      const point = canvasPoint(target, event);
      if (drag && event.pointerId === held) {
        event.stopImmediatePropagation();
        for (const step of event.getCoalescedEvents().concat(event)) drag.move(canvasPoint(target, step));
      } else if (event.buttons === 0) {
        look(target, event, point);
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
        if (!drag || event.pointerId !== held) return;
        event.stopImmediatePropagation();
        done(how);
      },
      options,
    );
  }
  target.addEventListener(
    "pointerleave",
    () => {
      if (drag) return;
      hover.value = null;
      brushPreview.value = null;
      hoveredHandle.value = null;
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
  return () => {
    done("cancel");
    scope.abort();
  };
}

function beginDrag(target: HTMLCanvasElement, event: PointerEvent, point: CanvasPoint): Drag | null {
  const world = shownWorld.peek();
  if (!world) return null;
  const handle = handleUnder(target, event);
  if (handle) return dragHandle(handle.ref, handle.side);
  switch (tool.peek()) {
    case "look":
      return null;
    case "region":
    case "keep":
      return dragBox(tool.peek() as "region" | "keep", point);
    case "fill": {
      const aim = currentAim(point);
      if (aim) fillAt(aim.cell);
      return aim && NOTHING;
    }
    case "pick": {
      const aim = currentAim(point);
      if (aim) takeBlock(world.at(...aim.cell));
      return aim && NOTHING;
    }
    case "place":
    case "remove":
    case "paint": {
      // Beside the world the camera may have the pointer.
      if (!currentAim(point)) return null;
      const stroke = BrushStroke.begin(tool.peek() as "place" | "remove" | "paint");
      stroke?.at(point);
      return stroke && { move: (at) => stroke.at(at), end: () => stroke.end(), cancel: () => stroke.abandon() };
    }
  }
}

const NOTHING: Drag = { move: () => undefined, end: () => undefined, cancel: () => undefined };

function dragHandle(ref: BoxRef, side: Side): Drag | null {
  const [before, size, world] = [boxOf(ref), gridSize.peek(), shownWorld.peek()];
  if (!before || !size || !world) return null;
  const axis = axisOf(side);
  activeBox.value = ref;
  hoveredHandle.value = side;
  return {
    move: ({ u, v, aspect }) => {
      const along = alongAxis(rayThrough(camera.peek(), aspect, u, v), sideMiddle(before, side, size, world.worldScale), axis);
      if (along !== null) setBox(ref, withSide(before, side, gridCoordinate(along, axis, size, world.worldScale), size));
    },
    end: () => (hoveredHandle.value = null),
    cancel: () => setBox(ref, before),
  };
}

/** A box from where the pointer is pressed to where it is let go; without a move nothing happens. */
function dragBox(kind: "region" | "keep", from: CanvasPoint): Drag | null {
  const world = shownWorld.peek();
  const start = world && aimAt(world, camera.peek(), from);
  if (!world || !start) return null;
  const [before, keptBefore, activeBefore] = [region.peek(), kept.peek(), activeBox.peek()];
  const first: Vec3 = meantCell(start, start.cell[1] < 0);
  let ref: BoxRef | null = null;
  const show = (box: CellBox) => {
    if (ref === null && kind === "region") {
      region.value = box;
      ref = { kind };
      activeBox.value = ref;
    } else if (ref === null) {
      if (addKept(box)) ref = activeBox.peek();
    } else {
      setBox(ref, box);
    }
  };
  return {
    move: (point) => {
      if (ref === null && Math.hypot((point.u - from.u) * point.aspect, point.v - from.v) < 0.008) return;
      const aim = aimAt(world, camera.peek(), point);
      if (aim) show(drawnBox(world, first, meantCell(aim, aim.cell[1] < 0), kind === "region"));
    },
    end: () => undefined,
    cancel: () => {
      region.value = before;
      kept.value = keptBefore;
      activeBox.value = activeBefore;
    },
  };
}

/** What is under a pointer that only passes by. */
function look(target: HTMLCanvasElement, event: PointerEvent, point: CanvasPoint): void {
  const { left, top } = target.getBoundingClientRect();
  const [x, y] = [event.clientX - left, event.clientY - top];
  hover.value = renderer.peek()?.pick(x, y) ?? null;
  const handle = handleUnder(target, event);
  hoveredHandle.value = handle?.side ?? null;
  target.style.cursor = handle ? "grab" : tool.peek() === "look" ? "" : "crosshair";
  const kind = tool.peek();
  const aim = editsBlocks.peek() && !handle ? currentAim(point) : null;
  if (!aim) brushPreview.value = null;
  else if (kind === "place" || kind === "remove" || kind === "paint") brushPreview.value = brushBox(kind, aim, brushSize.peek());
  else brushPreview.value = brushBox("paint", aim, 1);
}
