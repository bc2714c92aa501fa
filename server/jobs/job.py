"""One job in memory: its record, its events, and what was asked of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from vox.v1 import jobs_pb2
from vox.v1 import training_pb2 as pb

from server.convert import job_message
from server.jobs.event_log import EventLog
from server.jobs.record import Record
from server.jobs.store import JobStore, Row

SEQ_JUMP: Final = 2**20
"""After a restart the seqs of a job that had not ended go on this much higher: pictures had seqs too and
are not on the disk, and no seq may come twice."""


class Job:
    """Confined to the event loop's thread. ``record`` is replaced, never changed."""

    def __init__(self, record: Record, store: JobStore, log: EventLog | None = None) -> None:
        self.record = record
        self.log = log if log is not None else EventLog(record.job_id)
        self.has_events = log is None
        self.queue_position = 0
        self.eta_seconds = 0.0
        self.cancel_asked = record.state == jobs_pb2.JOB_STATE_STOPPING
        self.film = store.film(record.job_id)
        self.deaths = 0
        self.furthest = 0
        """The last step that any of its processes reached."""
        self._store = store

    def update(self, **changes: Any) -> None:
        """Replace fields of the record."""
        self.record = replace(self.record, **changes)

    def add(self, event: pb.JobEvent) -> Row:
        """Add a fact to the log; `saved` or `tell` makes it visible."""
        return self.log.add(event)

    def tell(self, event: pb.JobEvent) -> None:
        """Add a fact; watchers see it once it is on the disk."""
        row = self.log.add(event)
        future = self._store.add_event(self.record.job_id, row)
        future.add_done_callback(lambda done: self._saved(row[0], done))

    async def change(self, *events: pb.JobEvent, **changes: Any) -> None:
        """Replace fields of the record and add facts, all in one commit; returns once it is on the disk.

        Raises StorageError only where the server stops meanwhile.
        """
        self.update(**changes)
        rows = [self.log.add(event) for event in events]
        await self._store.update(self.record, *rows)
        self.log.saved(rows[-1][0] if rows else 0)

    async def enter(self, state: jobs_pb2.JobState.ValueType, *events: pb.JobEvent, **changes: Any) -> None:
        """Take on ``state`` and say so, after ``events``; as `change`."""
        told = pb.JobStateChanged(
            state=state, queue_position=self.queue_position, eta_millis=round(self.eta_seconds * 1000)
        )
        await self.change(*events, pb.JobEvent(state=told), state=state, **changes)

    def message(self) -> jobs_pb2.Job:
        """The job as clients see it."""
        return job_message(
            self.record,
            queue_position=self.queue_position,
            eta_seconds=self.eta_seconds,
            last_seq=self.log.visible_seq,
        )

    def _saved(self, seq: int, done: Any) -> None:
        # Not saved only where the server stops: what nobody has seen may be missing afterwards.
        if not done.cancelled() and done.exception() is None:
            self.log.saved(seq)
