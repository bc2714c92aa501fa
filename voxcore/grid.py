"""The world as something that can be optimised: occupancy and material logits for every cell.

Convention: arrays are indexed [X, Y, Z] with y up; materials are palette indices 1..M, stored at
position ``index - 1`` of the last axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from voxcore.errors import InvalidInput, ShapeError

LOGIT_LIMIT: Final = 8.0
"""Logits are kept within this bound: far enough to be decided, near enough to be changed."""
MAX_OCCUPANCY: Final = 1.0 - 1e-6


@dataclass(frozen=True)
class SoftView:
    """``occupancy`` [X, Y, Z] in 0..1 and ``materials`` [X, Y, Z, M] summing to 1; differentiable."""

    occupancy: Tensor
    materials: Tensor

    def pure(self) -> SoftView:
        """Each cell of its likeliest material, with the mixture's gradient (straight-through, arXiv:1308.3432). Seen
        as a mixture, a cell can have any colour between those of the materials and never be any of them.
        """
        chosen = F.one_hot(self.materials.argmax(-1), self.materials.shape[-1]).to(self.materials)
        return SoftView(self.occupancy, chosen + self.materials - self.materials.detach())


class DifferentiableVoxelGrid(nn.Module):
    """Occupancy logits [X, Y, Z] and material logits [X, Y, Z, M], float32."""

    occupancy_logits: nn.Parameter
    material_logits: nn.Parameter

    def __init__(self, occupancy_logits: Tensor, material_logits: Tensor) -> None:
        super().__init__()
        if occupancy_logits.ndim != 3 or material_logits.shape[:-1] != occupancy_logits.shape:
            raise ShapeError(
                f"expected [X, Y, Z] and [X, Y, Z, M], got {list(occupancy_logits.shape)} "
                f"and {list(material_logits.shape)}",
                field="logits",
            )
        self.occupancy_logits = nn.Parameter(occupancy_logits)
        self.material_logits = nn.Parameter(material_logits)

    @classmethod
    def from_blocks(
        cls,
        blocks: NDArray[np.uint8],
        materials: int,
        *,
        solid: float = 2.5,
        air: float = -4.0,
        material: float = 2.5,
        device: torch.device | str = "cpu",
    ) -> DifferentiableVoxelGrid:
        """A grid whose hard view is ``blocks`` [X, Y, Z] (palette indices 0..materials).

        ``solid``, ``air`` and ``material`` are the logits of a full cell, an empty one and the
        present material. Raises ShapeError or InvalidInput.
        """
        if blocks.ndim != 3:
            raise ShapeError(f"expected [X, Y, Z], got {list(blocks.shape)}", field="blocks")
        if int(blocks.max(initial=0)) > materials:
            raise InvalidInput(f"expected palette indices up to {materials}, got {blocks.max()}", field="blocks")
        index = torch.from_numpy(np.ascontiguousarray(blocks)).to(device, torch.int64)
        occupancy = torch.where(index > 0, solid, air).float()
        chosen = F.one_hot(index, materials + 1)[..., 1:].float() * material
        return cls(occupancy, chosen)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along x, y and z."""
        x, y, z = self.occupancy_logits.shape
        return (x, y, z)

    def soft(self, temperature: float = 1.0) -> SoftView:
        """The differentiable view: sigmoid and softmax of logits / temperature."""
        return SoftView(self.occupancy(temperature), torch.softmax(self.material_logits / temperature, dim=-1))

    def occupancy(self, temperature: float = 1.0) -> Tensor:
        """The occupancy [X, Y, Z] of `soft` alone; differentiable."""
        return torch.sigmoid(self.occupancy_logits / temperature).clamp(max=MAX_OCCUPANCY)

    def log_probabilities(self, temperature: float = 1.0) -> Tensor:
        """[X, Y, Z, 1 + M] log-probabilities of each palette index, Air first; differentiable."""
        occupancy = self.occupancy_logits / temperature
        materials = torch.log_softmax(self.material_logits / temperature, dim=-1)
        return torch.cat([F.logsigmoid(-occupancy)[..., None], F.logsigmoid(occupancy)[..., None] + materials], dim=-1)

    @torch.no_grad()
    def probabilities(self, temperature: float = 1.0) -> Tensor:
        """exp of `log_probabilities`, not differentiable."""
        full = torch.sigmoid(self.occupancy_logits / temperature)[..., None]
        return torch.cat([1.0 - full, full * torch.softmax(self.material_logits / temperature, dim=-1)], dim=-1)

    @torch.no_grad()
    def hard(self) -> NDArray[np.uint8]:
        """Palette indices [X, Y, Z]: the likelier of full and empty, then the likeliest material."""
        solid = self.occupancy_logits > 0.0
        blocks = torch.where(solid, self.material_logits.argmax(-1) + 1, 0).to(torch.uint8)
        return np.ascontiguousarray(blocks.cpu().numpy())

    @torch.no_grad()
    def clamp_(self) -> None:
        """Keep every logit within LOGIT_LIMIT."""
        self.occupancy_logits.clamp_(-LOGIT_LIMIT, LOGIT_LIMIT)
        self.material_logits.clamp_(-LOGIT_LIMIT, LOGIT_LIMIT)

    @torch.no_grad()
    def upsampled(self, factor: int = 2) -> DifferentiableVoxelGrid:
        """Each cell split into factor^3 equal ones: the hard view is the same world, finer."""
        if factor < 1:
            raise InvalidInput(f"expected at least 1, got {factor}", field="factor")

        def split(x: Tensor) -> Tensor:
            for axis in range(3):
                x = x.repeat_interleave(factor, dim=axis)
            return x

        return DifferentiableVoxelGrid(split(self.occupancy_logits), split(self.material_logits))
