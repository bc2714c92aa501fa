/**
 * Who draws the world: a canvas and a renderer on it. Where a device is gone for good there is a new canvas
 * with the other backend, and words where no backend is left.
 */
import { batch, effect } from "@preact/signals";
import { framing, type Camera } from "../render/camera";
import { Controls } from "../render/controls";
import { createRenderer, RendererUnavailable, type Backend, type Renderer, type RendererChoice } from "../render/renderer";
import { lookOptions } from "./look";
import { camera, canvas, isCameraGiven, isCanvasPlaced, isDeviceLost, renderer, rendererProblem } from "./stage";
import { shownWorld } from "./view";

type Reasons = Readonly<Partial<Record<Backend, string>>>;

let draw: (without: Reasons) => void = () => undefined;

/** Begins to draw what is due, with what `choice` allows; returns how to stop. */
export function keepDrawing(choice: RendererChoice): () => void {
  let stop: () => void = () => undefined;
  draw = (without) => {
    stop();
    stop = drawOn(newCanvas(), { ...choice, without });
  };
  draw({});
  return () => stop();
}

/** Starts over with every backend, after none was left. */
export function drawAgain(): void {
  rendererProblem.value = null;
  draw({});
}

function newCanvas(): HTMLCanvasElement {
  const made = document.createElement("canvas");
  made.tabIndex = 0;
  made.setAttribute("aria-label", "The voxel world; arrow keys turn it");
  return made;
}

/** Makes a renderer for `target` and keeps it showing what is due; returns how to stop. */
function drawOn(target: HTMLCanvasElement, choice: RendererChoice): () => void {
  let isGone = false;
  let scene: Renderer | null = null;
  const stops: (() => void)[] = [];
  canvas.value = target;
  const prepare = (made: Renderer) => {
    scene = made;
    stops.push(
      effect(() => made.setWorld(shownWorld.value)),
      effect(() => made.setCamera(camera.value)),
      effect(() => made.setOptions(lookOptions())),
      frameNewWorlds(target),
      moveCamera(target, made),
    );
  };
  createRenderer(target, { ...choice, prepare }).then(
    (made) => {
      if (isGone) return;
      renderer.value = made;
      made.onLost = ({ recovered, final, reason }) => {
        isDeviceLost.value = !recovered;
        if (final) draw({ ...choice.without, [made.backend]: reason });
      };
    },
    (error: unknown) => {
      if (isGone) return;
      rendererProblem.value = error instanceof RendererUnavailable ? error : new RendererUnavailable({ webgl2: String(error) });
    },
  );
  return () => {
    isGone = true;
    stops.forEach((stop) => stop());
    scene?.destroy();
    batch(() => {
      renderer.value = null;
      isDeviceLost.value = false;
    });
  };
}

/** Lets pointer and keys move the camera; returns how to stop. */
function moveCamera(target: HTMLCanvasElement, made: Renderer): () => void {
  const controls = new Controls(target, {
    camera: () => camera.peek(),
    onCamera: (moved) => (camera.value = moved),
    pick: (x, y) => made.pick(x, y),
    home: () => wholeWorld(target) ?? camera.peek(),
  });
  return () => controls.destroy();
}

function wholeWorld(target: HTMLCanvasElement): Camera | null {
  const world = shownWorld.peek();
  return world && framing(world.size, world.worldScale, { aspect: target.clientWidth / target.clientHeight || 1.5 });
}

let framed = "";

/** Puts a world whole into sight where it has another size than the one before; returns how to stop. */
function frameNewWorlds(target: HTMLCanvasElement): () => void {
  return effect(() => {
    const world = shownWorld.value;
    // Before that, nobody knows how wide the canvas is.
    if (!world || !isCanvasPlaced.value) return;
    const size = `${world.size.join(" ")} ${world.worldScale}`;
    if (size !== framed && !isCameraGiven.peek()) camera.value = wholeWorld(target) ?? camera.peek();
    framed = size;
    isCameraGiven.value = false;
  });
}
