"""Following a job through broken connections: the part that both clients share. No I/O here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import grpc
from vox.v1 import training_pb2 as pb

from voxclient.convert import job_events
from voxclient.errors import Unreachable, VoxError, from_rpc_error
from voxclient.events import Event
from voxclient.grid import GridAssembler

_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 5.0

StreamRequest = pb.StartTrainingRequest | pb.WatchJobRequest


class Following:
    """One job, from its start or from any event on, to its result.

    Ask for `request`, feed what comes to `take`; where the stream breaks, ask `after_break` how long
    to wait, and go round. ``connect_seconds`` is how long to try before the first event,
    ``patience_seconds`` how long after.

    A repeated start carries the same request_id, so it joins the job that the first one made.
    """

    def __init__(
        self,
        first: StreamRequest,
        *,
        connect_seconds: float,
        patience_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.finished = False
        self._first = first
        self._job_id = first.job_id if isinstance(first, pb.WatchJobRequest) else ""
        self._after_seq = first.after_seq if isinstance(first, pb.WatchJobRequest) else 0
        self._base_seq = 0
        self._grids = GridAssembler()
        self._clock = clock
        self._patience, self._patience_seconds = connect_seconds, patience_seconds
        self._alive_at = clock()
        self._wait = _FIRST_WAIT

    def request(self) -> StreamRequest:
        """What to call next: StartTraining until the job's id is known, then WatchJob."""
        if not self._job_id:
            return self._first
        request = pb.WatchJobRequest(job_id=self._job_id, options=self._first.options)
        if self._after_seq:
            request.after_seq = self._after_seq
        if self._base_seq:
            request.base_seq = self._base_seq
        return request

    def take(self, event: pb.JobEvent) -> Iterator[Event]:
        """The events that a message of the stream makes. Raises DataError."""
        self._job_id = event.job_id
        self._alive_at, self._wait, self._patience = self._clock(), _FIRST_WAIT, self._patience_seconds
        found = list(job_events(event, self._grids))
        self._after_seq = max(self._after_seq, event.seq, event.gap.last_missing_seq)
        if event.HasField("delta") or (event.HasField("keyframe") and found):
            self._base_seq = event.seq
        self.finished = self.finished or event.HasField("result")
        yield from found

    def after_break(self, error: grpc.RpcError | None) -> float:
        """Seconds to wait before the next try. ``error`` is None where the stream just ended.

        Raises VoxError where trying again makes no sense, or patience is at its end.
        """
        if self.finished:
            return 0.0
        problem: VoxError = from_rpc_error(error) if error else Unreachable("the stream ended before the job did")
        silent = self._clock() - self._alive_at
        if not isinstance(problem, Unreachable) or silent + self._wait > self._patience:
            raise problem
        wait, self._wait = self._wait, min(2 * self._wait, _LONGEST_WAIT)
        return wait
