import io
import json

import pytest
from vox.v1 import jobs_pb2
from vox.v1 import training_pb2 as pb
from voxclient import events
from voxclient.convert import job_events, parse_setting, settings_message, spec_message
from voxclient.display import BarDisplay, Display, JsonDisplay
from voxclient.errors import InvalidRequest
from voxclient.grid import BlockKind, Grid, GridAssembler

from voxcore.maps import load_map

WHITE = (1.0, 1.0, 1.0)
AIR, STONE = (
    BlockKind("Air", 0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    BlockKind("Stone", 3, WHITE, WHITE, WHITE),
)
MARBLE = BlockKind("Marble", 1000, (0.9, 0.8, 0.7), WHITE, WHITE)
GRID = Grid((2, 3, 2), (AIR, STONE, MARBLE), 1.5, bytes([0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2]))


def test_grid_knows_its_blocks():
    assert GRID.block_at(1, 0, 0) == "Stone"
    assert GRID.block_at(0, 1, 0) == "Marble"
    assert GRID.block_at(1, 2, 1) == "Marble"
    assert GRID.counts() == {"Stone": 1, "Marble": 2}
    with pytest.raises(IndexError):
        GRID.block_at(2, 0, 0)


def test_saved_map_is_one_that_the_library_loads(tmp_path):
    path = tmp_path / "map.json"
    GRID.save_map_json(path)
    found = load_map(path)
    assert found.shape == GRID.dims
    assert found.world_scale == 1.5
    assert found.counts() == GRID.counts()
    assert found.palette.names[found.blocks[1, 2, 1]] == "Marble"
    assert found.palette.blocks[-1].top == MARBLE.top
    assert [p.name for p in tmp_path.iterdir()] == ["map.json"]


def test_map_that_cannot_be_saved_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        GRID.save_map_json(tmp_path / "taken")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("steps=5", 5),
        ("seed=18446744073709551615", 2**64 - 1),
        ("lr=0.5", 0.5),
        ("clean=no", False),
        ("clean=TRUE", True),
        ("teacher=noise", "noise"),
        ("region=0,1,2:3,4,5", ((0, 1, 2), (3, 4, 5))),
        ("keep=0,1,2:3,4,5", (((0, 1, 2), (3, 4, 5)),)),
        ("keep=0,1,2:3,4,5;0,0,0:1,1,1", (((0, 1, 2), (3, 4, 5)), ((0, 0, 0), (1, 1, 1)))),
    ],
)
def test_setting_of_the_command_line_has_its_type(text, value):
    name, parsed = parse_setting(text)
    assert (name, parsed) == (text.partition("=")[0], value)
    assert type(parsed) is type(value)
    settings_message({name: parsed})


@pytest.mark.parametrize(
    "text", ["steps", "steps=", "steps=1.5", "nothing=1", "clean=perhaps", "region=1,2:3", "keep=", "lr=x"]
)
def test_wrong_setting_of_the_command_line_is_refused(text):
    with pytest.raises(InvalidRequest):
        parse_setting(text)


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": -1},
        {"steps": 1.5},
        {"steps": "many"},
        {"teacher": "nobody"},
        {"method": 5},
        {"nothing": 1},
        {"region": ((0, 0), (1, 1))},
        {"region": 5},
        {"keep": ((0, 0, 0), (1, 1, 1))},
        {"seed": 2**64},
    ],
)
def test_wrong_setting_of_a_call_is_refused_with_its_name(settings):
    with pytest.raises(InvalidRequest) as caught:
        settings_message(settings)
    assert caught.value.field == next(iter(settings))


def test_none_means_the_default():
    assert settings_message({"steps": None, "teacher": None}) == jobs_pb2.TrainSettings()


def test_job_needs_one_source():
    for map_id, grid in ((None, None), ("1", GRID)):
        with pytest.raises(InvalidRequest):
            spec_message("x", map_id=map_id, grid=grid, dataset_id="", settings={})
    assert spec_message("x", map_id=None, grid=GRID, dataset_id="", settings={}).grid.raw_length == 12


def test_event_of_a_newer_server_is_passed_over():
    assert list(job_events(pb.JobEvent(job_id="j", seq=1), GridAssembler())) == []


def progress(step: int) -> events.Progress:
    return events.Progress("j", 1, step, 10, 1.0, 9.0, {"total": 0.5, "smooth": 0.0}, 1.0, None, 42, 0.1)


def result(state: str, **changes) -> events.Result:
    values = {"error": None, "step": 10, "map_id": "m", "sha256": "", "elapsed_seconds": 1.0, "checkpoint_step": 0}
    values |= {"blocks_before": {"Stone": 3}, "blocks_after": {"Stone": 5}}
    return events.Result("j", 2, state, **(values | changes))


FRAME = events.Voxels("j", 2, 10, True, GRID)


def shown(display: Display, *what: events.Event) -> str:
    for event in what:
        display.show(event)
    display.close()
    return display.out.getvalue()


def test_plain_lines_say_what_happens():
    text = shown(
        Display(io.StringIO()), events.StateChanged("j", 1, "queued", 2), progress(3), FRAME, result("succeeded")
    )
    lines = text.splitlines()
    assert lines[0] == "queued, 2 ahead"
    assert lines[1] == "step 3/10  eta 9 s  total 0.5000  42 blocks"
    assert lines[2] == "succeeded after step 10: map m, 5 blocks (before 3)"
    assert lines[3].startswith("first frame after 0.0 s")
    assert "\x1b" not in text


def test_bar_stays_below_what_is_said():
    text = shown(BarDisplay(io.StringIO()), progress(5), events.Log("j", 2, "warning", "careful"), progress(10))
    assert "[############............] 5/10" in text
    assert "warning: careful\n\r\x1b[K[####" in text
    assert text.endswith("\n")


def test_json_lines_can_be_read_back():
    text = shown(
        JsonDisplay(io.StringIO()), progress(3), FRAME, events.Preview("j", 1, 1, 0, 2, 2, b"png"), result("failed")
    )
    found = [json.loads(line) for line in text.splitlines()]
    assert [f["event"] for f in found] == ["progress", "voxels", "preview", "result"]
    assert found[1]["sha256"] == GRID.sha256().hex()
    assert found[2]["png"] == 3
    assert found[3]["state"] == "failed"


def test_unfinished_job_says_how_to_go_on():
    error = events.JobError("WORKER_DIED", "the process ended", "")
    assert "voxclient resume j" in shown(Display(io.StringIO()), result("failed", error=error, checkpoint_step=3))
    assert "voxclient resume j" in shown(Display(io.StringIO()), result("cancelled", checkpoint_step=3))
    assert "resume" not in shown(Display(io.StringIO()), result("succeeded", checkpoint_step=3))
