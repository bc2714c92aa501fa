"""The prior's two networks side by side on worlds from nothing: what each knows under how much noise, and its time.

    python benchmarks/layout.py [--worlds 40] [--rounds 8]

Cross-entropy of a column of 2x1x2 cells (the shares of the blocks in it) on worlds that neither ever saw, without a
guess from an answer before; the mean of the differences, world by world, with its standard error; and the time of
an answer.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
import torch
from machine import describe
from torch import Tensor
from torch.nn import functional as F

from voxcore.prior import model
from voxcore.prior.diffusion import CLASSES, CODE_DIM, SHIFT, alpha_sigma, encode
from voxcore.prior.layout import columns
from voxcore.prior.model import GRID, Prior, shipped_prior
from voxcore.prior.words import word_table
from voxcore.worlds import World, generate

FIRST_SEED = 2**40 + 20_000
RATIOS = (9.0, 12.0, 16.0, 20.0, 40.0, 80.0)
"""Noise, as sigma / alpha."""
NAMES = ("layout", "prior")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=8)
    args = parser.parse_args()
    print(describe())
    prior = shipped_prior("cpu")
    worlds = [generate(FIRST_SEED + i) for i in range(args.worlds)]
    spent: dict[str, list[float]] = {name: [] for name in NAMES}
    model.SHARPENED = 1.0  # type: ignore[misc]
    for ratio in RATIOS:
        costs: dict[str, list[float]] = {name: [] for name in NAMES}
        for seed, world in enumerate(worlds):
            target = columns(F.one_hot(torch.from_numpy(world.blocks)[None].long(), CLASSES).float())
            for name in NAMES:
                began = time.perf_counter()
                answer = asked(prior, world, ratio, seed, name)
                if len(costs[name]) < args.rounds:
                    spent[name].append(time.perf_counter() - began)
                log_p = columns(answer.movedim(1, -1)).clamp(min=1e-9).log()
                costs[name].append(float(-(target * log_p).sum(-1).mean()))
        own, other = (np.array(costs[name]) for name in NAMES)
        error = float((other - own).std() / math.sqrt(len(own)))
        print(
            f"sigma / alpha {ratio:g}: layout {own.mean():.4f}, prior {other.mean():.4f} nats a column, "
            f"{(other - own).mean():+.4f} +- {error:.4f}"
        )
    print(", ".join(f"{name} {1e3 * sorted(times)[len(times) // 2]:.0f} ms" for name, times in spent.items()), "a pass")


def asked(prior: Prior, world: World, ratio: float, seed: int, name: str) -> Tensor:
    """What one of the networks says of a noisy world."""
    model.LAYOUT = 0.0 if name == "layout" else math.inf  # type: ignore[misc]
    t = 2 / math.pi * math.atan(ratio / SHIFT)
    alpha, sigma = (float(part) for part in alpha_sigma(torch.tensor([t])))
    noise = torch.randn(1, CODE_DIM, *GRID, generator=torch.Generator().manual_seed(seed))
    x = alpha * encode(torch.from_numpy(world.blocks)[None]) + sigma * noise
    return prior.posterior(x, t, prior.read(word_table().tokenize(world.caption)), None, 1.0)


if __name__ == "__main__":
    main()
