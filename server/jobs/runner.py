"""Runs queued jobs on the training process, one at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from vox.v1 import errors_pb2, jobs_pb2, voxels_pb2
from vox.v1 import training_pb2 as pb

from server.jobs.job import Job
from server.jobs.record import GRID_FILE, RecordStore
from server.reasons import WorkerDied, reason_of
from server.worker.handle import Worker
from server.worker.messages import Fact, Frame, FromWorker, JobDone, JobFailed, Picture, Ready, RunJob, WorkerSetup
from voxcore.errors import VoxcoreError

log = logging.getLogger(__name__)


class Runner:
    """The queue and the worker behind it.

    Records are written by one thread, so they reach the disk in the order in which they were made.
    """

    def __init__(self, store: RecordStore, setup: WorkerSetup, stop_seconds: float) -> None:
        self._store, self._setup, self._stop_seconds = store, setup, stop_seconds
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="records")
        self._queue: deque[Job] = deque()
        self._arrived = asyncio.Event()
        self._current: Job | None = None
        self._stopping = False
        self._worker = Worker(setup)
        self._loop_task = asyncio.create_task(self._run_jobs())

    @property
    def waiting(self) -> int:
        """Number of jobs in the queue."""
        return len(self._queue)

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping

    async def ready(self) -> None:
        """Waits until the worker is warm. Raises WorkerDied."""
        await self._worker.ready()

    async def on_disk(self, save: Callable[..., None], *arguments: object) -> None:
        """Calls ``save(*arguments)`` in the thread that writes records. Raises what it raises."""
        await asyncio.get_running_loop().run_in_executor(self._disk, save, *arguments)

    def enqueue(self, job: Job) -> None:
        """Put ``job`` at the end of the queue."""
        self._queue.append(job)
        self._announce_positions()
        self._arrived.set()

    async def cancel(self, job: Job) -> None:
        """Take a queued job out of the queue, or ask the running one to stop."""
        job.cancel_asked = True
        if job in self._queue:
            self._queue.remove(job)
            await self._end(job, jobs_pb2.JobResult(state=jobs_pb2.JOB_STATE_CANCELLED))
            self._announce_positions()
        elif job is self._current:
            self._ask_to_stop(job)

    def drop(self, job: Job) -> None:
        """Take out a job that could not be stored."""
        if job in self._queue:
            self._queue.remove(job)

    async def stop(self) -> None:
        """End the running job with what it has, and the worker. Queued jobs stay queued on the disk."""
        self._stopping = True
        if self._current is not None:
            line = pb.LogLine(level=pb.LOG_LEVEL_WARNING, message="the server is shutting down; the job is stopped")
            self._current.log.append(pb.JobEvent(log=line))
            self._ask_to_stop(self._current)
        self._arrived.set()
        await self._loop_task
        await self._worker.close()
        await asyncio.to_thread(self._disk.shutdown)

    def _ask_to_stop(self, job: Job) -> None:
        if job.record.state != jobs_pb2.JOB_STATE_RUNNING:
            return
        job.announce(jobs_pb2.JOB_STATE_STOPPING)
        self._worker.stop_job(job.record.job_id)

        def end_by_force() -> None:
            if self._current is job:
                log.warning("job %s did not stop in time; its process is ended", job.record.job_id)
                self._worker.kill()

        asyncio.get_running_loop().call_later(self._stop_seconds, end_by_force)

    async def _run_jobs(self) -> None:
        while True:
            await self._arrived.wait()
            if self._stopping:
                return
            if not self._queue:
                self._arrived.clear()
                continue
            job = self._current = self._queue.popleft()
            try:
                await self._run(job)
            except WorkerDied as error:
                await self._end(job, self._result_after_death(job, error))
                await self._new_worker()
            except Exception as error:
                log.exception("job %s failed", job.record.job_id)
                message = (
                    str(error) if isinstance(error, VoxcoreError) else "a bug in the server; its log has the details"
                )
                await self._end(job, _failure(jobs_pb2.JobError(reason=reason_of(error), message=message)))
            finally:
                self._current = None

    async def _run(self, job: Job) -> None:
        if not self._worker.is_alive:
            await self._new_worker()
        job.update(started=time.time())
        job.announce(jobs_pb2.JOB_STATE_RUNNING)
        self._announce_positions()
        await self._save(job)
        await self._worker.ready()
        record = job.record
        folder = self._store.folder(record.job_id)
        order = RunJob(
            job_id=record.job_id,
            config=record.config,
            map_id=record.map_id,
            grid_file=folder / GRID_FILE if not record.map_id else None,
            dataset_id=record.dataset_id,
            resume_from=self._store.folder(record.resumed_from) if record.resumed_from else None,
            output_dir=folder,
        )
        async for message in self._worker.run(order):
            await self._take(job, message)

    async def _take(self, job: Job, message: FromWorker) -> None:
        match message:
            case Fact(data):
                await self._take_fact(job, pb.JobEvent.FromString(data))
            case Picture(data):
                job.log.put_preview(pb.JobEvent.FromString(data))
            case Frame(parts, delta):
                job.log.put_frame(
                    [voxels_pb2.VoxelKeyframe.FromString(part) for part in parts],
                    voxels_pb2.VoxelDelta.FromString(delta) if delta is not None else None,
                )
            case JobDone(data, stopped):
                result = jobs_pb2.JobResult.FromString(data)
                result.state = self._end_state(job) if stopped else jobs_pb2.JOB_STATE_SUCCEEDED
                await self._end(job, result)
            case JobFailed(data):
                await self._end(job, _failure(jobs_pb2.JobError.FromString(data)))
            case Ready():
                raise AssertionError("a worker is ready once")

    async def _take_fact(self, job: Job, event: pb.JobEvent) -> None:
        kind = event.WhichOneof("event")
        if kind == "progress":
            job.update(step=event.progress.step)
        elif kind == "started":
            # A job that continues another holds a copy of that one's checkpoint from here on.
            job.update(step=event.started.first_step, checkpoint_step=event.started.first_step)
        elif kind == "checkpoint":
            # On the disk first: whoever is told can resume from it, whatever happens next.
            job.update(checkpoint_step=event.checkpoint.step)
            await self._save(job)
        job.log.append(event)

    @staticmethod
    def _end_state(job: Job) -> jobs_pb2.JobState.ValueType:
        return jobs_pb2.JOB_STATE_CANCELLED if job.cancel_asked else jobs_pb2.JOB_STATE_INTERRUPTED

    def _result_after_death(self, job: Job, error: WorkerDied) -> jobs_pb2.JobResult:
        if job.record.state == jobs_pb2.JOB_STATE_STOPPING:
            return jobs_pb2.JobResult(state=self._end_state(job))
        step = job.record.checkpoint_step
        hint = f"resumable from the checkpoint of step {step}" if step else "there was no checkpoint yet"
        return _failure(jobs_pb2.JobError(reason=errors_pb2.ERROR_REASON_WORKER_DIED, message=f"{error}; {hint}"))

    async def _end(self, job: Job, result: jobs_pb2.JobResult) -> None:
        """Give ``job`` its end. It is on the disk before anyone is told."""
        succeeded = result.state == jobs_pb2.JOB_STATE_SUCCEEDED
        result.step = result.step or job.record.step
        result.checkpoint_step = 0 if succeeded else job.record.checkpoint_step
        job.update(
            state=result.state, ended=time.time(), result=result, step=result.step, last_seq=job.log.last_seq + 2
        )
        try:
            await self.on_disk(self._store.save, job.record)
        except VoxcoreError:
            log.exception("the end of job %s could not be stored", job.record.job_id)
        job.announce(result.state)
        job.log.append(pb.JobEvent(result=result))

    async def _save(self, job: Job) -> None:
        job.update(last_seq=job.log.last_seq)
        await self.on_disk(self._store.save, job.record)

    async def _new_worker(self) -> None:
        await self._worker.close()
        self._worker = Worker(self._setup)

    def _announce_positions(self) -> None:
        ahead = 1 if self._current is not None else 0
        for position, job in enumerate(self._queue, start=ahead):
            if job.queue_position != position or job.log.last_seq <= 1:
                job.announce(jobs_pb2.JOB_STATE_QUEUED, position)


def _failure(error: jobs_pb2.JobError) -> jobs_pb2.JobResult:
    return jobs_pb2.JobResult(state=jobs_pb2.JOB_STATE_FAILED, error=error)
