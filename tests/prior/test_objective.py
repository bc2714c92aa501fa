"""What training asks of the prior (scripts/train_prior)."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from voxcore.prior import model
from voxcore.prior.diffusion import SHIFT, codebook
from voxcore.prior.network import NetworkConfig, PriorNetwork
from voxcore.prior.sampler import LAYOUT, noise_level, noise_ratio
from voxcore.prior.words import MAX_WORDS

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "train_prior"))
import feed
import objective

SMALL = (16, 16, 16)


@pytest.fixture
def network() -> PriorNetwork:
    torch.manual_seed(0)
    network = PriorNetwork(
        NetworkConfig(fine=8, middle=8, width=16, blocks=1, heads=2, text_width=16, text_layers=1, tokens=(2, 2, 2))
    )
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.6)
    return network.requires_grad_(False)


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch) -> objective.Batch:
    monkeypatch.setattr(objective, "GRID", SMALL)
    torch.manual_seed(1)
    worlds = torch.randint(model.CLASSES, (4, 2, *SMALL), dtype=torch.uint8)
    ids = torch.randint(20, (4, MAX_WORDS), dtype=torch.int32)
    return objective.make_batch(worlds, ids, torch.randn(20, 96), augment=False)


CODES = codebook()


def test_fixed_cells_are_not_judged_and_changed_ones_weigh_more(batch: objective.Batch) -> None:
    boxed = replace(batch, free_x=torch.arange(16)[None].expand(4, -1) < 6)
    _, _, _, weight = objective._inputs(boxed, CODES)
    assert float(weight[:, 3:].max()) == 0.0
    worlds = batch.worlds.clone()
    worlds[:, 1] = worlds[:, 0]
    worlds[:, 1, 2, 2, 2] = (worlds[:, 0, 2, 2, 2] + 1) % model.CLASSES
    everywhere = {name: torch.ones(4, 16, dtype=torch.bool) for name in ("free_x", "free_y", "free_z")}
    _, _, _, weight = objective._inputs(replace(batch, worlds=worlds, **everywhere), CODES)
    for world in range(4):
        seen = noise_ratio(float(batch.t[world])) / objective.CHANGED_SEEN
        near = 1.0 + objective.CHANGED_WEIGHT / (1.0 + seen**2)
        assert float(weight[world, 1, 1, 1, 0]) == float(weight[world, 2, 0, 1, 0]) == pytest.approx(near, rel=1e-4)
        assert float(weight[world, 5, 5, 5, 0]) == 1.0


def test_loss_is_the_weighted_entropy_of_what_is_there(network: PriorNetwork, batch: objective.Batch) -> None:
    x, condition, target, weight = objective._inputs(batch, CODES)
    log_p = objective._log_p(network, batch, x, condition)
    there = (F.one_hot(target, model.CLASSES) * log_p).sum(-1)
    expected = -(there * weight).sum((1, 2, 3, 4)) / weight.sum((1, 2, 3, 4))
    for world, t in enumerate(batch.t.tolist()):  # noise of six times the signal counts once
        expected[world] *= (6.0 / max(noise_ratio(t), 0.5)) ** objective.STEEPNESS
    torch.testing.assert_close(objective.plain_loss(network, batch, CODES), expected)


def test_guesses_are_answers_under_the_noise_of_one_step_before(network: PriorNetwork, batch: objective.Batch) -> None:
    torch.manual_seed(2)
    asked: list[objective.Batch] = []

    def ask(network: PriorNetwork, batch: objective.Batch, codes: torch.Tensor) -> torch.Tensor:
        asked.append(replace(batch, t=batch.t.clone()))
        return objective.answer(network, batch, codes)

    boxed = replace(batch, free_x=torch.arange(16)[None].expand(4, -1) < 6)
    after = objective.with_guess(network, boxed, CODES, rows=2, ask=ask)
    assert after.guess is not None
    (before,) = asked
    assert before.guess is None
    assert bool((before.t > boxed.t[:2]).all())
    torch.testing.assert_close(after.t, boxed.t)
    torch.testing.assert_close(after.guess[:2], objective.answer(network, before, CODES))
    torch.testing.assert_close(after.guess[:2, 6:], CODES[boxed.worlds[:2, 1, 6:].long()])
    assert float(after.guess[2:].abs().max()) == 0.0
    torch.testing.assert_close(after.noise[2:], boxed.noise[2:])
    # What the earlier noise leaves, seen as the same world: unit noise that goes with it by the ratio of the levels.
    for world in range(2):
        kept = noise_ratio(float(boxed.t[world])) / noise_ratio(float(before.t[world]))
        old, new = before.noise[world].flatten(), after.noise[world].flatten()
        assert float(new.std()) == pytest.approx(1.0, abs=0.03)
        assert float((old * new).mean()) == pytest.approx(kept, abs=0.03)


def test_answers_lie_apart_as_in_runs_of_9_to_40_steps() -> None:
    for steps, uniform in ((40, 0.0325), (9, 0.805)):
        times = torch.tensor([noise_level(0.985, 0.03, i / (steps - 1)) for i in range(steps)])
        torch.testing.assert_close(
            objective.earlier_times(times[1:], torch.full((steps - 1,), uniform)), times[:-1], atol=0.003, rtol=0.0
        )


def test_no_caption_of_the_benchmark_is_trained_on() -> None:
    kept_out = feed.held_out()
    assert len(kept_out) > 100
    assert feed.folded("A Square stone keep.") in kept_out
    assert feed.folded("a castle nobody asked for") not in kept_out


def test_training_draws_noise_as_sampling_spaces_it() -> None:
    uniform = torch.rand(20000, generator=torch.Generator().manual_seed(0))
    everything, built = (objective.drawn_times(uniform, torch.full((20000,), shown)) for shown in (True, False))
    for times, most in ((everything, 0.998), (built, 2 / math.pi * math.atan(objective.BUILT / SHIFT))):
        steps = torch.tensor([noise_level(most, 0.004, i / 99) for i in range(100)])
        for share in (0.1, 0.5, 0.9):
            assert float(times.quantile(share)) == pytest.approx(float(steps.quantile(share)), abs=0.01)
    assert noise_ratio(float(built.max())) > LAYOUT
