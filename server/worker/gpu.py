"""How much GPU memory this process holds. Imports torch and nothing else."""

from __future__ import annotations

import torch


def gpu_bytes() -> int:
    """Bytes that PyTorch's allocator has reserved on all GPUs, what it keeps for later included; 0 without one.

    A driver's own share of each process (some hundred MiB) is not in it.
    """
    # Each by its number: a process with "cuda:1" has nothing on the current device, which is 0.
    return sum(torch.cuda.memory_reserved(device) for device in range(torch.cuda.device_count()))
