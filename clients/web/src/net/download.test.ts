import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { FilePartSchema, type FilePart } from "../gen/vox/v1/maps_pb";
import { download } from "./download";

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i % 253);
const HASH = new Uint8Array(createHash("sha256").update(BYTES).digest());

function part(offset: number, changes: Partial<FilePart> = {}): { part: FilePart } {
  const data = BYTES.slice(offset, offset + 300);
  return { part: create(FilePartSchema, { offset: BigInt(offset), data, totalBytes: 1000n, sha256: HASH, version: "v1", fileName: "map.json", ...changes }) };
}

/** Streams parts; the first stream breaks after `breaks` of them. */
function server(breaks = 99, changes: Partial<FilePart> = {}) {
  const asked: [bigint, string][] = [];
  async function* open(offset: bigint, version: string) {
    asked.push([offset, version]);
    let sent = 0;
    for (let at = Number(offset); at < 1000; at += 300) {
      if (asked.length === 1 && sent++ === breaks) throw new Error("gone");
      yield await Promise.resolve(part(at, changes));
    }
  }
  return { asked, open };
}

function options(attempts: number, seen: number[] = []) {
  const persistently = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let left = attempts - 1; ; left--) {
      try {
        return await call();
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  };
  return { progress: (done: number) => void seen.push(done), persistently };
}

test("a file comes whole, with its progress", async () => {
  const seen: number[] = [];
  const file = await download(server().open, options(1, seen));
  expect(file.bytes).toEqual(BYTES);
  expect([file.fileName, file.version]).toEqual(["map.json", "v1"]);
  expect(seen).toEqual([300, 600, 900, 1000]);
});

test("what broke off goes on where it was, in the version that it began with", async () => {
  const { asked, open } = server(2);
  expect((await download(open, options(2))).bytes).toEqual(BYTES);
  expect(asked).toEqual([
    [0n, ""],
    [600n, "v1"],
  ]);
});

test("a file that is not what was sent is refused", async () => {
  await expect(download(server(99, { sha256: new Uint8Array(32) }).open, options(1))).rejects.toThrow("not what was sent");
  await expect(download(server(2).open, options(1))).rejects.toThrow("gone");
  const short = async function* () {
    yield await Promise.resolve(part(0));
  };
  await expect(download(short, options(1))).rejects.toThrow("cut off at 300 of 1000");
});
