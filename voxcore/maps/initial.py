"""The worlds that a training can start from.

Each function takes the source map and gives a grid of its shape in the indices of its palette:
palette indices [X, Y, Z] uint8, a fresh array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import InvalidInput
from voxcore.maps.voxel_map import VoxelMap
from voxcore.palette import AIR

Blocks = NDArray[np.uint8]
InitialName = Literal["from_map", "ground_plane", "cube", "empty"]


def from_map(source: VoxelMap) -> Blocks:
    """The source's own blocks."""
    return source.blocks.copy()


def ground_plane(source: VoxelMap) -> Blocks:
    """One layer of grass at y = 0 (of the palette's first block where it has no grass).

    Raises InvalidInput for a palette without blocks.
    """
    blocks = empty(source)
    blocks[:, 0, :] = _index(source, "Grass")
    return blocks


def cube(source: VoxelMap) -> Blocks:
    """A cube of stone in the middle of the ground, half as wide as the grid's shortest side.

    Of the palette's first block where it has no stone. Raises InvalidInput for a palette without
    blocks.
    """
    blocks = empty(source)
    side = max(1, min(source.shape) // 2)
    x, z = (source.shape[0] - side) // 2, (source.shape[2] - side) // 2
    blocks[x : x + side, :side, z : z + side] = _index(source, "Stone")
    return blocks


def empty(source: VoxelMap) -> Blocks:
    """Nothing but air."""
    return np.full(source.shape, AIR, dtype=np.uint8)


INITIAL_WORLDS: Final[dict[InitialName, Callable[[VoxelMap], Blocks]]] = {
    "from_map": from_map,
    "ground_plane": ground_plane,
    "cube": cube,
    "empty": empty,
}


def _index(source: VoxelMap, name: str) -> int:
    if not len(source.palette):
        raise InvalidInput("expected a palette with at least one block, got none", field="palette")
    return source.palette.index_by_name.get(name, 1)
