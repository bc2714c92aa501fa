"""Noise that sticks to surfaces: a place of the world has the same noise from wherever it is seen.

Space is cut into texels; each has standard normal numbers, hashed from its position. A latent pixel
sums those of the points that its picture pixels see and divides by the sum's own spread, so that it
is standard normal whatever it sees (arXiv:2501.05445, the noise on the object's texture, here without
a texture). Neighbours that see the same texel share noise, as views do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from voxcore.cameras import Camera
from voxcore.errors import ShapeError

TEXELS_PER_CELL: Final = 4
"""Along each axis: fine enough that large faces do not become flat."""
_PAIRS_AT_ONCE: Final = 2**24
"""Bounds the memory of the count of equal texels."""


@torch.no_grad()
def surface_noise(
    depth: Tensor, cameras: Sequence[Camera], shape: tuple[int, int, int], *, cell: float, seed: int
) -> Tensor:
    """[V, C, h, w] float32 for ``shape`` (C, h, w) and pictures whose ``depth`` [V, H, W] is as in
    RenderOutput.

    ``cell`` is the side of a cell in world units. Depends on nothing else. Raises ShapeError unless H
    and W are multiples of h and w.
    """
    channels, h, w = shape
    views, height, width = depth.shape
    if height % h or width % w:
        raise ShapeError(f"expected multiples of {h} and {w}, got {height} and {width}", field="depth")
    # Faces lie on the planes between texels, where rounding down would be a matter of luck.
    texels = torch.round(_points(depth, cameras) * (TEXELS_PER_CELL / cell)).to(torch.int64)
    # The seed is hashed by itself first: next to a position it would only swap neighbours.
    keys = _mixed(torch.full_like(texels[..., 0], seed & 0x7FFFFFFFFFFFFFFF))
    for axis in range(3):
        keys = _mixed(keys ^ texels[..., axis])
    seen = keys.reshape(views, h, height // h, w, width // w).permute(0, 1, 3, 2, 4).reshape(views * h * w, -1)
    # The variance of a sum in which texel f appears n_f times is sum n_f^2: the number of equal pairs.
    rows = max(1, _PAIRS_AT_ONCE // seen.shape[1] ** 2)
    pairs = torch.cat([(part[:, :, None] == part[:, None, :]).sum((1, 2)) for part in torch.split(seen, rows)])
    sums = torch.stack([_normal(_mixed(seen + channel)).sum(1) for channel in range(1, channels + 1)], dim=1)
    noise = (sums / pairs[:, None].sqrt()).float()
    return noise.reshape(views, h, w, channels).permute(0, 3, 1, 2).contiguous()


def _points(depth: Tensor, cameras: Sequence[Camera]) -> Tensor:
    """Where in the world [V, H, W, 3] float64 the pixels end."""
    _, height, width = depth.shape
    basis = torch.from_numpy(np.stack([camera.ray_basis() for camera in cameras], axis=1)).to(depth.device)
    eye, corner, right, down = basis[:, :, None, None, :]
    column = torch.arange(width, device=depth.device, dtype=torch.float64)[:, None] + 0.5
    row = torch.arange(height, device=depth.device, dtype=torch.float64)[:, None, None] + 0.5
    points: Tensor = eye + depth.double()[..., None] * (corner + column * right + row * down)
    return points


def _mixed(keys: Tensor) -> Tensor:
    """A hash of 64-bit ``keys`` to 0..2^62 (the finaliser of SplitMix64): fold and multiply, twice."""
    for shift, multiplier in ((30, -0x40A7B892E31B1A47), (27, -0x6B2FB644ECCEEE15)):
        keys = (keys ^ _shifted(keys, shift)) * multiplier
    return _shifted(keys ^ _shifted(keys, 31), 2)


def _shifted(keys: Tensor, bits: int) -> Tensor:
    """To the right, as if there were no sign."""
    return keys >> bits & (1 << 64 - bits) - 1


def _normal(keys: Tensor) -> Tensor:
    """A standard normal number for each key (Box and Muller), float64."""
    high, low = (keys >> 31).double() / 2**31, (keys & 0x7FFFFFFF).double() / 2**31
    return torch.sqrt(-2.0 * torch.log((1.0 - high).clamp(min=2.0**-32))) * torch.cos(2.0 * math.pi * low)
