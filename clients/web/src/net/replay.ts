/** The past of a job: the frames that the server keeps of its run, for a page that was not there. */
import { Code, type Client } from "@connectrpc/connect";
import type { TrainingService } from "../gen/vox/v1/training_pb";
import { backoffSeconds, pause, type BackoffOptions } from "./backoff";
import { BrokenFrame, type Frame, FrameReader } from "./frames";
import { isPassing, problemOf } from "./problems";

const MOST_ATTEMPTS = 6;

/**
 * Hands each kept frame after `afterSeq` to `take`, oldest first, and goes on after the last one where the
 * stream breaks. A run can be watched without its past, so this ends quietly where there is none to be had.
 */
export async function replayJob(
  training: Pick<Client<typeof TrainingService>, "replayJob">,
  jobId: string,
  afterSeq: bigint,
  take: (frame: Frame) => void,
  { signal, backoff = {} }: { signal: AbortSignal; backoff?: BackoffOptions },
): Promise<void> {
  const reader = new FrameReader();
  let after = afterSeq;
  const isLeft = () => signal.aborted;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS && !isLeft(); attempt++) {
    try {
      for await (const { event } of training.replayJob({ jobId, afterSeq: after }, { signal })) {
        if (event?.event.case !== "keyframe") continue;
        const frame = await reader.keyframe(event.event.value);
        if (!frame) continue;
        take(frame);
        after = frame.seq;
        attempt = 1;
      }
      return;
    } catch (error) {
      const problem = problemOf(error);
      const isUnknown = problem.code === Code.Unimplemented;
      if (isLeft() || isUnknown || error instanceof BrokenFrame || !isPassing(problem)) return;
      reader.reset();
      await pause(Math.max(problem.retrySeconds, backoffSeconds(attempt, backoff)), signal).catch(() => undefined);
    }
  }
}
