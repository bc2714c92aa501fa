import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type Client } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { FinishUploadResponseSchema, UploadKind, UploadSchema, type UploadService } from "../gen/vox/v1/uploads_pb";
import { sha256 } from "./digest";
import { upload } from "./upload";

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const FILE = { kind: UploadKind.MAP, targetId: "m", expectedVersion: "", bytes: BYTES };

/** A server in memory that takes parts of 300 bytes; `lose` says after which calls the answer is lost. */
function fake(lose: (call: number) => boolean = () => false, present = 0) {
  let stored = [...BYTES.subarray(0, present)];
  const calls: string[] = [];
  const answer = () => ({ upload: create(UploadSchema, { uploadId: "u", receivedBytes: BigInt(stored.length), totalBytes: 1000n, maxPartBytes: 300 }) });
  const said = <T>(value: T): Promise<T> => {
    return lose(calls.length) ? Promise.reject(new ConnectError("gone", Code.Unavailable)) : Promise.resolve(value);
  };
  const service = {
    beginUpload: () => (calls.push("begin"), said(answer())),
    uploadPart: ({ offset, data, sha256: hash }: { offset: bigint; data: Uint8Array; sha256: Uint8Array }) => {
      calls.push(`part ${offset}`);
      if (Number(offset) !== stored.length) return Promise.reject(new ConnectError("offset", Code.InvalidArgument));
      expect(Buffer.from(hash).toString("hex")).toBe(createHash("sha256").update(data).digest("hex"));
      stored = [...stored, ...data];
      return said(answer());
    },
    finishUpload: () => (calls.push("finish"), said(create(FinishUploadResponseSchema))),
  };
  return { service: service as unknown as Client<typeof UploadService>, calls, stored: () => stored };
}

function options(seen: number[] = []) {
  const persistently = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let left = 3; ; left--) {
      try {
        return await call();
      } catch (error) {
        if (left === 0 || !(error instanceof ConnectError) || error.code !== Code.Unavailable) throw error;
      }
    }
  };
  return { signal: new AbortController().signal, progress: (done: number) => void seen.push(done), persistently };
}

test("a file goes in parts, and progress is told", async () => {
  const server = fake();
  const seen: number[] = [];
  await upload(server.service, FILE, options(seen));
  expect(server.stored()).toEqual([...BYTES]);
  expect(seen).toEqual([0, 300, 600, 900, 1000]);
  expect(server.calls).toEqual(["begin", "part 0", "part 300", "part 600", "part 900", "finish"]);
});

test("an upload that broke goes on where it was", async () => {
  const server = fake(() => false, 600);
  await upload(server.service, FILE, options());
  expect(server.calls).toEqual(["begin", "part 600", "part 900", "finish"]);
  expect(server.stored()).toEqual([...BYTES]);
});

test("a part whose answer was lost is not sent twice", async () => {
  const server = fake((call) => call === 3);
  await upload(server.service, FILE, options());
  expect(server.calls).toEqual(["begin", "part 0", "part 300", "begin", "part 600", "part 900", "finish"]);
  expect(server.stored()).toEqual([...BYTES]);
});

test("what the server refuses is thrown", async () => {
  const server = fake();
  server.service.finishUpload = () => Promise.reject(new ConnectError("somebody was faster", Code.Aborted));
  await expect(upload(server.service, FILE, options())).rejects.toMatchObject({ code: Code.Aborted });
});

test("the hash is the same without WebCrypto", async () => {
  const wanted = createHash("sha256").update(BYTES).digest("hex");
  expect(Buffer.from(await sha256(BYTES)).toString("hex")).toBe(wanted);
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto")!;
  Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
  try {
    expect(Buffer.from(await sha256(BYTES)).toString("hex")).toBe(wanted);
  } finally {
    Object.defineProperty(globalThis, "crypto", own);
  }
});
