"""What the layout network learns: the shares of the classes in every column of 2x1x2 cells, under heavy noise."""

from __future__ import annotations

import torch
from objective import earlier_times, noise_left, time_of_angle
from torch import Tensor

from voxcore.prior.diffusion import CLASSES, CODE_DIM, alpha_sigma
from voxcore.prior.layout import CELLS, LayoutNetwork, columns
from voxcore.prior.network import PriorNetwork
from voxcore.prior.sampler import RETIMED

RATIOS = (12.0, 150.0)
"""The noise (sigma / alpha) that is drawn."""
STEEPNESS = 0.5
"""A world's loss counts as (alpha / sigma)^STEEPNESS: most of what heavy noise costs is a layout that nobody can
know.
"""


def times(uniform: Tensor) -> Tensor:
    """Diffusion times within RATIOS from uniform numbers: even as sampling spaces its steps."""
    least, most = (float(torch.atan(torch.tensor(ratio / RETIMED))) for ratio in RATIOS)
    return time_of_angle(least + (most - least) * uniform)


def shares(blocks: Tensor) -> Tensor:
    """Class indices [B, X, Y, Z] uint8 as shares [B, X/2, Y, Z/2, CLASSES] of the columns."""
    classes = torch.arange(CLASSES, device=blocks.device, dtype=torch.uint8)
    return columns((blocks[..., None] == classes).float())


def noisy(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Columns' codes under unit noise of their cells, of which they hold the mean."""
    alpha, sigma = (v[:, None, None, None, None] for v in alpha_sigma(t))
    return alpha * clean + sigma * CELLS**-0.5 * noise


def log_p(network: LayoutNetwork, x: Tensor, t: Tensor, words: Tensor, mask: Tensor, guess: Tensor | None) -> Tensor:
    """Logarithms of the expected shares, float32."""
    with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=x.is_cuda):
        logits = network(x, t, words, mask, guess)
    return logits.float().log_softmax(-1)


def cost(network: LayoutNetwork, blocks: Tensor, t: Tensor, words: Tensor, mask: Tensor, codes: Tensor) -> Tensor:
    """Cross-entropy per column of each world [B]; the first half of the batch is shown what the network answered one
    step of sampling earlier, under the noise that such a step leaves.
    """
    target = shares(blocks)
    clean = target @ codes
    noise = torch.randn_like(clean)
    rows = len(blocks) // 2
    with torch.no_grad():
        earlier = earlier_times(t[:rows], torch.rand_like(t[:rows]))
        asked = noisy(clean[:rows], noise[:rows], earlier)
        answer = log_p(network, asked, earlier, words[:rows], mask[:rows], None).exp() @ codes
        noise = torch.cat([noise_left(noise[:rows], earlier, t[:rows]), noise[rows:]])
        guess = torch.cat([answer, torch.zeros_like(clean[rows:])])
    expected = log_p(network, noisy(clean, noise, t), t, words, mask, guess)
    return -(target * expected).sum(-1).flatten(1).mean(1)


def weight(t: Tensor) -> Tensor:
    """What a world's loss counts at diffusion times ``t``; see STEEPNESS."""
    alpha, sigma = alpha_sigma(t)
    return (RETIMED * alpha / sigma) ** STEEPNESS


def from_prior(prior: PriorNetwork) -> LayoutNetwork:
    """A first layout network: the prior's text encoder, time and positions, and of its transformer as many blocks as
    there is room for, spread over its depth.
    """
    network = LayoutNetwork()
    kept = torch.linspace(0, len(prior.blocks) - 1, len(network.blocks)).round().long().tolist()
    for name in ("text", "time", "text_pool", "modulation"):
        getattr(network, name).load_state_dict(getattr(prior, name).state_dict())
    for own, block in zip(network.blocks, kept, strict=True):
        own.load_state_dict(prior.blocks[block].state_dict())
    with torch.no_grad():
        network.position.copy_(prior.position)
        # The prior sees means over 4^3 cells, 16 columns each, and scales their noise to unit size by 4 times as much.
        coarse = prior.coarse_means.enter.weight.view(-1, 2, 2, 2, CODE_DIM)
        fine = coarse.repeat_interleave(2, 1).repeat_interleave(4, 2).repeat_interleave(2, 3)
        network.enter.weight.copy_(fine.flatten(1) * (4.0 / 16.0))
        network.enter.bias.zero_()
    return network
