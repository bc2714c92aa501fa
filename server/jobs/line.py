"""The jobs that wait, in the order in which they will run, and when each may expect its turn."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from itertools import count
from typing import Final

from server.jobs.job import Job

_NEWEST_WEIGHT: Final = 0.3


class Pace:
    """Seconds a step takes, by kind of job, from what was seen so far."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], float] = {}

    def saw(self, job: Job, seconds_per_step: float) -> None:
        """A job of this kind has just taken so long for a step."""
        key = _kind(job)
        before = self._seconds.get(key, seconds_per_step)
        self._seconds[key] = before + _NEWEST_WEIGHT * (seconds_per_step - before)

    def left(self, job: Job) -> float:
        """Estimated seconds from the job's present step to its end; 0 where nothing is known."""
        return self._seconds.get(_kind(job), 0.0) * (job.record.config.steps - job.record.step)


def _kind(job: Job) -> tuple[str, str]:
    return job.record.config.teacher, job.record.config.method


class Line:
    """Higher priority first, then who came first. A job that comes back keeps its place."""

    def __init__(self) -> None:
        self._places: list[tuple[int, int, Job]] = []
        self._ranks: dict[str, int] = {}
        self._next_rank = count()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, job: Job) -> bool:
        return any(waiting is job for waiting in self)

    def __iter__(self) -> Iterator[Job]:
        return (job for _, _, job in self._places)

    def put(self, job: Job) -> None:
        """Let ``job`` wait. One that was asked to stop goes first: it only has to hand in what it has."""
        job_id = job.record.job_id
        rank = self._ranks.setdefault(job_id, next(self._next_rank))
        priority = 1000 if job.cancel_asked else job.record.priority
        insort(self._places, (-priority, rank, job), key=lambda place: place[:2])

    def take(self) -> Job:
        """The job whose turn it is."""
        return self._places.pop(0)[2]

    def remove(self, job: Job) -> None:
        """Take ``job`` out, where it waits."""
        self._places = [place for place in self._places if place[2] is not job]

    def forget(self, job: Job) -> None:
        """``job`` will not come back."""
        self._ranks.pop(job.record.job_id, None)

    def estimate(self, running: list[Job], workers: int, pace: Pace) -> None:
        """Give every waiting job its position and the time until its turn."""
        ahead = sum(pace.left(job) for job in running)
        for position, job in enumerate(self, start=len(running)):
            job.queue_position = position
            job.eta_seconds = ahead / workers if position >= workers else 0.0
            ahead += pace.left(job)
