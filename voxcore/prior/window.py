"""Where the prior looks in a map of any size, and how blocks are named there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.errors import InvalidInput
from voxcore.palette import AIR, EDITOR, Palette
from voxcore.prior.diffusion import CLASSES
from voxcore.prior.model import GRID

Blocks = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Cell = tuple[int, int, int]
GROUND_LAYER: Final = 14
"""The height inside the prior's grid at which its training worlds most often have their ground."""
RIM: Final = 4
"""Cells that are held as they are at a face of the window beyond which the map goes on."""


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


def ground_layers(height: int) -> int:
    """How thick the land is in a map of that ``height`` that is built from nothing."""
    return max(1, min(GROUND_LAYER, height // 8))


@dataclass(frozen=True)
class Window:
    """A box of the map [low, high) and its place ``offset`` in the canvas that the prior works on.

    ``size`` is the canvas: at least the prior's grid on every axis, more where the box is larger
    (`voxcore.prior.tiles`). Where the box is smaller, the canvas is a padded copy of it.
    """

    low: Cell
    high: Cell
    offset: Cell
    size: Cell

    @classmethod
    def place(cls, blocks: Blocks, center: tuple[float, float] | None = None) -> Window:
        """One grid of the prior around ``center`` (x, z; the middle by default) of a map [X, Y, Z]."""
        cx, cz = center or (blocks.shape[0] / 2, blocks.shape[2] / 2)
        return cls.over(blocks, (cx, 0, cz), (cx, 0, cz))

    @classmethod
    def over(cls, blocks: Blocks, low: tuple[float, float, float], high: tuple[float, float, float]) -> Window:
        """All of the box [low, high) in x and z, and one grid of the prior in y: from GROUND_LAYER below
        the usual height of the land up, moved so that it holds the box where the box fits.
        """
        shape = blocks.shape
        first, last, offset, size = [0, 0, 0], [0, 0, 0], [0, 0, 0], list(GRID)
        for axis in (0, 2):
            size[axis] = max(GRID[axis], int(np.ceil(high[axis] - low[axis])))
            if shape[axis] > size[axis]:
                middle = (low[axis] + high[axis]) / 2
                first[axis] = int(np.clip(round(middle - size[axis] / 2), 0, shape[axis] - size[axis]))
                last[axis] = first[axis] + size[axis]
            else:
                size[axis] = max(GRID[axis], shape[axis])
                last[axis] = shape[axis]
                offset[axis] = (size[axis] - shape[axis]) // 2
        last[1] = shape[1]
        if shape[1] > GRID[1]:
            part = blocks[first[0] : last[0], :, first[2] : last[2]] > AIR
            tops = np.where(part.any(1), shape[1] - part[:, ::-1].argmax(1), 0)
            bottom = round(float(np.median(tops))) - GROUND_LAYER
            if high[1] > low[1]:
                bottom = int(np.clip(bottom, min(high[1] - GRID[1], low[1]), low[1]))
            first[1] = int(np.clip(bottom, 0, shape[1] - GRID[1]))
            last[1] = first[1] + GRID[1]
        return cls(_cell(first), _cell(last), _cell(offset), _cell(size))

    @classmethod
    def small(cls, shape: Cell) -> Window:
        """All of a map that is smaller than the prior's grid on some axis and not larger on any, placed so
        that the land has room to be thin: `ground_layers` of it inside the map.
        """
        low = GROUND_LAYER - ground_layers(shape[1])
        offset = ((GRID[0] - shape[0]) // 2, min(GRID[1] - shape[1], low), (GRID[2] - shape[2]) // 2)
        return cls((0, 0, 0), shape, offset, GRID)

    @property
    def local(self) -> Window:
        """The same window in a map that is cut to it."""
        return replace(self, low=(0, 0, 0), high=_cell([b - a for a, b in zip(self.low, self.high, strict=True)]))

    @property
    def map_slices(self) -> tuple[slice, slice, slice]:
        """The window in the map."""
        a, b = self.low, self.high
        return slice(a[0], b[0]), slice(a[1], b[1]), slice(a[2], b[2])

    @property
    def grid_slices(self) -> tuple[slice, slice, slice]:
        """The map's part in the canvas."""
        o, a, b = self.offset, self.low, self.high
        return (
            slice(o[0], o[0] + b[0] - a[0]),
            slice(o[1], o[1] + b[1] - a[1]),
            slice(o[2], o[2] + b[2] - a[2]),
        )

    def cut(self, values: NDArray[np.uint8]) -> Tensor:
        """Values [X, Y, Z] of the map as [*size]; beyond the map's sides its border goes on, above it is 0."""
        part = values[self.map_slices]
        pads = [(o, grid - o - size) for o, grid, size in zip(self.offset, self.size, part.shape, strict=True)]
        part = np.pad(part, (pads[0], (0, 0), pads[2]), mode="edge")
        return torch.from_numpy(np.pad(part, ((0, 0), pads[1], (0, 0))))

    def inside(self) -> Tensor:
        """Mask [*size]: cells of the canvas that are cells of the map."""
        out = torch.zeros(self.size, dtype=torch.bool)
        out[self.grid_slices] = True
        return out

    def rim(self, shape: Cell) -> Mask:
        """Mask [X, Y, Z] of a map of ``shape``: cells of the window within RIM of a face beyond which
        the map goes on. What is built there would break off at the window's edge.
        """
        out = np.zeros(shape, dtype=bool)
        part = out[self.map_slices]
        for axis in range(3):
            side = np.moveaxis(part, axis, 0)
            if self.low[axis] > 0:
                side[:RIM] = True
            if self.high[axis] < shape[axis]:
                side[-RIM:] = True
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


def _cell(values: list[int]) -> Cell:
    return values[0], values[1], values[2]
