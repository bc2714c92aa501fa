"""An image diffusion model through the service: named, never given by path, and checked before there is a job."""

import shutil
import signal
import sys
from pathlib import Path

import pytest
from live_server import Server, only
from voxclient import InvalidRequest, NotFound, Progress, Result, VoxClient

sys.path.insert(0, str(Path(__file__).parents[1] / "guidance"))
import tiny_models

SETTINGS = {"teacher": "sdxl", "steps": 2, "views_per_step": 1, "image_size": 16, "log_every": 1}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    tiny_models.save(tiny_models.sdxl(), folder / "models" / "tiny-1.0")
    shutil.copytree(folder / "models" / "tiny-1.0", folder / "models" / "broken")
    (folder / "models" / "broken" / "unet" / "config.json").unlink()
    server = Server(folder, "--no-warm-up", f"--models-root={folder / 'models'}").start()
    yield server.address
    server.stop(signal.SIGTERM)


def test_a_named_model_teaches(address):
    with VoxClient(address) as client:
        events = list(client.train("a castle", map_id="1", model="tiny-1.0", variant="ism", **SETTINGS))
    assert [event.step for event in only(Progress, events)] == [1, 2]
    assert all(event.losses["sds"] > 0.0 and 0.0 < event.timestep < 1.0 for event in only(Progress, events))
    assert only(Result, events)[0].state == "succeeded"


@pytest.mark.parametrize(
    ("model", "error", "field"),
    [
        ("nothing", NotFound, "model"),
        ("stabilityai/sdxl-turbo", InvalidRequest, "model"),
        ("../models/tiny-1.0", InvalidRequest, "model"),
        ("broken", InvalidRequest, "model.unet/config.json"),
    ],
)
def test_other_models_are_refused_before_there_is_a_job(address, model, error, field):
    with VoxClient(address) as client:
        with pytest.raises(error) as caught:
            list(client.train("a castle", map_id="1", model=model, **SETTINGS))
        assert caught.value.field == field
