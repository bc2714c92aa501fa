/** The last preview picture of ended jobs, fetched one after the other as their rows come into sight. */
import { signal, type Signal } from "@preact/signals";
import type { Job } from "../gen/vox/v1/jobs_pb";
import { services } from "./session";

const MOST = 200;
/**
 * The last preview is among the job's last few events; the parts of a large final grid come after it. One
 * answer brings 64 facts at most, and no picture that comes after them.
 */
const BACK = 60n;

const known = new Map<string, Signal<string | null>>();
const wanted: Job[] = [];
let isFetching = false;

/** An object URL of the job's last picture; null until it is here, and where there is none. */
export function thumbnailOf(job: Job): Signal<string | null> {
  const found = known.get(job.jobId);
  if (found) return found;
  const made = signal<string | null>(null);
  known.set(job.jobId, made);
  for (const [id, old] of [...known].slice(0, -MOST)) {
    if (old.peek() !== null) URL.revokeObjectURL(old.peek()!);
    known.delete(id);
  }
  wanted.push(job);
  if (!isFetching) void fetchAll();
  return made;
}

async function fetchAll(): Promise<void> {
  isFetching = true;
  for (let job = wanted.shift(); job; job = wanted.shift()) {
    try {
      const afterSeq = job.lastSeq > BACK ? job.lastSeq - BACK : 0n;
      const options = { previews: true, voxelFrames: false, finalGrid: false };
      const { events } = await services.training.pollJobEvents({ jobId: job.jobId, afterSeq, options });
      for (const { event } of events) {
        if (event.case !== "preview") continue;
        const blob = new Blob([event.value.png as Uint8Array<ArrayBuffer>], { type: "image/png" });
        const place = known.get(job.jobId);
        if (place) place.value = URL.createObjectURL(blob);
      }
    } catch {
      // A row without a picture; it is asked for again when it comes back into sight.
      known.delete(job.jobId);
    }
  }
  isFetching = false;
}
