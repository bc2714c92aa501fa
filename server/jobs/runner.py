"""Runs waiting jobs on the training processes, each of which does one at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from prometheus_client import Gauge
from vox.v1 import errors_pb2, jobs_pb2, voxels_pb2
from vox.v1 import training_pb2 as pb

from server.jobs.film import FilmFrame
from server.jobs.job import Job
from server.jobs.line import Line, Pace
from server.jobs.record import GRID_FILE, state_name
from server.jobs.seats import MAX_DEATHS, Seat
from server.jobs.store import JobStore
from server.logs import job_in_hand
from server.metrics import Metrics
from server.reasons import WorkerDied, reason_of, told
from server.worker.messages import (
    Fact,
    Frame,
    FromWorker,
    JobDone,
    JobFailed,
    JobPaused,
    Picture,
    Ready,
    RunJob,
    Usage,
    WorkerSetup,
)
from voxcore.errors import VoxcoreError

log = logging.getLogger(__name__)

CHECKPOINT_FILE: Final = "checkpoint.safetensors"

STOPPING, PAUSING, PAUSED = jobs_pb2.JOB_STATE_STOPPING, jobs_pb2.JOB_STATE_PAUSING, jobs_pb2.JOB_STATE_PAUSED
RUNNING, QUEUED, CANCELLED = jobs_pb2.JOB_STATE_RUNNING, jobs_pb2.JOB_STATE_QUEUED, jobs_pb2.JOB_STATE_CANCELLED


class Runner:
    """The line and the workers behind it, one for each of ``setups``."""

    def __init__(self, store: JobStore, setups: list[WorkerSetup], stop_seconds: float, metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics
        self.line, self.pace = Line(), Pace()
        self.on_end: Callable[[Job], None] = lambda job: None
        self._arrived = asyncio.Event()
        self._stopping = False
        self._seats = [Seat(setup, stop_seconds) for setup in setups]
        self._tasks = [asyncio.create_task(self._run_jobs(seat)) for seat in self._seats]

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping

    @property
    def running(self) -> list[Job]:
        """The jobs that have a worker now."""
        return [seat.job for seat in self._seats if seat.job is not None]

    async def ready(self) -> None:
        """Waits until every worker is warm. Raises WorkerDied where one dies again and again before it is."""
        await asyncio.gather(*(seat.warm() for seat in self._seats))

    async def enqueue(self, job: Job, *events: pb.JobEvent) -> None:
        """Let ``job`` wait for its turn. It is told, after ``events``."""
        job.queue_position = len(self.line) + len(self.running)
        self.line.put(job)
        self.line.estimate(self.running, len(self._seats), self.pace)
        await job.enter(STOPPING if job.cancel_asked else QUEUED, *events)
        self._announce_places()
        self._arrived.set()

    async def cancel(self, job: Job) -> None:
        """Stop ``job``; what it has reached is kept as a map."""
        job.cancel_asked = True
        state = job.record.state
        if any(seat.job is job for seat in self._seats):
            await self._ask_to_stop(job, STOPPING, keep=True)
        elif state in (QUEUED, PAUSED):
            self.line.remove(job)
            job.queue_position = 0
            if job.record.checkpoint_step:
                # A worker has to make a map of the checkpoint.
                await self.enqueue(job)
            else:
                await self._end(job, jobs_pb2.JobResult(state=CANCELLED))
                self._announce_places()

    async def pause(self, job: Job) -> None:
        """Hold ``job``: at once where it waits, after its present step where it runs."""
        if job.record.state == QUEUED and job in self.line:
            self.line.remove(job)
            job.queue_position, job.eta_seconds = 0, 0.0
            await job.enter(PAUSED)
            self._announce_places()
        elif job.record.state == RUNNING:
            await self._ask_to_stop(job, PAUSING, keep=False)

    async def stop(self) -> None:
        """End the workers. Running jobs keep what they have on the disk and run on at the next start."""
        self._stopping = True
        line = pb.LogLine(
            level=pb.LOG_LEVEL_WARNING, message="the server is shutting down; the job goes on at its next start"
        )
        for job in self.running:
            if job.record.state == RUNNING:
                job.tell(pb.JobEvent(log=line))
                self._stop_step(job, keep=False)
        self._arrived.set()
        await asyncio.gather(*self._tasks)
        await asyncio.gather(*(seat.worker.close() for seat in self._seats))

    async def _ask_to_stop(self, job: Job, state: jobs_pb2.JobState.ValueType, *, keep: bool) -> None:
        if job.record.state in (RUNNING, PAUSING) and job.record.state != state:
            self._stop_step(job, keep=keep)
            await job.enter(state)

    def _stop_step(self, job: Job, *, keep: bool) -> None:
        next(seat for seat in self._seats if seat.job is job).stop_step(keep=keep)

    async def _run_jobs(self, seat: Seat) -> None:
        while True:
            await self._arrived.wait()
            if self._stopping:
                return
            if not self.line:
                self._arrived.clear()
                continue
            job = self.line.take()
            seat.take(job)
            job_in_hand.set(job.record.job_id)
            try:
                await self._run(seat, job)
            except WorkerDied as error:
                await self._after_death(seat, job, error)
            except Exception as error:
                log.exception("job %s failed", job.record.job_id)
                await self._end(job, _failure(jobs_pb2.JobError(reason=reason_of(error), message=told(error))))
            finally:
                seat.job = None
                job_in_hand.set("")

    async def _run(self, seat: Seat, job: Job) -> None:
        if not seat.worker.is_alive:
            await seat.renew()
        job.queue_position, job.eta_seconds = 0, 0.0
        now = time.time()
        if not job.record.started:
            self._metrics.queue_seconds.observe(now - job.record.created)
        await job.enter(STOPPING if job.cancel_asked else RUNNING, started=job.record.started or now)
        self._announce_places()
        await seat.worker.ready()
        record, folder = job.record, self._store.folder(job.record.job_id)
        resume_from = folder if (folder / CHECKPOINT_FILE).is_file() else None
        if resume_from is None and record.resumed_from:
            resume_from = self._store.folder(record.resumed_from)
        order = RunJob(
            job_id=record.job_id,
            owner=record.owner,
            config=record.config,
            map_id=record.map_id,
            grid_file=folder / GRID_FILE if not record.map_id else None,
            dataset_id=record.dataset_id,
            resume_from=resume_from,
            output_dir=folder,
        )
        async for message in seat.worker.run(order):
            await self._take(seat, job, message)

    async def _take(self, seat: Seat, job: Job, message: FromWorker) -> None:
        match message:
            case Fact(data):
                await self._take_fact(job, pb.JobEvent.FromString(data))
            case Picture(data):
                self._metrics.events.labels("preview").inc()
                job.log.put_preview(pb.JobEvent.FromString(data))
            case Frame(parts, delta, occupancy):
                self._metrics.events.labels("voxels").inc()
                newest = job.log.put_frame(
                    [voxels_pb2.VoxelKeyframe.FromString(part) for part in parts],
                    voxels_pb2.VoxelDelta.FromString(delta) if delta is not None else None,
                    [voxels_pb2.VoxelOccupancy.FromString(part) for part in occupancy],
                )
                await self._keep(job.film.add, newest)
            case JobDone(data, stopped):
                result = jobs_pb2.JobResult.FromString(data)
                result.state = CANCELLED if stopped else jobs_pb2.JOB_STATE_SUCCEEDED
                await self._end(job, result)
            case JobFailed(data):
                await self._end(job, _failure(jobs_pb2.JobError.FromString(data)))
            case JobPaused():
                await self._after_pause(seat, job)
            case Usage(gpu_bytes):
                self._gpu_bytes(seat).set(gpu_bytes)
            case Ready():
                raise AssertionError("a worker is ready once")

    async def _take_fact(self, job: Job, event: pb.JobEvent) -> None:
        kind = event.WhichOneof("event") or ""
        self._metrics.events.labels(kind).inc()
        if kind == "checkpoint":
            # Whoever is told can rely on it, whatever happens next.
            job.deaths = 0
            await job.change(event, checkpoint_step=event.checkpoint.step, step=event.checkpoint.step)
            return
        if kind == "progress":
            done = event.progress.step - job.record.step
            job.eta_seconds = event.progress.eta_millis / 1000
            left = event.progress.total - event.progress.step
            if left and job.eta_seconds:
                self.pace.saw(job, job.eta_seconds / left)
            if done > 0 and left:
                self._metrics.step_seconds.observe(job.eta_seconds / left)
            job.update(step=event.progress.step)
            if event.progress.step > job.furthest:
                job.furthest, job.deaths = event.progress.step, 0
        elif kind == "started":
            # A job that continues another holds a copy of that one's checkpoint from here on.
            job.update(step=event.started.first_step, checkpoint_step=event.started.first_step)
            # Asked before the process had the job, which it then did not hear.
            if job.cancel_asked or self._stopping or job.record.state == PAUSING:
                self._stop_step(job, keep=job.cancel_asked)
            job.log.follow_wishes(lambda wanted: self._show_occupancy(job, wanted))
        job.tell(event)
        if job.log.unsaved > _MOST_UNSAVED:
            # The disk is slower than the job: let it wait, which fills the pipe and halts the worker.
            await job.change()

    def _show_occupancy(self, job: Job, wanted: bool) -> None:
        for seat in self._seats:
            if seat.job is job:
                seat.worker.show_occupancy(job.record.job_id, wanted)

    async def _after_pause(self, seat: Seat, job: Job) -> None:
        seat.job = None
        if job.cancel_asked:
            # Cancelled while it paused: a worker has to make a map of what it has.
            await self.enqueue(job)
        elif job.record.state == PAUSING:
            job.eta_seconds = 0.0
            await job.enter(PAUSED)
        elif self._stopping:
            await job.enter(QUEUED)
        else:
            # Somebody told the process to leave.
            await self._again(job, "the training process was told to leave")

    async def _after_death(self, seat: Seat, job: Job, error: WorkerDied) -> None:
        self._metrics.worker_deaths.inc()
        state = job.record.state
        seat.job = None
        job.deaths += 1
        if state == STOPPING:
            await self._end(job, jobs_pb2.JobResult(state=CANCELLED))
        elif state == PAUSING:
            await job.enter(PAUSED)
        elif self._stopping:
            await job.enter(QUEUED)
        elif job.deaths >= MAX_DEATHS:
            message = f"{error}, {MAX_DEATHS} times without getting any further"
            died = jobs_pb2.JobError(reason=errors_pb2.ERROR_REASON_WORKER_DIED, message=message)
            await self._end(job, _failure(died))
        else:
            await self._again(job, str(error))
        # What it held is free again.
        self._gpu_bytes(seat).set(0)
        if not self._stopping:
            await seat.renew()

    async def _again(self, job: Job, why: str) -> None:
        message = f"{why}; the job goes on from step {job.record.checkpoint_step}"
        log.warning("job %s: %s", job.record.job_id, message)
        job.update(restarts=job.record.restarts + 1)
        await self.enqueue(job, pb.JobEvent(log=pb.LogLine(level=pb.LOG_LEVEL_WARNING, message=message)))

    async def _end(self, job: Job, result: jobs_pb2.JobResult) -> None:
        """Give ``job`` its end. It is on the disk before anyone is told."""
        succeeded = result.state == jobs_pb2.JOB_STATE_SUCCEEDED
        result.step = result.step or job.record.step
        result.checkpoint_step = 0 if succeeded else job.record.checkpoint_step
        frame = job.log.last_pictures()
        digest = ""
        if frame is not None:
            try:
                digest = await asyncio.to_thread(self._store.save_artifact, job.record.job_id, frame)
            except VoxcoreError:
                log.exception("the last pictures of job %s could not be kept", job.record.job_id)
        await self._keep(self._store.prune_films)
        job.queue_position, job.eta_seconds = 0, 0.0
        told = job.add(pb.JobEvent(state=pb.JobStateChanged(state=result.state)))
        last = job.add(pb.JobEvent(result=result))
        job.update(
            state=result.state, ended=time.time(), result=result, step=result.step, last_seq=last[0], final_frame=digest
        )
        await self._store.end(job.record, told, last)
        job.log.saved(last[0])
        self.line.forget(job)
        self.on_end(job)
        self._metrics.jobs_ended.labels(state_name(result.state)).inc()

    async def _keep(self, work: Callable[..., None], *arguments: FilmFrame) -> None:
        """Work on a film, which a job goes on without."""
        try:
            await asyncio.to_thread(work, *arguments)
        except VoxcoreError as error:
            self._metrics.storage_errors.inc()
            log.warning("a moment of the run is not kept: %s", error)

    def _gpu_bytes(self, seat: Seat) -> Gauge:
        return self._metrics.gpu_bytes.labels(str(self._seats.index(seat)))

    def _announce_places(self) -> None:
        """Tell those who watch a waiting job of its place; others see it when they ask."""
        before = {job.record.job_id: job.queue_position for job in self.line if job.log.watchers}
        self.line.estimate(self.running, len(self._seats), self.pace)
        for job in self.line:
            if job.log.watchers and before[job.record.job_id] != job.queue_position:
                told = pb.JobStateChanged(
                    state=job.record.state,
                    queue_position=job.queue_position,
                    eta_millis=round(job.eta_seconds * 1000),
                )
                job.log.put_place(pb.JobEvent(state=told))


_MOST_UNSAVED: Final = 256


def _failure(error: jobs_pb2.JobError) -> jobs_pb2.JobResult:
    return jobs_pb2.JobResult(state=jobs_pb2.JOB_STATE_FAILED, error=error)
