"""Which jobs are in memory: all that have not ended, and the newest of those that have."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Final

from google.protobuf.message import DecodeError
from vox.v1 import training_pb2 as pb

from server.jobs.event_log import EventLog
from server.jobs.job import SEQ_JUMP, Job
from server.jobs.record import Record
from server.jobs.store import JobStore

log = logging.getLogger(__name__)

KEPT_ENDED: Final = 32
"""Ended jobs that stay in memory; older ones are read again when somebody asks."""
_LOST_JUMP: Final = 2**40
"""As SEQ_JUMP, where the events are lost and nobody knows how far the seqs had come."""


class Shelf:
    """Confined to the event loop's thread."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._active: dict[str, Job] = {}
        self._ended: OrderedDict[str, Job] = OrderedDict()

    def put(self, job: Job) -> None:
        """A job that has not ended."""
        self._active[job.record.job_id] = job

    def put_away(self, job: Job) -> None:
        """An ended job leaves the active ones, and the oldest of the ended ones leaves the memory."""
        self._active.pop(job.record.job_id, None)
        self._ended[job.record.job_id] = job
        while len(self._ended) > KEPT_ENDED:
            self._ended.popitem(last=False)

    def forget(self, job_id: str) -> None:
        """An ended job was deleted."""
        self._ended.pop(job_id, None)

    def count(self, state: int) -> int:
        """Jobs in ``state``, which is none of the ends."""
        return sum(job.record.state == state for job in self._active.values())

    def unfinished_of(self, owner: str) -> int:
        """Jobs of ``owner`` that have not ended."""
        return sum(job.record.owner == owner for job in self._active.values())

    async def find(self, job_id: str) -> Job | None:
        """The job by its id, read where it is not in memory. Raises StorageError."""
        found = self._active.get(job_id) or self._ended.get(job_id)
        if found is not None:
            return found
        record = await self._store.find(job_id)
        if record is None:
            return None
        job = self.present(record)
        if job.record.is_over:
            self.put_away(job)
            return job
        # Stored, but not yet in the line: whoever made it has no answer yet.
        return self._active.get(job_id)

    def present(self, record: Record) -> Job:
        """The job of a stored record, as it is in memory, or without its events."""
        job = self._active.get(record.job_id) or self._ended.get(record.job_id)
        return job or Job(record, self._store, EventLog(record.job_id, last_seq=record.last_seq))

    async def bring_events(self, job: Job) -> None:
        """Have the job's events at hand. Raises StorageError."""
        if job.has_events:
            return
        record = job.record
        facts = await self._store.events(record.job_id)
        found = EventLog.restored(record.job_id, facts, last_seq=record.last_seq, ended=True)
        if not facts and record.result is not None:
            # Of an earlier version, or recovered without its events: the end is what is left.
            found = EventLog(record.job_id, last_seq=record.last_seq)
            found.append(pb.JobEvent(result=record.result))
        pictures = await asyncio.to_thread(self._store.artifact, record.job_id, record.final_frame)
        if pictures is not None:
            try:
                found.restore_pictures(pictures)
            except DecodeError:
                log.warning("the last pictures of job %s cannot be read", record.job_id)
        else:
            await self._bring_frame(found, record)
        if not job.has_events:
            job.log, job.has_events = found, True

    async def restore(self, record: Record, *, events_lost: bool) -> Job:
        """A job that had not ended when the server did, with its events. Raises StorageError."""
        facts = await self._store.events(record.job_id)
        last = max(record.last_seq, facts[-1][0] if facts else 0) + (_LOST_JUMP if events_lost else SEQ_JUMP)
        job = Job(record, self._store, EventLog.restored(record.job_id, facts, last_seq=last, ended=False))
        await self._bring_frame(job.log, record)
        job.has_events = True
        self.put(job)
        return job

    async def _bring_frame(self, events: EventLog, record: Record) -> None:
        """The newest frame that is on the disk, for a job that has no result to show."""
        frame = await asyncio.to_thread(self._store.last_film_frame, record.job_id)
        if frame is not None:
            events.restore_frame(frame)
