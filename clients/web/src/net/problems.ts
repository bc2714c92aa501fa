/**
 * What went wrong with a call, in words for people.
 *
 * Every error of the server carries a google.rpc.ErrorInfo with a reason, often a BadRequest that names
 * the field, and for rate limits a RetryInfo. Those few messages are read here field by field; their
 * generated code would be larger than this page's whole networking.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface Problem {
  /** A few words: "The queue is full". */
  readonly title: string;
  /** The server's own sentence, or what the browser said. */
  readonly message: string;
  /** Name of an ErrorReason without its prefix, "" where the server did not answer. */
  readonly reason: string;
  /** The field of the request that is to blame, "" where there is none. */
  readonly field: string;
  readonly code: Code;
  /** Seconds that the server asks to wait, 0 where it does not say. */
  readonly retrySeconds: number;
}

const TITLES: Readonly<Record<string, string>> = {
  INVALID_INPUT: "The server cannot use this",
  INVALID_CONFIG: "A setting does not fit",
  MAP_FORMAT: "The map is damaged",
  DATASET_FORMAT: "The dataset is damaged",
  MODEL_FORMAT: "The model is damaged",
  DEVICE_MEMORY: "The device's memory is full",
  SHAPE: "The grid has the wrong shape",
  NOT_FOUND: "It is not there any more",
  LIMIT_EXCEEDED: "Too large for this server",
  QUEUE_FULL: "The queue is full",
  TOO_MANY_WATCHERS: "Too many viewers are open",
  REQUEST_ID_REUSED: "This was sent before",
  WRONG_JOB_STATE: "The job is past that",
  NO_CHECKPOINT: "There is nothing to go on from",
  CHECKPOINT: "The checkpoint cannot be used",
  SERVER_STOPPING: "The server is shutting down",
  STORAGE: "The server's disk refused",
  TEACHER: "The teacher failed",
  WORKER_DIED: "The training process died",
  INTERNAL: "A fault in the server",
  UNAUTHENTICATED: "This server wants a token",
  PERMISSION_DENIED: "The token does not allow this",
  QUOTA_EXCEEDED: "Your share is used up",
  RATE_LIMITED: "Too many calls in a short time",
  VERSION_CONFLICT: "Somebody changed it meanwhile",
  ID_TAKEN: "That name is taken",
  STREAM_TOO_OLD: "The stream was open for long enough",
};

/** A few words for an ErrorReason's name (without prefix). */
export function titleOf(reason: string): string {
  return TITLES[reason] ?? "Something went wrong";
}

/** What `error`, thrown by a call or anything else, says. */
export function problemOf(error: unknown): Problem {
  const failure = ConnectError.from(error);
  let reason = "";
  let field = "";
  let retrySeconds = 0;
  for (const detail of failure.details) {
    if (!("type" in detail) || !(detail.value instanceof Uint8Array)) continue;
    const value = detail.value;
    if (detail.type === "google.rpc.ErrorInfo") reason = text(value, 1);
    else if (detail.type === "google.rpc.BadRequest") field = text(part(value, 1), 1);
    else if (detail.type === "google.rpc.RetryInfo") retrySeconds = seconds(part(value, 1));
  }
  if (reason === "" && failure.code === Code.Unauthenticated) reason = "UNAUTHENTICATED";
  const message = failure.rawMessage;
  const title = reason !== "" ? titleOf(reason) : unanswered(failure.code);
  return { title, message, reason, field, code: failure.code, retrySeconds };
}

/** Whether the server could not be reached, or said that it will be back: asking again helps. */
export function isPassing(problem: Problem): boolean {
  switch (problem.code) {
    case Code.Unavailable:
    case Code.Unknown:
    case Code.Internal:
    case Code.DeadlineExceeded:
    case Code.ResourceExhausted:
    case Code.Aborted:
    case Code.Canceled:
    case Code.DataLoss:
      return true;
    default:
      return false;
  }
}

function unanswered(code: Code): string {
  switch (code) {
    case Code.Unimplemented:
      return "This server is of another version";
    case Code.PermissionDenied:
      return "This page may not call the server";
    case Code.InvalidArgument:
      return "The server cannot use this";
    case Code.NotFound:
      return "It is not there any more";
    default:
      return "The server does not answer";
  }
}

function* fields(message: Uint8Array): Generator<[number, Uint8Array | bigint]> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, kind] = reader.tag();
    if (kind === WireType.LengthDelimited) yield [number, reader.bytes()];
    else if (kind === WireType.Varint) yield [number, BigInt(reader.int64())];
    else reader.skip(kind, number);
  }
}

function part(message: Uint8Array, wanted: number): Uint8Array {
  for (const [number, value] of fields(message)) if (number === wanted && value instanceof Uint8Array) return value;
  return new Uint8Array();
}

function text(message: Uint8Array, wanted: number): string {
  return new TextDecoder().decode(part(message, wanted));
}

/** Of a google.protobuf.Duration. */
function seconds(duration: Uint8Array): number {
  let total = 0;
  for (const [number, value] of fields(duration)) {
    if (typeof value === "bigint") total += number === 1 ? Number(value) : Number(value) / 1e9;
  }
  return total;
}
