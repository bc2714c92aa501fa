"""The device that a job runs on, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from voxcore.errors import DeviceMemoryError, InvalidConfig


def checked_device(device: torch.device | str) -> torch.device:
    """The device by that name. Raises InvalidConfig where there is none on this machine."""
    try:
        found = torch.device(device)
        torch.zeros(1, device=found)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidConfig(f"expected a device of this machine, got {device}: {reason}", field="device") from error
    return found


@contextmanager
def device_memory(device: torch.device) -> Iterator[None]:
    """Within the block, PyTorch's ways to say that memory ran out become one: DeviceMemoryError."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        # On a CPU, PyTorch raises no type of its own for this.
        if type(error) is RuntimeError and "not enough memory" not in str(error):
            raise
        if device.type == "cuda":
            torch.cuda.empty_cache()
        raise DeviceMemoryError(
            f"the memory of {device} was not enough; smaller or fewer pictures and low_memory need less",
            field="low_memory",
        ) from error
