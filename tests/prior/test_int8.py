"""Layers in 8-bit whole numbers: close to the float ones, exact in repetition, and only where they belong."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from voxcore.prior import int8
from voxcore.prior.diffusion import CLASSES, CODE_DIM, alpha_sigma, encode
from voxcore.prior.model import Prior, load_network
from voxcore.prior.network import Convolution, NetworkConfig, PriorNetwork
from voxcore.prior.words import word_table
from voxcore.worlds import generate

pytestmark = pytest.mark.skipif(
    not int8.supported(), reason="this CPU has no 8-bit products (AVX-512 VNNI); it runs the float layers"
)


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("shift", [0.0, 3.0, -3.0])
@torch.no_grad()
def test_a_layer_is_within_a_few_levels_of_the_float_one(shift: float) -> None:
    torch.manual_seed(0)
    convolution, linear = Convolution(32), nn.Linear(96, 40)
    x = torch.randn(1, 6, 5, 4, 32) + shift
    rows = torch.randn(7, 96) * 0.01 + shift
    # Half a level, 1/255 of the range, is 0.3 % of it; weights add about as much.
    assert relative(int8.Int8Convolution(convolution)(x), convolution(x)) < 0.02
    assert relative(int8.Int8Linear(linear)(rows), linear(rows)) < 0.02
    assert torch.equal(int8.Int8Linear(linear)(torch.zeros(2, 96)), linear.bias.expand(2, -1))


@torch.no_grad()
def test_channels_have_their_own_scales() -> None:
    """One channel of large weights must not cost the others theirs."""
    torch.manual_seed(0)
    linear = nn.Linear(64, 8)
    linear.weight[0] *= 1000.0
    x = torch.randn(50, 64)
    assert relative(int8.Int8Linear(linear)(x)[:, 1:], linear(x)[:, 1:]) < 0.02


def test_first_and_last_layer_and_what_sees_one_vector_stay() -> None:
    network = PriorNetwork(NetworkConfig(fine=8, middle=16, width=32, blocks=2, heads=2, text_width=16, text_layers=1))
    before = {name for name, module in network.named_modules() if isinstance(module, nn.Linear | Convolution)}
    int8.use_int8_layers(network)
    after = {name for name, module in network.named_modules() if isinstance(module, nn.Linear | Convolution)}
    assert not any(isinstance(module, Convolution) for module in network.modules())
    replaced = {name.split(".")[0] for name in before - after}
    assert replaced == {"fine_in", "middle_in", "middle_out", "fine_out", "down1", "down2", "up1", "up2", "blocks"}
    assert not any(name.startswith("blocks") or name.endswith(".conv") for name in after)
    assert {"enter", "leave", "fine_in.0.modulate"} <= after


@torch.no_grad()
def test_the_shipped_network_says_the_same_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    world = generate(3)
    blocks = torch.from_numpy(world.blocks)[None]
    tokens = word_table().tokenize(world.caption)
    torch.manual_seed(0)
    noise = torch.randn(1, CODE_DIM, *blocks.shape[1:])

    def answer(*, whole: bool, t: float) -> Tensor:
        monkeypatch.setattr(int8, "supported", lambda: whole)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        prior = Prior(load_network())
        assert whole == any(isinstance(module, int8.Int8Linear) for module in prior.network.modules())
        alpha, sigma = (float(part) for part in alpha_sigma(torch.tensor([t])))
        return prior.posterior(
            alpha * encode(blocks) + sigma * noise, t, prior.read(tokens), prior.condition(None), 1.0
        )

    for t in (0.3, 0.9):
        exact, found, again = answer(whole=False, t=t), answer(whole=True, t=t), answer(whole=True, t=t)
        assert found.shape[1] == CLASSES
        assert torch.equal(found, again)
        assert not torch.equal(found, exact)
        # Kullback and Leibler's distance in nats a cell, beside the answer's own entropy.
        p, q = exact.clamp(min=1e-9), found.clamp(min=1e-9)
        distance, entropy = float((p * (p / q).log()).sum(1).mean()), float(-(p * p.log()).sum(1).mean())
        assert distance < 0.01 * entropy
