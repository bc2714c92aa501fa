"""What a running job says, in order. Typed values that know nothing of gRPC.

State, log, checkpoint and result events are facts; previews and voxel frames are pictures of a
moment, and whoever passes events on may skip all but the newest of those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voxcore.maps import MapStats
from voxcore.palette import Palette
from voxcore.stepper import GridStats

Blocks = NDArray[np.uint8]


@dataclass(frozen=True)
class Started:
    """The job's inputs are read and checked; training begins at ``first_step``."""

    total_steps: int
    first_step: int
    shape: tuple[int, int, int]
    palette: Palette
    world_scale: float
    device: str


@dataclass(frozen=True)
class Progress:
    """``step`` of ``total`` is done. ``losses`` has every term by name, "total" included.

    ``timestep`` is the teacher's diffusion time (0 clean, 1 noise), NaN where it has none.
    """

    step: int
    total: int
    losses: Mapping[str, float]
    temperature: float
    timestep: float
    elapsed_seconds: float
    eta_seconds: float
    camera_index: int
    grid: GridStats

    @property
    def active_voxels(self) -> int:
        """Full cells of the hard grid."""
        return self.grid.num_active_voxels

    @property
    def occupancy_mean(self) -> float:
        """Mean of the soft occupancy."""
        return self.grid.occupancy_mean


@dataclass(frozen=True, eq=False)
class Preview:
    """A rendered picture [H, W, 3] uint8 of the hard grid after ``step``."""

    step: int
    camera_index: int
    image: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class VoxelFrame:
    """The whole hard grid [X, Y, Z] after ``step``; a fresh array, never written again.

    ``occupancy`` computes how full each cell is, [X, Y, Z] float32 in 0..1, for whoever asks before the
    next event; None where nothing is undecided.
    """

    step: int
    blocks: Blocks
    occupancy: Callable[[], NDArray[np.float32]] | None = None


@dataclass(frozen=True)
class Log:
    """A line for people."""

    level: Literal["info", "warning"]
    message: str


@dataclass(frozen=True)
class Checkpoint:
    """Everything up to ``step`` is on disk under ``name`` in the job's output folder."""

    step: int
    name: str


@dataclass(frozen=True)
class Paused:
    """The last event of a job that was stopped to go on later: its checkpoint of ``step`` is all it leaves."""

    step: int


@dataclass(frozen=True, eq=False)
class Trained:
    """Training is over after ``step`` steps; ``blocks`` [X, Y, Z] is the result, not yet exported."""

    step: int
    stopped: bool
    blocks: Blocks
    seconds: float


@dataclass(frozen=True, eq=False)
class Finished:
    """The last event of a job (`voxcore.job`): the result, and where it was exported.

    ``stopped`` is True where ``should_stop`` ended the job early: the grid is then the one reached
    so far. ``map_id`` is the exported map's id, "" where nothing was to be exported.
    """

    step: int
    stopped: bool
    blocks: Blocks
    palette: Palette
    content_hash: str
    stats_before: MapStats
    stats_after: MapStats
    map_id: str
    seconds: float


Event = Started | Progress | Preview | VoxelFrame | Log | Checkpoint | Paused | Trained | Finished
