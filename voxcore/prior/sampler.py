"""Draw a world from the prior directly: ancestral sampling in block space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from voxcore.prior.diffusion import CODE_DIM, alpha_sigma, encode, expected_code
from voxcore.prior.model import GRID, Prior, Prompt

CHURN = 0.8
"""Share of fresh noise in each step: eps = sqrt(1 - CHURN^2) eps_hat + CHURN fresh."""


@dataclass(frozen=True)
class SampleStep:
    """``blocks`` [X, Y, Z] uint8 is the most probable world after ``step`` network calls at time ``t``."""

    step: int
    t: float
    blocks: Tensor


def renoise(x: Tensor, x0: Tensor, t: float, t_next: float, fresh: Tensor) -> Tensor:
    """From x_t and the estimate x0_hat to a sample at t_next, mixing the implied noise with fresh."""
    alpha, sigma = alpha_sigma(torch.tensor(t))
    eps = (x - alpha * x0) / sigma
    alpha_next, sigma_next = alpha_sigma(torch.tensor(t_next))
    mixed: Tensor = (1 - CHURN**2) ** 0.5 * eps + CHURN * fresh
    return alpha_next * x0 + sigma_next * mixed


def sample(
    prior: Prior,
    prompt: Prompt,
    *,
    steps: int,
    t_start: float,
    t_end: float,
    cfg_scale: float,
    generator: torch.Generator,
    existing: Tensor | None = None,
    start: Tensor | None = None,
    fixed: Tensor | None = None,
) -> Iterator[SampleStep]:
    """Yield after every network call.

    Args:
        existing: the present world [X, Y, Z] as a condition, or None for a free world.
        start: the world [X, Y, Z] to start from at ``t_start``; None starts from pure noise.
        fixed: mask [X, Y, Z] of cells held at ``existing`` throughout.
        generator: a CPU generator; noise is drawn there, so that every device sees the same.
    """

    def noise() -> Tensor:
        return torch.randn(1, CODE_DIM, *GRID, generator=generator).to(prior.device)

    condition = prior.condition(existing, fixed)
    times = torch.linspace(t_start, t_end, steps).tolist()
    alpha, sigma = alpha_sigma(torch.tensor(times[0]))
    x = noise()
    if start is not None:
        x = alpha * encode(start[None].to(prior.device)) + sigma * x
    held = None if fixed is None or existing is None else encode(existing[None].to(prior.device))
    for i, t in enumerate(times):
        scale = guidance_at(cfg_scale, i, steps)
        q = prior.posterior(x, t, prompt, condition, scale)
        x0 = expected_code(q)
        if held is not None and fixed is not None:
            x0 = torch.where(fixed.to(prior.device), held, x0)
        yield SampleStep(i + 1, t, q[0].argmax(0).to(torch.uint8).cpu())
        if i + 1 < steps:
            x = renoise(x, x0, t, times[i + 1], noise())


def guidance_at(cfg_scale: float, step: int, steps: int) -> float:
    """Guidance falls over the run, from ``cfg_scale`` to 60 % of it but never below 1 (no extrapolation)."""
    if cfg_scale <= 1.0:
        return cfg_scale
    return max(1.0, cfg_scale * (1.0 - 0.4 * step / max(1, steps - 1)))
