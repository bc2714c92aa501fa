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

export function StateBadge({ state }: { state: JobState }) {
  return <span class={`badge ${TONES[state] ?? ""}`}>{stateWord(state)}</span>;
}
