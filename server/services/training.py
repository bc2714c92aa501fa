"""TrainingService: start, watch, poll."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import grpc
from vox.v1 import training_pb2 as pb

from server.convert import cursor_from_options, cursor_from_request
from server.errors import answers
from server.intake import Intake
from server.jobs.manager import JobManager

NAME = pb.DESCRIPTOR.services_by_name["TrainingService"].full_name
Context = grpc.aio.ServicerContext[Any, bytes]


class TrainingService:
    """Answers with bytes: events are serialised once, whoever they go to."""

    def __init__(self, jobs: JobManager, intake: Intake) -> None:
        self._jobs, self._intake = jobs, intake

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """What to add to a server."""
        return grpc.method_handlers_generic_handler(
            NAME,
            {
                "StartTraining": grpc.unary_stream_rpc_method_handler(
                    self.StartTraining, request_deserializer=pb.StartTrainingRequest.FromString
                ),
                "WatchJob": grpc.unary_stream_rpc_method_handler(
                    self.WatchJob, request_deserializer=pb.WatchJobRequest.FromString
                ),
                "PollJobEvents": grpc.unary_unary_rpc_method_handler(
                    self.PollJobEvents, request_deserializer=pb.PollJobEventsRequest.FromString
                ),
            },
        )

    @answers
    async def StartTraining(self, request: pb.StartTrainingRequest, context: Context) -> None:
        self._jobs.watching.check_seat()
        order = await self._intake.order(request.spec)
        job = await self._jobs.create(order, request.request_id)
        try:
            await _send(context, self._jobs.watching.stream(job, cursor_from_options(request.options)))
        except asyncio.CancelledError:
            if request.cancel_on_disconnect:
                await self._jobs.cancel(job.record.job_id)
            raise

    @answers
    async def WatchJob(self, request: pb.WatchJobRequest, context: Context) -> None:
        job = self._jobs.get(request.job_id)
        await _send(context, self._jobs.watching.stream(job, cursor_from_request(request, job.log.last_seq)))

    @answers
    async def PollJobEvents(self, request: pb.PollJobEventsRequest, context: Context) -> bytes:
        job = self._jobs.get(request.job_id)
        cursor = cursor_from_request(request, job.log.last_seq)
        return await self._jobs.watching.poll(job, cursor, request.wait_millis / 1000)


async def _send(context: Context, responses: AsyncGenerator[bytes]) -> None:
    # Closed here and not when it is collected: a stream takes one of a limited number of seats.
    async with aclosing(responses):
        async for response in responses:
            await context.write(response)
            # A write that fits the buffer does not suspend. Without this the loop below a client
            # that left would never be cancelled, and nothing else would run.
            await asyncio.sleep(0)
