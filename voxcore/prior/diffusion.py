"""The diffusion process in block space.

A voxel's state is a code of ``CODE_DIM`` numbers: occupancy (-1 or +1) and a point on a sphere for
its material. Variance-preserving noise with an angle as its clock:

    x_t = alpha x_0 + sigma eps,  alpha = cos(theta), sigma = sin(theta), tan(theta) = SHIFT tan(pi t / 2)

The shift to more noise follows "simple diffusion", arXiv:2301.11093 section 2.3: neighbouring voxels
agree, so a given sigma hides less of a grid than of one voxel.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import torch
from torch import Tensor

MATERIALS: Final = 11
CLASSES: Final = MATERIALS + 1
CODE_DIM: Final = 5
SHIFT: Final = 3.0


@cache
def codebook() -> Tensor:
    """[CLASSES, CODE_DIM] float32: the code of each palette index, Air first.

    Material codes repel each other on the unit 3-sphere until they are as far apart as 11 points
    get there, so that no two materials are easier to confuse than others. Air sits at the centre.
    Computed in float64 from a fixed seed by plain arithmetic, hence the same everywhere.
    """
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(MATERIALS, CODE_DIM - 1, generator=generator, dtype=torch.float64)
    for step in range(2000):
        points = points / points.norm(dim=1, keepdim=True)
        difference = points[:, None] - points[None]
        distance2 = difference.pow(2).sum(-1) + torch.eye(MATERIALS, dtype=torch.float64)
        force = (difference / distance2.pow(4)[..., None]).sum(1)
        points = points + 0.05 * (1 - step / 2000) * force / force.norm(dim=1, keepdim=True).clamp(min=1.0)
    points = points / points.norm(dim=1, keepdim=True)
    codes = torch.zeros(CLASSES, CODE_DIM, dtype=torch.float64)
    codes[0, 0] = -1.0
    codes[1:, 0] = 1.0
    codes[1:, 1:] = points * 2.0**0.5
    return codes.float()


def encode(blocks: Tensor) -> Tensor:
    """Palette indices [B, X, Y, Z] to codes [B, CODE_DIM, X, Y, Z] float32."""
    return codebook().to(blocks.device)[blocks.long()].movedim(-1, 1)


def expected_code(probabilities: Tensor) -> Tensor:
    """Posterior mean x0_hat = sum_m q_m code_m: [B, CLASSES, X, Y, Z] to [B, CODE_DIM, X, Y, Z]."""
    return torch.einsum("bmxyz,mc->bcxyz", probabilities, codebook().to(probabilities))


def alpha_sigma(t: Tensor) -> tuple[Tensor, Tensor]:
    """Signal and noise amplitudes at diffusion time t in (0, 1)."""
    theta = torch.atan(SHIFT * torch.tan(torch.pi / 2 * t))
    return torch.cos(theta), torch.sin(theta)
