"""Canvases larger than the prior's grid: overlapping tiles, denoised jointly.

MultiDiffusion (arXiv:2302.08113): at every noise level each tile's posterior is asked for, and where
tiles overlap the posteriors are averaged with weights that fall smoothly towards a tile's inner
faces. All tiles read the same noisy canvas, so they agree and no border shows. One tile in the
middle gets the prompt; the others get the land around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from voxcore.prior.model import GRID

OVERLAP: Final = 16
"""Cells that neighbouring tiles share at least."""

Cell = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Tile:
    """One grid of the prior at ``low`` in the canvas.

    ``weight`` [*GRID] is its share of each cell; the shares of all tiles sum to 1. ``central`` marks
    the one tile that the prompt is about.
    """

    low: Cell
    weight: Tensor
    central: bool

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The tile in the canvas."""
        return tuple(slice(a, a + g) for a, g in zip(self.low, GRID, strict=True))  # type: ignore[return-value]


def tiles(size: Cell) -> list[Tile]:
    """Tiles over a canvas of ``size``, at least GRID in x and z and exactly GRID in y; the central one first."""
    middle = ((size[0] - GRID[0]) // 2, 0, (size[2] - GRID[2]) // 2)
    lows = [(x, 0, z) for x in starts(size[0], GRID[0]) for z in starts(size[2], GRID[2])]
    others = [low for low in lows if low != middle]
    core = _bump(middle, size)
    ramps = {low: _bump(low, size) for low in others}
    total = torch.zeros(size)
    for low, ramp in ramps.items():
        total[Tile(low, ramp, False).slices] += ramp
    # What the central tile claims is its own: the land around knows nothing of the object in it.
    claim = torch.zeros(size)
    claim[Tile(middle, core, True).slices] = core
    out = [Tile(middle, claim[Tile(middle, core, True).slices].clone(), True)]
    for low, ramp in ramps.items():
        place = Tile(low, ramp, False).slices
        share = ramp / total[place].clamp(min=1e-12) * (1.0 - claim[place])
        out.append(Tile(low, share, False))
    return out


def starts(size: int, grid: int) -> list[int]:
    """Where tiles of ``grid`` cells begin on an axis of ``size``: evenly, at both ends, overlapping."""
    if size <= grid:
        return [0]
    count = -(-(size - OVERLAP) // (grid - OVERLAP))
    return [round(i * (size - grid) / (count - 1)) for i in range(count)]


def _bump(low: Cell, size: Cell) -> Tensor:
    """[*GRID] in (0, 1]: 1 inside, falling over OVERLAP cells towards faces that are not the canvas's own."""
    out = torch.ones(GRID)
    for axis in (0, 2):
        grid = GRID[axis]
        at = torch.arange(grid) + 0.5
        ramp = torch.ones(grid)
        if low[axis] > 0:
            ramp = ramp * (at / OVERLAP).clamp(max=1.0)
        if low[axis] + grid < size[axis]:
            ramp = ramp * ((grid - at) / OVERLAP).clamp(max=1.0)
        shape = [1, 1, 1]
        shape[axis] = grid
        out = out * (ramp * ramp * (3.0 - 2.0 * ramp)).reshape(shape)  # smoothstep: no kink where a ramp begins
    return out
