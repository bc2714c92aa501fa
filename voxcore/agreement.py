"""How well a rebuilt world agrees with the true one where cameras can see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcore.cameras import Camera
from voxcore.errors import ShapeError
from voxcore.palette import AIR
from voxcore.render import seen_cells

Blocks = NDArray[np.uint8]


@dataclass(frozen=True)
class Agreement:
    """Shares in 0..1.

    Args:
        seen: surface voxels of the true world that at least one camera sees (hit by a pixel's ray).
        recovered: share of ``seen`` that is full in the rebuilt world.
        visible: share of ``seen`` that is full there and seen by a camera there as well.
        materials: share of the recovered voxels with the right block.
        precision: share of the voxels that cameras see in the rebuilt world that are full in the true one.
    """

    seen: int
    recovered: float
    visible: float
    materials: float
    precision: float


def surface_agreement(rebuilt: Blocks, truth: Blocks, cameras: Sequence[Camera], *, world_scale: float) -> Agreement:
    """Compare two grids [X, Y, Z] of one palette. Raises ShapeError where their shapes differ."""
    if rebuilt.shape != truth.shape:
        raise ShapeError(f"expected {list(truth.shape)}, got {list(rebuilt.shape)}", field="rebuilt")
    true_surface, own_surface = (
        np.logical_or.reduce([seen_cells(blocks, camera, world_scale=world_scale) for camera in cameras])
        for blocks in (truth, rebuilt)
    )
    recovered = true_surface & (rebuilt > AIR)
    return Agreement(
        seen=int(true_surface.sum()),
        recovered=_share(recovered, true_surface),
        visible=_share(recovered & own_surface, true_surface),
        materials=_share(recovered & (rebuilt == truth), recovered),
        precision=_share(own_surface & (truth > AIR), own_surface),
    )


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else 1.0
