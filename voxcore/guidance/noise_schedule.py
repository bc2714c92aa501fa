"""The noise levels of an image diffusion model, and what follows from a noise prediction at one of them.

Symbols as in arXiv:2010.02502: ``x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps``; here
``alpha = sqrt(abar_t)`` and ``sigma = sqrt(1 - abar_t)``. Timesteps are whole numbers 0..T-1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from voxcore.errors import InvalidInput, ShapeError

Prediction = Literal["epsilon", "v_prediction", "sample"]


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """``alphas_cumprod`` [T] in (0, 1], falling; ``prediction`` is what the model's output means; ``bound`` is the
    largest value of a clean picture, None where there is none.

    Raises ShapeError or InvalidInput for anything else.
    """

    alphas_cumprod: Tensor
    prediction: Prediction = "epsilon"
    bound: float | None = None

    def __post_init__(self) -> None:
        abar = self.alphas_cumprod.detach().to("cpu", torch.float64)
        if abar.ndim != 1 or len(abar) < 2:
            raise ShapeError(f"expected [T] with T > 1, got {list(abar.shape)}", field="alphas_cumprod")
        if not bool((abar[1:] < abar[:-1]).all() and (abar >= 0.0).all() and (abar <= 1.0).all()):
            raise InvalidInput("expected numbers that fall within 0..1", field="alphas_cumprod")
        if self.prediction not in get_args(Prediction):
            raise InvalidInput(
                f"expected one of {', '.join(get_args(Prediction))}, got {self.prediction!r}", field="prediction_type"
            )
        object.__setattr__(self, "alphas_cumprod", abar)

    @property
    def count(self) -> int:
        """T, the number of timesteps."""
        return len(self.alphas_cumprod)

    def timestep(self, time: float) -> int:
        """The timestep of a diffusion time in 0..1 (0 clean, 1 noise)."""
        return min(self.count - 1, max(0, round(time * self.count) - 1))

    def alpha(self, t: int) -> float:
        """Share of the picture in x_t."""
        return math.sqrt(float(self.alphas_cumprod[t]))

    def sigma(self, t: int) -> float:
        """Share of the noise in x_t."""
        return math.sqrt(self.weight(t))

    def weight(self, t: int) -> float:
        """w(t) = 1 - abar_t of score distillation (arXiv:2209.14988, section 3)."""
        return float(1.0 - self.alphas_cumprod[t])

    def noised(self, clean: Tensor, noise: Tensor, t: int) -> Tensor:
        """x_t."""
        return self.alpha(t) * clean + self.sigma(t) * noise

    def noise_from(self, output: Tensor, noisy: Tensor, t: int) -> Tensor:
        """The predicted eps that the model's ``output`` for ``noisy`` stands for.

        v = alpha eps - sigma x_0 (arXiv:2202.00512, appendix D), so eps = alpha v + sigma x_t.
        """
        if self.prediction == "epsilon":
            return output
        if self.prediction == "v_prediction":
            return self.alpha(t) * output + self.sigma(t) * noisy
        return (noisy - self.alpha(t) * output) / self.sigma(t)

    def clean_from(self, noise: Tensor, noisy: Tensor, t: int) -> Tensor:
        """The predicted x_0 that goes with a predicted eps, within the bound."""
        return self.bounded((noisy - self.sigma(t) * noise) / self.alpha(t))

    def bounded(self, clean: Tensor) -> Tensor:
        """``clean`` without what no clean picture can have: strong guidance asks for it."""
        return clean if self.bound is None else clean.clamp(-self.bound, self.bound)

    def moved(self, noise: Tensor, noisy: Tensor, t: int, to: int) -> Tensor:
        """The deterministic DDIM step (arXiv:2010.02502 eq. 12 with sigma_t = 0) from ``t`` to any other
        timestep: down to sample, up to invert.
        """
        return self.noised(self.clean_from(noise, noisy, t), noise, to)


def trailing_timesteps(count: int, steps: int) -> tuple[int, ...]:
    """Those that a model distilled to ``steps`` steps was trained on: evenly spaced from the last one
    down (arXiv:2305.08891, table 2, "trailing"). Raises InvalidInput.
    """
    if not 1 <= steps <= count:
        raise InvalidInput(f"expected 1 to {count}, got {steps}", field="distilled_steps")
    return tuple(round(count - i * count / steps) - 1 for i in range(steps))
