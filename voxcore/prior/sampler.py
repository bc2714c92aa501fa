"""Ancestral sampling in block space: how one noise level follows the other."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from voxcore.prior.diffusion import alpha_sigma

CHURN: Final = 0.8
"""Share of fresh noise at each level: eps = sqrt(1 - CHURN^2) eps_hat + CHURN fresh."""


def implied_noise(x: Tensor, x0: Tensor, t: float) -> Tensor:
    """The noise in x_t if ``x0`` were the clean world: (x_t - alpha x0) / sigma."""
    alpha, sigma = alpha_sigma(torch.tensor(t))
    return (x - alpha * x0) / sigma


def churned(implied: Tensor, fresh: Tensor) -> Tensor:
    """Unit-variance noise that keeps part of what the last step implied."""
    mixed: Tensor = (1 - CHURN**2) ** 0.5 * implied + CHURN * fresh
    return mixed


def noised(x0: Tensor, noise: Tensor, t: float) -> Tensor:
    """x_t = alpha x_0 + sigma eps."""
    alpha, sigma = alpha_sigma(torch.tensor(t))
    return alpha * x0 + sigma * noise


def guidance_at(cfg_scale: float, at: float) -> float:
    """Guidance falls over the run (``at`` 0..1), from ``cfg_scale`` to 60 % of it, never below 1."""
    if cfg_scale <= 1.0:
        return cfg_scale
    return max(1.0, cfg_scale * (1.0 - 0.4 * at))
