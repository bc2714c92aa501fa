/** What a drag over the canvas does: handles and boxes, brushes, and tools that need no drag. */
import { rayThrough } from "../render/camera";
import { activeBox, addKept, boxOf, gridSize, kept, region, setBox, type BoxRef } from "../state/selection";
import { camera } from "../state/stage";
import { tool } from "../state/toolbox";
import { shownWorld } from "../state/view";
import type { Vec3 } from "../world/voxels";
import { aimAt, meantCell, type CanvasPoint } from "./aim";
import { alongAxis, axisOf, drawnBox, gridCoordinate, sideMiddle, withSide, type CellBox, type Side } from "./boxes";
import type { BrushKind } from "./brush";
import { handleUnder, hoveredHandle } from "./overlays";
import { BrushStroke, currentAim, fillAt, takeBlock } from "./strokes";

export interface Drag {
  move(point: CanvasPoint): void;
  end(): void;
  cancel(): void;
}

/**
 * How the tool in hand would begin at a point; null where the camera may have the pointer. Nothing happens
 * before it is called: a finger may turn out to be the first of two.
 */
export function dragAt(target: HTMLCanvasElement, event: PointerEvent, point: CanvasPoint): (() => Drag) | null {
  const world = shownWorld.peek();
  if (!world) return null;
  const handle = handleUnder(target, event);
  if (handle) return () => dragHandle(handle.ref, handle.side) ?? NOTHING;
  switch (tool.peek()) {
    case "look":
      return null;
    case "region":
    case "keep":
      return dragBox(tool.peek() as "region" | "keep", point);
    case "fill": {
      const aim = currentAim(point);
      return aim && once(() => fillAt(aim.cell));
    }
    case "pick": {
      const aim = currentAim(point);
      return aim && once(() => takeBlock(world.at(...aim.cell)));
    }
    case "place":
    case "remove":
    case "paint": {
      const kind = tool.peek() as BrushKind;
      return currentAim(point) && (() => dragBrush(kind, point));
    }
  }
}

function once(work: () => void): () => Drag {
  return () => {
    work();
    return NOTHING;
  };
}

function dragBrush(kind: BrushKind, point: CanvasPoint): Drag {
  const stroke = BrushStroke.begin(kind);
  stroke?.at(point);
  return stroke ? { move: (at) => stroke.at(at), end: () => stroke.end(), cancel: () => stroke.abandon() } : NOTHING;
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
function dragBox(kind: "region" | "keep", from: CanvasPoint): (() => Drag) | null {
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
  return () => ({
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
  });
}
