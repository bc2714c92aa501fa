import type { Job } from "../gen/vox/v1/jobs_pb";
import { JobState } from "../gen/vox/v1/jobs_pb";
import { areJobsKnown, currentRun, endedJobs, hasOlderJobs, loadOlderJobs, openJob, waitingJobs } from "../state/jobs";
import { connection } from "../state/session";
import { thumbnailOf } from "../state/thumbnails";
import { ago, duration, millisOf, nameOf } from "../state/words";
import { Button } from "./controls/Button";
import { JobActions } from "./JobActions";
import { StateBadge } from "./StateBadge";
import { tab } from "./tabs";

/** The queue and the history. */
export function JobsPanel() {
  const waiting = waitingJobs.value;
  const ended = endedJobs.value;
  return (
    <section class="jobs">
      {waiting.length > 0 && (
        <>
          <h2 class="section">
            Queue <span class="faint">{waiting.length}</span>
          </h2>
          <ul>
            {waiting.map((job) => (
              <Row key={job.jobId} job={job} />
            ))}
          </ul>
        </>
      )}
      <h2 class="section">History</h2>
      {ended.length === 0 && (
        <p class="nothing">
          {areJobsKnown.value ? "Jobs that have ended are listed here, with their prompts, seeds and pictures." : connection.value.kind === "connecting" ? "Asking the server." : "Not known while the server is away."}
        </p>
      )}
      <ul>
        {ended.map((job) => (
          <Row key={job.jobId} job={job} />
        ))}
      </ul>
      {hasOlderJobs.value && (
        <Button small kind="ghost" onClick={() => void loadOlderJobs()}>
          Older jobs
        </Button>
      )}
    </section>
  );
}

function Row({ job }: { job: Job }) {
  const isOpen = currentRun.value?.jobId === job.jobId;
  const name = nameOf(job);
  const open = () => {
    openJob(job.jobId);
    tab.value = "run";
  };
  return (
    <li class={`job ${isOpen ? "open" : ""}`} title={`${name}\nseed ${job.settings?.seed ?? 0n}, ${job.mapId === "" ? "own grid" : `map ${job.mapId}`}`}>
      <Picture job={job} />
      <button type="button" class="job-open" aria-current={isOpen} onClick={open}>
        <span class="job-name" dir="auto">{name}</span>
        <span class="job-facts faint">
          <StateBadge state={job.state} isBrief={job.state === JobState.RUNNING || job.state === JobState.QUEUED} /> {facts(job)}
        </span>
      </button>
      <JobActions job={job} state={job.state} small />
    </li>
  );
}

function Picture({ job }: { job: Job }) {
  const run = currentRun.value;
  const own = run?.jobId === job.jobId ? run.pictures.value : [];
  const url = own[own.length - 1]?.url ?? (job.result ? thumbnailOf(job).value : null);
  if (url) return <img class="job-picture" src={url} alt="" width={52} height={40} loading="lazy" />;
  const share = job.totalSteps > 0 ? job.step / job.totalSteps : 0;
  return (
    <div class="job-picture blank" aria-hidden="true">
      {!job.result && job.state !== JobState.QUEUED && <i style={`height: ${Math.round(share * 100)}%`} />}
    </div>
  );
}

function facts(job: Job): string {
  const seed = `seed ${job.settings?.seed ?? 0n}`;
  switch (job.state) {
    case JobState.QUEUED: {
      const turn = job.queuePosition > 0 ? `${job.queuePosition} ahead` : "next";
      return `${seed} · ${turn}${job.etaMillis > 0 ? `, in ${duration(job.etaMillis)}` : ""}`;
    }
    case JobState.RUNNING:
      return `${seed} · ${job.step} / ${job.totalSteps}${job.etaMillis > 0 ? `, ${duration(job.etaMillis)} left` : ""}`;
    case JobState.PAUSED:
      return `${seed} · at ${job.step} / ${job.totalSteps}`;
    default:
      return `${ago(millisOf(job.endTime) || millisOf(job.createTime))} · ${seed}`;
  }
}
