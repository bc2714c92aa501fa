"""Generated hostile requests at both doors: none may be answered INTERNAL, kill the server or hang.

python benchmarks/service/hostile.py [--requests 100000] [--seed 0]

Hypothesis makes messages field by field from the contract's descriptors, with values at and beyond every
edge; bytes that were cut, flipped or never were a message; JSON of the wrong shape; and HTTP that is none.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from harness import Server, machine, server
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from vox.v1 import info_pb2, jobs_pb2, maps_pb2, training_pb2, uploads_pb2

BAD = {
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
SECONDS = 20.0

METHODS = [
    method
    for pb in (info_pb2, jobs_pb2, maps_pb2, training_pb2, uploads_pb2)
    for service in pb.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
IDS = [
    "1",
    "nothing",
    "../1",
    "..",
    "/",
    "a" * 64,
    "a" * 65,
    "trained_map_1_1",
    "con",
    "\0",
    "é",
    "1/map.json",
    "%2e%2e",
]
TEXTS = st.one_of(st.sampled_from(IDS), st.text(max_size=40), st.just("x" * 5000), st.uuids().map(str))
LIMITS = {32: 2**32 - 1, 64: 2**64 - 1}
FLOATS = st.one_of(st.floats(), st.sampled_from([0.0, -1.0, 1e308, float("nan"), float("inf")]))


def value_of(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    kind = field.type
    if kind == FieldDescriptor.TYPE_MESSAGE:
        return message_of(field.message_type, depth + 1)
    if kind in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return FLOATS if kind == FieldDescriptor.TYPE_DOUBLE else st.floats(width=32)
    if kind == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if kind == FieldDescriptor.TYPE_STRING:
        return TEXTS
    if kind == FieldDescriptor.TYPE_BYTES:
        return st.one_of(st.binary(max_size=64), st.sampled_from([bytes(32), bytes(4096), b"x\x9c" + bytes(20)]))
    if kind == FieldDescriptor.TYPE_ENUM:
        return st.one_of(st.sampled_from([v.number for v in field.enum_type.values]), st.just(99))
    signed = kind in (FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64)
    bits = 64 if kind in (FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_INT64) else 32
    most = LIMITS[bits] // 2 if signed else LIMITS[bits]
    least = -most - 1 if signed else 0
    return st.one_of(st.integers(least, most), st.sampled_from([0, 1, 2, 16, 64, most]))


def message_of(descriptor: Any, depth: int = 0) -> st.SearchStrategy[Message]:
    kind = GetMessageClass(descriptor)

    @st.composite
    def build(draw: st.DrawFn) -> Message:
        message = kind()
        for field in descriptor.fields:
            # Most fields are left out, or nearly every message would fail at its first one.
            if depth > 4 or draw(st.integers(0, 2)) == 0:
                continue
            if field.is_repeated:
                if field.message_type is None or not field.message_type.GetOptions().map_entry:
                    getattr(message, field.name).extend(draw(st.lists(value_of(field, depth), max_size=3)))
                continue
            value = draw(value_of(field, depth))
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                getattr(message, field.name).CopyFrom(value)
            else:
                with suppress(ValueError, UnicodeEncodeError):
                    setattr(message, field.name, value)
        if "wait_millis" in descriptor.fields_by_name:
            message.wait_millis = min(message.wait_millis, 20)
        return message

    return build()


MESSAGES = {method.full_name: message_of(method.input_type) for method in METHODS}


@st.composite
def requests(draw: st.DrawFn) -> tuple[MethodDescriptor, Message, str, bytes]:
    """A method, a message for it, and what to do to its bytes."""
    method = draw(st.sampled_from(METHODS))
    message = draw(MESSAGES[method.full_name])
    how = draw(st.sampled_from(["whole"] * 5 + ["cut", "flip", "raw", "other"]))
    return method, message, how, draw(st.binary(max_size=80))


def spoiled(message: Message, how: str, noise: bytes) -> bytes:
    data = bytearray(message.SerializeToString())
    if how == "cut":
        return bytes(data[: len(data) // 2])
    if how == "flip" and data:
        for i, byte in enumerate(noise):
            data[(i * 7919 + byte) % len(data)] ^= 1 << (byte % 8)
    if how == "raw":
        return noise
    if how == "other":
        return bytes(data) + noise
    return bytes(data)


class Attack:
    """Sends requests and keeps count of what came back."""

    def __init__(self, found: Server) -> None:
        self.found = found
        self.channel = grpc.insecure_channel(found.address)
        self.codes: Counter[str] = Counter()
        self.problems: list[str] = []
        self.count = 0

    def native(self, method: MethodDescriptor, data: bytes) -> None:
        path = f"/{method.containing_service.full_name}/{method.name}"
        try:
            if method.server_streaming:
                call = self.channel.unary_stream(path)(data, timeout=SECONDS)
                # A stream that has begun is a good answer; jobs that run on are not waited for.
                for i, _ in enumerate(call):
                    if i == 2:
                        call.cancel()
                        break
            else:
                self.channel.unary_unary(path)(data, timeout=SECONDS)
            self.note("OK", path, data)
        except grpc.RpcError as error:
            self.note(error.code().name, path, data)

    def web(self, method: MethodDescriptor, body: bytes, content_type: str) -> None:
        path = f"/{method.containing_service.full_name}/{method.name}"
        connection = http.client.HTTPConnection("127.0.0.1", self.found.web_port, timeout=SECONDS)
        try:
            connection.request("POST", path, body, {"content-type": content_type})
            response = connection.getresponse()
            data = response.read(4096)
            bad = response.status >= 500 and response.status not in (501, 503)
            bad = bad or b'"internal"' in data or b'"unknown"' in data
            self.note("INTERNAL" if bad else f"HTTP {response.status}", path, body)
        except (OSError, http.client.HTTPException) as error:
            self.note("INTERNAL", path, body + repr(error).encode())
        finally:
            connection.close()

    def garbage(self, port: int, noise: bytes) -> None:
        """Bytes that are no HTTP; whatever comes back, the next call must work."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(noise + b"\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1024)
        self.note("garbage", "", noise)

    def note(self, code: str, path: str, data: bytes) -> None:
        self.count += 1
        self.codes[code] += 1
        if self.count % 10_000 == 0:
            print(f"  {self.count} requests, {len(self.problems)} answers that must not be", flush=True)
        if code in BAD and len(self.problems) < 20:
            self.problems.append(f"{code} {path} {data[:200]!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(machine())
    with server("--max-queue=4", "--max-steps=5", "--max-cells=100000", "--max-watchers=1000") as found:
        attack = Attack(found)
        began = time.monotonic()

        @seed(args.seed)
        @settings(max_examples=args.requests // 2, database=None, deadline=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(requests())
        def run(request: tuple[MethodDescriptor, Message, str, bytes]) -> None:
            method, message, how, noise = request
            attack.native(method, spoiled(message, how, noise))
            if how == "raw":
                attack.garbage(found.web_port if noise[:1] < b"\x80" else found.port, noise)
            elif how == "whole" and not method.server_streaming:
                attack.web(method, json_format.MessageToJson(message).encode(), "application/json")
            elif method.server_streaming:
                body = bytes([len(noise) % 4]) + len(noise).to_bytes(4, "big") + noise
                attack.web(method, body, "application/connect+proto")
            else:
                text = json.dumps({"spec": [noise.hex()], "jobId": len(noise), "wait": None})
                attack.web(method, text.encode() + noise[:3], "application/json")

        # Ctrl-C ends it early, with what it has found so far.
        with suppress(KeyboardInterrupt):
            run()
        seconds = time.monotonic() - began
        alive = found.process is not None and found.process.poll() is None
        log = (found.folder / "server.log").read_text()
        tracebacks = log.count("Traceback")
        if tracebacks:
            print(log[log.index("Traceback") :][:3000])
    ok = alive and not attack.problems and not tracebacks
    print(f"{attack.count} requests in {seconds:.0f} s: {dict(attack.codes.most_common())}")
    print(f"server alive: {alive}; answers that must not be: {len(attack.problems)}; tracebacks: {tracebacks}"
          f" {'ok' if ok else 'MISSED'}")  # fmt: skip
    for problem in attack.problems:
        print(f"  {problem}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
