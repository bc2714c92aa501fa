"""What the prior is asked, and what is made of its answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voxcore.palette import EDITOR
from voxcore.prior.diffusion import CLASSES, encode
from voxcore.prior.model import GRID, Prior, shipped_prior
from voxcore.prior.task import KEEP, PriorTask, _kept
from voxcore.prior.window import GROUND_LAYER, Window, ground_layers
from voxcore.prior.words import word_table


@settings(max_examples=30)
@given(seed=st.integers(0, 1000))
def test_a_full_cells_kind_changes_only_where_another_is_clearly_likelier(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    q = torch.randn(1, CLASSES, 3, 3, 3, generator=generator).mul(2.0).softmax(1)
    present = torch.randint(CLASSES, (1, 1, 3, 3, 3), generator=generator)
    kept = _kept(q, present)
    torch.testing.assert_close(kept.sum(1), torch.ones(1, 3, 3, 3))
    torch.testing.assert_close(kept[:, 0], q[:, 0])  # as likely to be air as before
    own, other = kept.gather(1, present), q.gather(1, present)
    for kind in range(1, CLASSES):
        full = (present[:, 0] > 0) & (present[:, 0] != kind)
        odds, before = (own[:, 0] / kept[:, kind])[full], (other[:, 0] / q[:, kind])[full]
        torch.testing.assert_close(odds, before * math.exp(KEEP), rtol=1e-4, atol=0.0)
    empty = (present == 0).expand_as(q)
    torch.testing.assert_close(kept[empty], q[empty])


@pytest.fixture
def prior() -> Prior:
    return shipped_prior("cpu")


def task(prior: Prior, window: Window, blocks: np.ndarray, fixed: np.ndarray, **given: object) -> PriorTask:
    prompt = prior.read(word_table().tokenize("a hut"))
    return PriorTask(prior, prompt, prompt, EDITOR, window, fixed=fixed, **({"existing": blocks} | given))  # type: ignore[arg-type]


def test_fixed_cells_are_seen_as_they_are_however_soft_the_grid_is(prior: Prior) -> None:
    blocks = np.zeros(GRID, dtype=np.uint8)
    blocks[:, :10] = 3
    fixed = np.zeros(GRID, dtype=bool)
    fixed[:20] = True
    asked = task(prior, Window.place(blocks), blocks, fixed)
    vague = torch.full((*GRID, CLASSES), 1.0 / CLASSES)
    codes = asked.codes(vague)
    exact = encode(torch.from_numpy(blocks)[None])
    torch.testing.assert_close(codes[:, :, :20], exact[:, :, :20])
    assert float((codes - exact)[:, :, 20:].abs().max()) > 0.1


def test_small_maps_are_built_on_land_that_goes_on(prior: Prior) -> None:
    shape = (32, 32, 32)
    window = Window.small(shape)
    sand = EDITOR.index_by_name["Sand"]
    asked = task(prior, window, np.zeros(shape, np.uint8), np.zeros(shape, bool), existing=None, ground=sand)
    assert not asked.edits
    assert window.offset == (16, GROUND_LAYER - ground_layers(32), 16)
    codes = asked.codes(torch.full((*shape, CLASSES), 1.0 / CLASSES))
    land = torch.zeros(GRID, dtype=torch.uint8)
    land[:, :GROUND_LAYER] = sand
    beyond = ~window.inside()
    torch.testing.assert_close(codes[0][:, beyond], encode(land[None])[0][:, beyond])
