"""A training process that does what the test says, and a manager around it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import pytest
from vox.v1 import jobs_pb2
from vox.v1 import training_pb2 as pb

from server.convert import Order
from server.jobs import seats as seats_module
from server.jobs.event_log import Cursor
from server.jobs.job import Job
from server.jobs.manager import JobManager
from server.metrics import Metrics
from server.reasons import (
    WorkerDied,
)
from server.rpc import Caller
from server.settings import Settings
from server.worker.messages import Fact, FromWorker, JobDone, JobFailed, JobPaused, RunJob
from voxcore.config import TrainConfig

ME = Caller()
ORDER = Order(TrainConfig.create("a tower", teacher="noise"), "1", None, "", "digest")


class FakeWorker:
    """Says what the test puts into ``script``; a message may be an exception."""

    made: ClassVar[list["FakeWorker"]] = []

    def __init__(self, setup: object) -> None:
        self.script: asyncio.Queue[FromWorker | Exception] = asyncio.Queue()
        self.ran: list[RunJob] = []
        self.stopped: list[tuple[str, bool]] = []
        self.occupancy: list[bool] = []
        self.is_alive, self.closed = True, False
        self.made.append(self)

    async def ready(self) -> None:
        pass

    async def run(self, job: RunJob) -> AsyncIterator[FromWorker]:
        self.ran.append(job)
        while True:
            message = await self.script.get()
            if isinstance(message, Exception):
                raise message
            yield message
            if isinstance(message, JobDone | JobFailed | JobPaused):
                return

    def stop_job(self, job_id: str, *, keep: bool) -> None:
        self.stopped.append((job_id, keep))

    def show_occupancy(self, job_id: str, wanted: bool) -> None:
        assert job_id == self.ran[-1].job_id
        self.occupancy.append(wanted)

    def kill(self) -> None:
        self.script.put_nowait(WorkerDied("the training process ended by signal 9"))

    async def close(self) -> None:
        self.closed = True


def fact(**event: object) -> Fact:
    return Fact(pb.JobEvent(**event).SerializeToString())


def done(map_id: str = "trained_map_1_1", *, stopped: bool = False, step: int = 20) -> JobDone:
    return JobDone(jobs_pb2.JobResult(map_id=map_id, step=step).SerializeToString(), stopped)


def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, test: Callable[[JobManager], Awaitable[None]], **changes
) -> None:
    """``test`` with a manager on ``tmp_path``, closed afterwards."""
    monkeypatch.setattr(seats_module, "Worker", FakeWorker)
    settings = Settings(runs_root=tmp_path / "runs", maps_root=tmp_path / "maps", **changes)

    async def main() -> None:
        FakeWorker.made = []
        manager = await JobManager.open(settings, Metrics())
        try:
            await asyncio.wait_for(test(manager), 20)
        finally:
            if not manager.is_closed:
                worker().script.put_nowait(done(stopped=True))
                await manager.close()

    asyncio.run(main())


def worker() -> FakeWorker:
    return FakeWorker.made[-1]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def events_of(manager: JobManager, job: Job, **cursor) -> list[pb.JobEvent]:
    stream = manager.watching.stream(job, Cursor(**cursor))
    return [pb.WatchJobResponse.FromString(data).event async for data in stream]


def kinds(events: list[pb.JobEvent]) -> list[str]:
    return [event.WhichOneof("event") or "" for event in events]


def states(events: list[pb.JobEvent]) -> list[str]:
    return [jobs_pb2.JobState.Name(e.state.state)[10:] for e in events if e.HasField("state")]


async def page_of(manager: JobManager, count: int = 100) -> list[Job]:
    return (await manager.page(ME, "", [], count))[0]


async def stopped_job(manager: JobManager, order: Order = ORDER, checkpoint: int = 7) -> Job:
    job = await manager.create(order, "", ME)
    await until(lambda: bool(worker().ran) and worker().ran[-1].job_id == job.record.job_id)
    await manager.cancel(job.record.job_id, ME)
    if checkpoint:
        worker().script.put_nowait(fact(checkpoint=pb.CheckpointSaved(step=checkpoint)))
    worker().script.put_nowait(done(stopped=True, step=checkpoint))
    await events_of(manager, job)
    return job
