"""What goes over the pipe between the gateway and its training process.

Plain dataclasses of strings, numbers and serialised messages. The pipe is private to these two
processes of one program; nothing of a client's is ever unpickled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voxcore.config import TrainConfig


@dataclass(frozen=True)
class WorkerSetup:
    """Given to the process once. ``entry`` is the module that has JobSpec and run_job; ``threads`` is
    how many the process may use, 0 for all.
    """

    entry: str
    maps_root: Path
    datasets_root: Path
    models_root: Path
    device: str
    frames_per_second: float
    warm_up: bool
    threads: int = 0
    log_json: bool = False


@dataclass(frozen=True)
class RunJob:
    """To the worker: run this. ``grid_file`` is the map of a job that brought its own."""

    job_id: str
    config: TrainConfig
    map_id: str
    grid_file: Path | None
    dataset_id: str
    owner: str
    resume_from: Path | None
    output_dir: Path


@dataclass(frozen=True)
class StopJob:
    """To the worker: stop this job after its present step. ``keep`` makes a map of what it has reached;
    otherwise its checkpoint is all it leaves, to go on from.
    """

    job_id: str
    keep: bool


@dataclass(frozen=True)
class ShowOccupancy:
    """To the worker: whether somebody wants to see how full the cells of this job are."""

    job_id: str
    wanted: bool


@dataclass(frozen=True)
class Ready:
    """From the worker: everything is imported and compiled; the next job starts at once."""


@dataclass(frozen=True)
class Fact:
    """From the worker: a JobEvent that every watcher gets."""

    event: bytes


@dataclass(frozen=True)
class Picture:
    """From the worker: a JobEvent with a preview."""

    event: bytes


@dataclass(frozen=True)
class Frame:
    """From the worker: a voxel frame as VoxelKeyframe messages, the VoxelDelta from the frame before, and
    the VoxelOccupancy messages that come before it, if any.
    """

    parts: tuple[bytes, ...]
    delta: bytes | None
    occupancy: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class JobDone:
    """From the worker, last: a JobResult whose state the gateway sets; ``stopped`` as in Finished."""

    result: bytes
    stopped: bool


@dataclass(frozen=True)
class JobFailed:
    """From the worker, last: a JobError."""

    error: bytes


@dataclass(frozen=True)
class JobPaused:
    """From the worker, last: the job was stopped without making a map; its checkpoint is on the disk."""


@dataclass(frozen=True)
class Usage:
    """From the worker, about once a second while a job runs: bytes of GPU memory that it holds."""

    gpu_bytes: int


ToWorker = RunJob | StopJob | ShowOccupancy
FromWorker = Ready | Fact | Picture | Frame | JobDone | JobFailed | JobPaused | Usage
