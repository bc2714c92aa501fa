"""The command line as its users call it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from voxcore.cli import main
from voxcore.maps import VoxelMap, load_map, save_map
from voxcore.maps.formats import export_map

NOISE = ["--teacher", "noise", "--prompt", "anything", "--map-id", "7", "--image-size", "16"]


@pytest.fixture
def place(tmp_path: Path) -> list[str]:
    blocks = np.zeros((10, 8, 12), dtype=np.uint8)
    blocks[:, :3] = 2
    (tmp_path / "maps" / "7").mkdir(parents=True)
    save_map(VoxelMap(blocks), tmp_path / "maps" / "7" / "map.json")
    return ["--maps", str(tmp_path / "maps"), "--datasets", str(tmp_path / "datasets")]


def test_train_prints_plain_lines_and_leaves_a_map(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*place, "train", *NOISE, "--steps", "3", "--output-dir", str(tmp_path / "run")]) == 0
    out = capsys.readouterr().out
    assert "step 3/3" in out
    assert "maps/trained_map_7_1" in out
    assert load_map(tmp_path / "maps" / "trained_map_7_1").shape == (10, 8, 12)


def test_train_json_is_one_object_a_line(place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([*place, "train", *NOISE, "--steps", "2", "--json", "--no-export", "--output-dir", str(tmp_path / "r")])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert [line["event"] for line in lines if line["event"] in ("started", "finished")] == ["started", "finished"]
    assert lines[-1]["map_id"] == ""


def test_variations_are_seeds_in_folders_of_their_own(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    settings = ["--steps", "3", "--lr", "1.0", "--material-lr", "1.0", "--output-dir", str(run)]
    assert main([*place, "train", *NOISE, *settings, "--seed", "5", "--variations", "3"]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("seed ")][-1] == f"seed 7, in {run / 'seed_7'}"
    worlds = [load_map(tmp_path / "maps" / f"trained_map_7_{n}").blocks.tobytes() for n in (1, 2, 3)]
    assert len(set(worlds)) == 3
    alone = [*place, "train", *NOISE, *settings[:-1], str(tmp_path / "alone"), "--seed", "6"]
    assert main(alone) == 0
    assert load_map(tmp_path / "maps" / "trained_map_7_4").blocks.tobytes() == worlds[1]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--variations", "0"], "variations"),
        (["--variations", "2", "--seed", str(2**64 - 1)], "seed"),
        (["--steps", "0"], "steps"),
        (["--lr", "nan"], "lr"),
        (["--map-id", "nope"], "map_id"),
        (["--dataset-id", "nope"], "dataset_id"),
        (["--prompt", "x" * 10_000], "prompt"),
        (["--region", "0", "0", "0", "99", "1", "1"], "region"),
        (["--keep", "0", "0", "0", "99", "1", "1"], "keep[0]"),
        (["--keep", "0", "0", "0", "1", "1", "1", "--keep", "1", "0", "0", "1", "1", "1"], "keep"),
        (["--teacher", "photometric"], "dataset_id"),
        (["--device", "abacus"], "device"),
        (["--device", "cuda:77"], "device"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], field: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert main([*place, "train", *NOISE, "--output-dir", str(tmp_path / "run"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert field in error
    assert sorted(tmp_path.rglob("*")) == before


def test_interrupt_keeps_what_was_reached_and_says_how_to_go_on(place: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "voxcore.cli", *place, "train", *NOISE, "--steps", "100000", "--log-every", "1",
         "--output-dir", str(run)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("step 5/"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"voxcore train --resume {run}" in err
    assert "stopped" in out
    assert (tmp_path / "maps" / "trained_map_7_1" / "map.json").is_file()
    assert (run / "checkpoint.safetensors").is_file()


def test_export_of_a_training_folder_with_and_without_its_end(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main([*place, "train", *NOISE, "--steps", "4", "--checkpoint-every", "2", "--no-export",
                 "--output-dir", str(run)]) == 0  # fmt: skip
    assert main([*place, "export", "--training-dir", str(run), "--source-map-id", "7"]) == 0
    (run / "maps" / "final.json").unlink()
    assert main([*place, "export", "--training-dir", str(run), "--source-map-id", "7"]) == 0
    assert load_map(tmp_path / "maps" / "trained_map_7_2").shape == (10, 8, 12)
    capsys.readouterr()
    assert main([*place, "export", "--training-dir", str(tmp_path), "--source-map-id", "7"]) == 2
    assert "checkpoint" in capsys.readouterr().err


def test_export_of_a_map_goes_by_the_file_name(
    place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = load_map(tmp_path / "maps" / "7")
    for file, more, name in (
        ("a.vox", [], "vox"),
        ("a.GLB", [], "glb"),
        ("a.schem", [], "schem_v2"),
        ("b.schem", ["--format", "schem_v3"], "schem_v3"),
    ):
        assert main([*place, "export", "--map-id", "7", "--out", str(tmp_path / file), *more]) == 0
        assert (tmp_path / file).read_bytes() == export_map(world, name)
    capsys.readouterr()
    for bad in (
        ["--map-id", "7"],
        ["--map-id", "7", "--out", "x.vox", "--training-dir", "x"],
        ["--map-id", "7", "--out", str(tmp_path / "a.txt")],
        ["--map-id", "8", "--out", str(tmp_path / "a.vox")],
        [],
    ):
        assert main([*place, "export", *bad]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_render_stats_and_lists(place: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "map.png"
    assert main([*place, "render", "--map-id", "7", "--out", str(picture), "--width", "64", "--height", "48"]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main([*place, "render", "--map-id", "7", "--out", str(tmp_path / "map.gif")]) == 2
    capsys.readouterr()
    assert main([*place, "stats", "--map-id", "7", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"Dirt": 360}
    assert main([*place, "stats", "--map-id", "7"]) == 0
    assert "360 blocks" in capsys.readouterr().out
    assert main([*place, "maps", "--json"]) == 0
    assert [entry["id"] for entry in json.loads(capsys.readouterr().out)] == ["7"]
    assert main([*place, "datasets"]) == 0
    assert capsys.readouterr().out == ""
