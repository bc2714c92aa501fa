"""All jobs of this server: making them, finding them, stopping, holding and continuing them."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from google.protobuf.message import DecodeError
from vox.v1 import jobs_pb2
from vox.v1 import training_pb2 as pb

from server.access import Access
from server.convert import Order, check_request_id
from server.jobs.event_log import EventLog
from server.jobs.holding import hold
from server.jobs.job import SEQ_JUMP, Job
from server.jobs.record import ENDS, Record, state_name
from server.jobs.runner import Runner
from server.jobs.store import JobStore
from server.jobs.watching import Watching
from server.metrics import Metrics
from server.owners import Owners
from server.reasons import NoCheckpoint, QueueFull, RequestIdReused, ServerStopping, WrongJobState
from server.rpc import Caller
from server.settings import Settings
from server.worker.messages import WorkerSetup
from voxcore.errors import InvalidInput, NotFound
from voxcore.maps import VoxelMap

log = logging.getLogger(__name__)

KEPT_ENDED: Final = 32
"""Ended jobs that stay in memory; older ones are read again when somebody asks."""
_PRUNE_EVERY: Final = 64
_LOST_JUMP: Final = 2**40
"""As SEQ_JUMP, where the events are lost and nobody knows how far the seqs had come."""


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
        self._active: dict[str, Job] = {}
        self._ended: OrderedDict[str, Job] = OrderedDict()
        self._making: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._arriving = self._made = 0
        metrics.watchers.set_function(lambda: self.watching.count)
        for state in jobs_pb2.JobState.values():
            if state and state not in ENDS:
                metrics.jobs.labels(state_name(state)).set_function(functools.partial(self._count, state))

    @classmethod
    async def open(cls, settings: Settings, metrics: Metrics, *, entry: str = "voxcore.job") -> JobManager:
        """Take over ``runs_root``, start the workers, and go on with the jobs that had not ended.

        Raises StorageError, also where another server has this ``runs_root``; InvalidConfig for a tokens
        file that cannot be used.
        """
        access = Access.load(settings.tokens_file)
        lock = hold(settings.runs_root)
        try:
            store, recovered = await JobStore.open(settings.runs_root, metrics)
            records = await store.unfinished()
            owners = await asyncio.to_thread(Owners.load, settings)
        except BaseException:
            os.close(lock)
            raise
        runner = Runner(store, _setups(settings, entry), settings.stop_seconds, metrics)
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
        job = self._active.get(job_id) or self._ended.get(job_id) or await self._load(job_id)
        if job is None or not caller.may_see(job.record.owner):
            raise NotFound(f"no job {job_id[:64]!r}", field="job_id")
        return job

    async def watchable(self, job_id: str, caller: Caller) -> Job:
        """As `get`, with the job's events at hand."""
        job = await self.get(job_id, caller)
        if not job.has_events:
            record = job.record
            facts = await self._store.events(job_id)
            found = EventLog.restored(job_id, facts, last_seq=record.last_seq, ended=True)
            if not facts and record.result is not None:
                # Of an earlier version, or recovered without its events: the end is what is left.
                found = EventLog(job_id, last_seq=record.last_seq)
                found.append(pb.JobEvent(result=record.result))
            frame = await asyncio.to_thread(self._store.artifact, job_id, record.final_frame)
            if frame is not None:
                try:
                    found.restore_pictures(frame)
                except DecodeError:
                    log.warning("the last pictures of job %s cannot be read", job_id)
            if not job.has_events:
                job.log, job.has_events = found, True
        return job

    async def page(self, caller: Caller, token: str, states: Sequence[int], count: int) -> tuple[list[Job], str]:
        """The caller's jobs, newest first, and the token of the next page. Raises InvalidInput, StorageError."""
        owner = None if caller.is_admin else caller.name
        found = await self._store.page(owner, token, states, count)
        if found is None:
            raise InvalidInput(
                f"expected the token of an earlier page of this list, got {token[:40]!r}", field="page_token"
            )
        jobs = [self._present(record) for record in found.records]
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
        self._ended.pop(job_id, None)

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
        return self._present(found)

    def _check_open(self) -> None:
        if self._runner.is_stopping:
            raise ServerStopping
        if len(self._runner.line) + self._arriving >= self._settings.max_queue:
            raise QueueFull(f"expected at most {self._settings.max_queue} waiting jobs; try again later")

    async def _add(self, record: Record, grid: VoxelMap | None) -> Job:
        self._check_open()
        self.access.quota(Caller(record.owner)).check("max_jobs", 1 + self._unfinished_of(record.owner))
        job = Job(record, self._store)
        accepted = job.add(pb.JobEvent(accepted=pb.JobAccepted(job=job.message())))
        self._arriving += 1
        try:
            await self._store.add(record, accepted, grid)
        finally:
            self._arriving -= 1
        job.log.saved(accepted[0])
        self._active[record.job_id] = job
        self._metrics.jobs_made.inc()
        await self._runner.enqueue(job)
        self._made += 1
        if self._made % _PRUNE_EVERY == 0:
            await self._store.prune(self._settings.max_kept_jobs)
        return job

    def _unfinished_of(self, owner: str) -> int:
        return sum(job.record.owner == owner for job in self._active.values())

    def _put_away(self, job: Job) -> None:
        """An ended job leaves the active ones, and the oldest of the ended ones leaves the memory."""
        if job.record.result is not None and job.record.result.map_id:
            # From now on its bytes count.
            self.owners.owner_of(job.record.result.map_id)
        self._active.pop(job.record.job_id, None)
        self._ended[job.record.job_id] = job
        while len(self._ended) > KEPT_ENDED:
            self._ended.popitem(last=False)

    async def _load(self, job_id: str) -> Job | None:
        record = await self._store.find(job_id)
        if record is None:
            return None
        job = self._present(record)
        if job.record.is_over:
            self._put_away(job)
            return job
        # Stored, but not yet in the line: whoever made it has no answer yet.
        return self._active.get(job_id)

    def _present(self, record: Record) -> Job:
        """The job of a stored record, as it is in memory, or without its events."""
        job = self._active.get(record.job_id) or self._ended.get(record.job_id)
        return job or Job(record, self._store, EventLog(record.job_id, last_seq=record.last_seq))

    async def _restore(self, record: Record, *, events_lost: bool) -> None:
        facts = await self._store.events(record.job_id)
        last = max(record.last_seq, facts[-1][0] if facts else 0) + (_LOST_JUMP if events_lost else SEQ_JUMP)
        job = Job(record, self._store, EventLog.restored(record.job_id, facts, last_seq=last, ended=False))
        job.has_events = True
        self._active[record.job_id] = job
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

    def _count(self, state: int) -> int:
        return sum(job.record.state == state for job in self._active.values())


def _setups(settings: Settings, entry: str) -> list[WorkerSetup]:
    """One for each worker: each has a GPU of its own, or its share of the processor's cores."""
    on_gpu = settings.device == "cuda" and settings.workers > 1
    threads = 0 if on_gpu or settings.workers == 1 else max(1, (os.cpu_count() or 1) // settings.workers)
    return [
        WorkerSetup(
            entry=entry,
            maps_root=settings.maps_root,
            datasets_root=settings.datasets_root,
            device=f"cuda:{i}" if on_gpu else settings.device,
            frames_per_second=settings.frames_per_second,
            warm_up=settings.warm_up,
            threads=threads,
            log_json=settings.log_json,
        )
        for i in range(settings.workers)
    ]
