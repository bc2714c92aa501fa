import { type Job, JobState } from "../gen/vox/v1/jobs_pb";
import { fillFrom } from "../state/form";
import { cancelJob, canPause, deleteJob, pauseJob, resumeJob } from "../state/jobs";
import { isOver } from "../state/words";
import { tab } from "./tabs";
import { Button } from "./controls/Button";

/** What can be done with a job in its present state. `state` may be newer than the job. */
export function JobActions({ job, state, small = false }: { job: Job; state: JobState; small?: boolean }) {
  const over = isOver(state);
  const canGoOn = state === JobState.PAUSED || (over && state !== JobState.SUCCEEDED && (job.result?.checkpointStep ?? 0) > 0);
  const text = (label: string) => (small ? {} : { children: label });
  return (
    <div class="job-actions">
      {canPause(state) && (
        <Button small icon="pause" label="Pause after this step; it can go on later" onClick={() => void pauseJob(job.jobId)} {...text("Pause")} />
      )}
      {canGoOn && (
        <Button small icon="play" label={over ? "Go on from its last checkpoint" : "Go on where it was"} onClick={() => void resumeJob(job.jobId)} {...text("Resume")} />
      )}
      {!over && state !== JobState.STOPPING && (
        <Button small icon="stop" label="Stop for good; what it has reached is kept as a map" onClick={() => void cancelJob(job.jobId)} {...text("Cancel")} />
      )}
      {!small && (
        <Button small icon="reuse" label="Fill the form with this job's prompt, seed and settings" onClick={() => reuse(job)}>
          Reuse
        </Button>
      )}
      {over && <Button small kind="ghost" icon="trash" label="Forget this job; its map stays" onClick={() => void deleteJob(job.jobId)} />}
    </div>
  );
}

function reuse(job: Job): void {
  fillFrom(job);
  tab.value = "make";
}
