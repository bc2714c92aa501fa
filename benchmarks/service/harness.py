"""Servers for the measurements: each in a folder of its own, on free ports of this machine."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc

from voxcore.maps import VoxelMap, save_map

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


class Server:
    """A server process; its ports stay the same over `kill` and `start`."""

    def __init__(self, folder: Path, *flags: str, fake: bool = True) -> None:
        self.folder, self.flags, self.fake = folder, flags, fake
        self.port = self.web_port = 0
        self.process: subprocess.Popen[bytes] | None = None
        blocks = np.zeros((16, 12, 16), dtype=np.uint8)
        blocks[:, :3] = 3
        if not (folder / "maps" / "1").exists():
            (folder / "maps" / "1").mkdir(parents=True)
            save_map(VoxelMap(blocks=blocks), folder / "maps" / "1" / "map.json")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> Server:
        files = [self.folder / "port", self.folder / "web_port"]
        for file in files:
            file.unlink(missing_ok=True)
        program = [str(HERE / "fake_server.py")] if self.fake else ["-m", "server"]
        roots = [f"--{name}-root={self.folder / name}" for name in ("maps", "datasets", "runs")]
        ports = [f"--port={self.port}", f"--port-file={files[0]}"]
        ports += [f"--web-port={self.web_port}", f"--web-port-file={files[1]}"]
        path = os.pathsep.join([str(ROOT), str(ROOT / "proto"), str(ROOT / "clients" / "python"), str(HERE)])
        environment = os.environ | {"PYTHONPATH": path}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, "--no-warm-up", *roots, *ports, *self.flags],
                stdout=log, stderr=log, env=environment, cwd=ROOT,
            )  # fmt: skip
        while not files[0].is_file():
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "server.log").read_text()[-2000:])
            time.sleep(0.02)
        self.port, self.web_port = (int(file.read_text()) for file in files)
        with grpc.insecure_channel(self.address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            while True:
                try:
                    answer = health.Check(health_pb2.HealthCheckRequest(), timeout=5, wait_for_ready=True)
                    if answer.status == health_pb2.HealthCheckResponse.SERVING:
                        return self
                except grpc.RpcError:
                    pass
                time.sleep(0.05)

    def workers(self) -> list[int]:
        """Ids of the training processes."""
        if self.process is None or self.process.poll() is not None:
            return []
        try:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            return [int(p) for p in children if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]
        except OSError:
            return []

    def kill(self) -> None:
        """SIGKILL, and wait."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(120)

    def memory(self) -> float:
        """MiB that the gateway holds."""
        assert self.process is not None
        return memory_of(self.process.pid)


def memory_of(pid: int) -> float:
    """Resident MiB of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def server(*flags: str, fake: bool = True) -> Iterator[Server]:
    """A running server, ended and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="voxcore-bench-"))
    found = Server(folder, *flags, fake=fake)
    try:
        yield found.start()
    finally:
        found.kill()
        shutil.rmtree(folder, ignore_errors=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> str:
    """What the figures were taken on."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, load before {load:.1f}"
