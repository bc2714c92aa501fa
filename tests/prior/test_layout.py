"""The layout network, when it is asked, and what its training asks of it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from voxcore.prior import model
from voxcore.prior.diffusion import CLASSES, CODE_DIM, SHIFT, codebook, encode
from voxcore.prior.layout import LayoutConfig, LayoutNetwork, _to_tokens, cells, columns
from voxcore.prior.model import Prior, Prompt, load_layout, load_network, save_weights
from voxcore.prior.network import WORD_DIM, NetworkConfig, PriorNetwork, halved, space_to_depth
from voxcore.prior.sampler import LAYOUT, RETIMED, noise_ratio
from voxcore.prior.words import MAX_WORDS

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "train_prior"))
import layout as training

SMALL = (16, 16, 16)
PROMPT = Prompt(torch.ones(1, MAX_WORDS, WORD_DIM), torch.arange(MAX_WORDS)[None] < 3)


def time_of(ratio: float) -> float:
    return 2 / np.pi * float(np.arctan(ratio / SHIFT))


@pytest.fixture
def network() -> LayoutNetwork:
    torch.manual_seed(0)
    network = LayoutNetwork(LayoutConfig(width=16, blocks=1, heads=2, text_width=16, text_layers=1, tokens=(2, 2, 2)))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network.requires_grad_(False)


@pytest.fixture
def prior(network: LayoutNetwork, monkeypatch: pytest.MonkeyPatch) -> Prior:
    monkeypatch.setattr(model, "GRID", SMALL)
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr("voxcore.prior.int8.supported", lambda: False)
    config = NetworkConfig(
        fine=8, middle=8, width=16, blocks=1, heads=2, text_width=16, text_layers=1, tokens=(2, 2, 2)
    )
    return Prior(PriorNetwork(config), network)


def test_columns_are_means_and_cells_put_them_back() -> None:
    x = torch.randn(2, 4, 3, 6, 5)
    means = columns(x)
    assert means.shape == (2, 2, 3, 3, 5)
    torch.testing.assert_close(means[1, 1, 2, 0], x[1, 2:4, 2, :2].mean((0, 1)))
    torch.testing.assert_close(columns(cells(means)), means)
    torch.testing.assert_close(cells(means)[1, 3, 2, 1], means[1, 1, 2, 0])


def test_a_token_answers_for_its_own_patch(network: LayoutNetwork) -> None:
    """Without attention, a change in one patch of 8^3 cells changes the answer there and nowhere else."""
    for block in network.blocks:
        for layer in (block.self_attention.out, block.text_attention.out, block.mlp[-1]):
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    x = torch.zeros(1, 8, 16, 8, CODE_DIM)
    touched = x.clone()
    touched[0, 5, 9, 2] = 1.0  # the patch that is second along X and Y, first along Z
    t = torch.tensor([0.9])
    with torch.no_grad():
        difference = (network(touched, t, PROMPT.words, PROMPT.mask) - network(x, t, PROMPT.words, PROMPT.mask)).abs()
    assert float(difference[:, 4:, 8:, :4].min()) > 0.0
    difference[:, 4:, 8:, :4] = 0.0
    assert float(difference.max()) == 0.0


def test_only_worlds_from_nothing_under_heavy_noise_are_its_to_answer(prior: Prior) -> None:
    x = torch.randn(1, CODE_DIM, *SMALL)
    heavy, light = time_of(1.1 * LAYOUT), time_of(0.9 * LAYOUT)
    nothing = prior.condition(None)

    def by_columns(t: float, condition: Tensor | None) -> bool:
        answer = prior.posterior(x, t, PROMPT, condition, 2.0)
        assert answer.shape == (1, CLASSES, *SMALL)
        torch.testing.assert_close(answer.sum(1), torch.ones(1, *SMALL))
        channels_last = answer.movedim(1, -1)
        return bool(torch.equal(cells(columns(channels_last)), channels_last))

    assert by_columns(heavy, None)
    assert not by_columns(light, None)
    assert not by_columns(heavy, nothing)
    assert prior.layout is not None
    prior.layout = None
    assert not by_columns(heavy, None)


def test_its_guess_counts(prior: Prior) -> None:
    x, guess = torch.randn(2, 1, CODE_DIM, *SMALL)
    t = time_of(20.0)
    with_guess, without = (prior.posterior(x, t, PROMPT, None, 1.0, g) for g in (guess, None))
    assert float((with_guess - without).abs().max()) > 1e-4
    torch.testing.assert_close(without, prior.posterior(x, t, PROMPT, None, 1.0, torch.zeros_like(x)))


def test_weights_survive_a_round_trip(network: LayoutNetwork, tmp_path: Path) -> None:
    save_weights(network, tmp_path, "layout", {"samples": "0"})
    again = load_layout(tmp_path)
    assert again.config == network.config
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.half().float())


def test_shares_are_those_of_the_blocks_and_noise_that_of_their_mean() -> None:
    torch.manual_seed(1)
    blocks = torch.randint(CLASSES, (3, *SMALL), dtype=torch.uint8)
    shares = training.shares(blocks)
    assert shares.shape == (3, 8, 16, 8, CLASSES)
    clean = shares @ codebook()
    torch.testing.assert_close(clean, columns(encode(blocks).movedim(1, -1)))
    t = torch.full((3,), time_of(10.0))
    found = training.noisy(torch.zeros_like(clean), torch.randn_like(clean), t)
    whole = columns(torch.randn(3, *SMALL, CODE_DIM)) * (10.0 / 101.0**0.5)
    assert float(found.std()) == pytest.approx(float(whole.std()), rel=0.05)


def test_times_are_drawn_within_the_noise_it_is_asked_about() -> None:
    times = training.times(torch.linspace(0.0, 1.0, 101))
    ratios = [noise_ratio(float(t)) for t in times]
    assert training.RATIOS[0] < LAYOUT
    assert ratios[0] == pytest.approx(training.RATIOS[0], rel=1e-3)
    assert ratios[-1] == pytest.approx(training.RATIOS[1], rel=1e-2)
    angles = np.arctan(np.array(ratios) / RETIMED)
    np.testing.assert_allclose(np.diff(angles), np.diff(angles).mean(), rtol=0.05)


def test_the_loss_is_least_for_the_truth(network: LayoutNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cross-entropy with the shares, of which an answer that is right has no more than the shares' own entropy."""
    blocks = torch.randint(CLASSES, (4, *SMALL), dtype=torch.uint8)
    t = torch.full((4,), time_of(12.0))
    words, mask = PROMPT.words.expand(4, -1, -1), PROMPT.mask.expand(4, -1)
    target = training.shares(blocks)
    seen: list[Tensor | None] = []

    def truth(net: object, x: Tensor, t: Tensor, w: Tensor, m: Tensor, guess: Tensor | None) -> Tensor:
        seen.append(guess)
        return target[: len(x)].clamp(min=1e-9).log()

    wrong = training.cost(network, blocks, t, words, mask, codebook())
    monkeypatch.setattr(training, "log_p", truth)
    right = training.cost(network, blocks, t, words, mask, codebook())
    entropy = -(target * target.clamp(min=1e-9).log()).sum(-1).flatten(1).mean(1)
    torch.testing.assert_close(right, entropy)
    assert bool((wrong > right).all())
    assert seen[0] is None
    assert seen[1] is not None
    torch.testing.assert_close(seen[1][:2], (target @ codebook())[:2], atol=1e-4, rtol=1e-4)
    assert float(seen[1][2:].abs().max()) == 0.0


def test_a_first_network_reads_means_as_the_prior_does() -> None:
    prior = load_network()
    first = training.from_prior(prior)
    torch.testing.assert_close(first.blocks[0].mlp[0].weight, prior.blocks[0].mlp[0].weight)
    torch.testing.assert_close(first.blocks[-1].mlp[0].weight, prior.blocks[-1].mlp[0].weight)
    x = torch.randn(1, 64, 48, 64, CODE_DIM)
    by_columns = first.enter(_to_tokens(columns(x) * 2.0))
    by_means = prior.coarse_means.enter(space_to_depth(halved(halved(x)) * 8.0)).flatten(1, 3)
    torch.testing.assert_close(by_columns, by_means, atol=1e-4, rtol=1e-3)
