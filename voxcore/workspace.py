"""What a job works on: the part of the map, the world it starts from, and which cells must stay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from voxcore.cleanup import Cleaned, cleaned
from voxcore.config import TrainConfig
from voxcore.datasets import Dataset
from voxcore.guidance.teachers import JobInputs, edits, prior_window
from voxcore.maps import VoxelMap
from voxcore.prior.window import Window

Blocks = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Workspace:
    """A job's map and the part of it that is worked on.

    ``initial`` and ``fixed`` [X, Y, Z] span the whole map, ``box`` is the part, ``window`` is where the
    prior looks within the part. ``edits``: the map is to be changed, not built anew.
    """

    config: TrainConfig
    source: VoxelMap
    initial: Blocks
    fixed: Mask
    box: tuple[slice, slice, slice]
    window: Window
    edits: bool

    @classmethod
    def of(cls, config: TrainConfig, source: VoxelMap, start: Blocks) -> Workspace:
        """The workspace of a job that starts from ``start`` [X, Y, Z] wherever cells may change.

        Raises InvalidConfig for a box of cells outside the map.
        """
        fixed = np.zeros(source.shape, dtype=bool)
        config.check_inside(source.shape)
        if config.region is not None:
            fixed[...] = True
            fixed[config.region.slices] = False
        for kept in config.keep:
            fixed[kept.slices] = True
        initial = np.where(fixed, source.blocks, start)
        window, changes = prior_window(config, initial), edits(config, initial)
        box = (slice(0, source.shape[0]), slice(0, source.shape[1]), slice(0, source.shape[2]))
        if config.teacher == "prior":
            box = window.map_slices
            if changes:
                fixed |= window.rim(source.shape)
            window = window.local
        return cls(config, source, initial, fixed, box, window, changes)

    def inputs(self, dataset: Dataset | None, device: torch.device, model_folder: Path | None = None) -> JobInputs:
        """The part, for teachers and steppers."""
        source = VoxelMap(
            np.ascontiguousarray(self.source.blocks[self.box]), self.source.palette, self.source.world_scale
        )
        initial, fixed = np.ascontiguousarray(self.initial[self.box]), np.ascontiguousarray(self.fixed[self.box])
        return JobInputs(self.config, source, initial, fixed, self.window, dataset, device, model_folder)

    def cleaned(self, blocks: Blocks) -> Cleaned:
        """A tidier copy of the whole map ``blocks`` [X, Y, Z] (`voxcore.cleanup`)."""
        before = self.source.blocks if self.edits else self.initial
        return cleaned(blocks, before, self.fixed, self.source.palette, edits=self.edits)

    def world(self, part: Blocks) -> Blocks:
        """The whole map [X, Y, Z] with its part replaced; a fresh array."""
        out = self.initial.copy()
        out[self.box] = part
        return out

    def soft_world(self, part: torch.Tensor) -> NDArray[np.float32]:
        """How full each cell of the whole map is [X, Y, Z] float32, from the part's occupancy; a fresh array.

        Cells that must stay are 0 or 1.
        """
        out: NDArray[np.float32] = (self.initial != 0).astype(np.float32)
        out[self.box] = np.where(self.fixed[self.box], out[self.box], part.float().cpu().numpy())
        return out
