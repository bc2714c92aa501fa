"""Looks that go on from one another: the same places, the same noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_known_world import Watching
from test_photometric_truth import small_world
from torch import Tensor

from benchmarks.known_world import known_world_config, known_world_job
from voxcore.cameras import Camera
from voxcore.guidance.image_model import Question
from voxcore.guidance.image_teacher import ImageTeacher
from voxcore.guidance.view_prompts import direction
from voxcore.views import ANCHORED_ELEVATIONS

CPU = torch.device("cpu")
CALLS = 4


class Listening(Watching):
    """Remembers the cameras of every look, and the noise that it put on its pictures."""

    def __init__(self) -> None:
        super().__init__(small_world())
        self.cameras: list[tuple[Camera, ...]] = []
        self.places: list[tuple[tuple[float, ...], ...]] = []
        self.noises: list[Tensor] = []

    def output(self, noisy: Tensor, t: int, question: Question) -> Tensor:
        latents = self.encode(self.shown[-1])
        self.cameras.append(tuple(camera for seen in question.cameras for camera in seen))
        self.places.append(tuple(tuple(camera.position.tolist()) for camera in self.cameras[-1]))
        self.noises.append((noisy[: len(latents)] - self.schedule.alpha(t) * latents) / self.schedule.sigma(t))
        return super().output(noisy, t, question)


def looks(anchored: float, *, tiled: bool, seed: int = 0, steps_a_look: int = 1) -> Listening:
    config = known_world_config(
        "sds", steps=CALLS * steps_a_look, teacher_calls=CALLS, image_size=16, views_per_step=4, tiled_views=tiled,
        anchored=anchored, seed=seed,
    )  # fmt: skip
    model = Listening()
    job = known_world_job(small_world(), config, CPU)
    job.teacher = ImageTeacher(config, model)
    for step in range(config.steps):
        job.advance(step, measure=False)
    assert len(model.cameras) == CALLS
    return model


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("steps_a_look", [1, 3])
def test_the_first_looks_keep_their_places_and_their_noise(tiled: bool, steps_a_look: int) -> None:
    model = looks(0.5, tiled=tiled, steps_a_look=steps_a_look)
    assert model.places[0] == model.places[1]
    assert len(set(model.places)) == CALLS - 1
    torch.testing.assert_close(model.noises[0], model.noises[1], atol=1e-4, rtol=0.0)
    for before, after in zip(model.noises[1:], model.noises[2:], strict=False):
        assert float((before - after).abs().mean()) > 0.5
    low, high = ANCHORED_ELEVATIONS
    elevations = np.array([direction(camera)[1] for camera in model.cameras[0]])
    assert low - 1e-6 <= elevations.min()
    assert elevations.max() <= high + 1e-6


def test_another_seed_keeps_others_and_without_it_no_look_is_like_another() -> None:
    kept, other, free = looks(1.0, tiled=True), looks(1.0, tiled=True, seed=1), looks(0.0, tiled=True)
    assert len(set(kept.places)) == 1
    assert kept.places[0] != other.places[0]
    assert float((kept.noises[0] - other.noises[0]).abs().mean()) > 0.5
    assert len(set(free.places)) == CALLS
