"""The committed sample maps and datasets are what scripts/make_data.py makes, and fit together."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from voxcore.datasets import load_dataset, new_dataset
from voxcore.maps import dump_map, load_map, map_stats
from voxcore.palette import EDITOR
from voxcore.png import encode_png
from voxcore.render import hard_image, lit_colors

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def make_data():
    sys.path.insert(0, str(REPOSITORY / "scripts"))
    try:
        yield importlib.import_module("make_data")
    finally:
        sys.path.remove(str(REPOSITORY / "scripts"))


@pytest.mark.parametrize("which", [0, 1])
def test_maps_are_made_again_byte_for_byte(make_data, which):
    sample = make_data.SAMPLES[which]
    committed = (REPOSITORY / "maps" / sample.id / "map.json").read_bytes()
    assert dump_map(make_data.make_map(sample)) == committed


@pytest.mark.parametrize("which", ["1", "2"])
def test_datasets_show_their_map(make_data, which):
    voxel_map = load_map(REPOSITORY / "maps" / which)
    dataset = load_dataset(REPOSITORY / "datasets" / which)
    cameras = make_data.make_cameras(voxel_map)
    assert len(dataset) == len(cameras) >= 24
    for stored, made in zip(dataset.cameras, cameras, strict=True):
        assert np.array_equal(stored.position, made.position)
        assert stored.world_from_cam == pytest.approx(made.world_from_cam, abs=1e-12)
        assert (stored.width, stored.height, stored.fov_y_degrees) == (1094, 881, 60.0)
    for i in (0, len(dataset) - 1):
        image = hard_image(voxel_map.blocks, lit_colors(EDITOR), dataset.cameras[i], world_scale=voxel_map.world_scale)
        assert (dataset.image(i) == image).mean() > 0.9999


@pytest.mark.parametrize("which", ["1", "2"])
def test_maps_are_worth_training_on(which):
    voxel_map = load_map(REPOSITORY / "maps" / which)
    stats = map_stats(voxel_map.blocks, voxel_map.palette)
    assert voxel_map.shape == (64, 48, 64)
    assert 85_000 < stats.blocks < 91_000
    assert stats.grounded_share == 1.0
    assert len(stats.counts) >= 9
    assert voxel_map.unknown_blocks() == {}


def test_the_views_show_nearly_all_of_the_surface(make_data):
    voxel_map = load_map(REPOSITORY / "maps" / "1")
    # Half the size sees a little less; the full size is printed by the script.
    cameras = [c.resized(547, 440) for c in make_data.make_cameras(voxel_map)]
    png = encode_png(np.zeros((440, 547, 3), dtype=np.uint8))
    dataset = new_dataset(cameras, [png] * len(cameras), capture_id="", exported_at="")
    assert make_data.seen_share(voxel_map, dataset) > 0.95
