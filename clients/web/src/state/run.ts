/** The job that is open: everything its stream has told so far. */
import { signal } from "@preact/signals";
import type { Job, JobResult } from "../gen/vox/v1/jobs_pb";
import { JobState } from "../gen/vox/v1/jobs_pb";
import type { JobEvent, JobStarted, Progress } from "../gen/vox/v1/training_pb";
import { LogLevel } from "../gen/vox/v1/training_pb";
import type { PaletteEntry } from "../gen/vox/v1/voxels_pb";
import { decodeTextures } from "../net/faceTextures";
import type { Frame, Occupancy } from "../net/frames";
import { pause } from "../net/backoff";
import { replayJob } from "../net/replay";
import { watchJob, type WatchOptions, type WatchStatus } from "../net/watch";
import type { Services } from "../net/server";
import { Lag, Pace, Series } from "./series";
import { Snapshots } from "./snapshots";
import { renderer } from "./stage";
import { isOver, millisOf } from "./words";

export interface LogEntry {
  readonly time: number;
  readonly warning: boolean;
  readonly text: string;
}

/** A preview picture as an object URL. */
export interface Picture {
  readonly step: number;
  readonly url: string;
}

const MOST_LOGS = 500;
const MOST_PICTURES = 12;
/** Signals of what changes often are set at most this often. */
const TICK_MILLIS = 60;
/** The newest frame has the machine to itself for so long, and until it is drawn, but not for ever. */
const PAST_SECONDS = 0.3;
const MOST_PAST_SECONDS = 3;

export class Run {
  readonly job = signal<Job | null>(null);
  readonly state = signal<JobState>(JobState.UNSPECIFIED);
  readonly queuePosition = signal(0);
  readonly status = signal<WatchStatus>({ kind: "connecting" });
  readonly started = signal<JobStarted | null>(null);
  /** The run's palette with the pictures of its blocks, unpacked; null where it has none. Frames come without. */
  readonly pictured = signal<readonly PaletteEntry[] | null>(null);
  readonly progress = signal<Progress | null>(null);
  readonly result = signal<JobResult | null>(null);
  readonly checkpointStep = signal(0);
  readonly logs = signal<readonly LogEntry[]>([]);
  readonly pictures = signal<readonly Picture[]>([]);
  /** Rises with every change of what is below it. */
  readonly version = signal(0);
  /** How full the cells of the newest frame are; null where nobody asked. */
  occupancy: Occupancy | null = null;
  readonly losses = new Map<string, Series>();
  readonly pace = new Pace();
  readonly lag = new Lag();
  readonly snapshots: Snapshots;
  /** Milliseconds until its turn (queued) or its end (running), as last told; 0 where unknown. */
  eta = 0;
  readonly #scope = new AbortController();
  #wantsOccupancy = false;
  readonly #reopen = new EventTarget();
  #ticking: ReturnType<typeof setTimeout> | undefined;
  /** Frames after this one are not here though they may have been; null where all are. */
  #pastAfter: bigint | null = 0n;
  /** Events up to here were there before this page: their age is no lag. */
  #oldSeq = 0n;

  constructor(
    readonly jobId: string,
    private readonly services: Pick<Services, "jobs" | "training">,
    memoryBytes: number,
  ) {
    this.snapshots = new Snapshots(memoryBytes);
  }

  get total(): number {
    return this.progress.value?.total ?? this.started.value?.totalSteps ?? this.job.value?.totalSteps ?? 0;
  }

  get step(): number {
    return this.progress.value?.step ?? this.job.value?.step ?? 0;
  }

  get isOver(): boolean {
    return isOver(this.state.value);
  }

  /** Follows the job to its end. */
  async follow(options: Omit<WatchOptions, "signal"> = {}): Promise<void> {
    void this.services.jobs.getJob({ jobId: this.jobId }, { signal: this.#scope.signal }).then(
      ({ job }) => job && this.learn(job),
      // The stream says what is wrong.
      () => undefined,
    );
    const handlers = {
      event: (event: JobEvent) => this.#take(event),
      frame: (frame: Frame, event: JobEvent, occupancy: Occupancy | null) => this.#show(frame, event, occupancy),
      status: (status: WatchStatus) => {
        if (status.kind === "waiting") this.#pastAfter ??= this.snapshots.last?.seq ?? 0n;
        this.status.value = status;
      },
    };
    await watchJob(this.services.training, this.jobId, handlers, {
      ...options,
      signal: this.#scope.signal,
      wantsOccupancy: () => this.#wantsOccupancy,
      reopen: this.#reopen,
    });
  }

  /** Asks for how full each cell is, from the next frame on, or no longer. */
  askForOccupancy(isWanted: boolean): void {
    if (isWanted === this.#wantsOccupancy) return;
    this.#wantsOccupancy = isWanted;
    if (!isWanted) this.occupancy = null;
    this.#reopen.dispatchEvent(new Event("reopen"));
  }

  /** Takes in what another call said of this job. */
  learn(job: Job): void {
    if (this.job.peek() === null) this.#oldSeq = job.lastSeq;
    this.job.value = job;
    // Between polls the stream knows more.
    if (this.status.peek().kind !== "open" || this.state.peek() === JobState.UNSPECIFIED) this.state.value = job.state;
    this.queuePosition.value = job.queuePosition;
    if (this.eta === 0 || job.state === JobState.QUEUED) this.eta = job.etaMillis;
    if (job.result && this.result.peek() === null) this.result.value = job.result;
  }

  close(): void {
    this.#scope.abort(new Error("closed"));
    clearTimeout(this.#ticking);
    for (const picture of this.pictures.peek()) URL.revokeObjectURL(picture.url);
  }

  #take(event: JobEvent): void {
    this.#measure(event);
    const { case: kind, value } = event.event;
    switch (kind) {
      case "accepted":
        if (value.job && this.job.peek() === null) this.job.value = value.job;
        if (value.job && this.state.peek() === JobState.UNSPECIFIED) this.state.value = value.job.state;
        break;
      case "state":
        this.state.value = value.state;
        this.queuePosition.value = value.queuePosition;
        this.eta = value.etaMillis;
        this.pace.clear();
        break;
      case "started":
        this.started.value = value;
        void decodeTextures(value.palette).then((hasAny) => (this.pictured.value = hasAny ? value.palette : null));
        this.pace.clear();
        break;
      case "progress":
        this.#advance(value);
        break;
      case "preview": {
        const url = URL.createObjectURL(new Blob([value.png as Uint8Array<ArrayBuffer>], { type: "image/png" }));
        const kept = this.pictures.peek().filter((picture) => picture.step < value.step);
        for (const gone of this.pictures.peek()) if (!kept.includes(gone)) URL.revokeObjectURL(gone.url);
        for (const gone of kept.splice(0, kept.length + 1 - MOST_PICTURES)) URL.revokeObjectURL(gone.url);
        this.pictures.value = [...kept, { step: value.step, url }];
        break;
      }
      case "log":
        this.#note(event, value.level === LogLevel.WARNING, value.message);
        break;
      case "checkpoint":
        this.checkpointStep.value = value.step;
        break;
      case "result":
        this.result.value = value;
        this.state.value = value.state;
        this.eta = 0;
        break;
      case "gap":
        this.#note(event, true, "Some of the run's earlier events are no longer kept.");
        break;
      default:
        break;
    }
    this.#tick();
  }

  #advance(progress: Progress): void {
    this.progress.value = progress;
    this.eta = progress.etaMillis;
    this.pace.saw(progress.elapsedMillis, progress.step);
    for (const [name, value] of Object.entries(progress.losses)) {
      let series = this.losses.get(name);
      if (!series) this.losses.set(name, (series = new Series()));
      series.add(progress.step, value);
    }
  }

  #show(frame: Frame, event: JobEvent, occupancy: Occupancy | null): void {
    this.#measure(event);
    this.occupancy = occupancy;
    this.snapshots.add(frame);
    this.#tick();
    if (this.#pastAfter !== null && frame.step > 0) void this.#fetchPast(this.#pastAfter);
    this.#pastAfter = null;
  }

  /** Brings what the page was not there to see, behind the picture that is. */
  async #fetchPast(afterSeq: bigint): Promise<void> {
    const { signal } = this.#scope;
    try {
      await pause(PAST_SECONDS, signal);
      await Promise.race([renderer.peek()?.settled(), pause(MOST_PAST_SECONDS, signal)]);
    } catch {
      return;
    }
    const take = (frame: Frame) => {
      this.snapshots.addPast(frame);
      this.#tick();
    };
    await replayJob(this.services.training, this.jobId, afterSeq, take, { signal });
  }

  #note(event: JobEvent, warning: boolean, text: string): void {
    const entry = { time: millisOf(event.emitTime), warning, text };
    this.logs.value = [...this.logs.peek().slice(-MOST_LOGS + 1), entry];
  }

  #measure(event: JobEvent): void {
    const isNew = event.seq === 0n || event.seq > this.#oldSeq;
    if (isNew && event.emitTime && this.job.peek()) this.lag.saw(millisOf(event.emitTime), Date.now());
  }

  #tick(): void {
    this.#ticking ??= setTimeout(() => {
      this.#ticking = undefined;
      this.version.value += 1;
    }, TICK_MILLIS);
  }
}
