"""One job in memory: its record, its events, and what was asked of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vox.v1 import jobs_pb2
from vox.v1 import training_pb2 as pb

from server.convert import job_message
from server.jobs.event_log import EventLog
from server.jobs.record import Record

SEQ_JUMP = 2**20
"""After a restart the seqs of a job that had not ended go on this much higher: the last ones it had
given out are not on the disk, and none may come twice."""


class Job:
    """Confined to the event loop's thread. ``record`` is replaced, never changed."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.log = EventLog(record.job_id)
        self.queue_position = 0
        self.cancel_asked = False

    @classmethod
    def restored(cls, record: Record) -> Job:
        """A job of before the server's last start; of its events only the end is left."""
        job = cls(record)
        job.log = EventLog(record.job_id, last_seq=record.last_seq if record.is_over else record.last_seq + SEQ_JUMP)
        if record.result is not None:
            job.log.append(pb.JobEvent(result=record.result))
        return job

    def forget_events(self) -> None:
        """Keep only what a restart would have kept of this ended job."""
        self.log = Job.restored(self.record).log

    def update(self, **changes: Any) -> None:
        """Replace fields of the record."""
        self.record = replace(self.record, **changes)

    def announce(self, state: jobs_pb2.JobState.ValueType, queue_position: int = 0) -> None:
        """Take on ``state`` and tell the watchers."""
        self.queue_position = queue_position
        self.update(state=state)
        self.log.append(pb.JobEvent(state=pb.JobStateChanged(state=state, queue_position=queue_position)))

    def message(self) -> jobs_pb2.Job:
        """The job as clients see it."""
        return job_message(self.record, queue_position=self.queue_position, last_seq=self.log.last_seq)
