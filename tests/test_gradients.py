"""Gradients through the whole pipeline, logits to loss, against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from voxcore.cameras import orbit_cameras
from voxcore.checkpoint import step_generator
from voxcore.config import TrainConfig
from voxcore.datasets import new_dataset
from voxcore.grid import DifferentiableVoxelGrid, SoftView
from voxcore.guidance.base import Scene, StepInfo
from voxcore.guidance.noise import NoiseTeacher
from voxcore.guidance.photometric import PhotometricTeacher
from voxcore.palette import EDITOR
from voxcore.png import encode_png
from voxcore.render import camera_rays, hard_image, lit_colors, render_soft_rays

SHAPE = (6, 5, 7)
WORLD_SCALE = 2.0


def cameras() -> list:
    return orbit_cameras(
        4, center=np.array([0.0, 5.0, 0.0]), radius=24.0, elevation_degrees=(10.0, 50.0), fov_y_degrees=45.0,
        width=24, height=20,
    )  # fmt: skip


def random_grid(seed: int) -> DifferentiableVoxelGrid:
    generator = torch.Generator().manual_seed(seed)
    return DifferentiableVoxelGrid(
        torch.randn(SHAPE, generator=generator), torch.randn(*SHAPE, len(EDITOR), generator=generator)
    )


def photometric() -> PhotometricTeacher:
    truth = np.random.default_rng(0).integers(0, 4, SHAPE).astype(np.uint8)
    lit, views = lit_colors(EDITOR), cameras()
    pngs = [encode_png(hard_image(truth, lit, c, world_scale=WORLD_SCALE)) for c in views]
    dataset = new_dataset(views, pngs, capture_id="test", exported_at="2026-01-01T00:00:00Z")
    config = TrainConfig.create("", teacher="photometric", views_per_step=1, image_size=32)
    teacher = PhotometricTeacher(config, dataset, EDITOR)
    # Weights of rays are held fixed for the gradient, so they must not move in the differences either.
    teacher.floor = 1e3
    return teacher


def noise() -> NoiseTeacher:
    # Clipping changes gradients on purpose, so it is off where they are compared with differences.
    return NoiseTeacher(TrainConfig.create("x", teacher="noise", pixel_grad_clip=0.0))


@pytest.mark.parametrize("make", [noise, photometric])
def test_both_kinds_of_logits_match_finite_differences(make: type, monkeypatch: pytest.MonkeyPatch) -> None:
    # Pure materials have the mixture's gradient on purpose, so it is the mixture that is compared with differences.
    monkeypatch.setattr(SoftView, "pure", lambda self: self)
    grid, teacher = random_grid(1), make()

    def loss() -> torch.Tensor:
        scene = Scene(grid, 0.9, cameras(), lit_colors(EDITOR), WORLD_SCALE)
        score = teacher.score(scene, StepInfo(3, 10, 3, 10, step_generator(7, 3, "teacher")))
        return score.loss * (1e3 if make is photometric else 1.0)

    loss().backward()
    for parameter in grid.parameters():
        gradient = parameter.grad.flatten()
        chosen = gradient.abs().topk(12).indices
        flat = parameter.data.view(-1)
        measured = torch.empty(len(chosen), dtype=torch.float64)
        for k, i in enumerate(chosen):
            before, h = float(flat[i]), 2e-2
            with torch.no_grad():
                flat[i] = before + h
                up = float(loss())
                flat[i] = before - h
                down = float(loss())
                flat[i] = before
            measured[k] = (up - down) / (2 * h)
        torch.testing.assert_close(gradient[chosen].double(), measured, rtol=2e-2, atol=2e-5)


def test_float64_twin_pipeline_passes_gradcheck() -> None:
    lit, rays = lit_colors(EDITOR), camera_rays(cameras()[:1])
    grid = random_grid(2)
    occupancy = grid.occupancy_logits.detach()[:3, :3, :3].double().requires_grad_()
    material = grid.material_logits.detach()[:3, :3, :3].double().requires_grad_()

    def loss(o: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
        drawn = render_soft_rays(
            torch.sigmoid(o / 0.8), torch.softmax(m / 0.8, -1), lit, rays, world_scale=WORLD_SCALE, backend="reference"
        )
        return (drawn.rgb - 0.4).pow(2).mean()

    assert torch.autograd.gradcheck(loss, (occupancy, material), eps=1e-6, atol=1e-7)
