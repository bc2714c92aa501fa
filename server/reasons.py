"""Errors of the service, and the contract's reason for every error class. Imports no gRPC."""

from __future__ import annotations

from typing import Final

from vox.v1 import errors_pb2 as errors

from voxcore.errors import (
    CheckpointError,
    DatasetFormatError,
    DeviceMemoryError,
    InvalidConfig,
    InvalidInput,
    LimitExceeded,
    MapFormatError,
    ModelFormatError,
    NotFound,
    ShapeError,
    StorageError,
    TeacherError,
    VoxcoreError,
)

BUG: Final = "a bug in the server; its log has the details"
"""What a client is told of an exception that nobody expected."""


class QueueFull(VoxcoreError):
    """As many jobs wait as may wait."""


class TooManyWatchers(VoxcoreError):
    """As many streams are open as may be open."""


class RequestIdReused(VoxcoreError):
    """A request_id came a second time, with another spec."""


class WrongJobState(VoxcoreError):
    """The job is not in a state that allows the call."""


class NoCheckpoint(VoxcoreError):
    """The job left nothing to continue from."""


class WorkerDied(VoxcoreError):
    """The training process ended without a word."""


class StreamEnded(VoxcoreError):
    """A stream that ends before its job; ``resume_after_seq`` is the last event that the watcher was sent."""

    why = ""

    def __init__(self, resume_after_seq: int = 0) -> None:
        super().__init__(f"{self.why}; resume after seq {resume_after_seq}")
        self.resume_after_seq = resume_after_seq


class ServerStopping(StreamEnded):
    """The server is shutting down."""

    why = "the server is shutting down"


class StreamTooOld(StreamEnded):
    """The stream has been open for as long as streams may be."""

    why = "the stream has been open for long enough"


class Unauthenticated(VoxcoreError):
    """No token came along, or none that is known."""


class PermissionDenied(VoxcoreError):
    """The token does not allow the call."""


class QuotaExceeded(VoxcoreError):
    """More than the token's share; ``field`` says of what."""


class RateLimited(VoxcoreError):
    """Too many calls; after ``retry_seconds`` another is welcome."""

    def __init__(self, retry_seconds: float) -> None:
        super().__init__(f"too many calls; try again in {retry_seconds:.1f} s")
        self.retry_seconds = retry_seconds


class VersionConflict(VoxcoreError):
    """What was to be replaced is not the version that the caller saw."""


class IdTaken(VoxcoreError):
    """There is something by that id already."""


REASONS: Final[dict[type[VoxcoreError], errors.ErrorReason.ValueType]] = {
    InvalidInput: errors.ERROR_REASON_INVALID_INPUT,
    InvalidConfig: errors.ERROR_REASON_INVALID_CONFIG,
    MapFormatError: errors.ERROR_REASON_MAP_FORMAT,
    DatasetFormatError: errors.ERROR_REASON_DATASET_FORMAT,
    ModelFormatError: errors.ERROR_REASON_MODEL_FORMAT,
    ShapeError: errors.ERROR_REASON_SHAPE,
    NotFound: errors.ERROR_REASON_NOT_FOUND,
    LimitExceeded: errors.ERROR_REASON_LIMIT_EXCEEDED,
    DeviceMemoryError: errors.ERROR_REASON_DEVICE_MEMORY,
    QueueFull: errors.ERROR_REASON_QUEUE_FULL,
    TooManyWatchers: errors.ERROR_REASON_TOO_MANY_WATCHERS,
    RequestIdReused: errors.ERROR_REASON_REQUEST_ID_REUSED,
    WrongJobState: errors.ERROR_REASON_WRONG_JOB_STATE,
    NoCheckpoint: errors.ERROR_REASON_NO_CHECKPOINT,
    CheckpointError: errors.ERROR_REASON_CHECKPOINT,
    Unauthenticated: errors.ERROR_REASON_UNAUTHENTICATED,
    PermissionDenied: errors.ERROR_REASON_PERMISSION_DENIED,
    QuotaExceeded: errors.ERROR_REASON_QUOTA_EXCEEDED,
    RateLimited: errors.ERROR_REASON_RATE_LIMITED,
    VersionConflict: errors.ERROR_REASON_VERSION_CONFLICT,
    IdTaken: errors.ERROR_REASON_ID_TAKEN,
    StreamTooOld: errors.ERROR_REASON_STREAM_TOO_OLD,
    ServerStopping: errors.ERROR_REASON_SERVER_STOPPING,
    StorageError: errors.ERROR_REASON_STORAGE,
    TeacherError: errors.ERROR_REASON_TEACHER,
    WorkerDied: errors.ERROR_REASON_WORKER_DIED,
}


def told(error: Exception) -> str:
    """What a client may read of ``error``: nothing of what is inside, and no path of this machine."""
    if isinstance(error, StorageError):
        return f"the server's disk refused: {str(error).rpartition(': ')[2]}"
    return str(error) if isinstance(error, VoxcoreError) else BUG


def reason_of(error: BaseException) -> errors.ErrorReason.ValueType:
    """The reason of the nearest listed class of ``error``; INTERNAL for what is not listed."""
    for kind in type(error).__mro__:
        if kind in REASONS:
            return REASONS[kind]
    return errors.ERROR_REASON_INTERNAL
