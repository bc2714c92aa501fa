"""What a grid of blocks is made of, in numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import ShapeError
from voxcore.maps.components import find_components
from voxcore.maps.voxel_map import Cell, Shape
from voxcore.palette import AIR, Palette


@dataclass(frozen=True)
class HeightProfile:
    """Heights in cells of the columns' highest blocks above the ground (a block at y = 0 is 1 high).

    Columns without a block count with height 0.
    """

    lowest: int
    highest: int
    mean: float
    median: float
    deviation: float
    empty_columns: int


@dataclass(frozen=True)
class MapStats:
    """Counts over a grid.

    Args:
        shape: cells along x, y, z.
        blocks: cells that are not Air.
        density: ``blocks`` over all cells, 0..1.
        counts: blocks by name, Air left out, in palette order.
        box: lowest cell (inclusive) and highest (exclusive) that bound all blocks; None without blocks.
        heights: of the columns' tops.
        pieces: groups of blocks that hold together by their faces.
        floating_pieces, floating_blocks: those of them that do not reach the layer y = 0.
        grounded_share: blocks that do, over all blocks; 1 for an empty grid.
        exposed_faces: faces between a block and Air or the outside.
    """

    shape: Shape
    blocks: int
    density: float
    counts: dict[str, int]
    box: tuple[Cell, Cell] | None
    heights: HeightProfile
    pieces: int
    floating_pieces: int
    floating_blocks: int
    grounded_share: float
    exposed_faces: int

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, for metadata files."""
        return dataclasses.asdict(self)


def map_stats(blocks: NDArray[np.uint8], palette: Palette) -> MapStats:
    """The numbers of ``blocks`` [X, Y, Z] uint8, palette indices.

    Raises ShapeError for another shape or dtype, or an index outside the palette.
    """
    if blocks.ndim != 3 or blocks.dtype != np.uint8 or blocks.size == 0:
        raise ShapeError(f"expected [X, Y, Z] uint8, got {list(blocks.shape)} {blocks.dtype}", field="blocks")
    by_index = np.bincount(blocks.ravel(), minlength=len(palette) + 1)
    if len(by_index) > len(palette) + 1:
        raise ShapeError(f"expected palette indices up to {len(palette)}, got {len(by_index) - 1}", field="blocks")
    solid = blocks != AIR
    total = int(solid.sum())
    components = find_components(solid)
    floating = int(components.sizes[1:][~components.grounded[1:]].sum())
    x, y, z = blocks.shape
    return MapStats(
        shape=(x, y, z),
        blocks=total,
        density=total / blocks.size,
        counts={palette.names[i]: int(n) for i, n in enumerate(by_index) if i != AIR and n},
        box=_box(solid),
        heights=_heights(solid),
        pieces=components.count,
        floating_pieces=int((~components.grounded[1:]).sum()),
        floating_blocks=floating,
        grounded_share=1.0 - floating / total if total else 1.0,
        exposed_faces=exposed_faces(solid),
    )


def exposed_faces(solid: NDArray[np.bool_]) -> int:
    """Number of faces between a cell of ``solid`` [X, Y, Z] and Air or the outside of the grid."""
    faces = 6 * int(solid.sum())
    for axis in range(3):
        low = solid.take(range(solid.shape[axis] - 1), axis=axis)
        high = solid.take(range(1, solid.shape[axis]), axis=axis)
        faces -= 2 * int((low & high).sum())
    return faces


def _box(solid: NDArray[np.bool_]) -> tuple[Cell, Cell] | None:
    spans = [np.flatnonzero(solid.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    if not len(spans[0]):
        return None
    xs, ys, zs = spans
    return (int(xs[0]), int(ys[0]), int(zs[0])), (int(xs[-1]) + 1, int(ys[-1]) + 1, int(zs[-1]) + 1)


def _heights(solid: NDArray[np.bool_]) -> HeightProfile:
    tops = solid.shape[1] - np.argmax(solid[:, ::-1, :], axis=1)
    tops = np.where(solid.any(axis=1), tops, 0)
    return HeightProfile(
        lowest=int(tops.min()),
        highest=int(tops.max()),
        mean=float(tops.mean()),
        median=float(np.median(tops)),
        deviation=float(tops.std()),
        empty_columns=int((tops == 0).sum()),
    )
