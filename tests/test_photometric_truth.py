"""A small world is rebuilt from its pictures; benchmarks/photometric.py does it with maps/1."""

from __future__ import annotations

import numpy as np

from voxcore.agreement import surface_agreement
from voxcore.cameras import orbit_cameras
from voxcore.config import TrainConfig
from voxcore.datasets import new_dataset
from voxcore.events import Trained
from voxcore.maps import VoxelMap
from voxcore.palette import EDITOR
from voxcore.png import encode_png
from voxcore.render import hard_image, lit_colors
from voxcore.training import train


def small_world() -> VoxelMap:
    """A hill, a pond, a wooden hut with a roof and a tree, on ground of several kinds: where all is one
    colour, pictures do not tell how high it lies.
    """
    index = EDITOR.index_by_name
    x, z = np.indices((16, 16))
    height = (2 + 3 * np.exp(-((x - 4) ** 2 + (z - 11) ** 2) / 12)).astype(int)
    y = np.arange(12)[None, :, None]
    blocks = np.where(y < height[:, None], index["Dirt"], 0).astype(np.uint8)
    kinds = np.array([index[name] for name in ("Grass", "Gravel", "Sand", "AlpineGrass")], dtype=np.uint8)
    ground = np.random.default_rng(0).choice(kinds, (16, 16))
    blocks = np.where(y == height[:, None] - 1, ground[:, None], blocks)
    blocks[1:6, 1, 1:5] = index["Water"]
    blocks[9:14, 2:5, 3:8] = index["Plank"]
    blocks[10:13, 5, 3:8] = index["Stone"]
    blocks[11, 2:6, 12] = index["Dirt"]
    blocks[10:13, 6:8, 11:14] = index["AlpineGrass"]
    return VoxelMap(blocks)


def test_a_small_world_is_rebuilt_from_its_pictures() -> None:
    truth, lit = small_world(), lit_colors(EDITOR)
    cameras = [
        camera
        for elevation, count in ((20.0, 8), (55.0, 8))
        for camera in orbit_cameras(
            count, center=np.array([0.0, 6.0, 0.0]), radius=40.0, elevation_degrees=(elevation, elevation),
            fov_y_degrees=50.0, width=160, height=120,
        )
    ]  # fmt: skip
    pngs = [encode_png(hard_image(truth.blocks, lit, c, world_scale=truth.world_scale)) for c in cameras]
    dataset = new_dataset(cameras, pngs, capture_id="test", exported_at="2026-01-01T00:00:00Z")
    config = TrainConfig.create("", teacher="photometric", steps=250, image_size=40, log_every=0, image_every=0)
    done = list(train(config, truth, dataset=dataset))[-1]
    assert isinstance(done, Trained)
    before = np.zeros_like(truth.blocks)
    before[:, 0] = EDITOR.index_by_name["Grass"]
    found = surface_agreement(done.blocks, truth.blocks, cameras, world_scale=truth.world_scale)
    start = surface_agreement(before, truth.blocks, cameras, world_scale=truth.world_scale)
    assert start.recovered < 0.5
    assert found.recovered >= 0.95
    assert found.materials >= 0.97
    assert found.precision >= 0.9
