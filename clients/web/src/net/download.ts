/** Files of the server in pieces: taken up where they broke off, and checked against their hash. */
import type { FilePart } from "../gen/vox/v1/maps_pb";
import { sha256 } from "./digest";

export interface Download {
  readonly fileName: string;
  readonly version: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface DownloadOptions {
  /** Bytes that are here, of all. */
  readonly progress: (done: number, total: number) => void;
  /** Runs a call, again where the server was away. */
  readonly persistently: <T>(call: () => Promise<T>) => Promise<T>;
}

/**
 * Reads a file to its end. `open` starts its stream at a byte, of a version ("" is the present one).
 * Throws what the calls throw, and Error for a file that does not have its hash.
 */
export async function download(
  open: (offset: bigint, version: string) => AsyncIterable<{ part?: FilePart | undefined }>,
  { progress, persistently }: DownloadOptions,
): Promise<Download> {
  let first: FilePart | null = null;
  let bytes = new Uint8Array();
  let at = 0;
  await persistently(async () => {
    for await (const { part } of open(BigInt(at), first?.version ?? "")) {
      if (!part || Number(part.offset) !== at) throw new Error(`expected byte ${at} of the file, got ${part?.offset ?? "nothing"}`);
      if (!first) {
        first = part;
        bytes = new Uint8Array(Number(part.totalBytes));
      }
      bytes.set(part.data, at);
      at += part.data.length;
      progress(at, bytes.length);
    }
    if (!first || at < bytes.length) throw new Error(`the file was cut off at ${at} of ${bytes.length} bytes`);
  });
  const { fileName, version, sha256: expected } = first!;
  const found = await sha256(bytes);
  if (expected.length > 0 && found.some((byte, i) => byte !== expected[i])) throw new Error("the file is not what was sent");
  return { fileName, version, bytes };
}
