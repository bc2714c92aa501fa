"""Regularisers on the grid itself. Each returns a scalar, differentiable in the soft view."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.grid import SoftView


def sparsity(view: SoftView) -> Tensor:
    """Mean occupancy: matter that no teacher asks for should go."""
    return view.occupancy.mean()


def entropy(view: SoftView) -> Tensor:
    """Mean entropy in nats of "is it full" and, in full cells, "of what": zero for a decided grid."""
    o = view.occupancy.clamp(1e-6, 1.0 - 1e-6)
    p = view.materials.clamp(min=1e-6)
    undecided = -(o * o.log() + (1.0 - o) * (1.0 - o).log())
    mixed = -(p * p.log()).sum(-1)
    return (undecided + view.occupancy * mixed).mean()


def smoothness(view: SoftView) -> Tensor:
    """Total variation of occupancy: mean absolute difference of neighbours, summed over the axes."""
    o = view.occupancy
    total = o.new_zeros(())
    for axis in range(3):
        if o.shape[axis] > 1:
            total = total + torch.diff(o, dim=axis).abs().mean()
    return total


def connectivity(view: SoftView, floating: NDArray[np.bool_]) -> Tensor:
    """Mean occupancy of cells that hang in the air.

    ``floating`` [X, Y, Z] marks the hard view's full cells with no path through full cells to the
    ground (`voxcore.maps.Components.floating`); the mask is data, the gradient runs through occupancy.
    """
    mask = torch.from_numpy(floating).to(view.occupancy)
    return (view.occupancy * mask).mean()
