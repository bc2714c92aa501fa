/** The server's jobs: the list, what can be done with one, and which one is open. */
import { computed, signal } from "@preact/signals";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Job, JobState, type TrainingSpecSchema } from "../gen/vox/v1/jobs_pb";
import { attempt, persistently, uuid } from "./calls";
import { Run } from "./run";
import { services, wake } from "./session";
import { isOver, millisOf } from "./words";

/** The newest jobs, newest first, and older ones as far as they were asked for. */
export const jobs = signal<readonly Job[]>([]);
export const areJobsKnown = signal(false);
export const hasOlderJobs = signal(false);
export const waitingJobs = computed(() => jobs.value.filter((job) => !isOver(job.state)).reverse());
export const endedJobs = computed(() => jobs.value.filter((job) => isOver(job.state)));
/** The open job; null where none is. */
export const currentRun = signal<Run | null>(null);

const PAGE = 30;
let olderToken = "";

/** Bytes of snapshots that are kept: `?memory=` in MB, else what fits the device. */
function memoryBytes(): number {
  const asked = Number(new URL(location.href).searchParams.get("memory"));
  if (asked >= 1 && asked <= 4096) return asked * 2 ** 20;
  const gigabytes = (navigator as Navigator & { deviceMemory?: number }).deviceMemory ?? 4;
  return (gigabytes <= 2 ? 96 : 256) * 2 ** 20;
}

/** Asks for the newest jobs. Throws what the call throws. */
export async function refreshJobs(): Promise<void> {
  const { jobs: newest, nextPageToken } = await services.jobs.listJobs({ pageSize: PAGE });
  const isFirst = !areJobsKnown.peek();
  const last = newest[newest.length - 1];
  const ids = new Set(newest.map((job) => job.jobId));
  const older = jobs.peek().filter((job) => !ids.has(job.jobId) && millisOf(job.createTime) < millisOf(last?.createTime));
  jobs.value = [...newest, ...older];
  if (isFirst || older.length === 0) {
    olderToken = nextPageToken;
    hasOlderJobs.value = nextPageToken !== "";
  }
  areJobsKnown.value = true;
  const run = currentRun.peek();
  const found = run && newest.find((job) => job.jobId === run.jobId);
  if (found) run.learn(found);
}

/** Appends the next page of older jobs. */
export async function loadOlderJobs(): Promise<void> {
  const page = await attempt("Older jobs", () => services.jobs.listJobs({ pageSize: PAGE, pageToken: olderToken }));
  if (!page) return;
  const known = new Set(jobs.peek().map((job) => job.jobId));
  jobs.value = [...jobs.peek(), ...page.jobs.filter((job) => !known.has(job.jobId))];
  olderToken = page.nextPageToken;
  hasOlderJobs.value = olderToken !== "";
}

/** Seconds until the list is worth asking for again. */
export function refreshSeconds(): number {
  if (document.visibilityState === "hidden") return 20;
  return waitingJobs.peek().length > 0 ? 1.5 : 6;
}

/** Queues a job; the same request id goes with every attempt, so there is one job at most. Throws. */
export async function createJob(spec: MessageInitShape<typeof TrainingSpecSchema>): Promise<Job> {
  const requestId = uuid();
  const { job } = await persistently(() => services.jobs.createJob({ requestId, spec }));
  if (!job) throw new Error("the server answered without a job");
  place(job);
  return job;
}

export function cancelJob(jobId: string): Promise<void> {
  return change("Cancel", () => services.jobs.cancelJob({ jobId }));
}

export function pauseJob(jobId: string): Promise<void> {
  return change("Pause", () => services.jobs.pauseJob({ jobId }));
}

/** A paused job goes on; one that ended early goes on as a new job, which is opened. */
export async function resumeJob(jobId: string): Promise<void> {
  const requestId = uuid();
  const answer = await attempt("Resume", () => services.jobs.resumeJob({ jobId, requestId }));
  if (!answer?.job) return;
  place(answer.job);
  if (answer.job.jobId !== jobId) openJob(answer.job.jobId);
}

/** Forgets an ended job; its map stays. */
export async function deleteJob(jobId: string): Promise<void> {
  const done = await attempt("Delete", () => services.jobs.deleteJob({ jobId }));
  if (!done) return;
  jobs.value = jobs.peek().filter((job) => job.jobId !== jobId);
  if (currentRun.peek()?.jobId === jobId) closeJob();
}

/** Shows a job and follows it; nothing happens where it is open already. */
export function openJob(jobId: string): void {
  const before = currentRun.peek();
  if (before?.jobId === jobId) return;
  before?.close();
  const run = new Run(jobId, services, memoryBytes());
  const known = jobs.peek().find((job) => job.jobId === jobId);
  if (known) run.learn(known);
  currentRun.value = run;
  void run.follow({ wake });
}

export function closeJob(): void {
  currentRun.peek()?.close();
  currentRun.value = null;
}

export function canPause(state: JobState): boolean {
  return state === JobState.QUEUED || state === JobState.RUNNING;
}

async function change(what: string, call: () => Promise<{ job?: Job | undefined }>): Promise<void> {
  const answer = await attempt(what, call);
  if (answer?.job) place(answer.job);
}

/** Puts what a call said of a job into the list. */
function place(job: Job): void {
  const rest = jobs.peek();
  const at = rest.findIndex((one) => one.jobId === job.jobId);
  jobs.value = at < 0 ? [job, ...rest] : rest.map((one, i) => (i === at ? job : one));
  const run = currentRun.peek();
  if (run?.jobId === job.jobId) {
    run.learn(job);
    run.state.value = job.state;
  }
}
