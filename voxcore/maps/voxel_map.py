"""A voxel map in memory: the grid, its palette, and all that its file said besides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import InvalidInput, LimitExceeded, ShapeError
from voxcore.palette import EDITOR, Palette

Blocks = NDArray[np.uint8]
Shape = tuple[int, int, int]
Cell = tuple[int, int, int]

DEFAULT_WORLD_SCALE: Final = 2.0
MAX_WORLD_SCALE: Final = 1e6


@dataclass(frozen=True)
class MapLimits:
    """The largest map this installation accepts; checked before any grid is allocated."""

    max_file_bytes: int = 512 * 2**20
    max_side: int = 512
    max_cells: int = 2**26

    def check_shape(self, shape: Shape, *, field: str = "worldConfig.dimensions") -> None:
        """Raises LimitExceeded for a grid above the limits, InvalidInput for an empty axis."""
        if min(shape) < 1:
            raise InvalidInput(f"expected at least 1 cell on every axis, got {list(shape)}", field=field)
        if max(shape) > self.max_side:
            raise LimitExceeded(f"expected at most {self.max_side} cells on every axis, got {list(shape)}", field=field)
        if math.prod(shape) > self.max_cells:
            raise LimitExceeded(f"expected at most {self.max_cells} cells, got {math.prod(shape)}", field=field)


@dataclass(frozen=True)
class BlockExtra:
    """Keys of one block entry besides its position and type; they stay while the block's name does."""

    name: str
    keys: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class VoxelMap:
    """A grid of blocks.

    Args:
        blocks: palette indices [X, Y, Z] uint8, y up, 0 is Air. Not copied; do not write to it.
        palette: what the indices mean. Custom blocks of the map and names that no palette defines
            (``known=False``) stand behind the palette the map was loaded with.
        world_scale: side of one cell in world units.
        sequence: the editor's number of the map, if it has one.
        seed: the seed of the editor's terrain, if it has one.
        document: the file's JSON object as it was read, ``blocks`` emptied; whatever voxcore does
            not know about is written back from here. Empty for a map that never was a file.
        extras: unknown keys of single blocks, by cell.

    Raises:
        ShapeError: ``blocks`` is no uint8 [X, Y, Z] array with at least one cell.
        InvalidInput: an index outside the palette, or an unusable world scale.
    """

    blocks: Blocks
    palette: Palette = EDITOR
    world_scale: float = DEFAULT_WORLD_SCALE
    sequence: int | None = None
    seed: int | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[Cell, BlockExtra] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.blocks.ndim != 3 or self.blocks.dtype != np.uint8 or self.blocks.size == 0:
            raise ShapeError(
                f"expected [X, Y, Z] uint8, got {list(self.blocks.shape)} {self.blocks.dtype}", field="blocks"
            )
        object.__setattr__(self, "blocks", np.ascontiguousarray(self.blocks))
        highest = int(self.blocks.max())
        if highest > len(self.palette):
            raise InvalidInput(f"expected palette indices up to {len(self.palette)}, got {highest}", field="blocks")
        if not 0.0 < self.world_scale <= MAX_WORLD_SCALE:
            raise InvalidInput(
                f"expected a number above 0 and up to {MAX_WORLD_SCALE:g}, got {self.world_scale}", field="worldScale"
            )

    @property
    def shape(self) -> Shape:
        """Cells along x, y and z."""
        x, y, z = self.blocks.shape
        return x, y, z

    def counts(self) -> dict[str, int]:
        """Number of blocks by name, Air left out, in palette order; only names that occur."""
        counts = np.bincount(self.blocks.ravel(), minlength=len(self.palette) + 1)
        return {self.palette.names[i]: int(n) for i, n in enumerate(counts) if i and n}

    def unknown_blocks(self) -> dict[str, int]:
        """Names used here that no palette defines, with their counts."""
        unknown = {b.name for b in self.palette.blocks if not b.known}
        return {name: n for name, n in self.counts().items() if name in unknown}

    def with_blocks(self, blocks: Blocks, palette: Palette | None = None) -> VoxelMap:
        """The same map with other blocks [X, Y, Z] of the same shape, and another palette if given.

        Raises ShapeError for another shape and InvalidInput for an index outside the palette.
        """
        if blocks.shape != self.blocks.shape:
            raise ShapeError(f"expected {list(self.shape)}, got {list(blocks.shape)}", field="blocks")
        return replace(self, blocks=blocks, palette=palette or self.palette)
