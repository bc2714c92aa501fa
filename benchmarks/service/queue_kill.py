"""A thousand queued jobs survive a kill -9 of the server, and all of them end.

python benchmarks/service/queue_kill.py [--jobs 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import grpc
from harness import Server, machine, server
from vox.v1 import jobs_pb2, jobs_pb2_grpc

ENDS = (jobs_pb2.JOB_STATE_SUCCEEDED,)


def spec(prompt: str) -> jobs_pb2.TrainingSpec:
    settings = jobs_pb2.TrainSettings(teacher=jobs_pb2.TEACHER_NOISE, steps=2)
    return jobs_pb2.TrainingSpec(prompt=prompt, map_id="1", settings=settings)


async def create(found: Server, count: int) -> list[str]:
    """Ids of the jobs that the server has acknowledged."""
    async with grpc.aio.insecure_channel(found.address) as channel:
        stub = jobs_pb2_grpc.JobServiceStub(channel)
        blocker = jobs_pb2.TrainingSpec()
        blocker.CopyFrom(spec("sleep=0.2"))
        blocker.settings.steps = 20_000
        await stub.CreateJob(jobs_pb2.CreateJobRequest(spec=blocker))
        places = asyncio.Semaphore(32)

        async def one() -> str:
            async with places:
                answer = await stub.CreateJob(jobs_pb2.CreateJobRequest(spec=spec("sleep=0")))
                return answer.job.job_id

        return await asyncio.gather(*(one() for _ in range(count)))


def listed(found: Server, *states: int) -> dict[str, int]:
    with grpc.insecure_channel(found.address) as channel:
        stub = jobs_pb2_grpc.JobServiceStub(channel)
        jobs: dict[str, int] = {}
        token = ""
        while True:
            request = jobs_pb2.ListJobsRequest(page_size=100, page_token=token, states=states)
            answer = stub.ListJobs(request, timeout=60)
            jobs |= {job.job_id: job.state for job in answer.jobs}
            token = answer.next_page_token
            if not token:
                return jobs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    count = parser.parse_args().jobs
    print(machine())
    with server(f"--max-queue={count + 10}") as found:
        began = time.monotonic()
        ids = asyncio.run(create(found, count))
        print(f"{count} jobs acknowledged in {time.monotonic() - began:.1f} s, 32 calls at a time")
        found.kill()
        began = time.monotonic()
        found.start()
        print(f"ready again {time.monotonic() - began:.1f} s after the kill -9")
        after = listed(found)
        lost = [job_id for job_id in ids if job_id not in after]
        with grpc.insecure_channel(found.address) as channel:
            # The one that would run for an hour makes room.
            (running,) = [j for j in after if j not in set(ids)]
            jobs_pb2_grpc.JobServiceStub(channel).CancelJob(jobs_pb2.CancelJobRequest(job_id=running), timeout=60)
        began = time.monotonic()
        while len(listed(found, *ENDS)) < count - len(lost):
            time.sleep(0.5)
        print(f"{count - len(lost)} jobs ran in {time.monotonic() - began:.1f} s; lost: {len(lost)} (goal 0)")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
