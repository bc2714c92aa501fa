import { JobState } from "../gen/vox/v1/jobs_pb";
import { stateWord } from "../state/words";

const TONES: Partial<Record<JobState, string>> = {
  [JobState.QUEUED]: "waiting",
  [JobState.PAUSED]: "waiting",
  [JobState.RUNNING]: "running",
  [JobState.PAUSING]: "running",
  [JobState.STOPPING]: "running",
  [JobState.SUCCEEDED]: "done",
  [JobState.FAILED]: "failed",
};

/** A job's state; brief where figures beside it say the same, then the word is for those who do not see the dot. */
export function StateBadge({ state, isBrief = false }: { state: JobState; isBrief?: boolean }) {
  return (
    <span class={`badge ${TONES[state] ?? ""}`}>
      <span class={isBrief ? "unseen" : ""}>{stateWord(state)}</span>
    </span>
  );
}
