import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { framing, type Camera } from "../render/camera";
import { Controls } from "../render/controls";
import { createRenderer, rendererChoice, RendererUnavailable, type Renderer } from "../render/renderer";
import { currentRun } from "../state/jobs";
import { lookOptions } from "../state/look";
import { camera, canvas, isCameraGiven, isDeviceLost, renderer, rendererProblem } from "../state/stage";
import { compare, followLive, isFollowing, isSourceLoading, leaveOwnWorld, ownWorld, shownFrame, shownKind, shownWorld, source, sourceProblem } from "../state/view";
import { ToolBar } from "../tools/ToolBar";
import { ViewWidgets } from "../tools/ViewWidgets";
import { Button } from "./controls/Button";
import { Icon } from "./controls/Icon";
import { SplitView } from "./SplitView";

/** The canvas and what lies over it. */
export function Stage() {
  return (
    <section class="stage" aria-label="World">
      <Canvas />
      <SplitView />
      <ToolBar />
      <ViewWidgets />
      <Remark />
      <Caption />
    </section>
  );
}

function Canvas() {
  const element = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const target = element.current!;
    canvas.value = target;
    return startDrawing(target);
  }, []);
  return <canvas ref={element} tabIndex={0} aria-label="The voxel world; arrow keys turn it" />;
}

/** Makes a renderer for `target` and keeps it showing what is due; returns how to stop. */
function startDrawing(target: HTMLCanvasElement): () => void {
  let isGone = false;
  const stops: (() => void)[] = [];
  createRenderer(target, rendererChoice(location.search)).then(
    (made) => {
      if (isGone) {
        made.destroy();
        return;
      }
      renderer.value = made;
      made.onLost = ({ recovered }) => (isDeviceLost.value = !recovered);
      stops.push(
        effect(() => made.setWorld(shownWorld.value)),
        effect(() => made.setCamera(camera.value)),
        effect(() => made.setOptions(lookOptions())),
        frameNewWorlds(target),
        moveCamera(target, made),
      );
    },
    (error: unknown) => {
      rendererProblem.value = error instanceof RendererUnavailable ? error : new RendererUnavailable({ webgl2: String(error) });
    },
  );
  return () => {
    isGone = true;
    stops.forEach((stop) => stop());
    renderer.value?.destroy();
    renderer.value = null;
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

/** Puts a world whole into sight where it has another size than the one before; returns how to stop. */
function frameNewWorlds(target: HTMLCanvasElement): () => void {
  let framed = "";
  return effect(() => {
    const world = shownWorld.value;
    if (!world) return;
    const size = `${world.size.join(" ")} ${world.worldScale}`;
    if (size !== framed && !isCameraGiven.peek()) camera.value = wholeWorld(target) ?? camera.peek();
    framed = size;
    isCameraGiven.value = false;
  });
}

/** What is in sight, in one line, and the way back from it. */
function Caption() {
  const run = currentRun.value;
  const kind = shownKind.value;
  const frame = shownFrame.value;
  const isResultHidden = run !== null && run.isOver && run.snapshots.last?.final === true && !(kind === "frame" && frame?.final);
  if (kind === "nothing") return null;
  return (
    <div class="caption">
      <p class="chip">
        {kind === "own" && ownWorld.value && (
          <>
            <strong>{ownWorld.value.title}</strong>
            <Button small kind="ghost" icon="close" label="Back to what the server has" onClick={leaveOwnWorld} />
          </>
        )}
        {kind === "map" && (
          <>
            Map <strong>{source.value?.mapId}</strong>
          </>
        )}
        {kind === "source" && (
          <>
            Source map <strong>{source.value?.mapId}</strong>
          </>
        )}
        {kind === "frame" && frame && (
          <>
            {frame.final ? <strong>Result</strong> : `Step ${frame.step}`}
            {!frame.final && isFollowing.value && compare.value !== "source" && <span class="live">live</span>}
          </>
        )}
      </p>
      {isResultHidden && (
        <Button small kind="primary" onClick={showResult}>
          Show the result
        </Button>
      )}
    </div>
  );
}

function showResult(): void {
  leaveOwnWorld();
  followLive();
}

/** What there is to say where there is nothing to see. */
function Remark() {
  const problem = rendererProblem.value;
  if (problem) {
    return (
      <div class="remark" role="alert">
        <Icon name="warning" />
        <h2>This browser cannot draw the world</h2>
        {problem.reasons.webgpu !== undefined && <p>WebGPU: {problem.reasons.webgpu}</p>}
        {problem.reasons.webgl2 !== undefined && <p>WebGL2: {problem.reasons.webgl2}</p>}
        <p class="faint">Jobs, previews and exports work all the same. Turning on hardware acceleration, or another browser, helps most often.</p>
      </div>
    );
  }
  if (!renderer.value) {
    return (
      <div class="remark" role="status">
        <Icon name="box" />
        <p>Waking the graphics device</p>
      </div>
    );
  }
  if (isDeviceLost.value) {
    return (
      <div class="remark" role="status">
        <h2>The graphics device went away</h2>
        <p>The view comes back as soon as it does.</p>
      </div>
    );
  }
  const run = currentRun.value;
  const failed = run?.status.value.kind === "failed" ? run.status.value.problem : sourceProblem.value;
  if (failed && shownKind.value === "nothing") {
    return (
      <div class="remark" role="alert">
        <Icon name="warning" />
        <h2>{failed.title}</h2>
        <p>{failed.message}</p>
        {run && <a href="#">Close this job</a>}
      </div>
    );
  }
  if (shownKind.value === "nothing") {
    const isWaiting = isSourceLoading.value || run !== null;
    return (
      <div class="remark">
        <Icon name="box" />
        <h2>{isWaiting ? "One moment" : "Nothing here yet"}</h2>
        <p>{isWaiting ? "The world is on its way." : "Choose a map to begin with, say what to build, and watch it form."}</p>
      </div>
    );
  }
  return null;
}
