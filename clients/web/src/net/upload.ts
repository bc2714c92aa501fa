/** Files to the server in parts, each with its hash; what broke off is taken up where it is. */
import type { Client } from "@connectrpc/connect";
import type { FinishUploadResponse, Upload, UploadKind, UploadService } from "../gen/vox/v1/uploads_pb";
import { sha256 } from "./digest";

export interface UploadFile {
  readonly kind: UploadKind;
  /** Id of the map or dataset that it will be. */
  readonly targetId: string;
  /** The version that is replaced; "" for a new one. */
  readonly expectedVersion: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Bytes that are there, of all. */
  readonly progress: (done: number, total: number) => void;
  /** Runs a call, again where the server was away. */
  readonly persistently: <T>(call: () => Promise<T>) => Promise<T>;
}

/**
 * Uploads a file and has the server put it where it belongs. Throws what the calls throw; what was sent
 * stays on the server for a day, and the same file goes on from there.
 */
export async function upload(service: Client<typeof UploadService>, file: UploadFile, options: UploadOptions): Promise<FinishUploadResponse> {
  const { kind, targetId, expectedVersion, bytes } = file;
  const { signal, progress, persistently } = options;
  const hash = await sha256(bytes);
  const begin = async () => {
    const request = { kind, targetId, expectedVersion, totalBytes: BigInt(bytes.length), sha256: hash };
    return told((await service.beginUpload(request, { signal })).upload);
  };
  let state = await persistently(begin);
  for (let offset = Number(state.receivedBytes); ; offset = Number(state.receivedBytes)) {
    progress(offset, bytes.length);
    if (offset >= bytes.length) break;
    const data = bytes.subarray(offset, offset + state.maxPartBytes);
    const part = { uploadId: state.uploadId, offset: BigInt(offset), data, sha256: await sha256(data.slice()) };
    state = await persistently(async () => {
      try {
        return told((await service.uploadPart(part, { signal })).upload);
      } catch (error) {
        // Where the answer was lost the part may be there already: the server knows where the end is.
        const now = await begin();
        if (now.receivedBytes <= part.offset) throw error;
        return now;
      }
    });
  }
  return persistently(() => service.finishUpload({ uploadId: state.uploadId }, { signal }));
}

function told(upload: Upload | undefined): Upload {
  if (!upload) throw new Error("the server answered without an upload");
  return upload;
}
