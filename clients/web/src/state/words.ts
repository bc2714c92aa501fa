/** Numbers, times and states in words. */
import { type Job, JobState } from "../gen/vox/v1/jobs_pb";

const STATES: Readonly<Record<JobState, string>> = {
  [JobState.UNSPECIFIED]: "unknown",
  [JobState.QUEUED]: "queued",
  [JobState.RUNNING]: "running",
  [JobState.STOPPING]: "stopping",
  [JobState.SUCCEEDED]: "done",
  [JobState.CANCELLED]: "cancelled",
  [JobState.FAILED]: "failed",
  [JobState.INTERRUPTED]: "interrupted",
  [JobState.PAUSING]: "pausing",
  [JobState.PAUSED]: "paused",
};

export function stateWord(state: JobState): string {
  return STATES[state];
}

export function isOver(state: JobState): boolean {
  return [JobState.SUCCEEDED, JobState.CANCELLED, JobState.FAILED, JobState.INTERRUPTED].includes(state);
}

/** What a job is called: its prompt, or what taught it. */
export function nameOf(job: Pick<Job, "prompt" | "datasetId">): string {
  return job.prompt.trim() || (job.datasetId === "" ? "no prompt" : `photographs ${job.datasetId}`);
}

/** "8 s", "3 min 05 s", "34 min", "2 h 10 min", "18 h". */
export function duration(millis: number): string {
  const seconds = Math.round(millis / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  if (minutes < 60) return `${Math.round(seconds / 60)} min`;
  if (minutes >= 600) return `${Math.round(minutes / 60)} h`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** "just now", "5 min ago", "yesterday", "12 Mar". */
export function ago(millis: number, now = Date.now()): string {
  const minutes = Math.floor((now - millis) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ago`;
  if (hours < 48) return "yesterday";
  return new Date(millis).toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}

/** Three significant digits, in powers of ten where it is far from one. */
export function brief(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

/** "91,893". */
export function count(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

export function bytes(value: number): string {
  if (value < 1e6) return `${Math.ceil(value / 1e3)} kB`;
  return `${brief(value / 1e6)} MB`;
}

/** Milliseconds since 1970 of a google.protobuf.Timestamp. */
export function millisOf(time: { seconds: bigint; nanos: number } | undefined): number {
  return time ? Number(time.seconds) * 1000 + time.nanos / 1e6 : 0;
}
