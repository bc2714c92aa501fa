"""Memory over many jobs that compute nothing: it must not grow with their number.

python benchmarks/service/memory.py [--jobs 10000] [--keep 1000]

The server forgets ended jobs above --keep, so that its disk does not grow without bound either.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import grpc
from harness import Server, machine, memory_of, server
from vox.v1 import jobs_pb2, training_pb2

SAMPLES = 20


async def run(found: Server, count: int) -> None:
    """``count`` jobs to their ends, 8 at a time, each watched."""
    spec = jobs_pb2.TrainingSpec(prompt="sleep=0 size=16", map_id="1")
    spec.settings.CopyFrom(jobs_pb2.TrainSettings(teacher=jobs_pb2.TEACHER_NOISE, steps=3, log_every=1))
    request = training_pb2.StartTrainingRequest(spec=spec).SerializeToString()
    places = asyncio.Semaphore(8)
    async with grpc.aio.insecure_channel(found.address) as channel:

        async def one() -> None:
            async with places:
                async for _ in channel.unary_stream("/vox.v1.TrainingService/StartTraining")(request):
                    pass

        await asyncio.gather(*(one() for _ in range(count)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--keep", type=int, default=1000)
    args = parser.parse_args()
    print(machine())
    gateway, workers = [], []
    with server(f"--max-kept-jobs={args.keep}") as found:
        began = time.monotonic()
        for i in range(SAMPLES):
            asyncio.run(run(found, args.jobs // SAMPLES))
            gateway.append(found.memory())
            workers.append(memory_of(found.workers()[0]))
            print(
                f"  {(i + 1) * args.jobs // SAMPLES} jobs: gateway {gateway[-1]:.1f} MiB, worker {workers[-1]:.1f} MiB"
            )
        seconds = time.monotonic() - began
        folders = sum(1 for p in (found.folder / "runs").iterdir() if p.is_dir())
    quarter = SAMPLES // 4
    grown = [sum(m[-quarter:]) / quarter - sum(m[quarter : 2 * quarter]) / quarter for m in (gateway, workers)]
    flat = all(g < 0.05 * m[-1] + 2 for g, m in zip(grown, (gateway, workers), strict=True))
    print(f"{args.jobs} jobs in {seconds:.0f} s; {folders} folders left")
    print(f"growth from the second quarter to the last: gateway {grown[0]:+.1f} MiB, worker {grown[1]:+.1f} MiB"
          f" (goal: flat) {'ok' if flat else 'MISSED'}")  # fmt: skip
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
