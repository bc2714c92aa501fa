"""The prior's network: noisy codes, the existing map, diffusion time and words to block logits.

Three resolutions. Patches of 2^3 voxels carry convolutions for detail (space-to-depth keeps them
cheap), patches of 4^3 more of them, patches of 8^3 are the tokens of a transformer that sees the
whole grid and reads the prompt (adaLN-single as in PixArt-alpha, arXiv:2310.00426). The coarser two are also
shown the noisy codes' means over blocks of cells: under heavy noise that is where everything visible is,
and a network that has to find those sums by itself lets the noise of single cells leak in.

Channels come last everywhere: every linear layer, norm and convolution runs on contiguous memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from voxcore.prior.diffusion import CLASSES, CODE_DIM, alpha_sigma
from voxcore.prior.words import MAX_WORDS

CONDITION_DIM: Final = CODE_DIM + 2
"""The existing map's codes, a flag that there is one, and a mask of cells that must not change."""
WORD_DIM: Final = 96
WAVES: Final = 32
"""Frequencies by which the time is presented."""


@dataclass(frozen=True)
class NetworkConfig:
    """Widths and depths. The defaults are the shipped model."""

    fine: int = 64
    fine_in: int = 1
    fine_out: int = 2
    middle: int = 128
    middle_in: int = 2
    middle_out: int = 2
    width: int = 256
    blocks: int = 12
    heads: int = 8
    text_width: int = 192
    text_layers: int = 3
    tokens: tuple[int, int, int] = (8, 6, 8)


def space_to_depth(x: Tensor) -> Tensor:
    """[B, X, Y, Z, C] to [B, X/2, Y/2, Z/2, 8 C]."""
    b, sx, sy, sz, c = x.shape
    x = x.reshape(b, sx // 2, 2, sy // 2, 2, sz // 2, 2, c).permute(0, 1, 3, 5, 2, 4, 6, 7)
    return x.reshape(b, sx // 2, sy // 2, sz // 2, 8 * c)


def depth_to_space(x: Tensor) -> Tensor:
    """The inverse of `space_to_depth`."""
    b, sx, sy, sz, c = x.shape
    x = x.reshape(b, sx, sy, sz, 2, 2, 2, c // 8).permute(0, 1, 4, 2, 5, 3, 6, 7)
    return x.reshape(b, 2 * sx, 2 * sy, 2 * sz, c // 8)


def halved(x: Tensor) -> Tensor:
    """[B, X, Y, Z, C] as means over 2^3 cells [B, X/2, Y/2, Z/2, C]."""
    b, sx, sy, sz, c = x.shape
    return x.reshape(b, sx // 2, 2, sy // 2, 2, sz // 2, 2, c).mean((2, 4, 6))


class Means(nn.Module):
    """Means over ``cells`` noisy cells each, scaled to unit size at any noise, into the network."""

    def __init__(self, cells: int, width: int) -> None:
        super().__init__()
        self.cells = cells
        self.enter = nn.Linear(8 * CODE_DIM, width, bias=False)
        nn.init.zeros_(self.enter.weight)

    def forward(self, means: Tensor, t: Tensor, dtype: torch.dtype) -> Tensor:
        alpha, sigma = alpha_sigma(t.float())
        scale = (self.cells / (sigma**2 + self.cells * alpha**2)).sqrt()
        out: Tensor = self.enter(space_to_depth(means * scale[:, None, None, None, None]).to(dtype))
        return out


class ChannelNorm(nn.Module):
    """RMS norm over the channels of [B, X, Y, Z, C] (arXiv:1910.07467): local, so tiles see no seams."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        # Summed in float32. torch's own rms_norm takes five times as long in bfloat16 on a CPU.
        power = x.square().mean(-1, keepdim=True, dtype=torch.float32)
        return x * torch.rsqrt(power + 1e-6).to(x.dtype) * self.weight.to(x.dtype)


class Convolution(nn.Conv3d):
    """A 3^3 convolution of [B, X, Y, Z, C], weights laid out like that too."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, padding=1)
        self.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(-1, 1)).movedim(1, -1)


class ConvBlock(nn.Module):
    """A residual 3^3 convolution, modulated by the vector of time and text."""

    def __init__(self, channels: int, modulation: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.conv = Convolution(channels)
        self.modulate = nn.Linear(modulation, 2 * channels)
        nn.init.zeros_(self.modulate.weight)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        scale, shift = self.modulate(vector)[:, None, None, None, :].chunk(2, dim=-1)
        change: Tensor = self.conv(F.silu(torch.addcmul(shift, self.norm(x), 1 + scale)))
        return x + change


class Attention(nn.Module):
    """Multi-head attention of ``x`` [B, N, D] over ``context`` [B, M, E]; ``mask`` [B, M] True = read."""

    def __init__(self, width: int, context: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(context, 2 * width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        q = self.q(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k, v = self.kv(context).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attend = None if mask is None else mask[:, None, None, :]
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=attend)
        out: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return out


def _mlp(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))


class Block(nn.Module):
    """Self-attention, text cross-attention and MLP, with shared modulation plus a bias of its own."""

    def __init__(self, width: int, text: int, heads: int) -> None:
        super().__init__()
        self.self_attention = Attention(width, width, heads)
        self.text_attention = Attention(width, text, heads)
        self.mlp = _mlp(width)
        self.norm = nn.LayerNorm(width)
        self.modulation_bias = nn.Parameter(torch.zeros(6, width))
        nn.init.zeros_(self.text_attention.out.weight)

    def forward(self, x: Tensor, modulation: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        s1, b1, g1, s2, b2, g2 = (modulation + self.modulation_bias).unsqueeze(2).unbind(1)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + s1) + b1
        x = x + g1 * self.self_attention(h, h)
        x = x + self.text_attention(self.norm(x), text, text_mask)
        h = F.layer_norm(x, x.shape[-1:]) * (1 + s2) + b2
        change: Tensor = g2 * self.mlp(h)
        return x + change


class TextEncoder(nn.Module):
    """Word vectors [B, W, 96] and ids' mask to a context [B, 1 + W, text_width].

    The first position is a learned token that every prompt has (an empty prompt is nothing else);
    its output stands for the whole prompt.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.project = nn.Linear(WORD_DIM, width)
        self.position = nn.Parameter(torch.randn(MAX_WORDS, width) * 0.02)
        self.whole = nn.Parameter(torch.randn(width) * 0.02)
        self.attentions = nn.ModuleList(Attention(width, width, 4) for _ in range(layers))
        self.mlps = nn.ModuleList(_mlp(width) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * layers + 1))

    def forward(self, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x = self.project(words) + self.position[: words.shape[1]].to(words.dtype)
        x = torch.cat([self.whole.to(x.dtype).expand(x.shape[0], 1, -1), x], dim=1)
        mask = torch.cat([mask.new_ones(mask.shape[0], 1), mask], dim=1)
        for i, (attention, mlp) in enumerate(zip(self.attentions, self.mlps, strict=True)):
            h = self.norms[2 * i](x)
            x = x + attention(h, h, mask)
            x = x + mlp(self.norms[2 * i + 1](x))
        return self.norms[-1](x), mask


def waves(value: Tensor) -> Tensor:
    """[B] numbers of about 0..1 as [B, 2 WAVES] sines and cosines."""
    angles = value[:, None] * torch.exp(torch.linspace(0.0, 7.0, WAVES, device=value.device))[None] * torch.pi
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class PriorNetwork(nn.Module):
    """See the module. Grid sizes are 8 times ``config.tokens``."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or NetworkConfig()
        self.text = TextEncoder(c.text_width, c.text_layers)
        self.time = nn.Sequential(nn.Linear(2 * WAVES, c.width), nn.SiLU(), nn.Linear(c.width, c.width))
        self.text_pool = nn.Linear(c.text_width, c.width)
        self.modulation = nn.Linear(c.width, 6 * c.width)
        self.enter = nn.Linear(8 * (CODE_DIM + CONDITION_DIM), c.fine)
        self.enter_guess = nn.Linear(8 * CODE_DIM, c.fine, bias=False)
        self.fine_in = nn.ModuleList(ConvBlock(c.fine, c.width) for _ in range(c.fine_in))
        self.down1 = nn.Linear(8 * c.fine, c.middle)
        self.middle_means = Means(8, c.middle)
        self.middle_in = nn.ModuleList(ConvBlock(c.middle, c.width) for _ in range(c.middle_in))
        self.down2 = nn.Linear(8 * c.middle, c.width)
        self.coarse_means = Means(64, c.width)
        self.position = nn.Parameter(torch.randn(*c.tokens, c.width) * 0.02)
        self.blocks = nn.ModuleList(Block(c.width, c.text_width, c.heads) for _ in range(c.blocks))
        self.up2 = nn.Linear(c.width, 8 * c.middle)
        self.middle_out = nn.ModuleList(ConvBlock(c.middle, c.width) for _ in range(c.middle_out))
        self.up1 = nn.Linear(c.middle, 8 * c.fine)
        self.fine_out = nn.ModuleList(ConvBlock(c.fine, c.width) for _ in range(c.fine_out))
        self.leave_norm = ChannelNorm(c.fine)
        self.leave = nn.Linear(c.fine, 8 * CLASSES)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.enter_guess.weight)

    def forward(
        self, x: Tensor, t: Tensor, words: Tensor, word_mask: Tensor, condition: Tensor, guess: Tensor | None = None
    ) -> Tensor:
        """x [B, X, Y, Z, CODE_DIM], t [B], words [B, W, 96], word_mask [B, W] bool,
        condition [B, X, Y, Z, CONDITION_DIM]; returns logits [B, X/2, Y/2, Z/2, 8 CLASSES], the
        `space_to_depth` of one logit per cell and class.

        ``guess`` [B, X, Y, Z, CODE_DIM]: the codes expected by the answer before, under more noise (self-conditioning,
        arXiv:2208.04202 section 2.2), so that a run of answers settles on one of many possible worlds; zeros say
        that there is none.
        """  # fmt: skip
        dtype = x.dtype
        text, text_mask = self.text(words, word_mask)
        vector = F.silu(self.time(waves(t).to(dtype)) + self.text_pool(text[:, 0]))
        modulation = self.modulation(vector).unflatten(-1, (6, -1))

        fine = self.enter(space_to_depth(torch.cat([x, condition], dim=-1)))
        if guess is not None:
            fine = fine + self.enter_guess(space_to_depth(guess))
        for block in self.fine_in:
            fine = block(fine, vector)
        means = halved(x.float())
        middle = self.down1(space_to_depth(fine)) + self.middle_means(means, t, dtype)
        for block in self.middle_in:
            middle = block(middle, vector)
        coarse = self.down2(space_to_depth(middle)) + self.coarse_means(halved(means), t, dtype)
        coarse = coarse + self.position.to(dtype)
        tokens = coarse.flatten(1, 3)
        for block in self.blocks:
            tokens = block(tokens, modulation, text, text_mask)
        middle = middle + depth_to_space(self.up2(tokens.view_as(coarse)))
        for block in self.middle_out:
            middle = block(middle, vector)
        fine = fine + depth_to_space(self.up1(middle))
        for block in self.fine_out:
            fine = block(fine, vector)
        logits: Tensor = self.leave(F.silu(self.leave_norm(fine)))
        return logits
