"""The loop: same seed same bytes, resume equals uninterrupted, stopping, regions, files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from voxcore.cameras import orbit_cameras
from voxcore.checkpoint import NAME, blocks_in, load_checkpoint
from voxcore.config import Region, TrainConfig
from voxcore.datasets import new_dataset, save_dataset
from voxcore.errors import CheckpointError, InvalidConfig, NotFound, StorageError, TeacherError
from voxcore.events import Checkpoint, Event, Finished, Preview, Progress, Started, Trained, VoxelFrame
from voxcore.guidance.base import Scene, Score, StepInfo
from voxcore.guidance.noise import NoiseTeacher
from voxcore.job import JobSpec, resumed_job, run_job
from voxcore.maps import VoxelMap, load_map, save_map
from voxcore.png import encode_png
from voxcore.render import hard_image, lit_colors
from voxcore.training import train

BEYOND = Region((0, 0, 0), (11, 8, 12))


def no_model(name: str) -> Path:
    raise AssertionError(f"asked for {name}")


@pytest.fixture
def source() -> VoxelMap:
    blocks = np.zeros((10, 8, 12), dtype=np.uint8)
    blocks[:, :3] = 2
    blocks[3:6, 3:5, 4:7] = 3
    return VoxelMap(blocks)


@pytest.fixture
def roots(tmp_path: Path, source: VoxelMap) -> dict[str, Path]:
    (tmp_path / "maps" / "7").mkdir(parents=True)
    (tmp_path / "datasets").mkdir()
    save_map(source, tmp_path / "maps" / "7" / "map.json")
    return {"maps_root": tmp_path / "maps", "datasets_root": tmp_path / "datasets"}


def noise_config(**given: object) -> TrainConfig:
    defaults = {"teacher": "noise", "steps": 6, "lr": 0.3, "material_lr": 0.3, "checkpoint_every": 3, "log_every": 2}
    return TrainConfig.create("anything", **(defaults | given))


def last(events: Iterator[Event]) -> Trained:
    event = list(events)[-1]
    assert isinstance(event, Trained)
    return event


def test_events_come_in_order_and_complete(source: VoxelMap) -> None:
    events = list(train(noise_config(), source))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Trained)
    progress = [e for e in events if isinstance(e, Progress)]
    assert [e.step for e in progress] == [1, 2, 4, 6]
    assert all(set(e.losses) == {"total", "sds", "sparsity", "entropy", "smooth", "connectivity"} for e in progress)
    assert progress[0].temperature == 2.0
    assert progress[-1].temperature == 0.5
    assert progress[-1].eta_seconds == 0.0
    assert [e.step for e in events if isinstance(e, VoxelFrame)] == [0, 1, 2, 4, 6]
    assert [e.step for e in events if isinstance(e, Preview)] == [1, 6]


def test_same_seed_same_world_and_other_seed_another(source: VoxelMap) -> None:
    first, again = (last(train(noise_config(seed=5), source)).blocks for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (last(train(noise_config(seed=6), source)).blocks != first).any()
    assert (first != source.blocks).any()


def test_a_run_from_a_checkpoint_equals_an_uninterrupted_one(source: VoxelMap, tmp_path: Path) -> None:
    config = noise_config(lambda_entropy=0.1, lambda_connectivity=1.0)
    whole = last(train(config, source)).blocks
    asked = iter([False, False, False, False, True])
    part = list(train(config, source, should_stop=lambda: next(asked), checkpoint_folder=tmp_path))
    assert isinstance(part[-1], Trained)
    assert part[-1].stopped
    assert part[-1].step == 4
    assert [e.step for e in part if isinstance(e, Checkpoint)] == [3, 4]
    checkpoint = load_checkpoint(tmp_path)
    np.testing.assert_array_equal(blocks_in(checkpoint), part[-1].blocks)
    rest = last(train(config, source, checkpoint=checkpoint))
    assert not rest.stopped
    np.testing.assert_array_equal(rest.blocks, whole)


def test_how_often_a_run_is_logged_does_not_change_it(source: VoxelMap) -> None:
    weights = {"lambda_connectivity": 5.0, "lambda_smooth": 1.0, "steps": 12}
    often = last(train(noise_config(log_every=1, **weights), source)).blocks
    never = last(train(noise_config(log_every=0, image_every=0, **weights), source)).blocks
    np.testing.assert_array_equal(often, never)


def test_nothing_outside_the_region_changes(source: VoxelMap) -> None:
    region = Region((2, 1, 3), (7, 7, 9))
    blocks = last(train(noise_config(region=region, lr=3.0, steps=12), source)).blocks
    outside = np.ones(source.shape, dtype=bool)
    outside[region.slices] = False
    np.testing.assert_array_equal(blocks[outside], source.blocks[outside])
    assert (blocks != source.blocks).any()


def test_frames_say_how_full_each_cell_is(source: VoxelMap) -> None:
    region = Region((2, 1, 3), (7, 7, 9))
    outside = np.ones(source.shape, dtype=bool)
    outside[region.slices] = False
    for event in train(noise_config(region=region, lr=1.0), source):
        if isinstance(event, VoxelFrame) and event.step:
            assert event.occupancy is not None
            occupancy = event.occupancy()
            assert (occupancy.shape, occupancy.dtype) == (source.shape, np.float32)
            np.testing.assert_array_equal(occupancy[outside], source.blocks[outside] != 0)
            inside = occupancy[region.slices]
            np.testing.assert_array_equal(inside > 0.5, event.blocks[region.slices] != 0)
            assert ((inside > 0) & (inside < 1)).any()


@pytest.mark.parametrize("region", [None, Region((2, 1, 3), (7, 7, 9))])
def test_nothing_that_is_to_be_kept_changes(source: VoxelMap, region: Region | None) -> None:
    keep = (Region((3, 3, 4), (5, 8, 7)), Region((0, 0, 0), (3, 4, 5)))
    blocks = last(train(noise_config(region=region, keep=keep, lr=3.0, steps=12), source)).blocks
    free = np.ones(source.shape, dtype=bool) if region is None else np.zeros(source.shape, dtype=bool)
    if region is not None:
        free[region.slices] = True
    for box in keep:
        free[box.slices] = False
    np.testing.assert_array_equal(blocks[~free], source.blocks[~free])
    assert (blocks != source.blocks).any()


@pytest.mark.parametrize("boxes", [{"region": BEYOND}, {"keep": (BEYOND,)}])
def test_box_beyond_the_grid_is_refused(source: VoxelMap, boxes: dict[str, object]) -> None:
    with pytest.raises(InvalidConfig, match="inside the grid"):
        list(train(noise_config(**boxes), source))


def test_a_teacher_that_says_nan_ends_the_job_with_its_step(source: VoxelMap, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: NoiseTeacher, scene: Scene, info: StepInfo) -> Score:
        loss = scene.soft.occupancy.mean()
        return Score(loss * (torch.nan if info.step == 2 else 1.0), 0.5)

    monkeypatch.setattr(NoiseTeacher, "score", broken)
    with pytest.raises(TeacherError, match="step 3"):
        list(train(noise_config(), source))


def test_a_job_leaves_a_map_with_everything_beside_it(roots: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "run"
    spec = JobSpec(noise_config(save_map_every=3), map_id="7")
    done = list(run_job(spec, output_dir=out, **roots))[-1]
    assert isinstance(done, Finished)
    assert done.map_id == "trained_map_7_1"
    folder = roots["maps_root"] / done.map_id
    np.testing.assert_array_equal(load_map(folder).blocks, done.blocks)
    metadata = json.loads((folder / "training_metadata.json").read_text())
    assert metadata["prompt"] == "anything"
    assert metadata["contentHash"] == done.content_hash
    lines = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 4, 6]
    assert sorted(p.name for p in (folder / "images").iterdir()) == ["first.png", "last.png"]
    assert (out / "maps" / "step_000006.json").is_file()
    again = list(run_job(spec, output_dir=tmp_path / "run2", **roots))[-1]
    assert isinstance(again, Finished)
    assert again.map_id == "trained_map_7_2"
    assert (folder / "map.json").read_bytes() == (roots["maps_root"] / again.map_id / "map.json").read_bytes()


def test_an_interrupted_job_goes_on_from_its_folder(roots: dict[str, Path], tmp_path: Path) -> None:
    whole = list(run_job(JobSpec(noise_config(), map_id="7"), output_dir=tmp_path / "whole", **roots))[-1]
    asked = iter([False, False, True])
    spec = JobSpec(noise_config(), map_id="7", export=False)
    part = list(run_job(spec, output_dir=tmp_path / "part", should_stop=lambda: next(asked), **roots))[-1]
    assert isinstance(part, Finished)
    assert part.stopped
    rest = list(run_job(resumed_job(tmp_path / "part", no_model), output_dir=tmp_path / "part", **roots))[-1]
    assert isinstance(rest, Finished)
    assert isinstance(whole, Finished)
    assert rest.content_hash == whole.content_hash
    log = (tmp_path / "part" / "train.jsonl").read_text()
    assert [json.loads(line)["step"] for line in log.splitlines()] == [1, 2, 4, 6]


def test_a_checkpoint_of_another_job_or_none_or_half_is_refused(roots: dict[str, Path], tmp_path: Path) -> None:
    list(run_job(JobSpec(noise_config(), map_id="7"), output_dir=tmp_path / "run", **roots))
    other = JobSpec(noise_config(seed=9), map_id="7", resume_from=tmp_path / "run")
    with pytest.raises(CheckpointError, match="this very job"):
        list(run_job(other, output_dir=tmp_path / "run", **roots))
    with pytest.raises(NotFound, match="checkpoint"):
        resumed_job(tmp_path, no_model)
    path = tmp_path / "run" / NAME
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        resumed_job(tmp_path / "run", no_model)


@pytest.mark.parametrize("map_id", ["nope", "../7", "", "a/b"])
def test_a_map_that_is_not_there(roots: dict[str, Path], tmp_path: Path, map_id: str) -> None:
    with pytest.raises(Exception, match="map_id") as caught:
        list(run_job(JobSpec(noise_config(), map_id=map_id), output_dir=tmp_path / "run", **roots))
    assert caught.value.field == "map_id"  # type: ignore[attr-defined]
    assert not (tmp_path / "run").exists()


def test_an_unusable_output_folder_is_one_clear_error(roots: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write"):
        list(run_job(JobSpec(noise_config(), map_id="7"), output_dir=tmp_path / "file" / "run", **roots))
    assert [p.name for p in roots["maps_root"].iterdir() if p.name.startswith("trained")] == []


def test_photometric_moves_the_grid_towards_the_pictures(source: VoxelMap, roots: dict[str, Path]) -> None:
    cameras = orbit_cameras(
        6, center=np.array([0.0, 5.0, 0.0]), radius=34.0, elevation_degrees=(15.0, 60.0),
        fov_y_degrees=50.0, width=64, height=48,
    )  # fmt: skip
    lit = lit_colors(source.palette)
    pictures = [encode_png(hard_image(source.blocks, lit, c, world_scale=source.world_scale)) for c in cameras]
    (roots["datasets_root"] / "7").mkdir()
    dataset = new_dataset(cameras, pictures, capture_id="test", exported_at="2026-01-01T00:00:00Z")
    save_dataset(dataset, roots["datasets_root"] / "7" / "metadata.json")
    config = TrainConfig.create("", teacher="photometric", steps=40, image_size=32, log_every=10)
    spec = JobSpec(config, map_id="7", dataset_id="7", export=False)
    events = list(run_job(spec, output_dir=roots["maps_root"].parent / "run", **roots))
    losses = [e.losses["total"] for e in events if isinstance(e, Progress)]
    assert losses[-1] < 0.5 * losses[0]


def test_photometric_without_a_dataset_names_the_field() -> None:
    with pytest.raises(InvalidConfig) as caught:
        JobSpec(TrainConfig.create("", teacher="photometric"), map_id="7")
    assert caught.value.field == "dataset_id"
