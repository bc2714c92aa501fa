import { useRef, useState } from "preact/hooks";
import { InitMode, Teacher, TrainingMethod } from "../gen/vox/v1/jobs_pb";
import { problemOf, type Problem } from "../net/problems";
import { datasetId as formDataset, initMode, method, overrides, teacher } from "../state/form";
import { datasets } from "../state/maps";
import { serverInfo } from "../state/session";
import { camera } from "../state/stage";
import { shownWorld } from "../state/view";
import { distanceOf, focused } from "../render/orbit";
import { Button } from "../app/controls/Button";
import { Field } from "../app/controls/Field";
import { captureDataset, type CaptureProgress } from "./capture";
import { inRing, isCapturing, pictureSize, plannedCameras, planComplaint, ring, ringAround, setRing, shots } from "./capturePlan";
import { flyTo } from "./flyTo";
import { Progress } from "./Progress";
import { RING_LIMITS } from "./ring";
import { ID_PATTERN } from "./saving";

const RING_FIELDS = [
  { name: "count", label: "Cameras", step: 1 },
  { name: "elevation", label: "Elevation°", step: 1 },
  { name: "radius", label: "Radius", step: 1 },
  { name: "fovYDegrees", label: "Field of view°", step: 1 },
] as const;

/** Cameras around the world, their pictures, and the dataset that they become. */
export function CapturePanel() {
  if (!isCapturing.value || !shownWorld.value) return null;
  return <Panel />;
}

function Panel() {
  const [id, setId] = useState(freeId);
  const [now, setNow] = useState<CaptureProgress | null>(null);
  const [failed, setFailed] = useState<Problem | null>(null);
  const [made, setMade] = useState("");
  const stop = useRef<AbortController | null>(null);
  const count = plannedCameras.value.length;
  const { width, height } = pictureSize.value;
  const complaint = planComplaint(count, pictureSize.value, serverInfo.value?.limits?.maxViews ?? 1024);
  const isTaken = datasets.value.some((one) => one.datasetId === id);
  const idComplaint = !ID_PATTERN.test(id) ? "expected 1 to 64 letters, digits, _ and -" : "";

  const capture = async () => {
    const scope = new AbortController();
    stop.current = scope;
    setFailed(null);
    setMade("");
    try {
      const stored = await captureDataset({ datasetId: id, cameras: plannedCameras.peek(), width, height, replaces: isTaken }, scope.signal, setNow);
      setMade(stored.datasetId);
      shots.value = [];
      ring.value = null;
      setId(freeId());
    } catch (error) {
      if (!scope.signal.aborted) setFailed(problemOf(error));
    } finally {
      setNow(null);
    }
  };
  return (
    <section class="capture-panel" aria-label="Capture a dataset">
      <header>
        <h2>Capture</h2>
        <span class="faint mono">{count === 1 ? "1 view" : `${count} views`}</span>
        <Button icon="close" label="Close the capture" kind="ghost" small disabled={now !== null} onClick={() => (isCapturing.value = false)} />
      </header>
      <div class="row">
        <Button small icon="camera" onClick={() => (shots.value = [...shots.peek(), camera.peek()])}>
          Take this view
        </Button>
        {ring.value ? (
          <Button small kind="ghost" onClick={() => (ring.value = null)}>
            Remove the ring
          </Button>
        ) : (
          <Button small onClick={placeRing}>
            Place a ring
          </Button>
        )}
        {shots.value.length > 0 && (
          <Button small kind="ghost" onClick={() => (shots.value = [])}>
            Forget views
          </Button>
        )}
      </div>
      {ring.value && (
        <div class="ring-fields">
          {RING_FIELDS.map(({ name, label, step }) => (
            <Field key={name} label={label}>
              {(described) => (
                <input {...described} class="input" type="number" step={step} min={RING_LIMITS[name][0]} max={RING_LIMITS[name][1]} value={ring.value![name]} onChange={(event) => (setRing({ [name]: inRing(name, event.currentTarget.valueAsNumber) }), (event.currentTarget.valueAsNumber = ring.peek()![name]))} />
              )}
            </Field>
          ))}
        </div>
      )}
      <div class="pair">
        <Field label="Width" complaint={count > 0 ? complaint : ""}>
          {(described) => <input {...described} class="input" type="number" value={width} onInput={(event) => (pictureSize.value = { width: event.currentTarget.valueAsNumber, height })} />}
        </Field>
        <Field label="Height">
          {(described) => <input {...described} class="input" type="number" value={height} onInput={(event) => (pictureSize.value = { width, height: event.currentTarget.valueAsNumber })} />}
        </Field>
      </div>
      <Field label="Name of the dataset" complaint={idComplaint} hint={isTaken ? "There is a dataset of that name; it is replaced." : ""}>
        {(described) => <input {...described} class="input" value={id} maxLength={64} spellcheck={false} onInput={(event) => setId(event.currentTarget.value)} />}
      </Field>
      {now && <Progress label={now.what === "Drawing" ? `Drawing view ${now.done + 1} of ${now.total}` : "Uploading"} done={now.done} total={now.total} />}
      {made !== "" && (
        <div class="done" role="status">
          <p>
            Dataset <strong>{made}</strong> is on the server.
          </p>
          <Button small kind="primary" onClick={() => teachWith(made)}>
            Use it for the next run
          </Button>
        </div>
      )}
      {failed && (
        <p class="complaint" role="alert">
          {failed.title}: {failed.message}
        </p>
      )}
      <div class="actions">
        {now && <Button onClick={() => stop.current?.abort()}>Stop</Button>}
        <Button kind="primary" disabled={now !== null || complaint !== "" || idComplaint !== ""} onClick={() => void capture()}>
          {isTaken ? "Capture and replace" : "Capture and upload"}
        </Button>
      </div>
    </section>
  );
}

/** The next run is taught by a dataset's pictures. */
function teachWith(id: string): void {
  teacher.value = Teacher.PHOTOMETRIC;
  formDataset.value = id;
  method.value = TrainingMethod.DISTILL;
  initMode.value = InitMode.UNSPECIFIED;
  overrides.value = {};
  isCapturing.value = false;
}

/** Places a ring around the world and steps back until all of it is in sight. */
function placeRing(): void {
  const plan = ringAround(shownWorld.peek()!);
  ring.value = plan;
  const now = camera.peek();
  flyTo(focused(now, plan.center, Math.max(distanceOf(now), (1.15 * plan.radius) / Math.tan((now.fovYDegrees * Math.PI) / 360))));
}

function freeId(): string {
  const taken = new Set(datasets.peek().map((one) => one.datasetId));
  for (let i = 1; ; i++) if (!taken.has(`capture_${i}`)) return `capture_${i}`;
}
