/**
 * Following one job through anything that happens to the connection.
 *
 * The stream is asked for from the last event that was taken in, with the frame that is held, so that a
 * page that lost its server for a while misses no fact and gets a keyframe only where it needs one.
 */
import { Code, type Client } from "@connectrpc/connect";
import type { JobEvent, TrainingService } from "../gen/vox/v1/training_pb";
import { backoffSeconds, pause, type BackoffOptions } from "./backoff";
import { BrokenFrame, FrameReader, type Frame, type Occupancy, OccupancyParts } from "./frames";
import { isPassing, problemOf, type Problem } from "./problems";

export type WatchStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  /** Tries again at `retryAt` (milliseconds since 1970). */
  | { readonly kind: "waiting"; readonly attempt: number; readonly retryAt: number; readonly problem: Problem }
  /** The job has ended and all of it is here. */
  | { readonly kind: "ended" }
  /** Trying again would not help. */
  | { readonly kind: "failed"; readonly problem: Problem };

export interface WatchHandlers {
  /** Every event but voxel frames. */
  event(event: JobEvent): void;
  /** A whole frame, and how full its cells were where that was asked for. */
  frame(frame: Frame, event: JobEvent, occupancy: Occupancy | null): void;
  status(status: WatchStatus): void;
}

export interface WatchOptions {
  signal: AbortSignal;
  /** Ends a wait when it fires "wake". */
  wake?: EventTarget;
  /** The server says something every 15 s; a stream that is silent for longer than this is dead. */
  silenceSeconds?: number;
  /** Whether to ask for how full each cell is; looked at whenever the stream is opened. */
  wantsOccupancy?: () => boolean;
  /** Opens the stream anew, from where it is, when it fires "reopen". */
  reopen?: EventTarget;
  backoff?: BackoffOptions;
}

const MOST_BROKEN = 3;
const REOPEN = new Error("opened anew");

/** Resolves once the job's result is here, trying again would not help, or `signal` aborts. */
export async function watchJob(
  training: Pick<Client<typeof TrainingService>, "watchJob">,
  jobId: string,
  handlers: WatchHandlers,
  options: WatchOptions,
): Promise<void> {
  const { signal, wake, silenceSeconds = 35, backoff = {}, wantsOccupancy = () => false, reopen } = options;
  const reader = new FrameReader();
  const occupancies = new OccupancyParts();
  let occupancy: Occupancy | null = null;
  let afterSeq: bigint | undefined;
  let attempt = 0;
  let startedOver = false;
  let broken = 0;

  /** Takes events until the stream ends; true where the result was among them. */
  async function attend(scope: AbortController): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = () => {
      timer = setTimeout(() => scope.abort(new Error(`silent for ${silenceSeconds} s`)), silenceSeconds * 1000);
    };
    let ended = false;
    const request = {
      jobId,
      ...(afterSeq === undefined ? {} : { afterSeq }),
      ...(reader.base === undefined ? {} : { baseSeq: reader.base }),
      options: { occupancy: wantsOccupancy() },
    };
    try {
      listen();
      for await (const { event } of training.watchJob(request, { signal: scope.signal })) {
        clearTimeout(timer);
        if (!event) continue;
        if (attempt > 0 || afterSeq === undefined) handlers.status({ kind: "open" });
        await take(event);
        attempt = 0;
        ended ||= event.event.case === "result";
        // Time spent on taking an event in is not silence.
        listen();
      }
      return ended;
    } finally {
      clearTimeout(timer);
    }
  }

  async function take(event: JobEvent): Promise<void> {
    if (event.event.case === "keyframe") {
      const frame = await reader.keyframe(event.event.value);
      if (frame) show(frame, event);
      broken = 0;
    } else if (event.event.case === "delta") {
      show(await reader.delta(event.event.value), event);
      broken = 0;
    } else if (event.event.case === "occupancy") {
      occupancy = (await occupancies.add(event.event.value)) ?? occupancy;
    } else {
      handlers.event(event);
    }
    if (event.seq > 0n) afterSeq = event.seq;
  }

  function show(frame: Frame, event: JobEvent): void {
    handlers.frame(frame, event, occupancy?.step === frame.step && !frame.final ? occupancy : null);
  }

  const isLeft = () => signal.aborted;
  handlers.status({ kind: "connecting" });
  while (!isLeft()) {
    const scope = new AbortController();
    const leave = () => scope.abort(signal.reason);
    const again = () => scope.abort(REOPEN);
    signal.addEventListener("abort", leave);
    reopen?.addEventListener("reopen", again);
    let problem: Problem;
    try {
      if (await attend(scope)) {
        handlers.status({ kind: "ended" });
        return;
      }
      problem = problemOf(new Error("the stream was cut off"));
    } catch (error) {
      if (isLeft()) return;
      if (scope.signal.reason === REOPEN) continue;
      const silent = scope.signal.aborted;
      scope.abort();
      problem = problemOf(silent ? scope.signal.reason : error);
      if (error instanceof BrokenFrame) {
        // Facts go on from here; the next frame is a keyframe. Where that cannot be read either, nothing can.
        reader.reset();
        broken += 1;
      }
      if (broken > MOST_BROKEN) {
        handlers.status({ kind: "failed", problem: { ...problem, title: "The server sends what cannot be read" } });
        return;
      }
      if (problem.code === Code.InvalidArgument && !startedOver && afterSeq !== undefined) {
        // The server knows of fewer events than were seen here: its database was lost.
        startedOver = true;
        afterSeq = undefined;
        reader.reset();
      } else if (!isPassing(problem)) {
        handlers.status({ kind: "failed", problem });
        return;
      }
    } finally {
      signal.removeEventListener("abort", leave);
      reopen?.removeEventListener("reopen", again);
    }
    if (problem.reason === "STREAM_TOO_OLD") continue;
    attempt += 1;
    const seconds = Math.max(problem.retrySeconds, backoffSeconds(attempt, backoff));
    handlers.status({ kind: "waiting", attempt, retryAt: Date.now() + seconds * 1000, problem });
    try {
      await pause(seconds, signal, wake);
    } catch {
      return;
    }
    handlers.status({ kind: "connecting" });
  }
}
