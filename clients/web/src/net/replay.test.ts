import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { JobEventSchema, ReplayJobResponseSchema, TrainingService } from "../gen/vox/v1/training_pb";
import { VoxelEncoding } from "../gen/vox/v1/voxels_pb";
import { replayJob } from "./replay";

/** Replays from a server that answers each request with the frames of one of `turns`, then with its error. */
async function replay(turns: { frames: number[]; error?: Code; broken?: boolean }[], afterSeq = 0n) {
  const asked: bigint[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(TrainingService, {
      async *replayJob(request) {
        const turn = turns[asked.length];
        asked.push(request.afterSeq);
        if (!turn) throw new ConnectError("no more turns", Code.Internal);
        for (const step of turn.frames) {
          const grid = { dims: { x: 2, y: 1, z: 1 }, rawLength: turn.broken ? 9 : 2, data: Uint8Array.of(step, 0), encoding: VoxelEncoding.RAW, zCount: 1, partCount: 1 };
          const event = { case: "keyframe" as const, value: { step, frameSeq: BigInt(step), grid } };
          yield create(ReplayJobResponseSchema, { event: create(JobEventSchema, { seq: BigInt(step), event }) });
        }
        await Promise.resolve();
        if (turn.error) throw new ConnectError("gone", turn.error);
      },
    });
  });
  const seen: number[] = [];
  const options = { signal: new AbortController().signal, backoff: { firstSeconds: 0.001, mostSeconds: 0.002 } };
  await replayJob(createClient(TrainingService, transport), "a", afterSeq, (frame) => seen.push(frame.step), options);
  return { seen, asked };
}

test("goes on after the last frame where the stream breaks", async () => {
  const { seen, asked } = await replay([{ frames: [2, 3], error: Code.Unavailable }, { frames: [], error: Code.Unavailable }, { frames: [5] }], 1n);
  expect(seen).toEqual([2, 3, 5]);
  expect(asked).toEqual([1n, 3n, 3n]);
});

test.each([
  ["a server that knows no past", { frames: [], error: Code.Unimplemented }],
  ["a job that is gone", { frames: [1], error: Code.NotFound }],
  ["frames that cannot be read", { frames: [1], broken: true }],
])("ends quietly: %s", async (_, turn) => {
  const { asked } = await replay([turn, { frames: [9] }]);
  expect(asked).toHaveLength(1);
});

test("gives up in the end", async () => {
  const { asked } = await replay(Array.from({ length: 20 }, () => ({ frames: [], error: Code.Unavailable })));
  expect(asked).toHaveLength(6);
});
