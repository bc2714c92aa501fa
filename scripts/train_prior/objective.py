"""What the prior learns: block posteriors by cross-entropy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from voxcore.prior.diffusion import CLASSES, CODE_DIM, SHIFT, alpha_sigma
from voxcore.prior.model import GRID
from voxcore.prior.network import PriorNetwork, depth_to_space, space_to_depth
from voxcore.prior.sampler import LAYOUT, RETIMED

CHANGED_WEIGHT = 2.5
CHANGED_SEEN = 4.0
"""Extra weight of the surroundings of every cell that was built or dug: detail sits there. It fades with the
noise, to half where sigma / alpha is CHANGED_SEEN: where the noise leaves open what was built, a weight that depends
on it would teach the network to expect that much more to be built.
"""
BALANCED = 6.0
STEEPNESS = 0.75
"""A world's loss counts as (BALANCED alpha / sigma)^STEEPNESS, so that every noise level weighs about the same
(arXiv:2312.02696, its loss weighting). Between the three levels of the log (docs/prior_training.jsonl) cross-entropy
grows as about the 0.75th power of sigma / alpha, most of it layout that nobody can know; unweighted it drowned what
thin things under moderate noise had to teach, and windmills lost their sails.
"""
BUILT = 1.4 * LAYOUT
"""Most noise (sigma / alpha) under which worlds from nothing are shown: somewhat more than it is ever asked about."""
STEP = (0.02, 0.14)
"""How far apart two answers may be in a run, of the way to clean: 40 steps lie 0.024 apart, 8 steps 0.133."""


@dataclass
class Batch:
    """Worlds and everything drawn for them; the first axis of all is the batch.

    ``worlds`` [B, 2 (existing, target), X, Y, Z] uint8, ``with_map`` [B], ``free_*`` [B, side] bool
    (the box that may change), ``t`` [B], ``noise`` [B, X, Y, Z, CODE_DIM], ``words`` [B, W, 96],
    ``mask`` [B, W], ``guess`` [B, X, Y, Z, CODE_DIM] (what an answer before expected).
    """

    worlds: Tensor
    with_map: Tensor
    free_x: Tensor
    free_y: Tensor
    free_z: Tensor
    t: Tensor
    noise: Tensor
    words: Tensor
    mask: Tensor
    guess: Tensor | None = None


def make_batch(worlds: Tensor, ids: Tensor, vectors: Tensor, *, augment: bool) -> Batch:
    """Draw condition, box, noise and word noise for ``worlds`` [B, 2, *GRID] and word ``ids`` [B, W]."""
    batch, device = len(worlds), worlds.device
    kind = torch.rand(batch, device=device)
    with_map = kind > 0.45
    boxed = kind > 0.85
    free = []
    for size in GRID:
        length = torch.randint(size // 4, size + 1, (batch, 1), device=device)
        low = (torch.rand(batch, 1, device=device) * (size - length + 1)).long()
        place = torch.arange(size, device=device)[None]
        free.append(((place >= low) & (place < low + length)) | ~boxed[:, None])
    words, mask = words_of(ids, vectors, augment=augment)
    return Batch(
        worlds=worlds,
        with_map=with_map,
        free_x=free[0],
        free_y=free[1],
        free_z=free[2],
        t=drawn_times(torch.rand(batch, device=device), with_map),
        noise=torch.randn(batch, *GRID, CODE_DIM, device=device),
        words=words,
        mask=mask,
    )


def words_of(ids: Tensor, vectors: Tensor, *, augment: bool) -> tuple[Tensor, Tensor]:
    """Word vectors [B, W, 96] and mask [B, W] of word ``ids`` [B, W]; ``augment`` blurs and drops some, and one prompt
    in ten altogether.
    """
    batch, device = len(ids), ids.device
    mask = ids >= 0
    words = vectors[ids.clamp(min=0).long()]
    if augment:
        noisy = (torch.rand(batch, 1, 1, device=device) < 0.5) * 0.35
        words = words + noisy * torch.randn_like(words)
        keep = torch.rand(mask.shape, device=device) > 0.08 * torch.rand(batch, 1, device=device)
        mask = mask & keep & (torch.rand(batch, 1, device=device) > 0.1)
    return words * mask[..., None], mask


def drawn_times(uniform: Tensor, with_map: Tensor) -> Tensor:
    """Diffusion times from uniform numbers: even as sampling spaces its steps (`voxcore.prior.sampler`). Without a map
    the noise ends at BUILT, where the layout network takes over.
    """
    everything = torch.full_like(uniform, torch.pi / 2 * 0.997)
    most = torch.where(with_map, everything, float(np.arctan(BUILT / RETIMED)))
    least = torch.pi / 2 * 0.003
    return time_of_angle(least + (most - least) * uniform)


def earlier_times(t: Tensor, uniform: Tensor) -> Tensor:
    """Diffusion times of the answers before those at ``t``: STEP of the way to pure noise earlier, even as sampling
    spaces its steps.
    """
    angle = torch.atan(SHIFT / RETIMED * torch.tan(torch.pi / 2 * t))
    least, most = STEP
    before = angle + torch.pi / 2 * (least + (most - least) * uniform)
    return time_of_angle(before.clamp(max=torch.pi / 2 * 0.997))


def time_of_angle(angle: Tensor) -> Tensor:
    """The diffusion time of an angle (0..pi/2) along which sampling's steps are even."""
    return 2 / torch.pi * torch.atan(RETIMED / SHIFT * torch.tan(angle))


def answer(network: PriorNetwork, batch: Batch, codes: Tensor) -> Tensor:
    """The codes that the network expects [B, X, Y, Z, CODE_DIM], cells that may not change as they are."""
    x, condition, _, _ = _inputs(batch, codes)
    expected = depth_to_space((_log_p(network, batch, x, condition).exp() @ codes).flatten(-2))
    return torch.where(_fixed(batch)[..., None], codes[batch.worlds[:, 1].long()], expected)


Answer = Callable[[PriorNetwork, Batch, Tensor], Tensor]


@torch.no_grad()
def with_guess(network: PriorNetwork, batch: Batch, codes: Tensor, *, rows: int, ask: Answer = answer) -> Batch:
    """``batch`` with guesses for its first ``rows`` worlds: what the network answers one step of sampling earlier.

    The noise of those worlds becomes what such a step leaves of the earlier noise, were the answer right
    (`voxcore.prior.sampler.next_noise`). ``ask`` is `answer`, or that compiled.
    """
    first = Batch(**{field.name: getattr(batch, field.name)[:rows] for field in fields(batch) if field.name != "guess"})
    after, earlier = first.t, earlier_times(first.t, torch.rand_like(first.t))
    first.t = earlier
    guess = ask(network, first, codes)
    noise = noise_left(first.noise, earlier, after)
    return replace(
        batch,
        noise=torch.cat([noise, batch.noise[rows:]]),
        guess=torch.cat([guess, torch.zeros_like(batch.noise[rows:])]),
    )


def noise_left(noise: Tensor, earlier: Tensor, after: Tensor) -> Tensor:
    """What a step of sampling from times ``earlier`` [B] to ``after`` leaves of unit ``noise`` [B, X, Y, Z, C], were
    the answer right (`voxcore.prior.sampler.next_noise`).
    """
    alpha, sigma = alpha_sigma(torch.stack([after, earlier]))
    ratio = sigma / alpha
    kept = (ratio[0] / ratio[1]).clamp(max=1.0)[:, None, None, None, None]
    return kept * noise + (1 - kept**2).sqrt() * torch.randn_like(noise)


def _fixed(batch: Batch) -> Tensor:
    """The cells [B, X, Y, Z] that may not change."""
    return ~(batch.free_x[:, :, None, None] & batch.free_y[:, None, :, None] & batch.free_z[:, None, None, :])


def _inputs(batch: Batch, codes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Noisy codes, condition, targets [B, x, y, z, 8] of every 2^3 patch, and their weights."""
    terrain, target = batch.worlds[:, 0], batch.worlds[:, 1]
    fixed = _fixed(batch)
    existing = torch.where(fixed, target, terrain)
    shown = batch.with_map[:, None, None, None, None]
    condition = torch.cat(
        [
            codes[existing.long()] * shown,
            shown.expand(*fixed.shape, 1).to(codes.dtype),
            fixed[..., None].to(codes.dtype),
        ],
        dim=-1,
    )
    alpha, sigma = (v[:, None, None, None, None] for v in alpha_sigma(batch.t))
    x = alpha * codes[target.long()] + sigma * batch.noise
    changed = space_to_depth((target != terrain)[..., None]).any(-1)
    near = F.max_pool3d(changed[:, None].to(x.dtype), 3, stride=1, padding=1)[:, 0]
    emphasis = CHANGED_WEIGHT / (1.0 + (sigma / (CHANGED_SEEN * alpha)) ** 2)
    weight = (1.0 + emphasis * near[..., None]) * ~space_to_depth(fixed[..., None])
    return x, condition, space_to_depth(target[..., None]).long(), weight


def _log_p(network: PriorNetwork, batch: Batch, x: Tensor, condition: Tensor) -> Tensor:
    """Log-posteriors [B, x, y, z, 8, CLASSES] float32."""
    with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=x.is_cuda):
        logits = network(x, batch.t, batch.words, batch.mask, condition, batch.guess)
    return logits.unflatten(-1, (8, CLASSES)).float().log_softmax(-1)


def _mean(entropy: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean over each world's cells [B]."""
    return (entropy * weight).flatten(1).sum(1) / weight.flatten(1).sum(1).clamp(min=1.0)


def plain_loss(network: PriorNetwork, batch: Batch, codes: Tensor) -> Tensor:
    """Weighted cross-entropy of each world [B] with what is really there."""
    x, condition, target, weight = _inputs(batch, codes)
    log_p = _log_p(network, batch, x, condition)
    alpha, sigma = alpha_sigma(batch.t)
    balance = (BALANCED * alpha / sigma.clamp(min=0.5 * alpha)) ** STEEPNESS
    return balance * _mean(-log_p.gather(-1, target[..., None])[..., 0], weight)


def unweighted_loss(network: PriorNetwork, batch: Batch, codes: Tensor) -> Tensor:
    """Plain cross-entropy per cell of each world [B], for validation."""
    x, condition, target, _ = _inputs(batch, codes)
    log_p = _log_p(network, batch, x, condition)
    return -log_p.gather(-1, target[..., None])[..., 0].flatten(1).mean(1)
