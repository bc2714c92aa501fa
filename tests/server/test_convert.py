import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vox.v1 import jobs_pb2 as pb
from vox.v1 import training_pb2, voxels_pb2
from voxclient.convert import settings_message as client_settings_message
from voxclient.convert import settings_values

from server.convert import (
    check_request_id,
    config_from_message,
    cursor_from_options,
    cursor_from_request,
    job_message,
    millis,
    order_from_spec,
    settings_message,
)
from server.jobs.record import Record
from server.settings import Settings
from server.voxel_codec import pack_grid
from voxcore.config import FLOAT_RANGES, INT_RANGES, PRIOR_CFG_SCALE, SETTING_NAMES, Region, TrainConfig
from voxcore.errors import InvalidConfig, InvalidInput, LimitExceeded
from voxcore.palette import EDITOR

SETTINGS = Settings()


def spec(**changes) -> pb.TrainingSpec:
    message = pb.TrainingSpec(prompt="a tower", map_id="1")
    settings = pb.TrainSettings(**changes.pop("settings", {}))
    for name, value in changes.items():
        setattr(message, name, value)
    message.settings.CopyFrom(settings)
    return message


def box(x: int, y: int, z: int) -> pb.Region:
    return pb.Region(high=voxels_pb2.Dimensions(x=x, y=y, z=z))


def test_contract_and_core_have_the_same_settings():
    assert set(pb.TrainSettings.DESCRIPTOR.fields_by_name) == SETTING_NAMES


def numbers(name: str) -> st.SearchStrategy:
    if name in INT_RANGES:
        return st.integers(*INT_RANGES[name])
    low, high = FLOAT_RANGES[name]
    return st.floats(low, high, exclude_min=True, allow_subnormal=False)


def allowed(given: dict) -> dict:
    """What the prior as a teacher refuses is left out."""
    if given.get("teacher", "prior") != "prior":
        return given
    kept = {n: v for n, v in given.items() if n != "lambda_prior" and (n, v) != ("init_mode", "prior")}
    low, high = PRIOR_CFG_SCALE
    return kept | {n: min(max(v, low), high) for n, v in kept.items() if n == "cfg_scale"}


CONFIGS = st.fixed_dictionaries(
    {},
    optional={name: numbers(name) for name in INT_RANGES.keys() | FLOAT_RANGES.keys() - {"t_start", "t_end"}}
    | {
        "teacher": st.sampled_from(["prior", "photometric", "noise"]),
        "init_mode": st.sampled_from(["from_map", "ground_plane", "cube", "empty", "prior"]),
        "clean": st.booleans(),
        "region": st.just(Region((1, 2, 3), (4, 5, 6))),
        "keep": st.just((Region((0, 0, 0), (1, 1, 1)), Region((1, 2, 3), (2, 3, 4)))),
    },
).map(allowed)


@given(CONFIGS)
def test_config_survives_the_wire(given):
    config = TrainConfig.create("a tower", **given)
    message = pb.TrainSettings.FromString(settings_message(config).SerializeToString())
    assert config_from_message("a tower", message) == config


@given(CONFIGS)
def test_client_sends_what_the_core_is_given(given):
    sent = {n: (v.low, v.high) if n == "region" else v for n, v in given.items()}
    sent |= {n: [(box.low, box.high) for box in v] for n, v in given.items() if n == "keep"}
    config = config_from_message("a tower", client_settings_message(sent))
    assert config == TrainConfig.create("a tower", **given)
    shown = settings_values(settings_message(config))
    boxes = {"region", "keep"}
    assert {n: shown[n] for n in given.keys() - boxes} == {n: given[n] for n in given.keys() - boxes}
    assert shown.keys() | boxes == SETTING_NAMES


def test_zero_is_a_value_and_absence_the_default():
    assert config_from_message("x", pb.TrainSettings(image_every=0, seed=0)).image_every == 0
    assert config_from_message("x", pb.TrainSettings()) == TrainConfig.create("x")
    assert config_from_message("x", pb.TrainSettings(clean=False)).clean is False


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": "x" * 10_000}, "prompt"),
        ({"settings": {"steps": 0}}, "steps"),
        ({"settings": {"steps": SETTINGS.max_steps + 1}}, "steps"),
        ({"settings": {"lr": float("nan")}}, "lr"),
        ({"settings": {"cfg_scale": float("inf")}}, "cfg_scale"),
        ({"settings": {"strength": -1}}, "strength"),
        ({"settings": {"teacher": 99}}, "teacher"),
        ({"settings": {"method": 99}}, "method"),
        ({"settings": {"init_mode": -1}}, "init_mode"),
        ({"settings": {"teacher": pb.TEACHER_NOISE, "method": pb.TRAINING_METHOD_SAMPLE}}, "method"),
        ({"settings": {"region": pb.Region()}}, "region"),
        ({"settings": {"keep": [pb.Region()]}}, "keep[0]"),
        ({"settings": {"keep": [box(1, 1, 1), box(1, 1, 1), pb.Region()]}}, "keep[2]"),
        ({"settings": {"keep": [box(1, 1, 1)] * 65}}, "keep"),
        ({"settings": {"teacher": pb.TEACHER_PHOTOMETRIC}}, "dataset_id"),
        ({"settings": {"teacher": pb.TEACHER_SDXL, "model": "../models/sdxl"}}, "model"),
        ({"settings": {"teacher": pb.TEACHER_SDXL, "image_size": 100}}, "image_size"),
        ({"settings": {"variant": 99}}, "variant"),
        ({"map_id": "../maps/1"}, "map_id"),
        ({"map_id": ""}, "map_id"),
        ({"map_id": "x" * 65}, "map_id"),
        ({"map_id": "1\n"}, "map_id"),
        ({"dataset_id": "/etc"}, "dataset_id"),
    ],
)
def test_unusable_spec_is_refused_with_its_field(changes, field):
    with pytest.raises(InvalidInput) as caught:
        order_from_spec(spec(**changes), SETTINGS)
    assert caught.value.field == field


def test_spec_without_a_source_is_refused():
    with pytest.raises(InvalidInput, match="neither") as caught:
        order_from_spec(pb.TrainingSpec(prompt="x"), SETTINGS)
    assert caught.value.field == "source"


def test_smaller_prompt_limit_of_the_operator_holds():
    with pytest.raises(InvalidConfig, match="at most 5 characters, got 7"):
        order_from_spec(spec(), dataclasses.replace(SETTINGS, max_prompt_chars=5))


def test_grid_of_a_billion_cells_is_refused_before_it_is_unpacked():
    dims = voxels_pb2.Dimensions(x=1000, y=1000, z=1000)
    message = pb.TrainingSpec(prompt="x", grid=voxels_pb2.VoxelGrid(dims=dims, raw_length=10**9))
    with pytest.raises(LimitExceeded) as caught:
        order_from_spec(message, SETTINGS)
    assert caught.value.field == "source.grid.dims"


@pytest.mark.parametrize(
    ("boxes", "field"),
    [({"region": box(4, 5, 4)}, "region"), ({"keep": [box(1, 1, 1), box(4, 4, 5)]}, "keep[1]")],
)
def test_box_outside_an_inline_grid_is_refused(boxes, field):
    (grid,) = pack_grid(np.ones((4, 4, 4), dtype=np.uint8), EDITOR, 2.0)
    message = pb.TrainingSpec(prompt="x", grid=grid, settings=pb.TrainSettings(**boxes))
    with pytest.raises(InvalidConfig) as caught:
        order_from_spec(message, SETTINGS)
    assert caught.value.field == field


def test_digest_tells_specs_apart_and_nothing_else():
    assert order_from_spec(spec(), SETTINGS).digest == order_from_spec(spec(), SETTINGS).digest
    digests = {order_from_spec(s, SETTINGS).digest for s in (spec(), spec(map_id="2"), spec(settings={"seed": 0}))}
    assert len(digests) == 3


@pytest.mark.parametrize("request_id", ["x", "123", "g" * 36, "00000000-0000-0000-0000-00000000000", "../" * 12])
def test_request_id_is_a_uuid(request_id):
    with pytest.raises(InvalidInput):
        check_request_id(request_id)
    check_request_id("123E4567-e89b-12d3-a456-426614174000")
    check_request_id("")


def test_watch_options_that_are_absent_mean_yes():
    cursor = cursor_from_options(training_pb2.WatchOptions())
    assert (cursor.previews, cursor.voxel_frames, cursor.final_grid, cursor.occupancy) == (True, True, True, False)
    cursor = cursor_from_options(training_pb2.WatchOptions(previews=False, voxel_frames=True, final_grid=False))
    assert (cursor.previews, cursor.voxel_frames, cursor.final_grid) == (False, True, False)


def test_cursor_cannot_be_ahead_of_the_job():
    request = training_pb2.WatchJobRequest(job_id="x", after_seq=5, base_seq=4)
    cursor = cursor_from_request(request, last_seq=5)
    assert (cursor.after_seq, cursor.base_seq) == (5, 4)
    with pytest.raises(InvalidInput) as caught:
        cursor_from_request(request, last_seq=4)
    assert caught.value.field == "after_seq"


def test_job_message_has_times_only_for_what_happened():
    record = Record("j", "", "d", TrainConfig.create("x", seed=2**64 - 1), "1", "", "", created=10.25)
    message = job_message(record, queue_position=3, eta_seconds=0.0, last_seq=9)
    assert not message.HasField("start_time")
    assert not message.HasField("end_time")
    assert (message.create_time.seconds, message.create_time.nanos) == (10, 250_000_000)
    assert (message.queue_position, message.last_seq, message.settings.seed) == (3, 9, 2**64 - 1)


def test_millis_fit_their_field():
    assert [millis(x) for x in (1.2345, -1.0, float("nan"), float("inf"), 1e12)] == [1234, 0, 0, 0, 2**32 - 1]
