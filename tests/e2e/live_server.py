"""Real servers on small maps, as a user would start them, and what tests do with them."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc
from voxclient import Checkpoint, VoxClient

from voxcore.maps import VoxelMap, save_map

QUICK = {"teacher": "noise", "steps": 6, "log_every": 2, "image_every": 3, "checkpoint_every": 4}
LONG = {"teacher": "noise", "steps": 20_000, "log_every": 5, "checkpoint_every": 10}


class Server:
    """``python -m server`` in a folder of its own; its address changes with every start."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder, self.flags = folder, flags
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.channel_credentials: grpc.ChannelCredentials | None = None
        for name, shape in (("1", (16, 12, 16)), ("large", (128, 64, 128))):
            blocks = np.zeros(shape, dtype=np.uint8)
            blocks[:, :3] = 3
            blocks[4:9, 3:7, 4:9] = 4
            (folder / "maps" / name).mkdir(parents=True)
            save_map(VoxelMap(blocks=blocks), folder / "maps" / name / "map.json")
        (folder / "maps" / "damaged").mkdir()
        (folder / "maps" / "damaged" / "map.json").write_text('{"blocks": [{"position": [0, 0, 0]}]}')

    def start(self, port: int = 0) -> "Server":
        port_file, web_port_file = self.folder / "port", self.folder / "web_port"
        port_file.unlink(missing_ok=True)
        roots = [f"--{name}-root={self.folder / name}" for name in ("maps", "datasets", "runs")]
        command = [sys.executable, "-m", "server", f"--port={port}", f"--port-file={port_file}", *roots]
        command += ["--web-port=0", f"--web-port-file={web_port_file}", *self.flags]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        while not port_file.is_file():
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        self.port = int(port_file.read_text())
        self.web = f"http://127.0.0.1:{web_port_file.read_text().strip()}"
        self.address = f"127.0.0.1:{self.port}"
        while self.health() != health_pb2.HealthCheckResponse.SERVING:
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        return self

    def health(self) -> int:
        found = self.channel_credentials
        with grpc.secure_channel(self.address, found) if found else grpc.insecure_channel(self.address) as channel:
            request = health_pb2.HealthCheckRequest()
            return health_pb2_grpc.HealthStub(channel).Check(request, timeout=10, wait_for_ready=True).status

    def worker_pid(self) -> int:
        """The training process: the child that was spawned to run `server.worker`."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        (pid,) = (int(p) for p in children if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes())
        return pid

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


def is_gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def only(kind: type, events: list) -> list:
    return [event for event in events if isinstance(event, kind)]


def until(condition: Callable[[], bool]) -> None:
    """Waits for ``condition``; pytest's time limit ends a wait that is in vain."""
    while not condition():
        time.sleep(0.02)


def wait_for(client: VoxClient, job_id: str, *states: str) -> str:
    while (state := client.job(job_id).state) not in states:
        time.sleep(0.02)
    return state


def started_job(client: VoxClient, **settings) -> str:
    """Id of a job that has made a checkpoint and runs on."""
    events = client.train("a long job", map_id="1", **(LONG | settings))
    event = next(event for event in events if isinstance(event, Checkpoint))
    events.close()
    return event.job_id


def cancel_all(client: VoxClient) -> None:
    for job in client.jobs():
        if job.result is None:
            client.cancel(job.job_id)
            wait_for(client, job.job_id, "cancelled", "succeeded", "failed")
