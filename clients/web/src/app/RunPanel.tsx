import { JobState, TrainingMethod } from "../gen/vox/v1/jobs_pb";
import { titleOf } from "../net/problems";
import { ErrorReason } from "../gen/vox/v1/errors_pb";
import { dependOn } from "../state/depend";
import { mapId } from "../state/form";
import { currentRun } from "../state/jobs";
import type { Run } from "../state/run";
import { brief, count, duration, nameOf } from "../state/words";
import { goToStep } from "../state/view";
import { Button } from "./controls/Button";
import { Sparkline } from "./controls/Sparkline";
import { JobActions } from "./JobActions";
import { StateBadge } from "./StateBadge";

/** The open job: where it stands, its figures, pictures and log. */
export function RunPanel() {
  const run = currentRun.value;
  return (
    <section class="run" aria-label="Open job">
      {run ? (
        <Open run={run} />
      ) : (
        <div class="nothing">
          <h2>No job is open</h2>
          <p>Start one, or open one from the list below.</p>
        </div>
      )}
    </section>
  );
}

function Open({ run }: { run: Run }) {
  dependOn(run.version.value);
  const job = run.job.value;
  const status = run.status.value;
  if (!job) {
    const isGone = status.kind === "failed";
    return (
      <div class="nothing">
        <h2>{isGone ? status.problem.title : "Opening the job"}</h2>
        <p>{isGone ? status.problem.message : "Its story so far is on its way."}</p>
      </div>
    );
  }
  const { settings } = job;
  const state = run.state.value;
  return (
    <>
      <header class="run-head">
        <div class="row">
          <StateBadge state={state} />
          <span class="faint mono">{run.total > 0 ? `${run.step} / ${run.total}` : ""}</span>
        </div>
        <h2 class="prompt-text" dir="auto" title={job.prompt}>
          {job.prompt || nameOf(job)}
        </h2>
        <p class="faint meta">
          {job.mapId === "" ? "own grid" : `map ${job.mapId}`} · seed {String(settings?.seed ?? 0n)} · {settings?.method === TrainingMethod.SAMPLE ? "sample" : "distill"}
          {job.datasetId !== "" && ` · photographs ${job.datasetId}`}
        </p>
        <div class={`bar ${state === JobState.SUCCEEDED ? "done" : ""}`} role="progressbar" aria-label="Steps" aria-valuemin={0} aria-valuemax={run.total} aria-valuenow={run.step}>
          <i style={`width: ${run.total > 0 ? (100 * run.step) / run.total : 0}%`} />
        </div>
        <JobActions job={job} state={state} />
      </header>
      <Failure run={run} />
      <Outcome run={run} />
      <Figures run={run} />
      <Losses run={run} />
      <Pictures run={run} />
      <Log run={run} />
    </>
  );
}

function Failure({ run }: { run: Run }) {
  const error = run.result.value?.error;
  if (!error) return null;
  const reason = ErrorReason[error.reason];
  return (
    <div class="failure" role="alert">
      <strong>{titleOf(reason)}</strong>
      <p>
        {error.field !== "" && <code>{error.field}</code>} {withoutPrefix(error.message, error.field)}
      </p>
    </div>
  );
}

/** A sentence that begins with its field, without it. */
function withoutPrefix(message: string, field: string): string {
  return field !== "" && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}

function Outcome({ run }: { run: Run }) {
  const result = run.result.value;
  if (!result || result.mapId === "") return null;
  const { before, after } = result;
  const added = after && before ? Number(after.solidBlocks - before.solidBlocks) : 0;
  return (
    <div class="outcome">
      <p>
        Kept as <strong>{result.mapId}</strong>
      </p>
      {after && (
        <p class="soft">
          {count(after.solidBlocks)} blocks ({added >= 0 ? "+" : "−"}
          {count(Math.abs(added))}){result.elapsedMillis >= 1000 && ` in ${duration(result.elapsedMillis)}`}
        </p>
      )}
      <Button small icon="next" label="The form begins with this map then" disabled={mapId.value === result.mapId} onClick={() => (mapId.value = result.mapId)}>
        Build on it
      </Button>
    </div>
  );
}

function Figures({ run }: { run: Run }) {
  const progress = run.progress.value;
  const state = run.state.value;
  const isMoving = state === JobState.RUNNING;
  const figures: [string, string][] = [];
  if (state === JobState.QUEUED) figures.push(["Ahead", String(run.queuePosition.value)]);
  if (run.eta > 0 && !run.isOver) figures.push([state === JobState.QUEUED ? "Turn in" : "Left", duration(run.eta)]);
  if (isMoving && run.pace.perSecond !== undefined) figures.push(["Steps/s", brief(run.pace.perSecond)]);
  if (isMoving && run.lag.millis !== undefined) figures.push(["Lag", `${Math.round(run.lag.millis)} ms`]);
  if (progress) {
    // Of an ended run the outcome says how many there are.
    if (!run.isOver) figures.push(["Blocks", count(progress.activeVoxels)]);
    figures.push(["Softness", brief(progress.temperature)]);
    if (progress.timestep !== undefined) figures.push(["Noise", progress.timestep.toFixed(2)]);
  }
  if ((run.job.value?.restarts ?? 0) > 0) figures.push(["Restarts", String(run.job.value!.restarts)]);
  if (figures.length === 0) return null;
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="mono">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const LOSS_WORDS: Readonly<Record<string, string>> = {
  total: "Loss",
  sds: "Teacher",
  prior: "Prior",
  sparsity: "Less",
  entropy: "Decided",
  smooth: "Smooth",
  connectivity: "Connected",
};

const LOSS_ORDER = Object.keys(LOSS_WORDS);

function Losses({ run }: { run: Run }) {
  // Terms whose weight is 0 are 0 all along.
  const place = ([name]: [string, unknown]) => (LOSS_ORDER.indexOf(name) + LOSS_ORDER.length + 1) % (LOSS_ORDER.length + 1);
  const shown = [...run.losses].filter(([name, series]) => name === "total" || series.values.some((value) => value !== 0)).sort((a, b) => place(a) - place(b));
  // With one term only, the total is that term again.
  const rows = shown.length === 2 ? shown.filter(([name]) => name === "total") : shown;
  if (rows.length === 0) return null;
  return (
    <table class="losses">
      <caption class="unseen">Losses</caption>
      <tbody>
        {rows.map(([name, series]) => (
          <tr key={name}>
            <th scope="row">{LOSS_WORDS[name] ?? name}</th>
            <td class="curve">
              <Sparkline values={series.values} label={`${LOSS_WORDS[name] ?? name} over the steps`} />
            </td>
            <td class="mono">{brief(series.last ?? 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Pictures({ run }: { run: Run }) {
  const pictures = run.pictures.value;
  const newest = pictures[pictures.length - 1];
  if (!newest) return null;
  return (
    <figure class="pictures">
      <img src={newest.url} alt={`The world after step ${newest.step}`} />
      {pictures.length > 1 && (
        <figcaption>
          {pictures.slice(-6).map((picture) => (
            <button key={picture.step} type="button" title={`Go to step ${picture.step}`} onClick={() => goToStep(picture.step)}>
              <img src={picture.url} alt={`Step ${picture.step}`} />
            </button>
          ))}
        </figcaption>
      )}
    </figure>
  );
}

function Log({ run }: { run: Run }) {
  const logs = run.logs.value;
  if (logs.length === 0) return null;
  const warnings = logs.filter((entry) => entry.warning).length;
  return (
    <details class="disclosure log">
      <summary>
        Log{" "}
        <span class="faint">
          {logs.length} {warnings > 0 && `· ${warnings} ${warnings === 1 ? "warning" : "warnings"}`}
        </span>
      </summary>
      <ol>
        {logs.map((entry, i) => (
          <li key={i} class={entry.warning ? "warning" : ""}>
            <time class="mono faint">{new Date(entry.time).toLocaleTimeString("en-GB")}</time> {entry.text}
          </li>
        ))}
      </ol>
    </details>
  );
}
