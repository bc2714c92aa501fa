"""The layout network: what stands where, from noise that hides single cells, when a world is built from nothing.

Under heavy noise a cell's own code says next to nothing; what is visible are means over many cells. So this network
looks at columns of 2x1x2 cells (heights keep their detail, since flat ground is seen early) and puts patches of 8^3
cells straight into a transformer, without the convolutions in which `voxcore.prior.network` spends most of its time.
Experts for different noise follow eDiff-I (arXiv:2211.01324 section 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from voxcore.prior.diffusion import CLASSES, CODE_DIM, alpha_sigma
from voxcore.prior.network import WAVES, Block, TextEncoder, waves

COLUMN: Final = (2, 1, 2)
"""Cells along each axis that count as one."""
CELLS: Final = 4
"""Cells of a column: its mean's noise has half the size of a cell's."""
PATCH: Final = (4, 8, 4)
"""Columns of a token: 8^3 cells."""
_COLUMNS: Final = PATCH[0] * PATCH[1] * PATCH[2]


@dataclass(frozen=True)
class LayoutConfig:
    """Widths and depths. The defaults are the shipped model."""

    width: int = 256
    blocks: int = 7
    heads: int = 8
    text_width: int = 192
    text_layers: int = 3
    tokens: tuple[int, int, int] = (8, 6, 8)


def columns(x: Tensor) -> Tensor:
    """[B, X, Y, Z, C] as means over COLUMN [B, X/2, Y, Z/2, C]."""
    b, sx, sy, sz, c = x.shape
    return x.reshape(b, sx // 2, 2, sy, sz // 2, 2, c).mean((2, 5))


def cells(x: Tensor) -> Tensor:
    """[B, X/2, Y, Z/2, C] as cells [B, X, Y, Z, C], those of a column alike."""
    b, sx, sy, sz, c = x.shape
    return x[:, :, None, :, :, None].expand(b, sx, 2, sy, sz, 2, c).reshape(b, 2 * sx, sy, 2 * sz, c)


def _to_tokens(x: Tensor) -> Tensor:
    """[B, x, y, z, C] columns to [B, N, _COLUMNS C] tokens."""
    b, sx, sy, sz, c = x.shape
    px, py, pz = PATCH
    x = x.reshape(b, sx // px, px, sy // py, py, sz // pz, pz, c).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return x.reshape(b, -1, _COLUMNS * c)


def _from_tokens(x: Tensor, tokens: tuple[int, int, int]) -> Tensor:
    """The inverse of `_to_tokens`."""
    b, c = len(x), x.shape[-1] // _COLUMNS
    x = x.reshape(b, *tokens, *PATCH, c).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return x.reshape(b, *(n * p for n, p in zip(tokens, PATCH, strict=True)), c)


class LayoutNetwork(nn.Module):
    """See the module. Grid sizes are 8 times ``config.tokens``."""

    def __init__(self, config: LayoutConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or LayoutConfig()
        self.text = TextEncoder(c.text_width, c.text_layers)
        self.time = nn.Sequential(nn.Linear(2 * WAVES, c.width), nn.SiLU(), nn.Linear(c.width, c.width))
        self.text_pool = nn.Linear(c.text_width, c.width)
        self.modulation = nn.Linear(c.width, 6 * c.width)
        self.enter = nn.Linear(_COLUMNS * CODE_DIM, c.width)
        self.enter_guess = nn.Linear(_COLUMNS * CODE_DIM, c.width, bias=False)
        self.position = nn.Parameter(torch.randn(*c.tokens, c.width) * 0.02)
        self.blocks = nn.ModuleList(Block(c.width, c.text_width, c.heads) for _ in range(c.blocks))
        self.leave = nn.Linear(c.width, _COLUMNS * CLASSES)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.enter_guess.weight)

    def forward(self, x: Tensor, t: Tensor, words: Tensor, word_mask: Tensor, guess: Tensor | None = None) -> Tensor:
        """x [B, X/2, Y, Z/2, CODE_DIM] means of noisy codes (`columns`), t [B], words [B, W, 96], word_mask
        [B, W] bool; returns logits [B, X/2, Y, Z/2, CLASSES] of the share that each class has of a column.

        ``guess``, like x without noise: what the answer before expected, as in `voxcore.prior.network.PriorNetwork`.
        """
        c, dtype = self.config, self.enter.weight.dtype
        text, text_mask = self.text(words.to(dtype), word_mask)
        vector = F.silu(self.time(waves(t).to(dtype)) + self.text_pool(text[:, 0]))
        modulation = self.modulation(vector).unflatten(-1, (6, -1))
        alpha, sigma = alpha_sigma(t.float())
        scale = (CELLS / (sigma**2 + CELLS * alpha**2)).sqrt()[:, None, None, None, None]
        tokens = self.enter(_to_tokens((x * scale).to(dtype))) + self.position.to(dtype).flatten(0, 2)
        if guess is not None:
            tokens = tokens + self.enter_guess(_to_tokens(guess.to(dtype)))
        for block in self.blocks:
            tokens = block(tokens, modulation, text, text_mask)
        return _from_tokens(self.leave(F.layer_norm(tokens, tokens.shape[-1:])), c.tokens)
