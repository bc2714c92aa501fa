"""Guidance formulas on cases with known answers."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from voxcore.guidance.classifier_free import classifier_free
from voxcore.guidance.pixel_gradient import clip_pixel_gradient
from voxcore.prior.diffusion import SHIFT
from voxcore.prior.sampler import guidance_at, noised


def test_guidance_scale_means_one_thing() -> None:
    unconditional, conditional = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 1.0])
    torch.testing.assert_close(classifier_free(unconditional, conditional, 0.0), unconditional)
    torch.testing.assert_close(classifier_free(unconditional, conditional, 1.0), conditional)
    torch.testing.assert_close(classifier_free(unconditional, conditional, 7.5), torch.tensor([16.0, -5.5]))


def test_clipping_scales_only_large_gradients_and_keeps_direction() -> None:
    rgb = torch.zeros(2, 3, requires_grad=True)
    upstream = torch.tensor([[3.0, 4.0, 0.0], [0.03, 0.04, 0.0]])
    (clip_pixel_gradient(rgb, 0.1) * upstream).sum().backward()
    torch.testing.assert_close(rgb.grad, torch.tensor([[0.06, 0.08, 0.0], [0.03, 0.04, 0.0]]))


def test_clipping_off_and_zero_gradients() -> None:
    rgb = torch.zeros(1, 3, requires_grad=True)
    (clip_pixel_gradient(rgb, 0.0) * 50.0).sum().backward()
    torch.testing.assert_close(rgb.grad, torch.full((1, 3), 50.0))
    other = torch.zeros(1, 3, requires_grad=True)
    (clip_pixel_gradient(other, 0.1) * 0.0).sum().backward()
    torch.testing.assert_close(other.grad, torch.zeros(1, 3))


@given(t=st.floats(0.01, 0.99))
def test_noised_codes_keep_unit_power_and_the_levels_signal(t: float) -> None:
    x0, noise = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    signal, rest = noised(x0, noise, t).tolist()
    assert signal**2 + rest**2 == pytest.approx(1.0, abs=1e-5)
    assert rest / signal == pytest.approx(SHIFT * math.tan(math.pi / 2 * t), rel=1e-3)


def test_guidance_is_on_only_where_the_layout_shows() -> None:
    for from_nothing in (False, True):
        assert guidance_at(2.5, 0.985, from_nothing=from_nothing) == 1.0  # sigma / alpha is 127
        assert guidance_at(2.5, 0.96, from_nothing=from_nothing) == (2.5 if from_nothing else 1.0)  # 48
        assert guidance_at(2.5, 0.9, from_nothing=from_nothing) == 2.5  # 19
        assert guidance_at(2.5, 0.5, from_nothing=from_nothing) == 1.0  # 3
        assert guidance_at(1.0, 0.9, from_nothing=from_nothing) == 1.0
