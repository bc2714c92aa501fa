"""The photometric teacher through the service: pictures of a world make that world."""

import numpy as np
import pytest
from live_server import only
from voxclient import InvalidRequest, Progress, Result, Started

from voxcore.cameras import orbit_cameras
from voxcore.datasets import METADATA_FILE, dump_dataset, new_dataset
from voxcore.maps import load_map
from voxcore.maps.map_json import FILE_NAME
from voxcore.palette import EDITOR
from voxcore.png import encode_png
from voxcore.render import hard_image, lit_colors


@pytest.fixture(scope="module")
def dataset_id(server) -> str:
    """A dataset of map 1, on the server's disk."""
    truth, lit = load_map(server.folder / "maps" / "1" / FILE_NAME), lit_colors(EDITOR)
    cameras = orbit_cameras(
        6, center=np.array([0.0, 6.0, 0.0]), radius=40.0, elevation_degrees=(20.0, 55.0),
        fov_y_degrees=50.0, width=80, height=60,
    )  # fmt: skip
    pngs = [encode_png(hard_image(truth.blocks, lit, c, world_scale=truth.world_scale)) for c in cameras]
    dataset = new_dataset(cameras, pngs, capture_id="test", exported_at="2026-01-01T00:00:00Z")
    folder = server.folder / "datasets" / "pictures"
    folder.mkdir(parents=True)
    (folder / METADATA_FILE).write_bytes(dump_dataset(dataset))
    return folder.name


def test_pictures_of_a_world_make_that_world(server, client, dataset_id):
    settings = {"teacher": "photometric", "steps": 60, "image_size": 32, "log_every": 20, "checkpoint_every": 0}
    assert [d.id for d in client.datasets()] == [dataset_id]
    events = list(client.train("", map_id="1", dataset_id=dataset_id, **settings))
    assert only(Started, events)[0].total_steps == 60
    losses = [p.losses["sds"] for p in only(Progress, events)]
    assert losses[-1] < 0.8 * losses[0]
    (result,) = only(Result, events)
    assert result.state == "succeeded"
    truth = load_map(server.folder / "maps" / "1" / FILE_NAME).blocks
    found = load_map(server.folder / "maps" / result.map_id / FILE_NAME).blocks
    tower = (slice(4, 9), slice(3, 7), slice(4, 9))
    # It starts from a ground plane: what stands there afterwards comes from the pictures.
    assert (found[tower] > 0).mean() > 0.4
    assert (found > 0)[truth == 0].mean() < 0.2


def test_dataset_without_pictures_is_refused_before_there_is_a_job(server, client, dataset_id):
    before = len(client.jobs(limit=100))
    with pytest.raises(InvalidRequest) as caught:
        next(client.train("", map_id="1", teacher="photometric"))
    assert caught.value.field == "dataset_id"
    assert len(client.jobs(limit=100)) == before
