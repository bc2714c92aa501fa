"""A world is rebuilt from the exact score of its pictures, whatever the variant; benchmarks/oracle.py does it at
full size.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_photometric_truth import small_world

from benchmarks.known_world import KnownWorld, known_world_config, known_world_job
from voxcore.agreement import surface_agreement
from voxcore.cameras import orbit_cameras
from voxcore.guidance.image_teacher import ImageTeacher
from voxcore.maps import VoxelMap
from voxcore.render import SKY

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("variant", "given"),
    [("sds", {}), ("sdi", {}), ("ism", {"teacher_calls": 300}), ("cfd", {}), ("cfd", {"tiled_views": True})],
)
def test_a_small_world_is_rebuilt(variant: str, given: dict[str, object]) -> None:
    truth = small_world()
    config = known_world_config(variant, **({"steps": 300, "teacher_calls": 150, "image_size": 48} | given))
    job = known_world_job(truth, config, CPU)
    initial = job.blocks()
    for step in range(config.steps):
        job.advance(step, measure=False)
    cameras = orbit_cameras(
        16, center=np.array([0.0, 6.0, 0.0]), radius=40.0, elevation_degrees=(20.0, 55.0), fov_y_degrees=50.0,
        width=160, height=120,
    )  # fmt: skip
    found = surface_agreement(job.blocks(), truth.blocks, cameras, world_scale=truth.world_scale)
    start = surface_agreement(initial, truth.blocks, cameras, world_scale=truth.world_scale)
    assert start.recovered < 0.5
    assert found.recovered >= 0.95
    assert found.materials >= 0.7
    assert found.precision >= 0.95


def test_a_distilled_model_is_asked_at_its_own_timesteps_from_high_to_low() -> None:
    config = known_world_config("sds", steps=8, teacher_calls=8, image_size=16, distilled_steps=4)
    job = known_world_job(small_world(), config, CPU)
    times = [job.advance(step, measure=False).timestep for step in range(8)]
    assert times == [1.0, 0.75, 0.75, 0.5, 0.5, 0.25, 0.25, 0.25]


class Watching(KnownWorld):
    """Remembers what it was shown."""

    def __init__(self, world: VoxelMap) -> None:
        super().__init__(world)
        self.shown: list[torch.Tensor] = []

    def encode(self, rgb: torch.Tensor) -> torch.Tensor:
        if rgb.requires_grad:  # it encodes its own pictures too
            self.shown.append(rgb.detach().clone())
        return super().encode(rgb)


def test_another_sky_is_drawn_behind_the_world_and_stays_for_a_look() -> None:
    truth = small_world()
    config = known_world_config(
        "sds", steps=4, teacher_calls=2, image_size=16, random_sky=1.0, lr=1e-6, material_lr=1e-6
    )
    job = known_world_job(truth, config, CPU)
    model = Watching(truth)
    job.teacher = ImageTeacher(config, model)
    for step in range(4):
        job.advance(step, measure=False)
    corners = [rgb[:, 0, 0] for rgb in model.shown]
    sky = torch.tensor(SKY, dtype=torch.float32)
    assert all(float((corner - sky).abs().max()) > 0.05 for corner in corners)
    assert torch.equal(corners[0], corners[1])
    assert not torch.equal(corners[1], corners[2])
