"""Streams and polls of a job's events, and how many there may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from vox.v1 import training_pb2 as pb

from server.jobs.event_log import Cursor, EventLog
from server.jobs.film import FilmFrame
from server.jobs.job import Job
from server.reasons import ServerStopping, StreamTooOld, TooManyWatchers

HEARTBEAT_SECONDS: Final = 15.0
POLL_BYTES: Final = 2**20 - 2**12
MAX_POLL_SECONDS: Final = 30.0


class Watching:
    """Serves events to any number of watchers up to ``max_watchers``."""

    def __init__(self, max_watchers: int, max_stream_seconds: float) -> None:
        self._max_watchers, self._max_stream_seconds = max_watchers, max_stream_seconds
        self._watched: list[EventLog] = []
        self._closed = False

    @property
    def count(self) -> int:
        """Open streams and polls."""
        return len(self._watched)

    async def stream(self, job: Job, cursor: Cursor) -> AsyncGenerator[bytes]:
        """Responses with the job's events from ``cursor`` to its end.

        Raises TooManyWatchers; ServerStopping where the server's end is why there is no more, and
        StreamTooOld where it has been long enough.
        """
        log = job.log
        too_old = asyncio.get_running_loop().time() + self._max_stream_seconds
        with self._seat(log, cursor):
            while True:
                if asyncio.get_running_loop().time() > too_old:
                    raise StreamTooOld(cursor.after_seq)
                changed = log.changed
                batch = log.read(cursor)
                for _, response in batch:
                    yield response
                if batch:
                    continue
                if log.ended:
                    return
                if self._closed:
                    raise ServerStopping(cursor.after_seq)
                try:
                    # Not wait_for: up to Python 3.11 it may swallow the cancellation of a client that left.
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    yield log.heartbeat()

    async def replay(self, job: Job, frames: Iterator[FilmFrame]) -> AsyncGenerator[bytes]:
        """Responses with ``frames``, read from the disk one by one. Raises TooManyWatchers, ServerStopping."""
        with self._seat(job.log, Cursor()):
            while (frame := await asyncio.to_thread(next, frames, None)) is not None:
                for response in frame.parts:
                    yield response
                if self._closed:
                    raise ServerStopping(frame.seq)

    async def poll(self, job: Job, cursor: Cursor, wait_seconds: float) -> bytes:
        """A PollJobEventsResponse with what there is, once there is something or the time is over.

        Raises as `stream`.
        """
        log = job.log
        with self._seat(log, cursor):
            changed = log.changed
            batch = log.read(cursor)
            if not batch and not log.ended and not self._closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(wait_seconds, MAX_POLL_SECONDS)):
                        await changed.wait()
                batch = log.read(cursor)
            if not batch and not log.ended and self._closed:
                raise ServerStopping(cursor.after_seq)
            taken, size = 0, 0
            while taken < len(batch) and (taken == 0 or size + len(batch[taken][1]) <= POLL_BYTES):
                size += len(batch[taken][1])
                taken += 1
            finished = log.ended and taken == len(batch) and cursor.after_seq >= log.visible_seq
            tail = pb.PollJobEventsResponse(finished=finished).SerializeToString()
            return b"".join(response for _, response in batch[:taken]) + tail

    def close(self) -> None:
        """The server is shutting down: every watcher gets what there is and then ServerStopping."""
        self._closed = True
        for log in self._watched:
            log.wake()

    def check_seat(self) -> None:
        """Raises TooManyWatchers where one more stream would be too many."""
        if len(self._watched) >= self._max_watchers:
            raise TooManyWatchers(f"expected at most {self._max_watchers} open streams, they are all taken")

    @contextmanager
    def _seat(self, log: EventLog, cursor: Cursor) -> Iterator[None]:
        self.check_seat()
        self._watched.append(log)
        log.watchers += 1
        log.wish_for_occupancy(cursor.occupancy)
        try:
            yield
        finally:
            log.watchers -= 1
            log.wish_for_occupancy(-cursor.occupancy)
            self._watched.remove(log)
