import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { JobState } from "../gen/vox/v1/jobs_pb";
import { JobEventSchema, TrainingService, type WatchJobRequest, WatchJobResponseSchema } from "../gen/vox/v1/training_pb";
import { VoxelEncoding } from "../gen/vox/v1/voxels_pb";
import { watchJob, type WatchOptions, type WatchStatus } from "./watch";

type Event = NonNullable<MessageInitShape<typeof JobEventSchema>["event"]>;
/** What the server says to one request; "silence" lasts. */
type Turn = () => Iterable<(Event & { seq: number }) | "silence">;

const PROGRESS = (step: number): Event => ({ case: "progress", value: { step, total: 9 } });
const RESULT: Event = { case: "result", value: { state: JobState.SUCCEEDED } };
const KEYFRAME = (frameSeq: number, cell = 0): Event => ({
  case: "keyframe",
  value: {
    frameSeq: BigInt(frameSeq),
    grid: { dims: { x: 2, y: 1, z: 1 }, rawLength: 2, data: Uint8Array.of(cell, 0), encoding: VoxelEncoding.RAW, zCount: 1, partCount: 1 },
  },
});
const DELTA = (base: number, frameSeq: number): Event => ({
  case: "delta",
  value: { baseSeq: BigInt(base), frameSeq: BigInt(frameSeq), changed: 1, rawLength: 2, data: Uint8Array.of(1, 3), encoding: VoxelEncoding.RAW },
});

/** Watches a server that answers the first request with the first of `turns`, and so on. */
async function watch(turns: Turn[], silenceSeconds = 5, more: Partial<WatchOptions> = {}) {
  const requests: WatchJobRequest[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(TrainingService, {
      async *watchJob(request) {
        const turn = turns[requests.length];
        requests.push(request);
        if (!turn) throw new ConnectError("no more turns", Code.NotFound);
        for (const event of turn()) {
          if (event === "silence") await new Promise((resolve) => setTimeout(resolve, 60_000));
          else yield create(WatchJobResponseSchema, { event: create(JobEventSchema, { seq: BigInt(event.seq), event }) });
        }
      },
    });
  });
  const seen: string[] = [];
  const states: WatchStatus[] = [];
  await watchJob(
    createClient(TrainingService, transport),
    "a",
    {
      event: (event) => seen.push(event.event.case === "progress" ? `step ${event.event.value.step}` : (event.event.case ?? "")),
      frame: (frame, _, occupancy) => seen.push(`frame ${frame.seq} ${frame.ids.join("")}${occupancy ? ` full ${occupancy.values.join(" ")}` : ""}`),
      status: (status) => states.push(status),
    },
    { signal: new AbortController().signal, silenceSeconds, backoff: { firstSeconds: 0.001, mostSeconds: 0.002 }, ...more },
  );
  return { requests, seen, states: states.map((state) => state.kind), last: states[states.length - 1]! };
}

const at = (seq: number, event: Event) => ({ ...event, seq });

test("all events to the result", async () => {
  const { seen, states, requests } = await watch([
    function* () {
      yield at(1, PROGRESS(1));
      yield at(2, KEYFRAME(2));
      yield at(3, DELTA(2, 3));
      yield at(4, RESULT);
    },
  ]);
  expect(seen).toEqual(["step 1", "frame 2 00", "frame 3 03", "result"]);
  expect(states).toEqual(["connecting", "open", "ended"]);
  expect(requests[0]?.afterSeq).toBeUndefined();
});

test("a stream that is cut goes on from the last event and the held frame", async () => {
  const { seen, states, requests } = await watch([
    function* () {
      yield at(1, PROGRESS(1));
      yield at(2, KEYFRAME(2));
      throw new ConnectError("gone", Code.Unavailable);
    },
    function* () {
      yield at(5, DELTA(2, 5));
      yield at(6, RESULT);
    },
  ]);
  expect(seen).toEqual(["step 1", "frame 2 00", "frame 5 03", "result"]);
  expect(states).toEqual(["connecting", "open", "waiting", "connecting", "open", "ended"]);
  expect([requests[1]?.afterSeq, requests[1]?.baseSeq]).toEqual([2n, 2n]);
});

test("an end without a result is no end", async () => {
  const { requests, states } = await watch([
    function* () {
      yield at(1, PROGRESS(1));
    },
    function* () {
      yield at(2, RESULT);
    },
  ]);
  expect(requests).toHaveLength(2);
  expect(states.at(-1)).toBe("ended");
});

test("silence is a lost connection", async () => {
  const { requests, states } = await watch(
    [
      function* () {
        yield at(1, PROGRESS(1));
        yield "silence";
      },
      function* () {
        yield at(2, RESULT);
      },
    ],
    0.05,
  );
  expect(requests[1]?.afterSeq).toBe(1n);
  expect(states).toContain("waiting");
});

test("a change of a frame that is not held is asked for again as a keyframe", async () => {
  const { requests, seen } = await watch([
    function* () {
      yield at(1, PROGRESS(1));
      yield at(3, DELTA(2, 3));
    },
    function* () {
      yield at(3, KEYFRAME(3));
      yield at(4, RESULT);
    },
  ]);
  expect([requests[1]?.afterSeq, requests[1]?.baseSeq]).toEqual([1n, undefined]);
  expect(seen).toEqual(["step 1", "frame 3 00", "result"]);
});

test("after a frame that cannot be read, the one before it is no base any more", async () => {
  const { requests, seen } = await watch([
    function* () {
      yield at(2, KEYFRAME(2));
      yield at(5, DELTA(4, 5));
    },
    function* () {
      yield at(5, KEYFRAME(5, 3));
      yield at(6, RESULT);
    },
  ]);
  expect([requests[1]?.afterSeq, requests[1]?.baseSeq]).toEqual([2n, undefined]);
  expect(seen).toEqual(["frame 2 00", "frame 5 30", "result"]);
});

test("frames that cannot be read at all are given up", async () => {
  const broken: Turn = function* () {
    yield at(1, PROGRESS(1));
    yield at(3, DELTA(2, 3));
  };
  const { last } = await watch(Array.from({ length: 9 }, () => broken));
  expect(last.kind === "failed" && last.problem.title).toBe("The server sends what cannot be read");
});

test("a job that is not there is not asked for again", async () => {
  const { requests, last } = await watch([]);
  expect(requests).toHaveLength(1);
  expect(last.kind).toBe("failed");
});

test("a server that knows fewer events than were seen is asked from the start, once", async () => {
  const refuse: Turn = () => {
    throw new ConnectError("beyond the newest event", Code.InvalidArgument);
  };
  const { requests, last } = await watch([
    function* () {
      yield at(9, PROGRESS(1));
    },
    refuse,
    refuse,
  ]);
  expect(requests.map((request) => request.afterSeq)).toEqual([undefined, 9n, undefined]);
  expect(last.kind).toBe("failed");
});

test("a stream that was open for long enough is opened again at once", async () => {
  const { states } = await watch([
    function* () {
      yield at(1, PROGRESS(1));
      const detail = { type: "google.rpc.ErrorInfo", value: Uint8Array.of(0x0a, 14, ...new TextEncoder().encode("STREAM_TOO_OLD")) };
      const error = new ConnectError("long enough", Code.Unavailable);
      error.details.push(detail);
      throw error;
    },
    function* () {
      yield at(2, RESULT);
    },
  ]);
  expect(states).not.toContain("waiting");
});

const OCCUPANCY = (step: number, partIndex: number, partCount: number): Event => ({
  case: "occupancy",
  value: { step, dims: { x: 2, y: 1, z: 1 }, rawLength: partCount === 1 ? 2 : 0, data: Uint8Array.of(17, 255).subarray(0, partCount === 1 ? 2 : 0), encoding: VoxelEncoding.RAW, zCount: partCount === 1 ? 1 : 0, partIndex, partCount },
});

test("how full the cells are comes with the frame of the same step, and only where it was asked for", async () => {
  const turn: Turn = function* () {
    yield at(1, OCCUPANCY(0, 0, 1));
    yield at(2, KEYFRAME(2));
    // Of another step than the frame; and one whose first part was missed.
    yield at(3, OCCUPANCY(7, 0, 1));
    yield at(4, OCCUPANCY(7, 1, 2));
    yield at(5, DELTA(2, 5));
    yield at(6, RESULT);
  };
  const { seen, requests } = await watch([turn], 5, { wantsOccupancy: () => true });
  expect(seen).toEqual(["frame 2 00 full 17 255", "frame 5 03", "result"]);
  expect(requests[0]?.options?.occupancy).toBe(true);
  expect((await watch([turn])).requests[0]?.options?.occupancy).toBe(false);
});

test("a stream that is opened anew goes on where it was, without a wait", async () => {
  const reopen = new EventTarget();
  let wanted = false;
  const { requests, states } = await watch(
    [
      function* () {
        yield at(1, PROGRESS(1));
        yield at(2, KEYFRAME(2));
        wanted = true;
        setTimeout(() => reopen.dispatchEvent(new Event("reopen")), 50);
        yield "silence";
      },
      function* () {
        yield at(3, RESULT);
      },
    ],
    5,
    { reopen, wantsOccupancy: () => wanted },
  );
  expect([requests[1]?.afterSeq, requests[1]?.baseSeq, requests[1]?.options?.occupancy]).toEqual([2n, 2n, true]);
  expect(states).not.toContain("waiting");
});
