import { useLayoutEffect, useRef } from "preact/hooks";
import { JobState } from "../gen/vox/v1/jobs_pb";
import { drawAgain } from "../state/drawing";
import { currentRun } from "../state/jobs";
import { connection } from "../state/session";
import { canvas, isCanvasPlaced, isDeviceLost, renderer, rendererProblem } from "../state/stage";
import { followLive, isFollowing, isSourceLoading, leaveOwnWorld, ownWorld, shownFrame, shownKind, source, sourceProblem } from "../state/view";
import { ToolBar } from "../tools/ToolBar";
import { ViewWidgets } from "../tools/ViewWidgets";
import { Button } from "./controls/Button";
import { Icon } from "./controls/Icon";
import { SplitView } from "./SplitView";

/** The canvas and what lies over it. */
export function Stage() {
  const section = useRef<HTMLElement>(null);
  const shown = canvas.value;
  // It is older than the page's face, and another takes its place where a device is gone for good.
  useLayoutEffect(() => {
    if (!shown) return;
    section.current!.prepend(shown);
    isCanvasPlaced.value = true;
    return () => {
      isCanvasPlaced.value = false;
      shown.remove();
    };
  }, [shown]);
  return (
    <section ref={section} class="stage" aria-label="World">
      <SplitView />
      <ToolBar />
      <ViewWidgets />
      <Remark />
      <Caption />
    </section>
  );
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
            {run?.state.value === JobState.RUNNING && isFollowing.value && <span class="live">live</span>}
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
        <Button onClick={drawAgain}>Try again</Button>
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
    if (connection.value.kind === "refused") {
      return (
        <div class="remark">
          <Icon name="warning" />
          <h2>Not connected</h2>
          <p>The line above says why.</p>
        </div>
      );
    }
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
