"""The prior's network in float32 and with its large layers in 8-bit whole numbers, side by side on this CPU.

    python benchmarks/int8.py [--rounds 10]

Time of one pass, alternating; and how far the answers lie apart on worlds that the prior never saw: the distance of
Kullback and Leibler in nats a cell, beside the entropy of the float answer, and the share of cells whose likeliest
block is the same.
"""

from __future__ import annotations

import argparse
import time
from functools import cache

import torch
from machine import describe
from torch import Tensor

from voxcore.prior import int8
from voxcore.prior.diffusion import CODE_DIM, alpha_sigma, encode
from voxcore.prior.model import GRID, Prior, load_network
from voxcore.prior.words import word_table
from voxcore.worlds import World, generate

SEEDS = range(2**40 + 10_000, 2**40 + 10_004)
TIMES = (0.3, 0.6, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args()
    print(describe())
    if not int8.supported():
        raise SystemExit("this CPU has no 8-bit products (AVX-512 VNNI): there is nothing to compare")
    torch.cpu._is_avx512_bf16_supported = lambda: False
    whole = Prior(load_network())
    int8.supported = lambda: False
    exact = Prior(load_network())

    for t in TIMES:
        distance = entropy = same = 0.0
        for seed in SEEDS:
            p, q = (answer(prior, seed, t).clamp(min=1e-9) for prior in (exact, whole))
            distance += float((p * (p / q).log()).sum(1).mean()) / len(SEEDS)
            entropy += float(-(p * p.log()).sum(1).mean()) / len(SEEDS)
            same += float((p.argmax(1) == q.argmax(1)).float().mean()) / len(SEEDS)
        print(
            f"t {t}: {distance:.2e} nats apart, entropy {entropy:.2e}; likeliest block the same in {same:.2%} of cells"
        )
    spent: dict[str, list[float]] = {"float32": [], "int8": []}
    for _ in range(args.rounds):
        for name, prior in (("float32", exact), ("int8", whole)):
            began = time.perf_counter()
            answer(prior, SEEDS[0], TIMES[0])
            spent[name].append(1e3 * (time.perf_counter() - began))
    middle = {name: sorted(values)[len(values) // 2] for name, values in spent.items()}
    print(", ".join(f"{name} {min(values):.0f} to {max(values):.0f} ms" for name, values in spent.items()),
          f"a pass on {'x'.join(map(str, GRID))}; medians 1 : {middle['float32'] / middle['int8']:.2f}")  # fmt: skip


@cache
def unseen(seed: int) -> World:
    """A world of the generator."""
    return generate(seed)


def answer(prior: Prior, seed: int, t: float) -> Tensor:
    """What ``prior`` says of a noisy world."""
    world = unseen(seed)
    generator = torch.Generator().manual_seed(seed)
    alpha, sigma = (float(part) for part in alpha_sigma(torch.tensor([t])))
    noise = torch.randn(1, CODE_DIM, *GRID, generator=generator)
    x = alpha * encode(torch.from_numpy(world.blocks)[None]) + sigma * noise
    prompt = prior.read(word_table().tokenize(world.caption))
    return prior.posterior(x, t, prompt, prior.condition(None), 1.0)


if __name__ == "__main__":
    main()
