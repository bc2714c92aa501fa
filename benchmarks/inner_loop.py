"""The optimiser steps between two looks of the prior: the compiled pass against the plain torch path.

    python benchmarks/inner_loop.py [--steps 192]

One grid of 64x48x64 cells and 11 materials follows targets that change every 4 steps, by both paths.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from machine import describe

from voxcore.follow import BETAS, follow
from voxcore.grid import DifferentiableVoxelGrid

SHAPE, MATERIALS = (64, 48, 64), 11


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=192)
    args = parser.parse_args()
    print(describe())
    generator = torch.Generator().manual_seed(0)
    targets = [torch.rand(*SHAPE, MATERIALS + 1, generator=generator).mul(9.0).softmax(-1) for _ in range(4)]
    free = torch.ones(SHAPE, dtype=torch.bool)
    finals = []
    for name in ("torch", "compiled"):
        blocks = np.random.default_rng(0).integers(0, MATERIALS + 1, SHAPE).astype(np.uint8)
        grid = DifferentiableVoxelGrid.from_blocks(blocks, MATERIALS)
        groups = [{"params": [grid.occupancy_logits], "lr": 1.0}, {"params": [grid.material_logits], "lr": 1.0}]
        adam = torch.optim.Adam(groups, betas=BETAS, eps=1e-3 / blocks.size, fused=True)
        seconds = []
        for step in range(-1, args.steps):  # the first is not counted: it compiles
            target, temperature = targets[max(step, 0) // 4 % 4], 2.0 - 1.5 * max(step, 0) / args.steps
            began = time.perf_counter()
            if name == "compiled":
                follow(grid, adam, target, free, temperature)
            else:
                loss = -(target * grid.log_probabilities(temperature)).sum() / blocks.size
                adam.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                adam.step()
                grid.clamp_()
            seconds.append(time.perf_counter() - began)
        counted = np.array(seconds[1:])
        print(
            f"{name}: {args.steps} steps in {counted.sum():.2f} s, median {np.median(counted) * 1e3:.1f} ms, "
            f"best {counted.min() * 1e3:.1f} ms"
        )
        finals.append(grid.hard())
    print(f"{(finals[0] == finals[1]).mean():.4%} of the cells end the same")


if __name__ == "__main__":
    main()
