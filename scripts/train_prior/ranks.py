"""Several GPUs that train one network: the same weights everywhere, gradients averaged in each step.

Without a GPU the same runs on the CPU's cores, to see that it does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor

PATIENCE: Final = timedelta(minutes=2)
"""How long a rank waits for the others before all end: what was saved last is then what the run leaves."""


def start(run: Callable[..., None], gpus: int, *args: Any) -> None:
    """``run(rank, *args)`` in one process for each GPU; in this one where there is one or none."""
    if gpus > 1:
        torch.multiprocessing.spawn(_joined, (run, gpus, args), nprocs=gpus)
    else:
        run(0, *args)


def _joined(rank: int, run: Callable[..., None], gpus: int, args: tuple[Any, ...]) -> None:
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29555")
    if torch.cuda.is_available():
        torch.cuda.set_device(rank)
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, rank=rank, world_size=gpus, timeout=PATIENCE)
    try:
        run(rank, *args)
    finally:
        dist.destroy_process_group()


def ranks() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def agreed(elapsed: float, device: torch.device) -> float:
    """The longest time of all ranks, so that all stop at the same step."""
    if ranks() == 1:
        return elapsed
    value = torch.tensor([elapsed], device=device, dtype=torch.float64)
    dist.all_reduce(value, op=dist.ReduceOp.MAX)
    return float(value)


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Give every rank the mean of all ranks' gradients."""
    if ranks() == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    parts = (flat / ranks()).split([g.numel() for g in gradients])
    torch._foreach_copy_(gradients, [part.view(g.shape) for part, g in zip(parts, gradients, strict=True)])


def decay_groups(parameters: Sequence[Tensor], weight_decay: float) -> list[dict[str, Any]]:
    """An optimiser's groups: weight decay for matrices only."""
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
