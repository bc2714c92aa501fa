"""Sampling in block space: how one noise level follows the other.

Ancestral steps (DDPM, arXiv:2006.11239 eq. 7): of the noise that the last answer implied, as much is kept
as the next level's posterior holds, and the rest is drawn anew. The kept part is what decides between
worlds that are equally likely: with fresh noise alone each answer is an average over them, and what comes
out is their superposition.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from voxcore.prior.diffusion import SHIFT, alpha_sigma

RETIMED: Final = 12.0
"""The shift (see `voxcore.prior.diffusion`) under which steps are evenly spaced.

What stands where is decided while the noise hides single voxels altogether: a lighthouse of 600 cells
begins to show at sigma / alpha of about 13, a castle of 10,000 at 55. Steps even in the training's own
time pass all of that in a fifth of the run.
"""


def noise_level(t_start: float, t_end: float, at: float) -> float:
    """The diffusion time ``at`` (0..1) of the way from ``t_start`` to ``t_end``, even under RETIMED."""

    def retimed(t: float, factor: float) -> float:
        return 2.0 / math.pi * math.atan(factor * math.tan(math.pi / 2.0 * t))

    start, end = (retimed(t, SHIFT / RETIMED) for t in (t_start, t_end))
    return retimed(start + (end - start) * at, RETIMED / SHIFT)


def noised(x0: Tensor, noise: Tensor, t: float) -> Tensor:
    """x_t = alpha x_0 + sigma eps."""
    alpha, sigma = alpha_sigma(torch.tensor(t))
    return alpha * x0 + sigma * noise


def noise_ratio(t: float) -> float:
    """sigma / alpha at diffusion time t."""
    alpha, sigma = alpha_sigma(torch.tensor(t))
    return float(sigma / alpha)


def implied_noise(x: Tensor, x0: Tensor, t: float) -> Tensor:
    """The noise in ``x`` at diffusion time t if ``x0`` is the world behind it."""
    alpha, sigma = alpha_sigma(torch.tensor(t))
    return (x - alpha * x0) / sigma


def next_noise(implied: Tensor, fresh: Tensor, t: float, t_next: float) -> Tensor:
    """Unit noise for ``t_next`` after the noise ``implied`` at ``t``: eq. 7 of arXiv:2006.11239, with sigma / alpha as
    the measure of noise.
    """
    kept = min(1.0, noise_ratio(t_next) / noise_ratio(t))
    return kept * implied + math.sqrt(1.0 - kept**2) * fresh


GUIDED: Final = (5.0, 30.0)
"""The noise, as sigma / alpha, between which classifier-free guidance is on (arXiv:2404.07724). Above, there
is nothing to see yet, and a guess that is pushed makes every object as large as the grid; below, only
detail is left, which needs no push.
"""
GUIDED_LAYOUT: Final = 60.0
"""The same upper end where the layout network answers, whose guesses are good enough to be pushed earlier."""


SHARPENED: Final = 1.3
"""The power to which block probabilities are raised: a sampling temperature of 1 / SHARPENED. An answer spreads over
every world that is still possible; a few steps leave much of that in the result, and this takes some of it away.
"""


def guidance_at(cfg_scale: float, t: float, *, from_nothing: bool) -> float:
    """Guidance at diffusion time ``t``: ``cfg_scale`` within GUIDED, else 1; ``from_nothing`` says that no map is
    there and the layout network answers first.
    """
    least, most = GUIDED
    most = GUIDED_LAYOUT if from_nothing else most
    return cfg_scale if least <= noise_ratio(t) <= most else 1.0


LAYOUT: Final = 16.0
"""The noise, as sigma / alpha, from which on the layout network answers (`voxcore.prior.layout`)."""
