"""Tiles over canvases of any size, and windows in maps of any size."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voxcore.config import Region, TrainConfig
from voxcore.events import Trained, VoxelFrame
from voxcore.guidance.teachers import prior_window
from voxcore.maps import VoxelMap
from voxcore.palette import EDITOR
from voxcore.prior.diffusion import CLASSES, codebook
from voxcore.prior.model import GRID, Prior, Prompt
from voxcore.prior.tiles import OVERLAP, starts, tiles
from voxcore.prior.window import RIM, Window
from voxcore.training import train

SIDES = st.integers(64, 200)


@settings(max_examples=20)
@given(x=SIDES, z=SIDES)
def test_shares_are_smooth_and_sum_to_one(x: int, z: int) -> None:
    parts = tiles((x, GRID[1], z))
    assert [t.central for t in parts] == [True] + [False] * (len(parts) - 1)
    total = torch.zeros(x, GRID[1], z)
    for tile in parts:
        total[tile.slices] += tile.weight
        assert float(tile.weight.min()) >= 0.0
    torch.testing.assert_close(total, torch.ones_like(total))
    shares = torch.zeros(x, GRID[1], z)
    shares[parts[0].slices] = parts[0].weight
    for axis in (0, 2):
        step = torch.diff(shares, dim=axis).abs()
        assert float(step.max()) < 0.15


@given(size=st.integers(64, 512))
def test_tiles_reach_both_ends_and_overlap(size: int) -> None:
    first = starts(size, 64)
    assert first[0] == 0
    assert first[-1] == size - 64
    assert all(b - a <= 64 - OVERLAP for a, b in itertools.pairwise(first))


def test_the_middle_belongs_to_the_prompt_alone() -> None:
    central = tiles((128, GRID[1], 96))[0]
    assert central.low == (32, 0, 16)
    assert float(central.weight[OVERLAP:-OVERLAP, :, OVERLAP:-OVERLAP].min()) == 1.0


def blank(*shape: int) -> np.ndarray:
    return np.zeros(shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "shape", [(32, 32, 32), (48, 48, 48), (96, 48, 96), (128, 128, 128), (70, 50, 90), (64, 48, 64)]
)
def test_building_covers_the_map_and_editing_its_middle(shape: tuple[int, int, int]) -> None:
    built = prior_window(TrainConfig.create("a hut", init_mode="empty"), blank(*shape))
    assert (built.low, built.high) == ((0, 0, 0), (shape[0], min(shape[1], 48), shape[2]))
    hills = blank(*shape)
    hills[:, : shape[1] // 2] = 1
    edited = prior_window(TrainConfig.create("a hut"), hills)
    assert edited.size == GRID
    for axis in range(3):
        assert edited.high[axis] - edited.low[axis] == min(shape[axis], GRID[axis])
    assert edited.low[1] <= shape[1] // 2 <= edited.high[1]


def test_the_rim_is_where_the_map_goes_on() -> None:
    window = Window.place(np.ones((64, 40, 128), dtype=np.uint8))
    rim = window.rim((64, 40, 128))
    assert rim.sum() == 2 * RIM * 64 * 40
    assert rim[:, :, window.low[2] : window.low[2] + RIM].all()


@pytest.mark.parametrize("low_y", [0, 40, 75])
def test_a_region_is_inside_the_window_at_any_height(low_y: int) -> None:
    blocks = blank(80, 128, 80)
    blocks[:, :30] = 1
    region = Region((2, low_y, 30), (20, low_y + 40, 60))
    window = prior_window(TrainConfig.create("a hut", region=region), blocks)
    assert all(a <= b for a, b in zip(window.low, region.low, strict=True))
    assert all(a >= b for a, b in zip(window.high, region.high, strict=True))


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[Prompt]:
    """A posterior that wants stone below and air above, and keeps the prompts that it was asked with."""
    asked: list[Prompt] = []

    def posterior(self: Prior, x: torch.Tensor, t: float, prompt: Prompt, *_: object) -> torch.Tensor:
        asked.append(prompt)
        assert tuple(x.shape[2:]) == GRID
        wanted = torch.zeros(GRID, dtype=torch.long)
        wanted[:, :20] = EDITOR.index_by_name["Stone"]
        return torch.nn.functional.one_hot(wanted, CLASSES).movedim(-1, 0)[None].float() * 0.98 + 0.02 / CLASSES

    assert len(codebook()) == CLASSES
    monkeypatch.setattr(Prior, "posterior", posterior)
    return asked


@pytest.mark.parametrize("method", ["distill", "sample"])
@pytest.mark.parametrize("shape", [(32, 32, 32), (48, 32, 96), (96, 48, 70), (70, 50, 90), (40, 128, 100)])
def test_any_size_is_built_whole(stand_in: list[Prompt], shape: tuple[int, int, int], method: str) -> None:
    settings = {"steps": 6, "init_mode": "ground_plane", "method": method, "clean": False, "cfg_scale": 1.0}
    config = TrainConfig.create("a hut", teacher_calls=3, **settings)
    done = list(train(config, VoxelMap(blank(*shape))))[-1]
    assert isinstance(done, Trained)
    tops = (done.blocks == EDITOR.index_by_name["Stone"]).sum(1)
    assert (tops == tops[0, 0]).all()
    assert 0 < tops[0, 0] <= 20
    assert not done.blocks[:, 30:].any()
    assert len({id(p) for p in stand_in}) == (1 if max(shape[0], shape[2]) <= 64 else 2)


@pytest.mark.parametrize("method", ["distill", "sample"])
def test_an_edit_of_a_larger_map_stays_inside_its_window_and_off_its_rim(stand_in: list[Prompt], method: str) -> None:
    blocks = blank(100, 60, 80)
    blocks[:, :30] = EDITOR.index_by_name["Dirt"]
    config = TrainConfig.create("a hut", method=method, steps=6, teacher_calls=3, clean=False)
    events = list(train(config, VoxelMap(blocks)))
    window = prior_window(config, blocks)
    still = np.ones(blocks.shape, dtype=bool)
    still[window.map_slices] = False
    still |= window.rim(blocks.shape)
    for event in events:
        if isinstance(event, Trained | VoxelFrame):
            np.testing.assert_array_equal(event.blocks[still], blocks[still])
    assert (events[-1].blocks != blocks).any()  # type: ignore[union-attr]
    assert stand_in
