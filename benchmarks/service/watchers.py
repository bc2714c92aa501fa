"""What many watchers of one job cost it, and how late frames reach them.

python benchmarks/service/watchers.py [--watchers 200] [--seconds 30] [--job fake|real]

A job at about 10 frames a second, first alone, then with the watchers, then alone again. The watchers are one process
that reads bytes and looks only at the time in them; it shares the machine's cores with the server, so on a
small machine it costs the job something that watchers elsewhere would not.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection

import grpc
import numpy as np
from harness import Server, machine, percentile, server
from vox.v1 import jobs_pb2, jobs_pb2_grpc, training_pb2, training_pb2_grpc

from server.voxel_codec import pack_grid
from voxcore.palette import EDITOR

FRAMES = 10


def watch(address: str, job_id: str, count: int, seconds: float, pipe: Connection) -> None:
    """In a process of its own: open the streams, say so, send the delays in seconds."""
    pipe.send(asyncio.run(_watch(address, job_id, count, seconds, pipe)))


async def _watch(address: str, job_id: str, count: int, seconds: float, pipe: Connection) -> list[float]:
    delays: list[float] = []
    until = 0.0
    ready = asyncio.Event()
    opened = 0

    async def one(channel: grpc.aio.Channel) -> None:
        nonlocal opened
        call = channel.unary_stream("/vox.v1.TrainingService/WatchJob")
        stream = call(training_pb2.WatchJobRequest(job_id=job_id).SerializeToString())
        first = True
        async for data in stream:
            now = time.time()
            if first:
                first = False
                opened += 1
                if opened == count:
                    ready.set()
            if until:
                event = training_pb2.WatchJobResponse.FromString(data).event
                if event.HasField("keyframe") or event.HasField("delta"):
                    delays.append(now - event.emit_time.seconds - event.emit_time.nanos / 1e9)
                if now > until:
                    stream.cancel()
                    return

    async with Channels(address, count) as channels:
        tasks = [asyncio.create_task(one(channels[i % len(channels)])) for i in range(count)]
        await ready.wait()
        pipe.send("open")
        # The catching up of those who have just come is not what is measured.
        await asyncio.sleep(2)
        until = time.time() + seconds
        await asyncio.wait(tasks)
    return delays


class Channels:
    """A connection for every 50 streams: more than about 100 streams on one wait for each other."""

    def __init__(self, address: str, count: int) -> None:
        self._channels = [
            grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
            for _ in range((count + 49) // 50)
        ]

    async def __aenter__(self) -> list[grpc.aio.Channel]:
        return self._channels

    async def __aexit__(self, *_: object) -> None:
        for channel in self._channels:
            await channel.close()


def steps_per_second(found: Server, job_id: str, seconds: float) -> float:
    """From the job's own step counter."""
    with grpc.insecure_channel(found.address) as channel:
        stub = jobs_pb2_grpc.JobServiceStub(channel)

        def step() -> tuple[float, int]:
            return time.monotonic(), stub.GetJob(jobs_pb2.GetJobRequest(job_id=job_id), timeout=30).job.step

        (began, first), _ = step(), time.sleep(seconds)
        ended, last = step()
        return (last - first) / (ended - began)


def start(found: Server, kind: str) -> str:
    """A job that runs for longer than anybody watches: one that sleeps, or the prior at work on a terrain."""
    settings = jobs_pb2.TrainSettings(steps=20_000, log_every=1, image_every=0, checkpoint_every=0)
    if kind == "fake":
        settings.teacher = jobs_pb2.TEACHER_NOISE
        spec = jobs_pb2.TrainingSpec(prompt=f"sleep={1 / FRAMES} size=64", map_id="1", settings=settings)
    else:
        settings.teacher, settings.teacher_calls = jobs_pb2.TEACHER_PRIOR, 1_000
        blocks = np.zeros((64, 48, 64), dtype=np.uint8)
        blocks[:, :12] = 3
        (part,) = pack_grid(blocks, EDITOR, 2.0)
        spec = jobs_pb2.TrainingSpec(prompt="a medieval stone castle", grid=part, settings=settings)
    with grpc.insecure_channel(found.address) as channel:
        stub = training_pb2_grpc.TrainingServiceStub(channel)
        stream = stub.StartTraining(training_pb2.StartTrainingRequest(spec=spec))
        return next(r.event.job_id for r in stream if r.event.HasField("progress"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--job", choices=("fake", "real"), default="fake", help="fake: sleeps; real: the prior")
    args = parser.parse_args()
    print(machine())
    flags = (f"--max-watchers={args.watchers + 10}", f"--frames-per-second={FRAMES}")
    with server(*flags, fake=args.job == "fake") as found:
        job_id = start(found, args.job)
        alone = steps_per_second(found, job_id, args.seconds / 2)
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=watch, args=(found.address, job_id, args.watchers, args.seconds, theirs)
        )
        process.start()
        assert ours.recv() == "open"
        watched = steps_per_second(found, job_id, args.seconds)
        delays = ours.recv()
        process.join()
        alone = (alone + steps_per_second(found, job_id, args.seconds / 2)) / 2
    slower = 100 * (1 - watched / alone)
    p50, p99 = 1000 * percentile(delays, 0.5), 1000 * percentile(delays, 0.99)
    print(f"{args.watchers} watchers, {args.job} job: {alone:.2f} steps/s alone, {watched:.2f} watched")
    print(f"  slower by {slower:.1f} % (goal below 3 %) {'ok' if slower < 3 else 'MISSED'}")
    print(f"  {len(delays)} frames delivered: median {p50:.1f} ms, 99th percentile {p99:.1f} ms (goal below 50 ms)"
          f" {'ok' if p99 < 50 else 'MISSED'}")  # fmt: skip


if __name__ == "__main__":
    main()
