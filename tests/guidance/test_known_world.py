"""A world is rebuilt from the exact score of its pictures, whatever the variant; benchmarks/oracle.py does it at
full size.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_photometric_truth import small_world

from benchmarks.known_world import KnownWorld, known_world_config
from voxcore.agreement import surface_agreement
from voxcore.cameras import orbit_cameras
from voxcore.distill import Distillation
from voxcore.guidance.image_teacher import ImageTeacher
from voxcore.maps import INITIAL_WORLDS


@pytest.mark.parametrize("variant", ["sds", "sdi", "ism", "cfd"])
def test_a_small_world_is_rebuilt(variant: str) -> None:
    truth = small_world()
    config = known_world_config(variant, steps=200, image_size=48)
    initial = INITIAL_WORLDS["ground_plane"](truth)
    job = Distillation(
        config,
        ImageTeacher(config, KnownWorld(truth)),
        initial=initial,
        fixed=np.zeros(initial.shape, dtype=bool),
        palette=truth.palette,
        world_scale=truth.world_scale,
        views=(),
        device=torch.device("cpu"),
    )
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
