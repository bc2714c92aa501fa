"""Errors of the service, and the contract's reason for every error class. Imports no gRPC."""

from __future__ import annotations

from typing import Final

from vox.v1 import errors_pb2 as errors

from voxcore.errors import (
    CheckpointError,
    DatasetFormatError,
    InvalidConfig,
    InvalidInput,
    LimitExceeded,
    MapFormatError,
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


class ServerStopping(VoxcoreError):
    """The server is shutting down; ``resume_after_seq`` is the last event that the watcher was sent."""

    def __init__(self, resume_after_seq: int = 0) -> None:
        super().__init__(f"the server is shutting down; resume after seq {resume_after_seq}")
        self.resume_after_seq = resume_after_seq


REASONS: Final[dict[type[VoxcoreError], errors.ErrorReason.ValueType]] = {
    InvalidInput: errors.ERROR_REASON_INVALID_INPUT,
    InvalidConfig: errors.ERROR_REASON_INVALID_CONFIG,
    MapFormatError: errors.ERROR_REASON_MAP_FORMAT,
    DatasetFormatError: errors.ERROR_REASON_DATASET_FORMAT,
    ShapeError: errors.ERROR_REASON_SHAPE,
    NotFound: errors.ERROR_REASON_NOT_FOUND,
    LimitExceeded: errors.ERROR_REASON_LIMIT_EXCEEDED,
    QueueFull: errors.ERROR_REASON_QUEUE_FULL,
    TooManyWatchers: errors.ERROR_REASON_TOO_MANY_WATCHERS,
    RequestIdReused: errors.ERROR_REASON_REQUEST_ID_REUSED,
    WrongJobState: errors.ERROR_REASON_WRONG_JOB_STATE,
    NoCheckpoint: errors.ERROR_REASON_NO_CHECKPOINT,
    CheckpointError: errors.ERROR_REASON_CHECKPOINT,
    ServerStopping: errors.ERROR_REASON_SERVER_STOPPING,
    StorageError: errors.ERROR_REASON_STORAGE,
    TeacherError: errors.ERROR_REASON_TEACHER,
    WorkerDied: errors.ERROR_REASON_WORKER_DIED,
}


def reason_of(error: BaseException) -> errors.ErrorReason.ValueType:
    """The reason of the nearest listed class of ``error``; INTERNAL for what is not listed."""
    for kind in type(error).__mro__:
        if kind in REASONS:
            return REASONS[kind]
    return errors.ERROR_REASON_INTERNAL
