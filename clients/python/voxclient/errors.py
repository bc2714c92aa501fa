"""What can go wrong, as exceptions.

::

    VoxError
    ├── InvalidRequest   the server (or this library) cannot use a value: `field` says which
    ├── NotFound         no such map, dataset or job
    ├── Refused          not now, not again or not you: queue full, limit, quota, job state, request id, token
    ├── Unreachable      no answer from the server, also after trying again
    ├── ServerFault      a bug or a disk error on the server
    └── DataError        voxels that do not match their hash

A job that fails is no exception: its last event, a `Result`, says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import grpc
from google.rpc import error_details_pb2, status_pb2


class VoxError(Exception):
    """Base class.

    ``reason`` is the contract's ErrorReason without its prefix ("INVALID_CONFIG"), "" where there is
    none; ``field`` names the offending input, "" where there is none.
    """

    def __init__(self, message: str, *, reason: str = "", field: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field


class InvalidRequest(VoxError):
    """A value cannot be used."""


class NotFound(VoxError):
    """No such map, dataset or job."""


class Refused(VoxError):
    """The server will not do it in the present situation."""


class Unreachable(VoxError):
    """The server does not answer."""


class ServerFault(VoxError):
    """The server failed."""


class DataError(VoxError):
    """Voxels came damaged or out of order."""


_CLASSES: Final[dict[grpc.StatusCode, type[VoxError]]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: Refused,
    grpc.StatusCode.FAILED_PRECONDITION: Refused,
    grpc.StatusCode.ABORTED: Refused,
    grpc.StatusCode.UNAUTHENTICATED: Refused,
    grpc.StatusCode.PERMISSION_DENIED: Refused,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Refused,
    grpc.StatusCode.UNAVAILABLE: Unreachable,
    grpc.StatusCode.DEADLINE_EXCEEDED: Unreachable,
}


def from_rpc_error(error: grpc.RpcError) -> VoxError:
    """The exception for a failed call (of either kind of channel)."""
    call: Any = error
    kind = _CLASSES.get(call.code(), ServerFault)
    reason = field = ""
    for detail in _details(call.trailing_metadata() or ()):
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad) and bad.field_violations:
            field = bad.field_violations[0].field
    if reason == "STORAGE":
        kind = ServerFault
    return kind(call.details() or call.code().name, reason=reason, field=field)


def _details(metadata: Iterable[Any]) -> list[Any]:
    return [
        detail
        for key, value in metadata
        if key == "grpc-status-details-bin"
        for detail in status_pb2.Status.FromString(value).details
    ]
