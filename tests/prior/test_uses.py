"""The prior beside and before another teacher, and what users hear of it.

The network is replaced by a quick stand-in: these tests are about everything around it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from voxcore.checkpoint import load_checkpoint
from voxcore.config import Region, TrainConfig
from voxcore.errors import CheckpointError, InvalidConfig
from voxcore.events import Event, Finished, Log, Progress, Trained, VoxelFrame
from voxcore.job import JobSpec, run_job
from voxcore.maps import VoxelMap, save_map
from voxcore.palette import EDITOR
from voxcore.prior.diffusion import codebook, expected_code
from voxcore.prior.model import Prior
from voxcore.prior.task import PriorTask
from voxcore.training import train

STONE = EDITOR.index_by_name["Stone"]


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Believes in what the noisy codes look most like, in what it believed before, and a little in stone."""

    def posterior(
        self: Prior,
        x: torch.Tensor,
        t: float,
        prompt: object,
        condition: object,
        cfg_scale: float,
        guess: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if guess is not None:
            x = x + guess
        alike = 2.0 * torch.einsum("mc,bcxyz->bmxyz", codebook(), x) - codebook().pow(2).sum(1)[:, None, None, None]
        alike[:, STONE] += 0.5
        return (alike * (1.2 - t) * 2.0).softmax(1)

    monkeypatch.setattr(Prior, "posterior", posterior)


@pytest.fixture
def source() -> VoxelMap:
    blocks = np.zeros((20, 16, 24), dtype=np.uint8)
    blocks[:, :5] = 2
    blocks[8:12, 5:8, 8:12] = 4
    return VoxelMap(blocks)


def config(**given: object) -> TrainConfig:
    return TrainConfig.create("a stone tower", **({"teacher": "noise", "steps": 6, "checkpoint_every": 3} | given))


def last(events: list[Event]) -> Trained:
    assert isinstance(events[-1], Trained)
    return events[-1]


@pytest.mark.parametrize(
    "given",
    [
        {"lambda_prior": 0.5},
        {"init_mode": "prior"},
        {"teacher": "prior", "steps": 24},
        {"teacher": "prior", "method": "sample", "steps": 8, "log_every": 1},
    ],
)
def test_a_run_from_a_checkpoint_equals_an_uninterrupted_one(
    given: dict[str, object], source: VoxelMap, tmp_path: Path
) -> None:
    c = config(**given)
    whole = last(list(train(c, source))).blocks
    steps = 0

    def stop() -> bool:
        return steps >= 4

    part = []
    for event in train(c, source, should_stop=stop, checkpoint_folder=tmp_path):
        part.append(event)
        steps = event.step if isinstance(event, Progress | VoxelFrame) else steps
    assert last(part).stopped
    assert 0 < last(part).step < c.steps
    rest = last(list(train(c, source, checkpoint=load_checkpoint(tmp_path)))).blocks
    np.testing.assert_array_equal(rest, whole)


def test_the_prior_pulls_with_its_weight_and_is_reported(source: VoxelMap) -> None:
    runs = [list(train(config(lambda_prior=weight, log_every=1), source)) for weight in (0.0, 100.0)]
    soft = [[e.occupancy_mean for e in run if isinstance(e, Progress)] for run in runs]
    assert soft[0] != soft[1]
    progress = [e for e in runs[1] if isinstance(e, Progress)]
    for event in progress:
        assert event.losses["total"] == pytest.approx(event.losses["sds"] + 100.0 * event.losses["prior"], rel=1e-4)
    assert all("prior" not in e.losses for e in runs[0] if isinstance(e, Progress))


def test_the_opening_is_the_seeds_and_what_training_starts_from(source: VoxelMap) -> None:
    def opening(seed: int) -> np.ndarray:
        events = list(train(config(init_mode="prior", seed=seed, lr=1e-6, material_lr=1e-6, steps=1), source))
        frames = [e.blocks for e in events if isinstance(e, VoxelFrame) and e.step == 0]
        np.testing.assert_array_equal(last(events).blocks, frames[-1])
        return frames[-1]

    first, again, other = opening(1), opening(1), opening(2)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert (first != source.blocks).any()


def test_the_opening_keeps_what_is_outside_the_region(source: VoxelMap) -> None:
    region = Region((6, 2, 6), (14, 14, 16))
    blocks = last(list(train(config(init_mode="prior", region=region), source))).blocks
    outside = np.ones(source.shape, dtype=bool)
    outside[region.slices] = False
    np.testing.assert_array_equal(blocks[outside], source.blocks[outside])


@pytest.mark.parametrize("given", [{}, {"method": "sample"}, {"init_mode": "empty"}, {"teacher": "prior"}])
def test_the_prior_keeps_what_is_to_be_kept(source: VoxelMap, given: dict[str, object]) -> None:
    keep = (Region((6, 1, 6), (14, 9, 10)), Region((0, 0, 0), (4, 4, 4)))
    given = {"teacher": "prior", "steps": 4, "clean": True, "prompt": "a big stone castle"} | given
    c = TrainConfig.create(keep=keep, **given)
    blocks = last(list(train(c, source))).blocks
    kept = np.zeros(source.shape, dtype=bool)
    for box in keep:
        kept[box.slices] = True
    np.testing.assert_array_equal(blocks[kept], source.blocks[kept])
    assert (blocks != source.blocks).any()


def test_stopped_during_the_opening_ends_with_the_map_as_it_was(source: VoxelMap, tmp_path: Path) -> None:
    events = list(train(config(init_mode="prior"), source, should_stop=lambda: True, checkpoint_folder=tmp_path))
    assert last(events).stopped
    np.testing.assert_array_equal(last(events).blocks, source.blocks)
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_without_its_opening_is_refused(source: VoxelMap, tmp_path: Path) -> None:
    list(train(config(init_mode="prior"), source, checkpoint_folder=tmp_path))
    data = load_checkpoint(tmp_path)
    del data.tensors["opening"]
    with pytest.raises(CheckpointError, match="opening"):
        list(train(config(init_mode="prior"), source, checkpoint=data))


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("prompt", {"teacher": "noise", "init_mode": "prior"}),
        ("prompt", {"teacher": "noise", "lambda_prior": 1.0}),
        ("lambda_prior", {"prompt": "a hut", "lambda_prior": 1.0}),
        ("init_mode", {"prompt": "a hut", "init_mode": "prior"}),
        ("cfg_scale", {"prompt": "a hut", "cfg_scale": 4.5}),
        ("cfg_scale", {"prompt": "a hut", "cfg_scale": 0.5}),
    ],
)
def test_what_contradicts_itself_names_the_field(field: str, given: dict[str, object]) -> None:
    with pytest.raises(InvalidConfig) as caught:
        TrainConfig.create(**({"prompt": " "} | given))
    assert caught.value.field == field


def test_unknown_words_reach_the_events_and_the_metadata(source: VoxelMap, tmp_path: Path) -> None:
    (tmp_path / "maps" / "7").mkdir(parents=True)
    save_map(source, tmp_path / "maps" / "7" / "map.json")
    spec = JobSpec(TrainConfig.create("a qzxwv casle", steps=2, teacher_calls=2), map_id="7")
    roots = {"maps_root": tmp_path / "maps", "datasets_root": tmp_path}
    events = list(run_job(spec, output_dir=tmp_path / "run", **roots))
    said = [e.message for e in events if isinstance(e, Log) and e.level == "warning"]
    assert any('"qzxwv"' in line for line in said)
    assert any('"casle"' in line and "castle" in line for line in said)
    done = events[-1]
    assert isinstance(done, Finished)
    stored = json.loads((tmp_path / "maps" / done.map_id / "training_metadata.json").read_text())
    assert stored["warnings"] == said


@pytest.mark.parametrize("method", ["sample", "distill"])
def test_each_answer_is_shown_what_the_one_before_expected(
    method: str, source: VoxelMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[torch.Tensor | None] = []
    expected: list[torch.Tensor] = []
    ask = PriorTask.ask

    def spy(self: PriorTask, x: torch.Tensor, t: float, cfg_scale: float, guess: torch.Tensor | None) -> torch.Tensor:
        q = ask(self, x, t, cfg_scale, guess)
        inside = (slice(None), slice(None), *self.window.grid_slices)
        shown.append(None if guess is None else guess[inside])
        expected.append(self.hold(expected_code(q))[inside])
        return q

    monkeypatch.setattr(PriorTask, "ask", spy)
    list(train(config(teacher="prior", method=method, steps={"sample": 4, "distill": 256}[method]), source))
    assert shown[0] is None or not shown[0].any()
    for guess, before in zip(shown[1:], expected[:-1], strict=True):
        assert guess is not None
        # Sampling shows the answer itself, a distilled grid has followed it.
        assert float((guess - before).abs().mean()) < {"sample": 1e-6, "distill": 0.1}[method]
    assert float((expected[0] - expected[-1]).abs().mean()) > 0.1
