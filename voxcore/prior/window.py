"""Where the prior's fixed grid sits in a map of any size, and how blocks are named inside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.errors import InvalidInput
from voxcore.palette import AIR, EDITOR, Palette
from voxcore.prior.diffusion import CLASSES
from voxcore.prior.model import GRID

Blocks = NDArray[np.uint8]
GROUND_LAYER = 14
"""The height inside the prior's grid at which its training worlds most often have their ground."""


def nearest_classes(palette: Palette) -> NDArray[np.uint8]:
    """[1 + M]: the prior's class of each palette index. Blocks the prior does not know take the class
    of the editor block with the nearest colours.
    """
    known = EDITOR.colors.reshape(len(EDITOR), -1)
    out = np.zeros(len(palette) + 1, dtype=np.uint8)
    for i, block in enumerate(palette.blocks):
        own = EDITOR.index_by_name.get(block.name)
        if own is None:
            distance = ((known - palette.colors[i].reshape(1, -1)) ** 2).sum(1)
            own = 1 + int(distance.argmin())
        out[i + 1] = own
    return out


def home_indices(palette: Palette) -> NDArray[np.uint8]:
    """[CLASSES]: the palette index that stands for each of the prior's classes: the block of that
    name, or else the one with the nearest colours. Raises InvalidInput for a palette without blocks.
    """
    if not len(palette):
        raise InvalidInput("expected at least one block", field="palette")
    own = palette.colors.reshape(len(palette), -1)
    out = np.zeros(CLASSES, dtype=np.uint8)
    for i, block in enumerate(EDITOR.blocks):
        distance = ((own - EDITOR.colors[i].reshape(1, -1)) ** 2).sum(1)
        out[i + 1] = palette.index_by_name.get(block.name, 1 + int(distance.argmin()))
    return out


@dataclass(frozen=True)
class Window:
    """A box of the map [low, high) and its place ``offset`` in the prior's grid.

    On an axis where the map is larger than the prior's grid the box is a part of the map; where it
    is smaller, the prior's grid is a padded copy of it.
    """

    low: tuple[int, int, int]
    high: tuple[int, int, int]
    offset: tuple[int, int, int]

    @classmethod
    def place(cls, blocks: Blocks, center: tuple[float, float] | None = None) -> Window:
        """A window around ``center`` (x, z; the middle by default), with the ground and most above it."""
        center = center or (blocks.shape[0] / 2, blocks.shape[2] / 2)
        low, high, offset = [0, 0, 0], [0, 0, 0], [0, 0, 0]
        for axis, middle in ((0, center[0]), (2, center[1])):
            size, grid = blocks.shape[axis], GRID[axis]
            if size > grid:
                low[axis] = int(np.clip(round(middle - grid / 2), 0, size - grid))
                high[axis] = low[axis] + grid
            else:
                high[axis] = size
                offset[axis] = (grid - size) // 2
        height = blocks.shape[1]
        if height > GRID[1]:
            part = blocks[low[0] : high[0], :, low[2] : high[2]] > AIR
            tops = np.where(part.any(1), height - part[:, ::-1].argmax(1), 0)
            low[1] = int(np.clip(round(float(np.median(tops))) - GROUND_LAYER, 0, height - GRID[1]))
            high[1] = low[1] + GRID[1]
        else:
            high[1] = height
        return cls((low[0], low[1], low[2]), (high[0], high[1], high[2]), (offset[0], offset[1], offset[2]))

    @property
    def map_slices(self) -> tuple[slice, slice, slice]:
        """The window in the map."""
        a, b = self.low, self.high
        return slice(a[0], b[0]), slice(a[1], b[1]), slice(a[2], b[2])

    @property
    def grid_slices(self) -> tuple[slice, slice, slice]:
        """The map's part in the prior's grid."""
        o, a, b = self.offset, self.low, self.high
        return (
            slice(o[0], o[0] + b[0] - a[0]),
            slice(o[1], o[1] + b[1] - a[1]),
            slice(o[2], o[2] + b[2] - a[2]),
        )

    def cut(self, values: NDArray[np.uint8]) -> Tensor:
        """Values [X, Y, Z] of the map as [*GRID]; beyond the map's sides its border goes on, above it is 0."""
        part = values[self.map_slices]
        pads = [(o, grid - o - size) for o, grid, size in zip(self.offset, GRID, part.shape, strict=True)]
        part = np.pad(part, (pads[0], (0, 0), pads[2]), mode="edge")
        return torch.from_numpy(np.pad(part, ((0, 0), pads[1], (0, 0))))

    def inside(self) -> Tensor:
        """Mask [*GRID]: cells of the prior's grid that are cells of the map."""
        out = torch.zeros(GRID, dtype=torch.bool)
        out[self.grid_slices] = True
        return out


def lift(probabilities: Tensor, source: Tensor, classes: Tensor, homes: Tensor) -> Tensor:
    """Prior classes [CLASSES, ...] to palette indices [1 + M, ...].

    A class's probability goes to its home (``homes``, see `home_indices`), except in cells whose
    ``source`` block [...] (a palette index) has that class: there the source's own block is meant,
    so that a game's custom blocks survive where the prior wants "the same as before". ``classes``
    is `nearest_classes`. Differentiable in nothing.
    """
    out = probabilities.new_zeros(len(classes), *probabilities.shape[1:])
    out.index_add_(0, homes.long(), probabilities)
    own = source.long()[None]
    home = homes.long()[classes.long()[own]]
    moved = out.gather(0, home) * (own != home)
    out.scatter_add_(0, own, moved)
    out.scatter_add_(0, home, -moved)
    return out
