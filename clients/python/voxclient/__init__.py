"""Python client of the voxcore service: the list of the API."""

from voxclient.aio import AsyncVoxClient
from voxclient.client import VoxClient
from voxclient.errors import DataError, InvalidRequest, NotFound, Refused, ServerFault, Unreachable, VoxError
from voxclient.events import (
    Accepted,
    Checkpoint,
    Event,
    Gap,
    Job,
    JobError,
    Log,
    Preview,
    Progress,
    Result,
    Started,
    StateChanged,
    Stored,
    Voxels,
)
from voxclient.grid import BlockKind, Grid

__all__ = [
    "Accepted",
    "AsyncVoxClient",
    "BlockKind",
    "Checkpoint",
    "DataError",
    "Event",
    "Gap",
    "Grid",
    "InvalidRequest",
    "Job",
    "JobError",
    "Log",
    "NotFound",
    "Preview",
    "Progress",
    "Refused",
    "Result",
    "ServerFault",
    "Started",
    "StateChanged",
    "Stored",
    "Unreachable",
    "VoxClient",
    "VoxError",
    "Voxels",
]
