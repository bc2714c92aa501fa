"""From an exception to a google.rpc.Status with details; the only place where that happens. Imports no gRPC."""

from __future__ import annotations

from typing import Final

from google.rpc import code_pb2, error_details_pb2, status_pb2
from vox.v1 import errors_pb2 as errors

from server.reasons import QuotaExceeded, RateLimited, StreamEnded, reason_of, told
from voxcore.errors import VoxcoreError

DOMAIN: Final = "voxcore"
DETAILS_KEY: Final = "grpc-status-details-bin"
_PREFIX: Final = "ERROR_REASON_"

CODES: Final[dict[errors.ErrorReason.ValueType, code_pb2.Code.ValueType]] = {
    errors.ERROR_REASON_INVALID_INPUT: code_pb2.INVALID_ARGUMENT,
    errors.ERROR_REASON_INVALID_CONFIG: code_pb2.INVALID_ARGUMENT,
    errors.ERROR_REASON_MAP_FORMAT: code_pb2.INVALID_ARGUMENT,
    errors.ERROR_REASON_DATASET_FORMAT: code_pb2.INVALID_ARGUMENT,
    errors.ERROR_REASON_MODEL_FORMAT: code_pb2.INVALID_ARGUMENT,
    errors.ERROR_REASON_DEVICE_MEMORY: code_pb2.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_SHAPE: code_pb2.INVALID_ARGUMENT,
    errors.ERROR_REASON_NOT_FOUND: code_pb2.NOT_FOUND,
    errors.ERROR_REASON_LIMIT_EXCEEDED: code_pb2.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_QUEUE_FULL: code_pb2.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_TOO_MANY_WATCHERS: code_pb2.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_REQUEST_ID_REUSED: code_pb2.ALREADY_EXISTS,
    errors.ERROR_REASON_WRONG_JOB_STATE: code_pb2.FAILED_PRECONDITION,
    errors.ERROR_REASON_NO_CHECKPOINT: code_pb2.FAILED_PRECONDITION,
    errors.ERROR_REASON_CHECKPOINT: code_pb2.FAILED_PRECONDITION,
    errors.ERROR_REASON_SERVER_STOPPING: code_pb2.UNAVAILABLE,
    errors.ERROR_REASON_STORAGE: code_pb2.UNAVAILABLE,
    errors.ERROR_REASON_TEACHER: code_pb2.INTERNAL,
    errors.ERROR_REASON_WORKER_DIED: code_pb2.INTERNAL,
    errors.ERROR_REASON_INTERNAL: code_pb2.INTERNAL,
    errors.ERROR_REASON_UNAUTHENTICATED: code_pb2.UNAUTHENTICATED,
    errors.ERROR_REASON_PERMISSION_DENIED: code_pb2.PERMISSION_DENIED,
    errors.ERROR_REASON_QUOTA_EXCEEDED: code_pb2.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_RATE_LIMITED: code_pb2.RESOURCE_EXHAUSTED,
    errors.ERROR_REASON_VERSION_CONFLICT: code_pb2.ABORTED,
    errors.ERROR_REASON_ID_TAKEN: code_pb2.ALREADY_EXISTS,
    errors.ERROR_REASON_STREAM_TOO_OLD: code_pb2.UNAVAILABLE,
}


def code_name(code: int) -> str:
    """The name of a gRPC code, for example "NOT_FOUND"."""
    name: str = code_pb2.Code.Name(code)
    return name


def status_of(error: Exception) -> status_pb2.Status:
    """The google.rpc.Status that a client gets for ``error``.

    An error that is not voxcore's own is INTERNAL and says nothing of what is inside.
    """
    reason = reason_of(error)
    message = told(error)
    status = status_pb2.Status(code=CODES[reason], message=message)
    info = error_details_pb2.ErrorInfo(reason=errors.ErrorReason.Name(reason).removeprefix(_PREFIX), domain=DOMAIN)
    if isinstance(error, StreamEnded):
        info.metadata["resume_after_seq"] = str(error.resume_after_seq)
    status.details.add().Pack(info)
    if isinstance(error, RateLimited):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(error.retry_seconds * 1000))
        status.details.add().Pack(retry)
    if isinstance(error, QuotaExceeded):
        share = error_details_pb2.QuotaFailure.Violation(subject=error.field, description=message)
        status.details.add().Pack(error_details_pb2.QuotaFailure(violations=[share]))
    elif isinstance(error, VoxcoreError) and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.field, description=message)
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    return status
