"""Clients that stall, vanish or flood, while a polite one is served: memory and connections stay bounded.

python benchmarks/service/rude_clients.py [--seconds 3600]

Stalled ones open a stream and never read; half-open ones send half a request and nothing more; floods open
connections as fast as they can; impatient ones start streams and drop them. All to 127.0.0.1.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import grpc
from harness import Server, machine, percentile, server
from vox.v1 import info_pb2, info_pb2_grpc, jobs_pb2, training_pb2, training_pb2_grpc

MAX_HELD = 200
"""Connections that each kind of client holds at once."""


def stream_request(job_id: str) -> bytes:
    message = json.dumps({"jobId": job_id}).encode()
    body = struct.pack(">BI", 0, len(message)) + message
    head = (
        "POST /vox.v1.TrainingService/WatchJob HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"content-type: application/connect+json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Rude(threading.Thread):
    """Does ``act`` again and again; holds on to the sockets that it returns, the newest MAX_HELD of them."""

    def __init__(self, act: Callable[[], socket.socket | None], pause: float, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.act, self.pause, self.stop_event = act, pause, stop
        self.held: list[socket.socket] = []
        self.done = 0

    def run(self) -> None:
        while not self.stop_event.wait(self.pause):
            with suppress(OSError):
                found = self.act()
                self.done += 1
                if found is not None:
                    self.held.append(found)
                while len(self.held) > MAX_HELD:
                    self.held.pop(0).close()


def connect(port: int, small: bool = False) -> socket.socket:
    found = socket.socket()
    if small:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.settimeout(5)
    found.connect(("127.0.0.1", port))
    return found


def rude_clients(found: Server, job_id: str, stop: threading.Event) -> dict[str, Rude]:
    def stalled() -> socket.socket:
        conn = connect(found.web_port, small=True)
        conn.sendall(stream_request(job_id))
        return conn

    def half_open() -> socket.socket:
        conn = connect(found.web_port)
        conn.sendall(b"POST /vox.v1.JobService/GetJob HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n{")
        return conn

    def silent() -> socket.socket:
        return connect(found.port if len(threading.enumerate()) % 2 else found.web_port)

    def flood() -> None:
        for port in (found.port, found.web_port):
            connect(port).close()

    def impatient() -> None:
        conn = connect(found.web_port)
        conn.sendall(stream_request(job_id))
        conn.recv(10)
        conn.close()

    plan = {"stalled": (stalled, 0.2), "half-open": (half_open, 0.2), "silent": (silent, 0.1)}
    plan |= {"flooding": (flood, 0.01), "impatient": (impatient, 0.05)}
    clients = {name: Rude(act, pause, stop) for name, (act, pause) in plan.items()}
    for client in clients.values():
        client.start()
    return clients


def start_job(found: Server) -> str:
    settings = jobs_pb2.TrainSettings(teacher=jobs_pb2.TEACHER_NOISE, steps=20_000, log_every=1)
    spec = jobs_pb2.TrainingSpec(prompt="sleep=0.2 size=64", map_id="1", settings=settings)
    with grpc.insecure_channel(found.address) as channel:
        stream = training_pb2_grpc.TrainingServiceStub(channel).StartTraining(
            training_pb2.StartTrainingRequest(spec=spec)
        )
        return next(stream).event.job_id


def descriptors(found: Server) -> int:
    assert found.process is not None
    return len(list(Path(f"/proc/{found.process.pid}/fd").iterdir()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3600)
    seconds = parser.parse_args().seconds
    print(machine())
    stop = threading.Event()
    memory, delays, failures = [], [], Counter[str]()
    with server("--max-watchers=100", "--max-connections=300") as found:
        job_id = start_job(found)
        clients = rude_clients(found, job_id, stop)
        until = time.monotonic() + seconds
        with grpc.insecure_channel(found.address) as channel:
            info = info_pb2_grpc.InfoServiceStub(channel)
            while time.monotonic() < until:
                for _ in range(10):
                    began = time.perf_counter()
                    try:
                        info.GetServerInfo(info_pb2.GetServerInfoRequest(), timeout=10)
                    except grpc.RpcError as error:
                        failures[f"{error.code().name} {error.details()}"] += 1
                    delays.append(time.perf_counter() - began)
                    time.sleep(min(1.0, seconds / 200))
                memory.append(found.memory())
            open_files = descriptors(found)
        stop.set()
        for name, client in clients.items():
            print(f"  {name}: {client.done} times")
        alive = found.process is not None and found.process.poll() is None
        log = (found.folder / "server.log").read_text()
    half = len(memory) // 2
    first, last = sum(memory[half // 2 : half]) / max(1, half - half // 2), sum(memory[half:]) / (len(memory) - half)
    ok = alive and not failures and last - first < 0.05 * first + 5 and "Traceback" not in log
    print(f"{seconds:.0f} s: gateway {first:.1f} MiB in the second quarter, {last:.1f} MiB in the last half;"
          f" {open_files} open files")  # fmt: skip
    print(f"a polite client beside them: {len(delays)} calls, {failures.total()} failed,"
          f" median {1000 * percentile(delays, 0.5):.1f} ms, 99th percentile {1000 * percentile(delays, 0.99):.1f} ms;"
          f" tracebacks in the log: {log.count('Traceback')} {'ok' if ok else 'MISSED'}")  # fmt: skip
    for why, count in failures.most_common(5):
        print(f"  {count} times {why}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
