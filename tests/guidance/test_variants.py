"""Every variant's gradient against its closed form, on models whose score is known: Gaussian mixtures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.known_world import sdxl_schedule
from voxcore.cameras import Camera
from voxcore.guidance import variants
from voxcore.guidance.guide import Guide
from voxcore.guidance.image_model import Question
from voxcore.guidance.variants import VARIANTS, Draws, Pull
from voxcore.guidance.view_prompts import ViewPrompts

CAMERA = Camera.look_at(np.array([0.0, 5.0, 20.0]), np.zeros(3), width=8, height=8)
SHAPE = (3, 2, 2, 2)
TIMESTEPS = (40, 250, 600, 979)


class Mixture:
    """Latents of each text are sum_k w_k N(mean_k, spread_k^2); text 0 is the empty one."""

    def __init__(self, texts: Sequence[Sequence[tuple[float, float, float]]]) -> None:
        self.parts, self.schedule = texts, sdxl_schedule()

    def read(self, texts: Sequence[str]) -> None:
        assert len(texts) == len(self.parts)

    def encode(self, rgb: Tensor) -> Tensor:
        return rgb.permute(0, 3, 1, 2)

    def log_density(self, noisy: Tensor, t: int, text: int) -> Tensor:
        """[B] log of the density of x_t: each part is widened by the noise. Numbers of a picture are independent."""
        alpha, sigma = self.schedule.alpha(t), self.schedule.sigma(t)
        logs = []
        for weight, mean, spread in self.parts[text]:
            variance = alpha**2 * spread**2 + sigma**2
            far = (noisy - alpha * mean).pow(2) / (2.0 * variance)
            logs.append(math.log(weight) - 0.5 * math.log(2.0 * math.pi * variance) - far)
        return torch.logsumexp(torch.stack(logs), dim=0).sum((1, 2, 3))

    def eps(self, noisy: Tensor, t: int, text: int) -> Tensor:
        """-sigma times the gradient of the log density, by differentiating it."""
        with torch.enable_grad():
            x = noisy.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self.log_density(x, t, text).sum(), x)
        return -self.schedule.sigma(t) * gradient

    def output(self, noisy: Tensor, t: int, question: Question) -> Tensor:
        answers = torch.stack([self.eps(noisy, t, text) for text in range(len(self.parts))], dim=1)
        return torch.einsum("bp,bp...->b...", question.mix.to(noisy), answers)


BROAD = [(1.0, 0.1, 1.0)]
TWO = [(0.3, -0.8, 0.2), (0.7, 0.6, 0.1)]


def guide_of(model: Mixture, scale: float) -> Guide:
    prompts = ViewPrompts("a castle", view_dependent=False)
    model.read(prompts.texts)
    return Guide(model, prompts, [(CAMERA,)] * SHAPE[0], scale=scale, rescale=0.0, size=(8, 8))


def latents(seed: int) -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradient(pull: Pull, x: Tensor) -> Tensor:
    return pull.weight * (x - pull.target)


@pytest.mark.parametrize("t", TIMESTEPS)
@pytest.mark.parametrize("scale", [1.0, 7.5])
@pytest.mark.parametrize("name", ["sds", "cfd"])
def test_gradient_of_given_noise(name: str, scale: float, t: int) -> None:
    model, x, noise = Mixture([BROAD, TWO]), latents(1), latents(2)
    draws = Draws(fresh=lambda: noise, on_surfaces=lambda: noise)
    found = gradient(VARIANTS[name](guide_of(model, scale), x, t, draws), x)
    abar = float(model.schedule.alphas_cumprod[t])
    noisy = abar**0.5 * x + (1.0 - abar) ** 0.5 * noise
    free, wanted = model.eps(noisy, t, 0), model.eps(noisy, t, 1)
    torch.testing.assert_close(found, (1.0 - abar) * (free + scale * (wanted - free) - noise))


@pytest.mark.parametrize("name", VARIANTS)
def test_bounded_pictures_have_bounded_targets(name: str) -> None:
    model, x = Mixture([BROAD, TWO]), latents(1)
    draws = Draws(fresh=lambda: latents(2), on_surfaces=lambda: latents(3))
    free = VARIANTS[name](guide_of(model, 100.0), x, 979, draws).target
    assert float(free.abs().max()) > 0.5
    model.schedule = replace(model.schedule, bound=0.5)
    assert float(VARIANTS[name](guide_of(model, 100.0), x, 979, draws).target.abs().max()) <= 0.5


def test_each_takes_its_own_noise() -> None:
    model, x = Mixture([BROAD, TWO]), latents(1)
    draws = Draws(fresh=lambda: latents(2), on_surfaces=lambda: latents(3))
    sds, cfd = (gradient(VARIANTS[name](guide_of(model, 1.0), x, 500, draws), x) for name in ("sds", "cfd"))
    assert not torch.allclose(sds, cfd)


@pytest.mark.parametrize("t", TIMESTEPS)
def test_mean_gradient_of_sds_leads_to_the_mean_of_a_gaussian(t: int) -> None:
    mean, spread = 0.4, 0.3
    model, x = Mixture([BROAD, [(1.0, mean, spread)]]), latents(1)
    total = torch.zeros_like(x)
    for seed in range(200):
        # Noise and its negative: what is linear in it cancels exactly.
        noise = latents(100 + seed)
        for draw in (noise, -noise):
            draws = Draws(fresh=lambda draw=draw: draw, on_surfaces=lambda: x)
            total += gradient(VARIANTS["sds"](guide_of(model, 1.0), x, t, draws), x)
    abar = float(model.schedule.alphas_cumprod[t])
    pulled = (1.0 - abar) ** 1.5 * abar**0.5 * (x - mean) / (abar * spread**2 + 1.0 - abar)
    torch.testing.assert_close(total / 400, pulled)


def flow(x: Tensor, s: float, t: float, mean: float, spread: float) -> Tensor:
    """The exact probability flow of N(mean, spread^2) between two noise levels, given as abar."""
    widths = [math.sqrt(a * spread**2 + 1.0 - a) for a in (s, t)]
    return t**0.5 * mean + widths[1] / widths[0] * (x - s**0.5 * mean)


@pytest.mark.parametrize("t", [250, 600, 979])
def test_inversion_follows_the_exact_flow_when_its_steps_are_small(monkeypatch: pytest.MonkeyPatch, t: int) -> None:
    mean, spread = 0.1, 1.0
    monkeypatch.setattr(variants, "SDI_STEPS", 500)
    monkeypatch.setattr(variants, "SDI_SCALE", 0.0)
    monkeypatch.setattr(variants, "SDI_ETA", 0.0)
    model, x = Mixture([[(1.0, mean, spread)], TWO]), latents(1)
    draws = Draws(fresh=lambda: latents(2), on_surfaces=lambda: latents(3))
    found = gradient(VARIANTS["sdi"](guide_of(model, 1.0), x, t, draws), x)
    abar = [float(model.schedule.alphas_cumprod[i]) for i in (0, t)]
    noisy = flow(x, abar[0], abar[1], mean, spread)
    noise = (noisy - abar[1] ** 0.5 * x) / (1.0 - abar[1]) ** 0.5
    expected = (1.0 - abar[1]) * (model.eps(noisy, t, 1) - noise)
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("t", TIMESTEPS)
def test_sdi_on_gaussians_is_a_product_of_linear_maps(t: int) -> None:
    free, wanted = (0.1, 1.0), (0.4, 0.3)
    model, x, fresh = Mixture([[(1.0, *free)], [(1.0, *wanted)]]), latents(1), latents(2)
    draws = Draws(fresh=lambda: fresh, on_surfaces=lambda: x)
    found = gradient(VARIANTS["sdi"](guide_of(model, 7.5), x, t, draws), x)
    abar = model.schedule.alphas_cumprod.tolist()

    def eps(at: Tensor, level: int, scale: float) -> Tensor:
        a = abar[level]
        parts = [(1 - a) ** 0.5 * (at - a**0.5 * m) / (a * s**2 + 1 - a) for m, s in (free, wanted)]
        return (1.0 - scale) * parts[0] + scale * parts[1]

    noisy, levels = x, [i for i in range(0, 1000, 100) if i < t]
    for level, to in zip(levels, [*levels[1:], t], strict=True):
        a, b = abar[level], abar[to]
        e = eps(noisy, level, -7.5)
        noisy = (b / a) ** 0.5 * noisy + ((1 - b) ** 0.5 - (b * (1 - a) / a) ** 0.5) * e
    a = abar[t]
    noise = 0.91**0.5 * (noisy - a**0.5 * x) / (1 - a) ** 0.5 + 0.3 * fresh
    expected = (1 - a) * (eps(a**0.5 * x + (1 - a) ** 0.5 * noise, t, 7.5) - noise)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("t", TIMESTEPS)
def test_ism_on_gaussians_is_a_product_of_linear_maps(t: int) -> None:
    free, wanted = (0.1, 1.0), (0.4, 0.3)
    model, x = Mixture([[(1.0, *free)], [(1.0, *wanted)]]), latents(1)

    def never() -> Tensor:
        raise AssertionError("nothing in it is random")

    found = gradient(VARIANTS["ism"](guide_of(model, 7.5), x, t, Draws(never, never)), x)
    abar = model.schedule.alphas_cumprod.tolist()

    def eps(at: Tensor, level: int, gaussian: tuple[float, float]) -> Tensor:
        a, (m, s) = abar[level], gaussian
        return (1 - a) ** 0.5 * (at - a**0.5 * m) / (a * s**2 + 1 - a)

    def step(at: Tensor, e: Tensor, level: int, to: int) -> Tensor:
        a, b = abar[level], abar[to]
        return (b / a) ** 0.5 * at + ((1 - b) ** 0.5 - (b * (1 - a) / a) ** 0.5) * e

    s = max(0, t - 50)
    noisy, levels = x, [i for i in range(0, 1000, 200) if i < s] or [0]
    for level, to in zip(levels, [*levels[1:], s], strict=True):
        noisy = step(noisy, eps(noisy, level, free), level, to)
    before = eps(noisy, s, free)
    noisy = step(noisy, before, s, t)
    lower, upper = eps(noisy, t, free), eps(noisy, t, wanted)
    expected = (1 - abar[t]) * (lower + 7.5 * (upper - lower) - before)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", ["sds", "sdi", "cfd"])
def test_descent_ends_at_a_mode(name: str) -> None:
    model = Mixture([BROAD, [(0.5, -0.8, 0.05), (0.5, 0.6, 0.05)]])
    guide, x = guide_of(model, 1.0), latents(1)
    for step in range(60):
        t = 600 - 10 * step
        noise = latents(1000 + step)
        draws = Draws(fresh=lambda noise=noise: noise, on_surfaces=lambda: latents(7))
        x = x - 0.3 * (x - VARIANTS[name](guide, x, t, draws).target)
    nearest = torch.minimum((x + 0.8).abs(), (x - 0.6).abs())
    assert float(nearest.max()) < 0.12
