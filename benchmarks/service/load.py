"""Calls a second and their delays at both doors, with 1 to 64 at a time; and messages a second of streams.

python benchmarks/service/load.py [--seconds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

import grpc
from harness import Server, machine, percentile, server
from vox.v1 import jobs_pb2, training_pb2, training_pb2_grpc

PATH = "/vox.v1.JobService/ListJobs"


async def hammer(call: Callable[[int], Awaitable[object]], at_once: int, seconds: float) -> tuple[float, list[float]]:
    """Calls a second, and the delay of each."""
    delays: list[float] = []
    until = time.perf_counter() + seconds

    async def one(index: int) -> None:
        while (began := time.perf_counter()) < until:
            await call(index)
            delays.append(time.perf_counter() - began)

    await asyncio.gather(*(one(i) for i in range(at_once)))
    return len(delays) / seconds, delays


async def native(found: Server, at_once: int, seconds: float) -> tuple[float, list[float]]:
    async with grpc.aio.insecure_channel(found.address) as channel:
        method = channel.unary_unary(PATH)
        return await hammer(lambda _: method(b""), at_once, seconds)


async def web(found: Server, at_once: int, seconds: float) -> tuple[float, list[float]]:
    """Plain HTTP/1.1 over kept connections: what is measured is the server, not a client library."""
    request = (
        f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    )
    streams = [await asyncio.open_connection("127.0.0.1", found.web_port) for _ in range(at_once)]

    async def call(index: int) -> None:
        reader, writer = streams[index]
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"content-length: " in head:
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        else:
            while size := int(await reader.readline(), 16):
                await reader.readexactly(size + 2)
            await reader.readline()

    try:
        return await hammer(call, at_once, seconds)
    finally:
        for _, writer in streams:
            writer.close()


def streamed(found: Server, watchers: int, seconds: float) -> float:
    """Messages a second to ``watchers`` native streams of a job that says as much as it can."""

    async def run() -> float:
        async with grpc.aio.insecure_channel(found.address) as channel:
            settings = jobs_pb2.TrainSettings(teacher=jobs_pb2.TEACHER_NOISE, steps=20_000, log_every=1)
            spec = jobs_pb2.TrainingSpec(prompt="sleep=0.001 size=16", map_id="1", settings=settings)
            stub = training_pb2_grpc.TrainingServiceStub(channel)
            first = await anext(aiter(stub.StartTraining(training_pb2.StartTrainingRequest(spec=spec))))
            watch = channel.unary_stream("/vox.v1.TrainingService/WatchJob")
            request = training_pb2.WatchJobRequest(job_id=first.event.job_id).SerializeToString()
            count = 0
            until = time.perf_counter() + seconds

            async def one() -> None:
                nonlocal count
                stream = watch(request)
                async for _ in stream:
                    count += 1
                    if time.perf_counter() > until:
                        stream.cancel()
                        return

            await asyncio.gather(*(one() for _ in range(watchers)))
            return count / seconds

    return asyncio.run(run())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    seconds = parser.parse_args().seconds
    print(machine())
    with server("--max-watchers=100") as found:
        for name, door in (("native", native), ("web", web)):
            for at_once in (1, 8, 64):
                rate, delays = asyncio.run(door(found, at_once, seconds))
                p50, p99 = 1000 * percentile(delays, 0.5), 1000 * percentile(delays, 0.99)
                print(
                    f"{name}, {at_once} at a time: {rate:.0f} calls/s, median {p50:.2f}, 99th percentile {p99:.2f} ms"
                )
        print(f"8 streams: {streamed(found, 8, seconds):.0f} messages/s")


if __name__ == "__main__":
    main()
