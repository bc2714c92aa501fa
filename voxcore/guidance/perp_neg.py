"""Perp-Neg (arXiv:2304.04968): a negative prompt works only where it does not oppose the positive one.

Views between front, side and back mix the two nearest texts and push away from the others, so that
no face grows on the back. The push follows ``f(r) = a exp(-b r) + c``, and its constants are those
that the method's public implementations use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from torch import Tensor

Decay = tuple[float, float, float]
SIDE_BESIDE_FRONT: Final[Decay] = (4.0, 0.5, -2.426)
"""(a, b, c) of the push away from the side and the front texts between front and side."""
FRONT_AT_BACK: Final[Decay] = (1.0, 0.5, 0.967)
"""The same of the push away from the front text between side and back,"""
SIDE_BESIDE_BACK: Final[Decay] = (1.0, 0.5, -0.606)
"""and from the side text there."""


def push(decay: Decay, nearness: float) -> float:
    """f(r) of the module for ``nearness`` r in 0..1."""
    a, b, c = decay
    return a * math.exp(-b * nearness) + c


def perpendicular(vector: Tensor, to: Tensor) -> Tensor:
    """The part of ``vector`` [B, ...] at right angles to ``to``, each of the batch by itself."""
    axes = tuple(range(1, vector.ndim))
    along = (vector * to).sum(axes, keepdim=True) / to.pow(2).sum(axes, keepdim=True).clamp(min=1e-12)
    return vector - along * to


def perp_neg(
    unconditional: Tensor, positive: Tensor, negatives: Sequence[Tensor], weights: Sequence[Tensor], scale: float
) -> Tensor:
    """The guided prediction [B, ...] (section 4): with ``d_i`` the predictions less the unconditional one,
    ``unconditional + scale * (d_pos - sum_i w_i perpendicular(d_i, d_pos))``, ``weights`` [B] at least 0.
    """
    wanted = positive - unconditional
    total = wanted
    for negative, weight in zip(negatives, weights, strict=True):
        shaped = weight.reshape(-1, *[1] * (wanted.ndim - 1))
        total = total - shaped * perpendicular(negative - unconditional, wanted)
    return unconditional + scale * total
