"""TrainingService: start, watch, poll. Answers with bytes: events are serialised once, whoever they go to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from vox.v1 import training_pb2 as pb

from server.convert import cursor_from_options, cursor_from_request
from server.intake import Intake
from server.jobs.manager import JobManager
from server.reasons import StreamEnded
from server.rpc import Caller


class TrainingService:
    """See training.proto."""

    def __init__(self, jobs: JobManager, intake: Intake) -> None:
        self._jobs, self._intake = jobs, intake

    async def StartTraining(self, request: pb.StartTrainingRequest, caller: Caller) -> AsyncGenerator[bytes]:
        self._jobs.watching.check_seat()
        order = await self._intake.order(request.spec, caller)
        job = await self._jobs.create(order, request.request_id, caller)
        job = await self._jobs.watchable(job.record.job_id, caller)
        client_left = True
        try:
            async with aclosing(self._jobs.watching.stream(job, cursor_from_options(request.options))) as responses:
                async for response in responses:
                    yield response
            client_left = False
        except StreamEnded:
            client_left = False
            raise
        finally:
            if client_left and request.cancel_on_disconnect:
                await self._jobs.cancel(job.record.job_id, caller)

    async def WatchJob(self, request: pb.WatchJobRequest, caller: Caller) -> AsyncGenerator[bytes]:
        job = await self._jobs.watchable(request.job_id, caller)
        cursor = cursor_from_request(request, job.log.last_seq)
        # Closed here and not when it is collected: a stream takes one of a limited number of seats.
        async with aclosing(self._jobs.watching.stream(job, cursor)) as responses:
            async for response in responses:
                yield response

    async def ReplayJob(self, request: pb.ReplayJobRequest, caller: Caller) -> AsyncGenerator[bytes]:
        async with aclosing(self._jobs.replay(request.job_id, request.after_seq, caller)) as responses:
            async for response in responses:
                yield response

    async def PollJobEvents(self, request: pb.PollJobEventsRequest, caller: Caller) -> bytes:
        job = await self._jobs.watchable(request.job_id, caller)
        cursor = cursor_from_request(request, job.log.last_seq)
        return await self._jobs.watching.poll(job, cursor, request.wait_millis / 1000)
