"""The prior's parts that need no trained weights."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voxcore.errors import NotFound
from voxcore.palette import CLASSIC, EDITOR, Block
from voxcore.prior.diffusion import CLASSES, CODE_DIM, SHIFT, alpha_sigma, codebook, encode, expected_code
from voxcore.prior.model import GRID, Prior, Prompt, load_network, save_weights
from voxcore.prior.network import (
    CONDITION_DIM,
    WORD_DIM,
    Means,
    NetworkConfig,
    PriorNetwork,
    depth_to_space,
    halved,
    space_to_depth,
)
from voxcore.prior.sampler import SHARPENED, implied_noise, next_noise, noise_level, noised
from voxcore.prior.window import Window, home_indices, lift, nearest_classes
from voxcore.prior.words import MAX_WORDS, padded_ids, word_table

TINY = NetworkConfig(fine=8, middle=8, width=16, blocks=1, heads=2, text_width=16, text_layers=1, tokens=(2, 2, 2))


def test_signal_and_noise_share_unit_power_and_follow_the_shifted_tangent() -> None:
    t = torch.linspace(0.01, 0.99, 50, dtype=torch.float64)
    alpha, sigma = alpha_sigma(t)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones_like(t))
    torch.testing.assert_close(sigma / alpha, SHIFT * torch.tan(torch.pi * t / 2))


def test_codes_are_far_apart_and_invertible() -> None:
    codes = codebook()
    distance = torch.cdist(codes, codes) + 10.0 * torch.eye(CLASSES)
    assert float(distance[1:, 1:].min()) > 1.2
    blocks = torch.randint(CLASSES, (1, 4, 4, 4), generator=torch.Generator().manual_seed(0))
    nearest = torch.cdist(encode(blocks).movedim(1, -1).reshape(-1, codes.shape[1]), codes).argmin(1)
    torch.testing.assert_close(nearest.reshape(blocks.shape), blocks)


def test_expected_code_of_certainty_is_the_code() -> None:
    blocks = torch.randint(CLASSES, (2, 3, 3, 3), generator=torch.Generator().manual_seed(1))
    certain = torch.nn.functional.one_hot(blocks, CLASSES).movedim(-1, 1).float()
    torch.testing.assert_close(expected_code(certain), encode(blocks))


def test_space_to_depth_round_trip() -> None:
    x = torch.randn(2, 4, 6, 8, 3)
    torch.testing.assert_close(depth_to_space(space_to_depth(x)), x)


@pytest.fixture
def network() -> PriorNetwork:
    torch.manual_seed(0)
    network = PriorNetwork(TINY)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.requires_grad_(False)


def questions() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "x": torch.randn(1, 16, 16, 16, CODE_DIM, generator=generator),
        "t": torch.tensor([0.5]),
        "words": torch.randn(1, MAX_WORDS, WORD_DIM, generator=generator),
        "word_mask": torch.ones(1, MAX_WORDS, dtype=torch.bool),
        "condition": torch.zeros(1, 16, 16, 16, CONDITION_DIM),
    }


def test_everything_that_the_network_is_told_matters(network: PriorNetwork) -> None:
    asked = questions()
    base = network(**asked)
    assert base.shape == (1, 8, 8, 8, 8 * CLASSES)
    assert depth_to_space(base).shape == (1, 16, 16, 16, CLASSES)
    for name, other in (
        ("t", asked["t"] * 0.5),
        ("words", asked["words"].flip(-1)),
        ("word_mask", ~asked["word_mask"]),
        ("condition", asked["condition"] + 1.0),
        ("guess", asked["x"]),
    ):
        assert float((network(**asked | {name: other}) - base).abs().max()) > 1e-3, name


def test_no_guess_is_a_guess_of_zeros(network: PriorNetwork) -> None:
    asked = questions()
    torch.testing.assert_close(network(**asked), network(**asked, guess=torch.zeros_like(asked["x"])))


def test_masked_words_are_not_read(network: PriorNetwork) -> None:
    asked = questions()
    asked["word_mask"] = torch.arange(MAX_WORDS)[None] < 3
    other = asked["words"].clone()
    other[:, 3:] = 7.0
    torch.testing.assert_close(network(**asked), network(**asked | {"words": other}))


def test_a_cell_answers_for_itself(network: PriorNetwork) -> None:
    # The order of the eight cells in a patch must be the same on the way in and on the way out.
    for name in ("fine_in", "middle_in", "middle_out", "fine_out", "blocks"):
        setattr(network, name, torch.nn.ModuleList())
    network.up1.weight.zero_()
    network.up1.bias.zero_()
    network.enter.weight.zero_()
    network.leave.weight.zero_()
    for cell in range(8):
        network.enter.weight[cell, cell * (CODE_DIM + CONDITION_DIM)] = 1.0
        network.leave.weight[cell * CLASSES, cell] = 1.0
    network.enter.bias.zero_()
    network.leave.bias.zero_()
    network.leave_norm.weight.fill_(1.0)
    asked = questions()
    asked["x"] = torch.zeros_like(asked["x"])
    asked["x"][0, 5, 2, 9, 0] = 4.0
    answer = depth_to_space(network(**asked))[0, ..., 0]
    assert int(answer.argmax()) == (5 * 16 + 2) * 16 + 9


def test_steps_end_in_each_of_two_worlds_as_often_as_it_is_likely() -> None:
    # 64 cells that are all full (one world in four) or all empty: the exact denoiser is tanh of what the cells say
    # together. Steps that forget the noise behind an answer end in the likelier world far too often.
    generator = torch.Generator().manual_seed(4)
    likely = 0.25

    def fresh() -> torch.Tensor:
        return torch.randn(2000, 64, generator=generator)

    times = [noise_level(0.985, 0.03, i / 39) for i in range(40)]
    x = fresh()
    for t, following in zip(times, [*times[1:], 0.01], strict=True):
        alpha, sigma = alpha_sigma(torch.tensor(t))
        said = alpha / sigma**2 * x.sum(1, keepdim=True) + 0.5 * math.log(likely / (1 - likely))
        x0 = torch.tanh(said).expand_as(x)
        x = noised(x0, next_noise(implied_noise(x, x0, t), fresh(), t, following), following)
    found = x.mean(1)
    assert float((found.abs() > 0.9).float().mean()) > 0.98
    assert abs(float((found > 0).float().mean()) - likely) < 0.05


def test_means_are_of_unit_size_under_noise_alone_and_without_noise() -> None:
    means = Means(64, 40).requires_grad_(False)
    torch.nn.init.eye_(means.enter.weight)
    noise = halved(halved(torch.randn(1, 32, 32, 32, CODE_DIM, generator=torch.Generator().manual_seed(2))))
    for t, values, size in ((0.999, noise, 1.0), (0.001, torch.ones_like(noise), 1.0)):
        out = means(values, torch.tensor([t]), torch.float32)
        assert float(out.square().mean().sqrt()) == pytest.approx(size, rel=0.1)


def test_guidance_is_a_second_pass_without_the_prompt(network: PriorNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxcore.prior.model.GRID", (16, 16, 16))
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)  # float32 on every machine
    prior = Prior(network)
    generator = torch.Generator().manual_seed(3)
    prompt = Prompt(torch.randn(1, MAX_WORDS, WORD_DIM, generator=generator), torch.arange(MAX_WORDS)[None] < 4)
    x = torch.randn(1, CODE_DIM, 16, 16, 16, generator=generator)
    condition = prior.condition(None)
    with_prompt = prior.posterior(x, 0.5, prompt, condition, 1.0).log()
    nothing = Prompt(torch.zeros_like(prompt.words), torch.zeros_like(prompt.mask))
    without = prior.posterior(x, 0.5, nothing, condition, 1.0).log()
    guided = prior.posterior(x, 0.5, prompt, condition, 2.5)
    # Both passes are already sharpened, which multiplies their logits alike.
    torch.testing.assert_close(guided, (without + 2.5 * (with_prompt - without)).softmax(1), atol=1e-4, rtol=1e-3)
    assert float((guided - with_prompt.exp()).abs().max()) > 1e-3


def test_answers_are_the_networks_made_sharper(network: PriorNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxcore.prior.model.GRID", (16, 16, 16))
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)
    prior = Prior(network)
    asked = questions()
    prompt = Prompt(asked["words"], asked["word_mask"])
    answer = prior.posterior(asked["x"].movedim(-1, 1), 0.5, prompt, prior.condition(None), 1.0)
    plain = depth_to_space(network(**asked)).softmax(-1).movedim(-1, 1).pow(SHARPENED)
    assert SHARPENED > 1.0
    torch.testing.assert_close(answer, plain / plain.sum(1, keepdim=True), atol=1e-5, rtol=1e-3)


def test_weights_survive_a_round_trip_in_parts(
    network: PriorNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voxcore.prior.model._PART_BYTES", 20_000)
    save_weights(network, tmp_path, "prior", {"samples": "0"})
    assert len(list(tmp_path.glob("prior-*.safetensors"))) > 1
    again = load_network(tmp_path)
    assert again.config == TINY
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.half().float())
    (tmp_path / "prior-1.safetensors").unlink()
    with pytest.raises(NotFound, match="prior"):
        load_network(tmp_path)


def test_words_known_stemmed_split_and_unknown() -> None:
    table = word_table()
    tokens = table.tokenize("Two stone CASTLES, a lighthouse & a qzxwv")
    assert tokens.unknown == ("qzxwv",)
    assert [table.words[i] for i in tokens.ids][:2] == ["two", "stone"]
    assert table.tokenize("2 towers").ids == table.tokenize("two towers").ids
    near = torch.nn.functional.cosine_similarity
    vector = {w: table.vectors[table.lookup(w)] for w in ("castle", "fortress", "spoon")}
    assert near(vector["castle"], vector["fortress"], dim=0) > near(vector["castle"], vector["spoon"], dim=0)


def test_long_prompts_are_cut_and_say_so() -> None:
    tokens = word_table().tokenize("castle " * (MAX_WORDS + 5))
    assert (len(tokens.ids), tokens.dropped) == (MAX_WORDS, 5)
    assert int((padded_ids(tokens) >= 0).sum()) == MAX_WORDS


@given(text=st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    tokens = word_table().tokenize(text)
    assert all(0 <= i < len(word_table().words) for i in tokens.ids)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 90), st.integers(1, 70), st.integers(1, 90)),
    center=st.tuples(st.floats(0.0, 90.0), st.floats(0.0, 90.0)),
    ground=st.integers(0, 70),
)
def test_window_cut_and_paste_are_inverse(
    shape: tuple[int, int, int], center: tuple[float, float], ground: int
) -> None:
    blocks = np.zeros(shape, dtype=np.uint8)
    blocks[:, :ground] = 1 + np.arange(shape[0] * shape[2]).reshape(shape[0], 1, shape[2]) % 11
    window = Window.place(blocks, center)
    cut = window.cut(blocks)
    assert tuple(cut.shape) == GRID
    np.testing.assert_array_equal(cut[window.grid_slices].numpy(), blocks[window.map_slices])
    assert int(window.inside().sum()) == blocks[window.map_slices].size


def test_nearest_classes_of_custom_blocks() -> None:
    snowy = Block("Frost", 1000, (0.92, 0.94, 0.96), (0.9, 0.92, 0.94), (0.88, 0.9, 0.93))
    palette = EDITOR.extended((snowy,))
    classes = nearest_classes(palette)
    assert classes.tolist() == [*range(12), EDITOR.index_by_name["Snow"]]
    assert home_indices(CLASSIC)[EDITOR.index_by_name["GlacierIce"]] == CLASSIC.index_by_name["Snow"]


@given(source=arrays(np.uint8, (2, 2, 2), elements=st.integers(0, 12)))
def test_lift_keeps_probability_and_custom_blocks(source: np.ndarray) -> None:
    custom = Block("Frost", 1000, (0.92, 0.94, 0.96), (0.9, 0.92, 0.94), (0.88, 0.9, 0.93))
    palette = EDITOR.extended((custom,))
    classes, homes = (torch.from_numpy(f(palette)) for f in (nearest_classes, home_indices))
    q = torch.rand(CLASSES, 2, 2, 2, generator=torch.Generator().manual_seed(0)).softmax(0)
    lifted = lift(q, torch.from_numpy(source), classes, homes)
    torch.testing.assert_close(lifted.sum(0), torch.ones(2, 2, 2))
    snow = EDITOR.index_by_name["Snow"]
    is_custom = torch.from_numpy(source == 12)
    torch.testing.assert_close(lifted[12][is_custom], q[snow][is_custom])
    torch.testing.assert_close(lifted[snow][~is_custom], q[snow][~is_custom])


def test_classic_palette_receives_every_class() -> None:
    classes, homes = (torch.from_numpy(f(CLASSIC)) for f in (nearest_classes, home_indices))
    q = torch.full((CLASSES, 1, 1, 1), 1.0 / CLASSES)
    lifted = lift(q, torch.zeros(1, 1, 1, dtype=torch.uint8), classes, homes)
    assert lifted.shape[0] == 8
    assert float(lifted.sum()) == pytest.approx(1.0)


def test_noise_levels_run_from_start_to_end_and_linger_where_the_layout_is_decided() -> None:
    levels = [noise_level(0.985, 0.03, i / 19) for i in range(20)]
    assert levels[0] == pytest.approx(0.985)
    assert levels[-1] == pytest.approx(0.03)
    assert levels == sorted(levels, reverse=True)
    ratios = [SHIFT * np.tan(np.pi / 2 * t) for t in levels]
    assert sum(r > 10.0 for r in ratios) >= 8  # sigma / alpha; even steps in t would give 3
