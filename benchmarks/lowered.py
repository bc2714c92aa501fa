"""Worlds as low as they can lie, as those are that grow from one layer of ground."""

from __future__ import annotations

import torch
from torch import Tensor


def lowered(worlds: Tensor, which: Tensor) -> Tensor:
    """Those ``which`` [N] of the ``worlds`` [N, X, Y, Z] moved down until the lowest place of their surface is one
    cell high: nothing that can be seen is lost.
    """
    height = worlds.shape[2]
    level = torch.arange(1, height + 1, device=worlds.device)[:, None]
    surface = ((worlds != 0) * level).amax(2)
    down = (surface.amin((1, 2)) - 1).clamp(min=0) * which
    source = torch.arange(height, device=worlds.device) + down[:, None]
    moved = worlds.gather(2, source.clamp(max=height - 1)[:, None, :, None].expand_as(worlds))
    return moved * (source < height)[:, None, :, None]
