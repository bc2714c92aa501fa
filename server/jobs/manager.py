"""All jobs of this server: making them, finding them, stopping, holding and continuing them."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from vox.v1 import jobs_pb2
from vox.v1 import training_pb2 as pb

from server.access import Access
from server.convert import Order, check_request_id
from server.jobs.holding import hold
from server.jobs.job import Job
from server.jobs.record import ENDS, Record, state_name
from server.jobs.runner import Runner
from server.jobs.seats import worker_setups
from server.jobs.shelf import Shelf
from server.jobs.store import FilmLimits, JobStore
from server.jobs.watching import Watching
from server.metrics import Metrics
from server.owners import Owners
from server.reasons import NoCheckpoint, QueueFull, RequestIdReused, ServerStopping, WrongJobState
from server.rpc import Caller
from server.settings import Settings
from voxcore.errors import InvalidInput, NotFound
from voxcore.maps import VoxelMap

log = logging.getLogger(__name__)

_PRUNE_EVERY: Final = 64


class JobManager:
    """Confined to the event loop's thread; make it with `open`."""

    def __init__(
        self,
        settings: Settings,
        store: JobStore,
        runner: Runner,
        lock: int,
        metrics: Metrics,
        access: Access,
        owners: Owners,
    ) -> None:
        self.watching = Watching(settings.max_watchers, settings.max_stream_seconds)
        self.is_closed = False
        self._settings, self._store, self._runner = settings, store, runner
        self._lock, self._metrics = lock, metrics
        self.access, self.owners = access, owners
        self._shelf = Shelf(store)
        self._making: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._arriving = self._made = 0
        metrics.watchers.set_function(lambda: self.watching.count)
        for state in jobs_pb2.JobState.values():
            if state and state not in ENDS:
                metrics.jobs.labels(state_name(state)).set_function(functools.partial(self._shelf.count, state))

    @classmethod
    async def open(cls, settings: Settings, metrics: Metrics, *, entry: str = "voxcore.job") -> JobManager:
        """Take over ``runs_root``, start the workers, and go on with the jobs that had not ended.

        Raises StorageError, also where another server has this ``runs_root``; InvalidConfig for a tokens
        file that cannot be used.
        """
        access = Access.load(settings.tokens_file)
        lock = hold(settings.runs_root)
        try:
            store, recovered = await JobStore.open(
                settings.runs_root, metrics, FilmLimits(settings.max_film_bytes, settings.max_films_bytes)
            )
            records = await store.unfinished()
            owners = await asyncio.to_thread(Owners.load, settings)
        except BaseException:
            os.close(lock)
            raise
        runner = Runner(store, worker_setups(settings, entry), settings.stop_seconds, metrics)
        manager = cls(settings, store, runner, lock, metrics, access, owners)
        runner.on_end = manager._put_away
        lost = {record.job_id for record in recovered}
        for record in records:
            await manager._restore(record, events_lost=record.job_id in lost)
        return manager

    async def ready(self) -> None:
        """Waits until a job would start at once. Raises WorkerDied."""
        await self._runner.ready()

    async def close(self) -> None:
        """Stop the running jobs where they are, end every stream; all goes on at the next start."""
        await self._runner.stop()
        self.watching.close()
        await self._store.database.close()
        os.close(self._lock)
        self.is_closed = True

    async def get(self, job_id: str, caller: Caller) -> Job:
        """The caller's job. Raises NotFound, also for a job of somebody else's; StorageError."""
        job = await self._shelf.find(job_id)
        if job is None or not caller.may_see(job.record.owner):
            raise NotFound(f"no job {job_id[:64]!r}", field="job_id")
        return job

    async def watchable(self, job_id: str, caller: Caller) -> Job:
        """As `get`, with the job's events at hand."""
        job = await self.get(job_id, caller)
        await self._shelf.bring_events(job)
        return job

    async def replay(self, job_id: str, after_seq: int, caller: Caller) -> AsyncGenerator[bytes]:
        """Responses with the frames of the job's film that come after ``after_seq``.

        Raises as `get`, and TooManyWatchers or ServerStopping.
        """
        job = await self.get(job_id, caller)
        async with aclosing(self.watching.replay(job, self._store.film_frames(job_id, after_seq))) as responses:
            async for response in responses:
                yield response

    async def page(self, caller: Caller, token: str, states: Sequence[int], count: int) -> tuple[list[Job], str]:
        """The caller's jobs, newest first, and the token of the next page. Raises InvalidInput, StorageError."""
        owner = None if caller.is_admin else caller.name
        found = await self._store.page(owner, token, states, count)
        if found is None:
            raise InvalidInput(
                f"expected the token of an earlier page of this list, got {token[:40]!r}", field="page_token"
            )
        jobs = [self._shelf.present(record) for record in found.records]
        return jobs, found.records[-1].job_id if found.more else ""

    async def create(self, order: Order, request_id: str, caller: Caller) -> Job:
        """Queue a job; the one that ``request_id`` made before, where the spec is the same.

        Raises InvalidInput, RequestIdReused, QueueFull, QuotaExceeded, ServerStopping or StorageError.
        """
        return await self._create(self._new_record(order, request_id, caller), order.grid, caller)

    async def resume(self, job_id: str, request_id: str, caller: Caller) -> Job:
        """Let a paused job go on; or queue a job that goes on where ``job_id`` ended.

        Raises NotFound, WrongJobState, NoCheckpoint, and as `create`.
        """
        job = await self.get(job_id, caller)
        old = job.record
        if old.state == jobs_pb2.JOB_STATE_PAUSED:
            self._check_open()
            await self._runner.enqueue(job)
            return job
        record = self._new_record(
            Order(old.config, old.map_id, None, old.dataset_id, f"resume {job_id}", old.priority), request_id, caller
        )
        record = replace(record, resumed_from=job_id)
        known = await self._known(record)
        if known is not None:
            return known
        if not old.is_over or old.state == jobs_pb2.JOB_STATE_SUCCEEDED:
            raise WrongJobState(
                f"expected a job that ended before its last step, got one that is {state_name(old.state)}"
            )
        if not old.checkpoint_step:
            raise NoCheckpoint(f"job {job_id} left no checkpoint; start it anew")
        return await self._create(record, None, caller)

    async def cancel(self, job_id: str, caller: Caller) -> Job:
        """Stop a job; nothing happens to one that has ended. Raises NotFound."""
        job = await self.get(job_id, caller)
        if not job.record.is_over:
            await self._runner.cancel(job)
        return job

    async def pause(self, job_id: str, caller: Caller) -> Job:
        """Hold a job. Raises NotFound, or WrongJobState for one that has ended or is being stopped."""
        job = await self.get(job_id, caller)
        if job.record.is_over or job.cancel_asked:
            raise WrongJobState(f"expected a job that waits or runs, got one that is {state_name(job.record.state)}")
        await self._runner.pause(job)
        return job

    async def delete(self, job_id: str, caller: Caller) -> None:
        """Forget an ended job. Raises NotFound, WrongJobState or StorageError."""
        job = await self.get(job_id, caller)
        if not job.record.is_over:
            raise WrongJobState(f"expected a job that has ended, got one that is {state_name(job.record.state)}")
        await self._store.delete(job_id)
        self._shelf.forget(job_id)

    def _new_record(self, order: Order, request_id: str, caller: Caller) -> Record:
        check_request_id(request_id)
        now = time.time()
        job_id = time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + secrets.token_hex(4)
        return Record(
            job_id,
            request_id.lower(),
            order.digest,
            order.config,
            order.map_id,
            order.dataset_id,
            resumed_from="",
            created=now,
            owner=caller.name,
            priority=order.priority,
        )

    async def _create(self, record: Record, grid: VoxelMap | None, caller: Caller) -> Job:
        """One at a time for each request_id: the second finds what the first one made."""
        if not record.request_id:
            return await self._add(record, grid)
        key = (record.owner, record.request_id)
        while (first := self._making.get(key)) is not None:
            await asyncio.wait([first])
        self._making[key] = asyncio.get_running_loop().create_future()
        try:
            return await self._known(record) or await self._add(record, grid)
        finally:
            self._making.pop(key).set_result(None)

    async def _known(self, record: Record) -> Job | None:
        if not record.request_id:
            return None
        found = await self._store.find_request(record.owner, record.request_id)
        if found is None:
            return None
        if found.digest != record.digest:
            raise RequestIdReused(
                f"expected the spec of job {found.job_id}, which this request_id made", field="request_id"
            )
        return self._shelf.present(found)

    def _check_open(self) -> None:
        if self._runner.is_stopping:
            raise ServerStopping
        if len(self._runner.line) + self._arriving >= self._settings.max_queue:
            raise QueueFull(f"expected at most {self._settings.max_queue} waiting jobs; try again later")

    async def _add(self, record: Record, grid: VoxelMap | None) -> Job:
        self._check_open()
        self.access.quota(Caller(record.owner)).check("max_jobs", 1 + self._shelf.unfinished_of(record.owner))
        job = Job(record, self._store)
        accepted = job.add(pb.JobEvent(accepted=pb.JobAccepted(job=job.message())))
        self._arriving += 1
        try:
            await self._store.add(record, accepted, grid)
        finally:
            self._arriving -= 1
        job.log.saved(accepted[0])
        self._shelf.put(job)
        self._metrics.jobs_made.inc()
        await self._runner.enqueue(job)
        self._made += 1
        if self._made % _PRUNE_EVERY == 0:
            await self._store.prune(self._settings.max_kept_jobs)
        return job

    def _put_away(self, job: Job) -> None:
        if job.record.result is not None and job.record.result.map_id:
            # From now on its bytes count.
            self.owners.owner_of(job.record.result.map_id)
        self._shelf.put_away(job)

    async def _restore(self, record: Record, *, events_lost: bool) -> None:
        job = await self._shelf.restore(record, events_lost=events_lost)
        state = record.state
        if state in (jobs_pb2.JOB_STATE_PAUSED, jobs_pb2.JOB_STATE_PAUSING):
            if state == jobs_pb2.JOB_STATE_PAUSING:
                await job.enter(jobs_pb2.JOB_STATE_PAUSED)
        elif state == jobs_pb2.JOB_STATE_QUEUED and not events_lost:
            await self._runner.enqueue(job)
        else:
            why = "the jobs' database was lost" if events_lost else "the server was ended"
            line = pb.LogLine(
                level=pb.LOG_LEVEL_WARNING, message=f"{why}; the job goes on from step {record.checkpoint_step}"
            )
            job.update(restarts=record.restarts + 1)
            await self._runner.enqueue(job, pb.JobEvent(log=line))
