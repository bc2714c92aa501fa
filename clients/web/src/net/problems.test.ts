import { Code, ConnectError } from "@connectrpc/connect";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { isPassing, problemOf } from "./problems";

function failure(code: Code, details: [string, Uint8Array][]): ConnectError {
  const error = new ConnectError("expected 1 to 4, got 9", code);
  for (const [type, value] of details) error.details.push({ type, value });
  return error;
}

const writer = () => new BinaryWriter();
const errorInfo = (reason: string) => writer().tag(1, WireType.LengthDelimited).string(reason).tag(2, WireType.LengthDelimited).string("voxcore").finish();
const badRequest = (field: string) => writer().tag(1, WireType.LengthDelimited).bytes(writer().tag(1, WireType.LengthDelimited).string(field).tag(2, WireType.LengthDelimited).string("…").finish()).finish();
const retryInfo = (seconds: number, nanos: number) => writer().tag(1, WireType.LengthDelimited).bytes(writer().tag(1, WireType.Varint).int64(seconds).tag(2, WireType.Varint).int32(nanos).finish()).finish();

test("reason, field and words of the server", () => {
  const error = failure(Code.InvalidArgument, [
    ["google.rpc.ErrorInfo", errorInfo("INVALID_CONFIG")],
    ["google.rpc.BadRequest", badRequest("cfg_scale")],
  ]);
  expect(problemOf(error)).toEqual({
    title: "A setting does not fit",
    message: "expected 1 to 4, got 9",
    reason: "INVALID_CONFIG",
    field: "cfg_scale",
    code: Code.InvalidArgument,
    retrySeconds: 0,
  });
});

test("how long the server asks to wait", () => {
  const error = failure(Code.ResourceExhausted, [
    ["google.rpc.ErrorInfo", errorInfo("RATE_LIMITED")],
    ["google.rpc.RetryInfo", retryInfo(2, 500_000_000)],
  ]);
  expect(problemOf(error).retrySeconds).toBe(2.5);
});

test("no answer at all", () => {
  const problem = problemOf(new TypeError("Failed to fetch"));
  expect([problem.title, problem.reason, isPassing(problem)]).toEqual(["The server does not answer", "", true]);
});

test.each([
  [Code.Unavailable, true],
  [Code.ResourceExhausted, true],
  [Code.NotFound, false],
  [Code.InvalidArgument, false],
  [Code.Unauthenticated, false],
  [Code.PermissionDenied, false],
])("whether %i passes: %s", (code, passes) => {
  expect(isPassing(problemOf(failure(code, [])))).toBe(passes);
});
