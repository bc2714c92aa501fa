"""From an exception to a gRPC status with details; the only place where that happens."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
from google.rpc import error_details_pb2, status_pb2
from vox.v1 import errors_pb2 as errors

from server.reasons import BUG, ServerStopping, reason_of
from voxcore.errors import VoxcoreError

log = logging.getLogger(__name__)

DOMAIN: Final = "voxcore"
DETAILS_KEY: Final = "grpc-status-details-bin"
_PREFIX: Final = "ERROR_REASON_"

CODES: Final[dict[errors.ErrorReason.ValueType, grpc.StatusCode]] = {
    errors.ERROR_REASON_INVALID_INPUT: grpc.StatusCode.INVALID_ARGUMENT,
    errors.ERROR_REASON_INVALID_CONFIG: grpc.StatusCode.INVALID_ARGUMENT,
    errors.ERROR_REASON_MAP_FORMAT: grpc.StatusCode.INVALID_ARGUMENT,
    errors.ERROR_REASON_DATASET_FORMAT: grpc.StatusCode.INVALID_ARGUMENT,
    errors.ERROR_REASON_SHAPE: grpc.StatusCode.INVALID_ARGUMENT,
    errors.ERROR_REASON_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    errors.ERROR_REASON_LIMIT_EXCEEDED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_QUEUE_FULL: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_TOO_MANY_WATCHERS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_REQUEST_ID_REUSED: grpc.StatusCode.ALREADY_EXISTS,
    errors.ERROR_REASON_WRONG_JOB_STATE: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ERROR_REASON_NO_CHECKPOINT: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ERROR_REASON_CHECKPOINT: grpc.StatusCode.FAILED_PRECONDITION,
    errors.ERROR_REASON_SERVER_STOPPING: grpc.StatusCode.UNAVAILABLE,
    errors.ERROR_REASON_STORAGE: grpc.StatusCode.UNAVAILABLE,
    errors.ERROR_REASON_TEACHER: grpc.StatusCode.INTERNAL,
    errors.ERROR_REASON_WORKER_DIED: grpc.StatusCode.INTERNAL,
    errors.ERROR_REASON_INTERNAL: grpc.StatusCode.INTERNAL,
}


def status_of(error: Exception) -> status_pb2.Status:
    """The google.rpc.Status that a client gets for ``error``.

    An error that is not voxcore's own is INTERNAL and says nothing of what is inside.
    """
    reason = reason_of(error)
    message = str(error) if isinstance(error, VoxcoreError) else BUG
    code: int = CODES[reason].value[0]
    status = status_pb2.Status(code=code, message=message)
    info = error_details_pb2.ErrorInfo(reason=errors.ErrorReason.Name(reason).removeprefix(_PREFIX), domain=DOMAIN)
    if isinstance(error, ServerStopping):
        info.metadata["resume_after_seq"] = str(error.resume_after_seq)
    status.details.add().Pack(info)
    if isinstance(error, VoxcoreError) and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=message)
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return status


def answers(handler: Callable[..., Awaitable[Any]]) -> Any:
    """Wraps a handler method ``(self, request, context)``: its errors become statuses.

    Typed Any, since the generated base classes have one signature for every kind of server.
    """

    @functools.wraps(handler)
    async def call(self: Any, request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        try:
            return await handler(self, request, context)
        except VoxcoreError as error:
            failure: Exception = error
        except Exception as error:
            log.exception("%s failed", handler.__name__)
            failure = error
        status = status_of(failure)
        code = CODES[reason_of(failure)]
        return await context.abort(code, status.message, ((DETAILS_KEY, status.SerializeToString()),))

    return call
