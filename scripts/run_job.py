"""One job from start to end: start the service, say where the viewer is, train, show it, stop the service.

``python scripts/run_job.py [--map ID] [--open] PROMPT``; the exit code is that of ``python -m voxclient train``.
With ``--open`` a browser shows the viewer, and the service stays until Ctrl-C.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
import webbrowser
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from voxclient import VoxClient, VoxError

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120.0
STOP_SECONDS = 90.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompt")
    parser.add_argument("--map", default="1", metavar="ID")
    parser.add_argument("--open", action="store_true", help="show the viewer in a browser; Ctrl-C ends the service")
    options, more = parser.parse_known_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="voxcore-run-") as scratch:
        log_path = Path(scratch) / "server.log"
        port_file, web_port_file = Path(scratch) / "port", Path(scratch) / "web_port"
        ports = ["--port", "0", "--port-file", str(port_file), "--web-port", "0", "--web-port-file", str(web_port_file)]
        with log_path.open("wb") as log:
            # A session of its own: Ctrl-C goes to the client, which cancels the job and keeps the map.
            server = subprocess.Popen(
                [sys.executable, "-m", "server", *ports],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            address = wait_until_healthy(server, port_file)
            viewer = f"http://127.0.0.1:{web_port_file.read_text(encoding='utf-8').strip()}/"
            print(f"service ready after {time.monotonic() - began:.1f} s on {address}", flush=True)
            print(f"watch it at {viewer}", flush=True)
            if options.open and not webbrowser.open(viewer):
                print("run_job: no browser was found here; open that address yourself", file=sys.stderr)
            code = train(address, options.map, options.prompt, more)
            if code in (0, 130):
                print_place(address)
            if options.open and code == 0:
                print(f"the service stays at {viewer} until Ctrl-C", flush=True)
                wait_for_interrupt(server)
        except (RuntimeError, VoxError, KeyboardInterrupt) as error:
            print(f"run_job: {str(error) or 'interrupted'}", file=sys.stderr)
            print(log_path.read_text(encoding="utf-8", errors="replace")[-4000:], file=sys.stderr)
            code = 130 if isinstance(error, KeyboardInterrupt) else 1
        finally:
            stop(server)
    if code == 0:
        print(f"{time.monotonic() - began:.1f} s with starting and stopping the service")
    return code


def wait_until_healthy(server: subprocess.Popen[bytes], port_file: Path) -> str:
    """The service's address once a job would start at once. Raises RuntimeError with a sentence."""
    deadline = time.monotonic() + START_SECONDS
    while not port_file.is_file():
        check_running(server, deadline)
        time.sleep(0.05)
    address = f"127.0.0.1:{port_file.read_text(encoding='utf-8').strip()}"
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        while True:
            check_running(server, deadline)
            try:
                answer = health.Check(health_pb2.HealthCheckRequest(), timeout=2.0)
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return address
            except grpc.RpcError:
                pass
            time.sleep(0.1)


def check_running(server: subprocess.Popen[bytes], deadline: float) -> None:
    if server.poll() is not None:
        raise RuntimeError(f"the service ended with exit code {server.returncode} before it was ready:")
    if time.monotonic() > deadline:
        raise RuntimeError(f"the service was not ready after {START_SECONDS:.0f} s:")


def train(address: str, map_id: str, prompt: str, more: list[str]) -> int:
    """The client's exit code. It has the terminal, so Ctrl-C is its business."""
    command = [sys.executable, "-m", "voxclient", "--address", address, "train", prompt, "--map", map_id, *more]
    # With a handler of its own this process outlives Ctrl-C; the child gets the usual one, since a
    # handler does not survive the start of another program.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(command, cwd=ROOT) as client:
            signal.signal(signal.SIGTERM, lambda *_: client.send_signal(signal.SIGINT))
            return client.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def wait_for_interrupt(server: subprocess.Popen[bytes]) -> None:
    """Returns at Ctrl-C, when the terminal closes, or when the service has ended."""

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        server.wait()
    except KeyboardInterrupt:
        print()


def print_place(address: str) -> None:
    """Where the newest job's map lies."""
    with VoxClient(address) as client:
        result = client.jobs(limit=1)[0].result
    if result is not None and result.map_id:
        print(f"the map is in {ROOT / 'maps' / result.map_id}")


def stop(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            print("run_job: the service did not stop in time and is ended", file=sys.stderr)
            server.kill()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
