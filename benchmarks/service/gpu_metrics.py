"""GPU memory as /metrics shows it while a job runs on a GPU: above zero, and zero again when its process dies.

python benchmarks/service/gpu_metrics.py [--teacher prior] [--steps 40]

Where gRPC is missing it runs the job in this process and asks what a training process would report; where
the packages of jobs are missing too, it allocates a tensor on each GPU instead. It says which of the three it did.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto"), str(Path(__file__).parent)]


def has(*modules: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in modules)


def over_the_server(teacher: str, steps: int) -> list[str]:
    """A server with ``--device cuda``, a job, /metrics. The problems."""
    import grpc
    from harness import server
    from vox.v1 import jobs_pb2, training_pb2, training_pb2_grpc

    problems = []
    with server("--device=cuda", fake=False) as found:

        def shown() -> list[float]:
            text = urllib.request.urlopen(f"http://127.0.0.1:{found.web_port}/metrics", timeout=10).read().decode()
            lines = [line for line in text.splitlines() if line.startswith("voxcore_gpu_bytes{")]
            for line in lines:
                print(f"  {line}")
            return [float(line.split()[-1]) for line in lines]

        settings = jobs_pb2.TrainSettings(teacher=jobs_pb2.Teacher.Value(f"TEACHER_{teacher.upper()}"), steps=steps)
        spec = jobs_pb2.TrainingSpec(prompt="a stone tower", map_id="1", settings=settings)
        with grpc.insecure_channel(found.address) as channel:
            stub = training_pb2_grpc.TrainingServiceStub(channel)
            for answer in stub.StartTraining(training_pb2.StartTrainingRequest(spec=spec), timeout=300):
                event = answer.event
                if event.HasField("started"):
                    print(f"job on {event.started.device}")
                if event.HasField("result"):
                    print(f"ended {jobs_pb2.JobState.Name(event.result.state)} {event.result.error.message}")
                    if event.result.state != jobs_pb2.JOB_STATE_SUCCEEDED:
                        problems.append("the job did not succeed")
        if not any(shown()):
            problems.append("/metrics shows no GPU memory")
        with grpc.insecure_channel(found.address) as channel:
            # A job is needed: a process that dies idle is only noticed by the next one.
            spec.settings.steps = 20_000
            stub = training_pb2_grpc.TrainingServiceStub(channel)
            stream = stub.StartTraining(training_pb2.StartTrainingRequest(spec=spec), timeout=300)
            for answer in stream:
                if answer.event.HasField("progress"):
                    break
            stream.cancel()
        for pid in found.workers():
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while any(values := shown()) and time.monotonic() < deadline:
            time.sleep(0.05)
        if any(values):
            problems.append("/metrics still shows the memory of a dead process")
    return problems


def in_this_process(teacher: str, steps: int) -> list[str]:
    """A job on the GPU without a server. The problems."""
    import numpy as np

    from server.worker.gpu import gpu_bytes
    from voxcore.config import TrainConfig
    from voxcore.events import Progress
    from voxcore.job import JobSpec, run_job
    from voxcore.maps import VoxelMap

    blocks = np.zeros((32, 24, 32), dtype=np.uint8)
    blocks[:, :3] = 3
    config = TrainConfig.create("a stone tower", teacher=teacher, steps=steps)
    most = 0
    with tempfile.TemporaryDirectory() as scratch:
        roots = {name: Path(scratch) for name in ("maps_root", "datasets_root", "output_dir")}
        spec = JobSpec(config, source=VoxelMap(blocks), export=False)
        for event in run_job(spec, device="cuda", **roots):
            if isinstance(event, Progress):
                most = max(most, gpu_bytes())
    print(f"a training process would report up to {most} bytes")
    return [] if most > 0 else ["a job on the GPU reports no GPU memory"]


def with_a_tensor() -> list[str]:
    """The least: what is allocated on any GPU is counted. The problems."""
    found = importlib.util.spec_from_file_location("gpu", ROOT / "server" / "worker" / "gpu.py")
    assert found is not None
    assert found.loader is not None
    gpu = importlib.util.module_from_spec(found)
    found.loader.exec_module(gpu)
    problems = []
    for device in range(torch.cuda.device_count()):
        before = gpu.gpu_bytes()
        kept = torch.zeros(2**26, dtype=torch.uint8, device=f"cuda:{device}")
        after = gpu.gpu_bytes()
        print(f"cuda:{device}: {before} bytes before, {after} with a tensor of {kept.numel()}")
        if after - before < kept.numel():
            problems.append(f"a tensor on cuda:{device} is not counted")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", default="prior")
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("there is no GPU here", file=sys.stderr)
        return 2
    print(f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}, torch {torch.__version__}")
    for_jobs = ("numpy", "PIL", "numba", "safetensors")
    if has(*for_jobs, "grpc", "grpc_health", "grpc_reflection", "connectrpc", "uvicorn", "prometheus_client"):
        print("over the server:")
        problems = over_the_server(options.teacher, options.steps)
    elif has(*for_jobs):
        print("in this process, since gRPC is missing:")
        problems = in_this_process(options.teacher, options.steps)
    else:
        print("with a tensor, since the packages of jobs are missing:")
        problems = with_a_tensor()
    for problem in problems:
        print(f"MISSED: {problem}")
    print("ok" if not problems else "not ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
