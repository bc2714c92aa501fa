"""Training pictures: worlds of the feed, drawn as a distillation draws its own world, each with its text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks.prior.cast import cast, color_table, ray_bases
from voxcore.guidance.view_prompts import direction, nearest
from voxcore.prior.model import GRID
from voxcore.views import orbit_views

SCALE = 2.0
"""World units of a cell, as in the editor."""
VIEWS = 4
"""Pictures of a world at a time."""
PLACES = 1024
"""Sets of so many camera places; drawn from, since making one takes the CPU longer than the GPU takes to draw."""
OTHER_SKY = 0.3
"""Share of the pictures under another sky, as distillations have them (``random_sky``)."""
NO_VIEW, NO_TEXT = 0.15, 0.1
"""Shares of the texts that say nothing of the direction, and of pictures with no text at all."""

Worlds = Callable[[int], tuple[Tensor, Tensor]]
"""So many worlds [N, X, Y, Z] and the rows of their captions [N, (1 + V) * TOKENS] (`texts.CaptionReader`)."""


class Album:
    """A ring of pictures on the device, as colour codes (`benchmarks.prior.cast`) with token numbers. Drawing one is
    what costs, so each is trained on a few times.
    """

    def __init__(self, size: int, side: int, worlds: Worlds, empty: Tensor, rng: np.random.Generator) -> None:
        device = empty.device
        self.worlds, self.side, self.empty = worlds, side, empty
        cameras = [orbit_views(GRID, SCALE, VIEWS, side, rng) for _ in range(PLACES)]
        self._bases = ray_bases(cameras, GRID, SCALE).to(device)
        views = [[nearest(*direction(camera)) for camera in row] for row in cameras]
        self._views = torch.tensor(views, device=device)
        self._table = color_table().to(device)
        self.codes = torch.zeros(size, side, side, dtype=torch.uint8, device=device)
        self.ids = torch.zeros(size, len(empty), dtype=torch.int16, device=device)
        self.drawn = 0

    def add(self, worlds: int, *, fused: bool) -> None:
        """Draw so many worlds from VIEWS sides each."""
        blocks, rows = self.worlds(worlds)
        device = blocks.device
        place = torch.randint(PLACES, (worlds,), device=device)
        codes = cast(blocks, self._bases[place], self.side, fused=fused).flatten(0, 1)
        said = torch.where(torch.rand(worlds, VIEWS, device=device) < NO_VIEW, 0, self._views[place])
        tokens = rows.view(worlds, -1, len(self.empty))
        ids = tokens.gather(1, said[..., None].expand(-1, -1, len(self.empty))).flatten(0, 1)
        at = torch.arange(self.drawn, self.drawn + len(codes), device=device) % len(self.codes)
        self.codes[at], self.ids[at] = codes.to(torch.uint8), ids.to(torch.int16)
        self.drawn += len(codes)

    def colors(self, codes: Tensor) -> Tensor:
        """The pictures [..., 3] in 0..1 of ``codes``, under the usual sky."""
        return self._table[codes.long()]

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Pictures [count, H, W, 3] in 0..1 and token numbers [count, TOKENS]."""
        device = self.codes.device
        index = torch.randint(min(self.drawn, len(self.codes)), (count,), device=device)
        codes = self.codes[index]
        pictures = self.colors(codes)
        other = torch.rand(count, 1, 1, 1, device=device) < OTHER_SKY
        sky = torch.rand(count, 1, 1, 3, device=device)
        pictures = torch.where(other & (codes == 0)[..., None], sky, pictures)
        silent = torch.rand(count, 1, device=device) < NO_TEXT
        return pictures, torch.where(silent, self.empty, self.ids[index].long())
