"""Ways to distil a score, by name. Each says where the latents of the views should go.

All have the form ``gradient = w(t) (eps_hat - eps)``, with no Jacobian of the network, and differ in
what they compare with what. Since ``eps_hat - eps = alpha/sigma (x - x_0)``, the same gradient is a
pull to a target: ``weight (x - target)`` with ``weight = w(t) alpha/sigma``. The target can be
followed for several optimiser steps; at the first one the gradient is exactly the variant's, but for a
model whose pictures are bounded: then the target is kept within that bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from torch import Tensor

from voxcore.config import Variant
from voxcore.guidance.guide import Guide
from voxcore.guidance.noise_schedule import NoiseSchedule

SDI_STEPS: Final = 10
"""Inversion steps over all timesteps; to a lower one they are as far apart and fewer."""
SDI_SCALE: Final = -7.5
SDI_ETA: Final = 0.3
ISM_INTERVAL: Final = 0.05
"""t - s, as a share of all timesteps,"""
ISM_STRIDE: Final = 0.2
"""and the stride of the inversion up to s."""
EVEN_WEIGHT: Final = 0.5
"""In place of a look's own weight, w(t) alpha/sigma: what that is where it is largest, at as much noise as picture.
Under much noise the own weight is next to nothing, so that the layout, which is decided there, hardly moves the grid
and what is there already decides it later.
"""


@dataclass(frozen=True, eq=False)
class Pull:
    """``weight * (latents - target)`` is the gradient for latents [V, C, h, w]."""

    target: Tensor
    weight: float


@dataclass(frozen=True)
class Draws:
    """Standard normal noise [V, C, h, w]: ``fresh`` each time, or ``on_surfaces``, the same from all sides."""

    fresh: Callable[[], Tensor]
    on_surfaces: Callable[[], Tensor]


def sds(guide: Guide, x: Tensor, t: int, draws: Draws) -> Pull:
    """Score distillation sampling: w(t) (eps_hat(x_t; y) - eps), arXiv:2209.14988 eq. 3."""
    return _from_noise(guide, x, t, draws.fresh())


def cfd(guide: Guide, x: Tensor, t: int, draws: Draws) -> Pull:
    """Consistent flow distillation (arXiv:2501.05445): SDS whose noise is fixed to the surfaces that are
    seen, so that all views take part in one flow (its ODE form, without fresh noise over time).
    """
    return _from_noise(guide, x, t, draws.on_surfaces())


def sdi(guide: Guide, x: Tensor, t: int, draws: Draws) -> Pull:
    """Score distillation via inversion (arXiv:2405.15891): SDS with the noise that DDIM inversion finds in x
    itself, under strong negative guidance. A part ETA of it is fresh.
    """
    schedule = guide.schedule
    stride = schedule.count / SDI_STEPS
    noisy = x
    levels = [*_levels(t, stride), t]
    for level, to in pairwise(levels):
        noisy = schedule.moved(guide.noise(noisy, level, SDI_SCALE), noisy, level, to)
    found = (noisy - schedule.alpha(t) * x) / schedule.sigma(t)
    return _from_noise(guide, x, t, math.sqrt(1.0 - SDI_ETA**2) * found + SDI_ETA * draws.fresh())


def ism(guide: Guide, x: Tensor, t: int, draws: Draws) -> Pull:
    """Interval score matching (arXiv:2311.11284): w(t) (eps_hat(x_t; y) - eps_hat(x_s)), both points on the
    unconditional DDIM inversion of x, s an interval below t. Nothing in it is random.
    """
    del draws
    schedule = guide.schedule
    s = max(0, t - round(ISM_INTERVAL * schedule.count))
    noisy = x
    levels = [*_levels(s, ISM_STRIDE * schedule.count), s]
    for level, to in pairwise(levels):
        noisy = schedule.moved(guide.noise(noisy, level, 0.0), noisy, level, to)
    before = guide.noise(noisy, s, 0.0)
    noisy = schedule.moved(before, noisy, s, t)
    return _pull(schedule, x, t, guide.noise(noisy, t) - before)


VARIANTS: Final[dict[Variant, Callable[[Guide, Tensor, int, Draws], Pull]]] = {
    "sds": sds,
    "sdi": sdi,
    "ism": ism,
    "cfd": cfd,
}


def _from_noise(guide: Guide, x: Tensor, t: int, noise: Tensor) -> Pull:
    return _pull(guide.schedule, x, t, guide.noise(guide.schedule.noised(x, noise, t), t) - noise)


def _pull(schedule: NoiseSchedule, x: Tensor, t: int, difference: Tensor) -> Pull:
    ratio = schedule.alpha(t) / schedule.sigma(t)
    return Pull(schedule.bounded(x - difference / ratio), schedule.weight(t) * ratio)


def _levels(end: int, stride: float) -> list[int]:
    """Timesteps below ``end``, from 0 up, ``stride`` apart; at least 0 itself where ``end`` is above it."""
    return [round(i * stride) for i in range(math.ceil(end / stride))]
