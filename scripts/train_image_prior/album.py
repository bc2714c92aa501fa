"""Training pictures: worlds of the feed, four tiled views of each as a distillation draws its own world."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks.lowered import lowered
from benchmarks.prior.cast import cast, color_table, ray_bases
from voxcore.guidance.tiles import tiled
from voxcore.prior.model import GRID
from voxcore.views import TILES, quarter_views

SCALE = 2.0
"""World units of a cell, as in the editor."""
PLACES = 1024
"""Sets of camera places; drawn from, since making one takes the CPU longer than the GPU takes to draw."""
LOWERED = 0.7
"""Share of the worlds that lie as low as they can: the ground that a distillation starts from is one layer thick, and
higher ground, seen from above, differs from it only at the grid's edge, where a wall would grow.
"""
OTHER_SKY = 0.3
"""Share of the pictures under another sky, as distillations have them (``random_sky``)."""
NO_TEXT = 0.1
"""Share of the pictures with no text at all."""

Worlds = Callable[[int], tuple[Tensor, Tensor]]
"""So many worlds [N, X, Y, Z] and the token numbers of their captions [N, TOKENS]."""


class Album:
    """A ring of pictures on the device, as colour codes (`benchmarks.prior.cast`) with token numbers. Drawing one is
    what costs, so each is trained on a few times. ``side`` is a view's, half of its picture's.
    """

    def __init__(self, size: int, side: int, worlds: Worlds, empty: Tensor, rng: np.random.Generator) -> None:
        device = empty.device
        self.worlds, self.side, self.empty = worlds, side, empty
        cameras = [quarter_views(GRID, SCALE, TILES, side, rng) for _ in range(PLACES)]
        self._bases = ray_bases(cameras, GRID, SCALE).to(device)
        self._table = color_table().to(device)
        self.codes = torch.zeros(size, 2 * side, 2 * side, dtype=torch.uint8, device=device)
        self.ids = torch.zeros(size, len(empty), dtype=torch.int16, device=device)
        self.drawn = 0

    def add(self, worlds: int, *, fused: bool) -> None:
        """Draw so many worlds."""
        blocks, ids = self.worlds(worlds)
        device = blocks.device
        place = torch.randint(len(self._bases), (worlds,), device=device)
        low = torch.rand(worlds, device=device) < LOWERED
        codes = cast(lowered(blocks, low), self._bases[place], self.side, fused=fused).to(torch.uint8)
        at = torch.arange(self.drawn, self.drawn + worlds, device=device) % len(self.codes)
        self.codes[at], self.ids[at] = tiled(codes.flatten(0, 1)[:, None])[:, 0], ids.to(torch.int16)
        self.drawn += worlds

    def colors(self, codes: Tensor) -> Tensor:
        """The pictures [..., 3] in 0..1 of ``codes``, under the usual sky."""
        return self._table[codes.long()]

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Pictures [count, 2 side, 2 side, 3] in 0..1 and token numbers [count, TOKENS]."""
        device = self.codes.device
        index = torch.randint(min(self.drawn, len(self.codes)), (count,), device=device)
        codes = self.codes[index]
        pictures = self.colors(codes)
        other = torch.rand(count, 1, 1, 1, device=device) < OTHER_SKY
        sky = torch.rand(count, 1, 1, 3, device=device)
        pictures = torch.where(other & (codes == 0)[..., None], sky, pictures)
        silent = torch.rand(count, 1, device=device) < NO_TEXT
        return pictures, torch.where(silent, self.empty, self.ids[index].long())
