"""Random kills of training processes and of the server, with jobs running and being watched all the while.

python benchmarks/service/soak_kills.py [--kills 50] [--jobs 12] [--seed 0]

Afterwards every job must have succeeded with the result that its settings decide, and every event that
anyone was shown, every job that was acknowledged, must still be there.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress

import grpc
from harness import Server, machine, server
from vox.v1 import jobs_pb2, jobs_pb2_grpc, training_pb2, training_pb2_grpc

STEPS, PROMPT = 400, "sleep=0.05 size=8 checkpoint=10"
PICTURES = ("preview", "keyframe", "delta", "gap", "heartbeat")


def is_fact(event: training_pb2.JobEvent) -> bool:
    """Facts are kept for ever; of places in the queue only the newest is told."""
    kind = event.WhichOneof("event")
    return kind not in PICTURES and not (kind == "state" and event.state.state == jobs_pb2.JOB_STATE_QUEUED)


class Watcher(threading.Thread):
    """Follows one job through everything and remembers what it was shown."""

    def __init__(self, found: Server, job_id: str) -> None:
        super().__init__(daemon=True)
        self.found, self.job_id = found, job_id
        self.seen: dict[int, bytes] = {}
        self.after, self.ended, self.disorder = 0, False, 0

    def run(self) -> None:
        while not self.ended:
            with suppress(grpc.RpcError), grpc.insecure_channel(self.found.address) as channel:
                stub = training_pb2_grpc.TrainingServiceStub(channel)
                request = training_pb2.WatchJobRequest(job_id=self.job_id, after_seq=self.after)
                for response in stub.WatchJob(request, timeout=120, wait_for_ready=True):
                    event = response.event
                    if event.seq:
                        self.disorder += event.seq <= self.after
                        self.after = event.seq
                    if is_fact(event):
                        self.seen[event.seq] = event.SerializeToString(deterministic=True)
                    if event.HasField("result"):
                        self.ended = True
                        break
            time.sleep(0.1)


def all_events(found: Server, job_id: str) -> list[training_pb2.JobEvent]:
    with grpc.insecure_channel(found.address) as channel:
        stub = training_pb2_grpc.TrainingServiceStub(channel)
        return [r.event for r in stub.WatchJob(training_pb2.WatchJobRequest(job_id=job_id), timeout=60)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(machine())
    choose = random.Random(args.seed)
    with server("--workers=2", "--max-queue=1000", "--max-watchers=500") as found:
        watchers = []
        with grpc.insecure_channel(found.address) as channel:
            stub = jobs_pb2_grpc.JobServiceStub(channel)
            for i in range(args.jobs):
                settings = jobs_pb2.TrainSettings(teacher=jobs_pb2.TEACHER_NOISE, steps=STEPS, seed=i, log_every=5)
                spec = jobs_pb2.TrainingSpec(prompt=PROMPT, map_id="1", settings=settings)
                job_id = stub.CreateJob(jobs_pb2.CreateJobRequest(spec=spec), timeout=30).job.job_id
                watchers.append(Watcher(found, job_id))
                watchers[-1].start()
        kills = {"worker": 0, "server": 0}
        while sum(kills.values()) < args.kills and not all(w.ended for w in watchers):
            time.sleep(choose.uniform(0.5, 6.0))
            workers = found.workers()
            if workers and choose.random() < 0.7:
                with suppress(ProcessLookupError):
                    os.kill(choose.choice(workers), signal.SIGKILL)
                kills["worker"] += 1
            else:
                found.kill()
                found.start()
                kills["server"] += 1
        for watcher in watchers:
            watcher.join(900)
        problems = []
        restarts = 0
        with grpc.insecure_channel(found.address) as channel:
            stub = jobs_pb2_grpc.JobServiceStub(channel)
            for i, watcher in enumerate(watchers):
                job = stub.GetJob(jobs_pb2.GetJobRequest(job_id=watcher.job_id), timeout=30).job
                restarts += job.restarts
                if job.state != jobs_pb2.JOB_STATE_SUCCEEDED:
                    problems.append(f"{watcher.job_id} is {jobs_pb2.JobState.Name(job.state)}: {job.result.error}")
                expected = hashlib.sha256(f"{PROMPT} {STEPS} {i}".encode()).digest()
                if job.result.sha256 != expected:
                    problems.append(f"{watcher.job_id} has another result")
                kept = {e.seq: e.SerializeToString(deterministic=True) for e in all_events(found, watcher.job_id)}
                lost = [seq for seq, data in watcher.seen.items() if kept.get(seq) != data]
                if lost or watcher.disorder or not watcher.ended:
                    problems.append(f"{watcher.job_id}: lost {lost}, out of order {watcher.disorder}")
        seen = sum(len(w.seen) for w in watchers)
    print(
        f"{kills['worker']} kills of training processes, {kills['server']} of the server; {restarts} restarts of jobs"
    )
    print(f"{args.jobs} jobs, {seen} facts shown to watchers; problems: {len(problems)} (goal 0)")
    for problem in problems:
        print(f"  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
