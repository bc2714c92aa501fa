"""The prior's two networks, as the training loop sees them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import layout
import numpy as np
import torch
from objective import answer, make_batch, plain_loss, unweighted_loss, with_guess, words_of
from torch import Tensor

from voxcore.prior.diffusion import SHIFT
from voxcore.prior.layout import LayoutNetwork
from voxcore.prior.model import load_layout, load_network
from voxcore.prior.network import PriorNetwork

Network = Any
"""A `PriorNetwork` or a `LayoutNetwork`: whichever the part is about."""


class Part(Protocol):
    """``name`` begins the weight files' names."""

    name: str

    def first(self) -> Network:
        """What the first run begins with."""

    def load(self, folder: Path) -> Network:
        """What an earlier run left. Raises NotFound."""

    def compile(self) -> None:
        """Compile what the loss is made of."""

    def loss(self, network: Network, worlds: Tensor, ids: Tensor, vectors: Tensor, codes: Tensor) -> Tensor:
        """The mean loss of worlds [B, 2 (terrain, world), *GRID] with captions' word ids [B, W]."""

    def validate(
        self, network: Network, worlds: Tensor, ids: Tensor, vectors: Tensor, codes: Tensor
    ) -> dict[str, float]:
        """Figures for the log, on a batch that is never trained on."""


class PriorPart:
    """`voxcore.prior.network`: every noise, every use."""

    name = "prior"

    def __init__(self) -> None:
        self._loss: Callable[..., Tensor] = plain_loss
        self._ask: Callable[..., Tensor] = answer

    def first(self) -> PriorNetwork:
        return PriorNetwork()

    def load(self, folder: Path) -> PriorNetwork:
        return load_network(folder)

    def compile(self) -> None:
        self._loss = torch.compile(plain_loss, dynamic=False)
        self._ask = torch.compile(answer, dynamic=False)

    def loss(self, network: PriorNetwork, worlds: Tensor, ids: Tensor, vectors: Tensor, codes: Tensor) -> Tensor:
        batch = make_batch(worlds, ids, vectors, augment=True)
        batch = with_guess(network, batch, codes, rows=len(worlds) // 2, ask=self._ask)
        return self._loss(network, batch, codes).mean()

    def validate(
        self, network: PriorNetwork, worlds: Tensor, ids: Tensor, vectors: Tensor, codes: Tensor
    ) -> dict[str, float]:
        """Plain cross-entropy per cell at three noise levels, without a guess from an answer before, and with one
        (``guess_...``).
        """
        batch = make_batch(worlds, ids, vectors, augment=False)
        out = {}
        for t in (0.3, 0.6, 0.9):
            batch.t = torch.full_like(batch.t, t)
            after = with_guess(network, batch, codes, rows=len(batch.t))
            for name, asked in (("ce", batch), ("guess_ce", after)):
                out[f"{name}_{t}"] = float(unweighted_loss(network, asked, codes).mean())
        return out


class LayoutPart:
    """`voxcore.prior.layout`: heavy noise, worlds from nothing."""

    name = "layout"

    def __init__(self) -> None:
        self._cost: Callable[..., Tensor] = layout.cost

    def first(self) -> LayoutNetwork:
        return layout.from_prior(load_network())

    def load(self, folder: Path) -> LayoutNetwork:
        return load_layout(folder)

    def compile(self) -> None:
        self._cost = torch.compile(layout.cost, dynamic=False)

    def loss(self, network: LayoutNetwork, worlds: Tensor, ids: Tensor, vectors: Tensor, codes: Tensor) -> Tensor:
        words, mask = words_of(ids, vectors, augment=True)
        t = layout.times(torch.rand(len(ids), device=ids.device))
        return (layout.weight(t) * self._cost(network, worlds[:, 1], t, words, mask, codes)).mean()

    def validate(
        self, network: LayoutNetwork, worlds: Tensor, ids: Tensor, vectors: Tensor, codes: Tensor
    ) -> dict[str, float]:
        """Cross-entropy per column of 4 cells by noise (sigma / alpha); half of the batch has a guess."""
        words, mask = words_of(ids, vectors, augment=False)
        out = {}
        for ratio in (7.0, 12.0, 20.0, 40.0):
            t = torch.full((len(ids),), 2 / np.pi * float(np.arctan(ratio / SHIFT)), device=ids.device)
            out[f"layout_{ratio:g}"] = float(layout.cost(network, worlds[:, 1], t, words, mask, codes).mean())
        return out


PARTS: dict[str, Callable[[], Part]] = {"prior": PriorPart, "layout": LayoutPart}
