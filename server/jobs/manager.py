"""All jobs of this server: making them, finding them, stopping and continuing them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from vox.v1 import jobs_pb2
from vox.v1 import training_pb2 as pb

from server.convert import Order, check_request_id
from server.jobs.job import Job
from server.jobs.record import GRID_FILE, Record, RecordStore
from server.jobs.runner import Runner
from server.jobs.watching import Watching
from server.reasons import NoCheckpoint, QueueFull, RequestIdReused, ServerStopping, WrongJobState
from server.settings import Settings
from server.worker.messages import WorkerSetup
from voxcore.errors import NotFound, StorageError, VoxcoreError
from voxcore.maps import VoxelMap, save_map

KEPT_LOGS: Final = 32
"""Ended jobs whose events stay in memory; of older ones the end alone is left."""


class JobManager:
    """Confined to the event loop's thread; make it with `open`."""

    def __init__(self, settings: Settings, store: RecordStore, runner: Runner, lock: int) -> None:
        self.watching = Watching(settings.max_watchers)
        self.is_closed = False
        self._settings, self._store, self._runner, self._lock = settings, store, runner, lock
        self._jobs: dict[str, Job] = {}
        self._by_request: dict[str, Job] = {}
        self._with_events: deque[Job] = deque()

    @classmethod
    async def open(cls, settings: Settings, *, entry: str = "voxcore.job") -> JobManager:
        """Take over ``runs_root``, start the worker, and queue the jobs that waited.

        Raises StorageError, also where another server has this ``runs_root``.
        """
        store = RecordStore(settings.runs_root)
        records = await asyncio.to_thread(store.load_all)
        lock = _lock(settings)
        setup = WorkerSetup(
            entry=entry,
            maps_root=settings.maps_root,
            datasets_root=settings.datasets_root,
            device=settings.device,
            frames_per_second=settings.frames_per_second,
            warm_up=settings.warm_up,
        )
        manager = cls(settings, store, Runner(store, setup, settings.stop_seconds), lock)
        for record in records:
            await manager._restore(record)
        return manager

    async def ready(self) -> None:
        """Waits until a job would start at once. Raises WorkerDied."""
        await self._runner.ready()

    async def close(self) -> None:
        """Stop the running job, keep what it has, end every stream."""
        self.watching.drain()
        await self._runner.stop()
        self.watching.close()
        os.close(self._lock)
        self.is_closed = True

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound(f"no job {job_id[:64]!r}", field="job_id")
        return job

    def newest_first(self) -> Sequence[Job]:
        """All jobs."""
        return list(reversed(self._jobs.values()))

    async def create(self, order: Order, request_id: str) -> Job:
        """Queue a job; the one that ``request_id`` made before, where the spec is the same.

        Raises InvalidInput, RequestIdReused, QueueFull, ServerStopping or StorageError.
        """
        record = self._new_record(order, request_id)
        return self._known(record) or await self._add(record, order.grid)

    async def resume(self, job_id: str, request_id: str) -> Job:
        """Queue a job that goes on where ``job_id`` ended.

        Raises NotFound, WrongJobState, NoCheckpoint, and as `create`.
        """
        old = self.get(job_id).record
        record = self._new_record(Order(old.config, old.map_id, None, old.dataset_id, f"resume {job_id}"), request_id)
        known = self._known(record)
        if known is not None:
            return known
        if not old.is_over or old.state == jobs_pb2.JOB_STATE_SUCCEEDED:
            state = jobs_pb2.JobState.Name(old.state).removeprefix("JOB_STATE_").lower()
            raise WrongJobState(f"expected a job that ended before its last step, got one that is {state}")
        if not old.checkpoint_step:
            raise NoCheckpoint(f"job {job_id} left no checkpoint; start it anew")
        record = Record(**{**vars(record), "resumed_from": job_id})
        return await self._add(record, None)

    async def cancel(self, job_id: str) -> Job:
        """Stop a job; nothing happens to one that has ended. Raises NotFound."""
        job = self.get(job_id)
        if not job.record.is_over:
            await self._runner.cancel(job)
        return job

    def _new_record(self, order: Order, request_id: str) -> Record:
        check_request_id(request_id)
        now = time.time()
        job_id = time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + secrets.token_hex(4)
        return Record(
            job_id, request_id, order.digest, order.config, order.map_id, order.dataset_id, resumed_from="", created=now
        )

    def _known(self, record: Record) -> Job | None:
        job = self._by_request.get(record.request_id) if record.request_id else None
        if job is not None and job.record.digest != record.digest:
            raise RequestIdReused(
                f"expected the spec of job {job.record.job_id}, which this request_id made", field="request_id"
            )
        return job

    async def _add(self, record: Record, grid: VoxelMap | None) -> Job:
        if self._runner.is_stopping:
            raise ServerStopping
        if self._runner.waiting >= self._settings.max_queue:
            raise QueueFull(f"expected at most {self._settings.max_queue} waiting jobs; try again later")
        job = Job(record)
        self._jobs[record.job_id] = job
        if record.request_id:
            self._by_request[record.request_id] = job
        job.log.append(pb.JobEvent(accepted=pb.JobAccepted(job=job.message())))
        # Queued before it is stored, so that the queue's bound holds. The runner stores the job once
        # more, in the same thread and hence later, before it starts.
        self._runner.enqueue(job)
        try:
            await self._runner.on_disk(self._store_new, record, grid)
        except VoxcoreError:
            self._runner.drop(job)
            self._jobs.pop(record.job_id)
            self._by_request.pop(record.request_id, None)
            raise
        self._keep_events_of(job)
        return job

    def _store_new(self, record: Record, grid: VoxelMap | None) -> None:
        self._store.save(record)
        if grid is not None:
            save_map(grid, self._store.folder(record.job_id) / GRID_FILE)
        elif record.resumed_from and not record.map_id:
            source = self._store.folder(record.resumed_from) / GRID_FILE
            try:
                os.link(source, self._store.folder(record.job_id) / GRID_FILE)
            except OSError as error:
                raise StorageError(f"cannot take over {source}: {error.strerror}") from error

    def _keep_events_of(self, job: Job) -> None:
        self._with_events.append(job)
        while len(self._with_events) > KEPT_LOGS and self._with_events[0].record.is_over:
            self._with_events.popleft().forget_events()

    async def _restore(self, record: Record) -> None:
        if record.state in (jobs_pb2.JOB_STATE_RUNNING, jobs_pb2.JOB_STATE_STOPPING):
            result = jobs_pb2.JobResult(
                state=jobs_pb2.JOB_STATE_INTERRUPTED, step=record.step, checkpoint_step=record.checkpoint_step
            )
            changes = {"state": result.state, "result": result, "ended": time.time()}
            job = Job.restored(record)
            job.update(**changes, last_seq=job.log.last_seq)
            job.forget_events()
            await self._runner.on_disk(self._store.save, job.record)
        else:
            job = Job.restored(record)
        self._jobs[record.job_id] = job
        if record.request_id:
            self._by_request[record.request_id] = job
        if job.record.state == jobs_pb2.JOB_STATE_QUEUED:
            self._runner.enqueue(job)


def _lock(settings: Settings) -> int:
    """Hold ``runs_root`` against other servers. Raises StorageError."""
    try:
        descriptor = os.open(settings.runs_root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StorageError(f"cannot use {settings.runs_root}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StorageError(f"another server uses {settings.runs_root}; give this one its own --runs-root") from error
    return descriptor
