"""The CPU's short cut of a distillation step: the grid follows a distribution over blocks.

A teacher that answers with a target distribution for every cell (`Teacher.target`) is followed by
gradient descent on cross-entropy. Cells are then independent of each other, so loss, gradient and
Adam's update (arXiv:1412.6980) fit into one pass over the grid. The twin is the plain torch path of
`voxcore.distill`: same optimiser, same state, same numbers but for rounding.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from voxcore.errors import ShapeError
from voxcore.grid import LOGIT_LIMIT, DifferentiableVoxelGrid
from voxcore.render.threads import dealt, run_team

BETAS = (0.9, 0.99)
_BLOCK = 1024
"""Cells per kernel call."""


def follow(
    grid: DifferentiableVoxelGrid,
    optimizer: torch.optim.Adam,
    target: Tensor,
    free: Tensor,
    temperature: float,
) -> float:
    """One Adam step on the mean cross-entropy of ``grid`` at ``temperature`` to ``target``.

    Args:
        optimizer: of the grid's two tensors, occupancy first, with BETAS; its state is kept as torch
            keeps it.
        target: [X, Y, Z, 1 + M] float32, summing to 1, on the CPU.
        free: [X, Y, Z] bool; other cells are left alone, though they count in the mean.

    Returns the loss before the step. Raises ShapeError for a target of another shape.
    """
    from voxcore import follow_kernel  # compiles with numba, which is needed nowhere else on the way here

    expected = (*grid.shape, grid.material_logits.shape[-1] + 1)
    if target.shape != expected or target.dtype != torch.float32:
        raise ShapeError(f"expected {list(expected)} float32, got {list(target.shape)} {target.dtype}", field="target")
    cells = grid.occupancy_logits.numel()
    arrays, rates = [], []
    step = 0
    for group in optimizer.param_groups:
        parameter = group["params"][0]
        state = optimizer.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state["step"] += 1
        step = int(state["step"])
        shape = (cells,) if parameter is grid.occupancy_logits else (cells, -1)
        arrays += [x.detach().numpy().reshape(shape) for x in (parameter, state["exp_avg"], state["exp_avg_sq"])]
        rates.append(group["lr"] / (1.0 - BETAS[0] ** step))
    numbers = np.array(
        [1.0 / temperature, 1.0 / cells, *rates, (1.0 - BETAS[1] ** step) ** -0.5, optimizer.param_groups[0]["eps"],
         *BETAS, LOGIT_LIMIT],
        dtype=np.float32,
    )  # fmt: skip
    goal = target.contiguous().numpy().reshape(cells, -1)
    mask = free.numpy().reshape(-1)
    losses = np.zeros(-(-cells // _BLOCK))

    def work(rank: int, size: int, wait: object) -> None:
        del wait
        for start, stop in dealt(cells, _BLOCK, rank, size):
            part = slice(start, stop)
            losses[start // _BLOCK] = follow_kernel.follow(*(a[part] for a in arrays), goal[part], mask[part], numbers)

    run_team(work, 64)
    return float(losses.sum()) / cells
