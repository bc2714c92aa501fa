"""What every renderer returns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RenderOutput:
    """Pictures. The leading shape ``...`` is [V, H, W] for cameras and [R] for single rays.

    With T_i the transmittance in front of the i-th cell of a ray and w_i = T_i * occupancy_i:

    Args:
        rgb: [..., 3], sum of w_i * lit colour of the face entered, plus what is left times SKY.
            Differentiable in occupancy and material probabilities.
        square: [...], the same sum of r^2 + g^2 + b^2, so that ``square - 2 rgb . y + |y|^2`` is the
            mean squared distance from a colour y over all hard worlds that the probabilities
            allow along this ray (a blend of wrong colours does not look right). Differentiable
            like ``rgb``.
        depth: [...], sum of w_i * t_i plus what is left times the camera's ``far``: the expected
            distance along the viewing axis, world units. Differentiable in occupancy.
        normal: [..., 3], sum of w_i * outward normal of the face entered, world space, not
            normalised; 0 where only sky is seen. Not differentiable.
        alpha: [...] in 0..1, sum of w_i. Differentiable in occupancy.
        block_id: [...] int64 palette index of the most likely material in the cell with the
            largest w_i; 0 where the sky weighs more than any cell. Not differentiable.
        cell: [...] int64 flat index (C order) of that cell, -1 for sky. Not differentiable.
    """

    rgb: torch.Tensor
    square: torch.Tensor
    depth: torch.Tensor
    normal: torch.Tensor
    alpha: torch.Tensor
    block_id: torch.Tensor
    cell: torch.Tensor

    def images(self) -> NDArray[np.uint8]:
        """``rgb`` as 8-bit pictures [..., 3], rounded as the editor's canvas does."""
        return to_uint8(self.rgb.detach().cpu().numpy())

    def reshaped(self, leading: tuple[int, ...]) -> RenderOutput:
        """The same with another leading shape of as many rays."""
        parts = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        flat = self.depth.ndim
        return RenderOutput(**{name: part.reshape(leading + part.shape[flat:]) for name, part in parts.items()})


def to_uint8(rgb: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours in 0..1 to 0..255, floor(c * 255 + 0.5); out of range values are clamped."""
    return np.floor(np.clip(np.asarray(rgb, dtype=np.float64), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def with_square(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """[..., 3] colours with r^2 + g^2 + b^2 as a fourth channel [..., 4]."""
    return np.concatenate([colors, (colors**2).sum(axis=-1, keepdims=True)], axis=-1)


@torch.no_grad()
def likeliest_block(material_probs: torch.Tensor, cell: torch.Tensor) -> torch.Tensor:
    """Palette index of the likeliest material of flat cells [...] (index -1 is sky, 0)."""
    chosen = material_probs.reshape(-1, material_probs.shape[-1])[cell.clamp(min=0)].argmax(dim=-1) + 1
    return torch.where(cell >= 0, chosen, 0)
