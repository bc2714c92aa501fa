"""The formulas around an image model's answer, on cases with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from voxcore.cameras import Camera, orbit_cameras
from voxcore.errors import InvalidInput, ShapeError
from voxcore.guidance.classifier_free import rescaled
from voxcore.guidance.noise_schedule import NoiseSchedule, trailing_timesteps
from voxcore.guidance.perp_neg import perp_neg, perpendicular
from voxcore.guidance.surface_noise import surface_noise
from voxcore.guidance.view_prompts import ViewPrompts, direction, nearest
from voxcore.render import render_hard


def schedule(prediction: str = "epsilon") -> NoiseSchedule:
    return NoiseSchedule(torch.linspace(0.999, 0.01, 100, dtype=torch.float64), prediction)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_every_kind_of_output_stands_for_the_same_noise(prediction: str) -> None:
    levels, t = schedule(prediction), 60
    clean, noise = torch.randn(2, 4, 3, 3, dtype=torch.float64), torch.randn(2, 4, 3, 3, dtype=torch.float64)
    noisy = levels.noised(clean, noise, t)
    outputs = {
        "epsilon": noise,
        "v_prediction": levels.alpha(t) * noise - levels.sigma(t) * clean,
        "sample": clean,
    }
    found = levels.noise_from(outputs[prediction], noisy, t)
    torch.testing.assert_close(found, noise)
    torch.testing.assert_close(levels.clean_from(found, noisy, t), clean)


@pytest.mark.parametrize("bound", [None, 0.5])
def test_a_step_down_is_the_samplers_own(bound: float | None) -> None:
    sampler = DDIMScheduler(clip_sample=bound is not None, clip_sample_range=bound or 1.0, set_alpha_to_one=False)
    sampler.set_timesteps(50)
    levels = NoiseSchedule(sampler.alphas_cumprod, bound=bound)
    noisy, noise = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    expected = sampler.step(noise, 600, noisy).prev_sample
    torch.testing.assert_close(levels.moved(noise, noisy, 600, 580), expected)


def test_a_step_up_undoes_a_step_down() -> None:
    levels = schedule()
    noisy, noise = torch.randn(1, 4, 8, 8, dtype=torch.float64), torch.randn(1, 4, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(levels.moved(noise, levels.moved(noise, noisy, 50, 20), 20, 50), noisy)


@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_distilled_models_are_asked_at_their_samplers_timesteps(steps: int) -> None:
    sampler = DDIMScheduler(timestep_spacing="trailing")
    sampler.set_timesteps(steps)
    assert trailing_timesteps(1000, steps) == tuple(int(t) for t in sampler.timesteps)


def test_times_become_timesteps_within_the_schedule() -> None:
    assert [schedule().timestep(time) for time in (0.0, 0.01, 0.5, 0.98, 1.0)] == [0, 0, 49, 97, 99]


@pytest.mark.parametrize(
    ("values", "error"), [([0.9], ShapeError), ([0.5, 0.6], InvalidInput), ([1.2, 0.5], InvalidInput)]
)
def test_wrong_noise_levels_are_refused(values: list[float], error: type[Exception]) -> None:
    with pytest.raises(error, match="alphas_cumprod"):
        NoiseSchedule(torch.tensor(values))


def test_rescaling_brings_back_the_spread_of_the_condition() -> None:
    torch.manual_seed(0)
    wanted = torch.randn(3, 4, 8, 8)
    guided = 5.0 * wanted + 1.0
    torch.testing.assert_close(rescaled(guided, wanted, 1.0).std((1, 2, 3)), wanted.std((1, 2, 3)))
    half = 0.5 * guided + 0.5 * rescaled(guided, wanted, 1.0)
    torch.testing.assert_close(rescaled(guided, wanted, 0.5), half)
    assert rescaled(guided, wanted, 0.0) is guided


def test_a_negative_along_the_positive_is_left_out_and_one_across_is_taken_away() -> None:
    free, wanted = torch.zeros(2, 2, 1, 1), torch.tensor([1.0, 0.0]).reshape(1, 2, 1, 1).repeat(2, 1, 1, 1)
    away = torch.tensor([[3.0, 0.0], [3.0, 2.0]]).reshape(2, 2, 1, 1)
    torch.testing.assert_close(perpendicular(away, wanted)[:, :, 0, 0], torch.tensor([[0.0, 0.0], [0.0, 2.0]]))
    found = perp_neg(free, wanted, [away], [torch.tensor([0.5, 0.5])], 4.0)
    torch.testing.assert_close(found[:, :, 0, 0], torch.tensor([[4.0, 0.0], [4.0, -4.0]]))


def camera(azimuth: float, elevation: float = 10.0) -> Camera:
    a, e = math.radians(azimuth), math.radians(elevation)
    eye = 20.0 * np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])
    return Camera.look_at(eye, np.zeros(3), width=8, height=8)


@pytest.mark.parametrize(
    ("azimuth", "elevation", "said"),
    [(0, 0, "front"), (-40, 20, "front"), (90, 0, "side"), (-100, 30, "side"), (170, 5, "back"), (20, 75, "overhead")],
)
def test_the_prompt_says_from_where_one_looks(azimuth: float, elevation: float, said: str) -> None:
    seen = direction(camera(azimuth, elevation))
    assert seen == pytest.approx((azimuth, elevation))
    assert ViewPrompts("a castle").texts[nearest(*seen)] == f"a castle, {said} view"


def test_between_views_the_mix_is_whole_and_pushes_away_from_what_is_not_seen() -> None:
    prompts = ViewPrompts("a castle", perp_neg=True)
    angles = [0.0, 30.0, 90.0, 150.0, 180.0]
    views = prompts.for_cameras([camera(a) for a in angles])
    torch.testing.assert_close(views.positive.sum(1), torch.ones(5))
    shown = [prompts.texts[i].split(", ")[1] for i in views.positive.argmax(1)]
    assert shown == ["front view", "front view", "side view", "back view", "back view"]
    front_at_the_back = [weights[4] for mix, weights in zip(views.negatives, views.weights, strict=True) if mix[4, 1]]
    assert len(front_at_the_back) == 1
    assert float(front_at_the_back[0]) == pytest.approx(1.0 + 0.967)


def test_surface_noise_is_standard_normal_and_the_same_from_everywhere() -> None:
    blocks = np.ones((8, 4, 8), dtype=np.uint8)
    lit = np.zeros((1, 6, 3))
    cameras = orbit_cameras(
        2, center=np.array([0.0, 4.0, 0.0]), radius=26.0, elevation_degrees=(50.0, 60.0), fov_y_degrees=40.0,
        width=128, height=128,
    )  # fmt: skip
    depth = torch.stack([render_hard(blocks, lit, c, world_scale=2.0).depth for c in cameras])
    noise = surface_noise(depth, cameras, (4, 16, 16), cell=2.0, seed=1)
    assert noise.shape == (2, 4, 16, 16)
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.12)
    assert float(noise.std()) == pytest.approx(1.0, abs=0.12)
    torch.testing.assert_close(surface_noise(depth, cameras, (4, 16, 16), cell=2.0, seed=1), noise)
    other = surface_noise(depth, cameras, (4, 16, 16), cell=2.0, seed=2)
    assert abs(float(torch.corrcoef(torch.stack([noise.flatten(), other.flatten()]))[0, 1])) < 0.1
    # The same camera a little nearer sees the same places nearly alike.
    near = [Camera(c.world_from_cam, c.position * 0.999, c.fov_y_degrees, 128, 128) for c in cameras]
    closer = torch.stack([render_hard(blocks, lit, c, world_scale=2.0).depth for c in near])
    moved = surface_noise(closer, near, (4, 16, 16), cell=2.0, seed=1)
    seen = depth.reshape(2, 16, 8, 16, 8).amax((2, 4))[:, None].expand_as(noise) < 400.0
    pair = torch.corrcoef(torch.stack([noise[seen], moved[seen]]))
    assert float(pair[0, 1]) > 0.8


def test_surface_noise_needs_whole_blocks_of_pixels() -> None:
    with pytest.raises(ShapeError, match="multiples"):
        surface_noise(torch.ones(1, 10, 10), [camera(0.0)], (4, 3, 3), cell=1.0, seed=0)
