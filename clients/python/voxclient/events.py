"""What a job says, as plain values; and jobs, maps and the server as they are listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from voxclient.grid import BlockKind, Grid


@dataclass(frozen=True)
class JobError:
    """Why a job failed; ``reason`` as in `VoxError`."""

    reason: str
    message: str
    field: str


@dataclass(frozen=True)
class Result:
    """The end of a job. ``state`` is "succeeded", "cancelled", "failed" or "interrupted".

    ``map_id`` is the map that the server kept, "" where there is none; blocks are counts by name.
    Where ``checkpoint_step`` is not 0, `resume` goes on from there.
    """

    job_id: str
    seq: int
    state: str
    error: JobError | None
    step: int
    map_id: str
    sha256: str
    elapsed_seconds: float
    blocks_before: Mapping[str, int]
    blocks_after: Mapping[str, int]
    checkpoint_step: int


@dataclass(frozen=True)
class Job:
    """A job as it stands. ``settings`` has every setting by name; ``eta_seconds`` is the estimated time to
    its turn while it waits, to its end while it runs, 0 where there is none.
    """

    job_id: str
    state: str
    queue_position: int
    prompt: str
    map_id: str
    dataset_id: str
    settings: Mapping[str, Any]
    created: datetime
    step: int
    total_steps: int
    last_seq: int
    result: Result | None
    resumed_from: str
    priority: int = 0
    eta_seconds: float = 0.0
    restarts: int = 0
    owner: str = ""


@dataclass(frozen=True)
class Accepted:
    """The first event: the job exists."""

    job_id: str
    seq: int
    job: Job


@dataclass(frozen=True)
class StateChanged:
    """ "queued", "running", "stopping", or an end; ``queue_position`` is the number of jobs ahead."""

    job_id: str
    seq: int
    state: str
    queue_position: int


@dataclass(frozen=True)
class Started:
    """Training begins at ``first_step`` (above 0 for a job that continues another)."""

    job_id: str
    seq: int
    total_steps: int
    first_step: int
    dims: tuple[int, int, int]
    palette: tuple[BlockKind, ...]
    world_scale: float
    device: str


@dataclass(frozen=True)
class Progress:
    """``step`` of ``total`` is done. ``timestep`` is None for teachers without a diffusion time."""

    job_id: str
    seq: int
    step: int
    total: int
    elapsed_seconds: float
    eta_seconds: float
    losses: Mapping[str, float]
    temperature: float
    timestep: float | None
    active_voxels: int
    occupancy_mean: float


@dataclass(frozen=True)
class Preview:
    """A picture of the grid after ``step``."""

    job_id: str
    seq: int
    step: int
    camera_index: int
    width: int
    height: int
    png: bytes


@dataclass(frozen=True)
class Voxels:
    """The grid after ``step``, whole, its hash checked. ``final`` marks the job's last one."""

    job_id: str
    seq: int
    step: int
    final: bool
    grid: Grid


@dataclass(frozen=True)
class Log:
    """A line for people; ``level`` is "info" or "warning"."""

    job_id: str
    seq: int
    level: str
    message: str


@dataclass(frozen=True)
class Checkpoint:
    """Everything up to ``step`` is safe on the server."""

    job_id: str
    seq: int
    step: int


@dataclass(frozen=True)
class Gap:
    """Events that are no longer kept and will not come."""

    job_id: str
    seq: int
    first_missing_seq: int
    last_missing_seq: int


Event = Accepted | StateChanged | Started | Progress | Preview | Voxels | Log | Checkpoint | Gap | Result


@dataclass(frozen=True)
class Stored:
    """A map or dataset on the server."""

    id: str
    file_bytes: int
    changed: datetime
    version: str = ""
    owner: str = ""
