"""The network's large layers in 8-bit whole numbers, for CPUs without bfloat16 that multiply those fastest (VNNI).

Weights have one scale for each output channel and are symmetric; what goes in is laid evenly over 0..255 between its
least and its largest value, anew in each call (arXiv:1712.05877). Sums are exact, so that a machine repeats itself;
what comes out is float32 again.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voxcore.prior.network import Convolution

_ONES = [1, 1, 1]


def supported() -> bool:
    """Whether this CPU multiplies 8-bit numbers in one instruction."""
    return torch.cpu._is_vnni_supported()


def use_int8_layers(network: nn.Module) -> None:
    """Replace the 3^3 convolutions of ``network`` (float32, on a CPU) and the matrices of its tokens. The first and the
    last layer stay, and those that see one vector only.
    """
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Convolution):
                setattr(module, name, Int8Convolution(child))
    for path in ("down1", "down2", "up1", "up2", "blocks"):
        if hasattr(network, path):
            _replace_linears(network, path)


def _replace_linears(module: nn.Module, name: str) -> None:
    child = getattr(module, name)
    if isinstance(child, nn.Linear):
        setattr(module, name, Int8Linear(child))
        return
    for inner, _ in list(child.named_children()):
        _replace_linears(child, inner)


class Int8Convolution(nn.Module):
    """A `Convolution` [B, X, Y, Z, C] with 8-bit weights."""

    def __init__(self, layer: Convolution) -> None:
        super().__init__()
        whole, self.scale = _quantised(layer.weight)
        self.zero = torch.zeros(len(whole), dtype=torch.int64)
        self.bias = layer.bias
        self.weight = torch.ops.onednn.qconv_prepack(whole, self.scale, 1.0, 0, _ONES, _ONES, _ONES, 1, None)

    def forward(self, x: Tensor) -> Tensor:
        whole, scale, zero = _levels(x)
        out: Tensor = torch.ops.onednn.qconv_pointwise(
            whole.movedim(-1, 1), scale, zero, self.weight, self.scale, self.zero, self.bias, _ONES, _ONES, _ONES, 1,
            1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        return out.movedim(1, -1)


class Int8Linear(nn.Module):
    """A linear layer [..., C] with 8-bit weights."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        whole, self.scale = _quantised(layer.weight)
        self.zero = torch.zeros(len(whole), dtype=torch.int64)
        self.bias = layer.bias
        self.weight = torch.ops.onednn.qlinear_prepack(whole, None)

    def forward(self, x: Tensor) -> Tensor:
        whole, scale, zero = _levels(x)
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            whole, scale, zero, self.weight, self.scale, self.zero, self.bias, 1.0, 0, torch.float32, "none", [], ""
        )
        return out


def _quantised(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Weights [O, ...] as int8, and a scale for each O."""
    rows = weight.detach().flatten(1)
    scale = rows.abs().amax(1).clamp(min=1e-12) / 127.0
    return (rows / scale[:, None]).round().to(torch.int8).view(weight.shape), scale


def _levels(x: Tensor) -> tuple[Tensor, float, int]:
    """``x`` as uint8, the size of one level, and the level of 0."""
    low, high = (float(bound) for bound in torch.aminmax(x))
    low, high = min(low, 0.0), max(high, 1e-12)
    scale = (high - low) / 255.0
    zero = round(-low / scale)
    return x.mul(1.0 / scale).add_(zero + 0.5).clamp_(0.0, 255.0).to(torch.uint8), scale, zero
