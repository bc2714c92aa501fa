"""What the training loop drives: distillation and direct sampling behind one face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Blocks = NDArray[np.uint8]


@dataclass(frozen=True)
class StepReport:
    """What one step did. ``losses`` by term with "total"; ``timestep`` NaN where there is none."""

    losses: Mapping[str, float]
    temperature: float
    timestep: float


@dataclass(frozen=True)
class GridStats:
    """How decided the grid is. Densities and shares in 0..1, ``material_distribution`` in percent of
    the full cells by block name.
    """

    num_active_voxels: int
    total_voxels: int
    density: float
    occupancy_mean: float
    occupancy_std: float
    material_distribution: Mapping[str, float]

    @classmethod
    def of(cls, blocks: Blocks, occupancy: Tensor, names: tuple[str, ...]) -> GridStats:
        """Counts of the hard ``blocks`` [X, Y, Z] and moments of the soft ``occupancy`` [X, Y, Z]."""
        counts = np.bincount(blocks.reshape(-1), minlength=len(names))
        active = int(counts[1:].sum())
        shares = {names[i]: round(100.0 * int(counts[i]) / active, 2) for i in np.flatnonzero(counts[1:]) + 1}
        return cls(
            active,
            blocks.size,
            active / blocks.size,
            float(occupancy.mean()),
            float(occupancy.std(correction=0)),
            shares,
        )


class Stepper(Protocol):
    """One step after the other; everything needed to go on is in `state`."""

    def advance(self, step: int, *, measure: bool) -> StepReport:
        """Do step number ``step`` (0-based). ``measure`` asks for every loss term, also unused ones."""
        ...

    def blocks(self) -> Blocks:
        """The hard world [X, Y, Z] so far; a fresh array."""
        ...

    def occupancy(self) -> Tensor:
        """The soft occupancy [X, Y, Z]."""
        ...

    def state(self) -> dict[str, Tensor]:
        """All tensors that the next step depends on."""
        ...

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on from `state`. Raises CheckpointError where it does not fit."""
        ...
