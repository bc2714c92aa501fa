"""Palettes: which blocks exist and what colour each face has.

A palette is data. Index 0 is always Air; a voxel grid stores palette *indices*, never editor ids,
so that a job with a game's own blocks needs no other code.

Convention: colours are linear RGB in 0..1 as the editor stores them (no gamma step anywhere).
Face order is +x, -x, +y, -y, +z, -z everywhere in voxcore (``FACE_NORMALS``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import InvalidInput, LimitExceeded

AIR: Final = 0
MAX_BLOCKS: Final = 255
"""Palette indices travel as one byte; 255 blocks and Air."""

TOP, BOTTOM, SIDE = 0, 1, 2
FACE_NORMALS: Final[NDArray[np.float64]] = np.array(
    [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=np.float64
)
FACE_SLOT: Final = (SIDE, SIDE, TOP, BOTTOM, SIDE, SIDE)
"""The colour slot (top, bottom, side) of each face."""

RGB = tuple[float, float, float]


@dataclass(frozen=True)
class FaceTiles:
    """Image files as they came, drawn over the faces of a block by whoever can; b"" for a face without one."""

    top: bytes = b""
    bottom: bytes = b""
    side: bytes = b""


@dataclass(frozen=True)
class Block:
    """One kind of block.

    ``editor_id`` is the id the editor uses (1000 and up for custom blocks). ``known`` is False for
    a name that a map used and no palette defines: it is kept, drawn in ``UNKNOWN_COLOR``, and
    reported. ``tiles`` are pictures on its faces; training and rendering know colours only.
    """

    name: str
    editor_id: int
    top: RGB
    bottom: RGB
    side: RGB
    known: bool = True
    tiles: FaceTiles | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > 128:
            raise InvalidInput(f"expected 1 to 128 characters, got {len(self.name)}", field="block.name")
        for slot in ("top", "bottom", "side"):
            rgb = getattr(self, slot)
            if len(rgb) != 3 or not all(np.isfinite(c) and 0.0 <= c <= 1.0 for c in rgb):
                raise InvalidInput(f"expected three numbers in 0..1, got {rgb!r}", field=f"block.{self.name}.{slot}")


UNKNOWN_COLOR: Final[RGB] = (1.0, 0.0, 1.0)


@dataclass(frozen=True)
class Palette:
    """An ordered set of blocks; palette index ``i + 1`` is ``blocks[i]``, index 0 is Air."""

    name: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if len(self.blocks) > MAX_BLOCKS:
            raise LimitExceeded(f"at most {MAX_BLOCKS} kinds of block, got {len(self.blocks)}", field="palette")
        names = [b.name for b in self.blocks]
        if len(set(names)) != len(names) or "Air" in names:
            raise InvalidInput("expected distinct block names other than Air", field="palette")

    def __len__(self) -> int:
        """Number of materials, Air not counted (M)."""
        return len(self.blocks)

    @cached_property
    def index_by_name(self) -> dict[str, int]:
        """Palette index by block name, Air included."""
        return {"Air": AIR} | {b.name: i + 1 for i, b in enumerate(self.blocks)}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Block names by palette index; ``names[0]`` is "Air"."""
        return ("Air", *(b.name for b in self.blocks))

    @cached_property
    def colors(self) -> NDArray[np.float64]:
        """Unlit colours [M, 3 slots (top, bottom, side), 3 rgb]."""
        out = np.array([[b.top, b.bottom, b.side] for b in self.blocks], dtype=np.float64)
        return out.reshape(len(self.blocks), 3, 3)

    def extended(self, blocks: tuple[Block, ...]) -> Palette:
        """This palette with more blocks behind it; indices of the present ones do not change."""
        return Palette(self.name, self.blocks + blocks) if blocks else self


def _block(name: str, editor_id: int, *rgb: float) -> Block:
    return Block(name, editor_id, (rgb[0], rgb[1], rgb[2]), (rgb[3], rgb[4], rgb[5]), (rgb[6], rgb[7], rgb[8]))


EDITOR: Final = Palette(
    "editor",
    (
        _block("Grass", 1, 0.34, 0.68, 0.36, 0.40, 0.30, 0.16, 0.45, 0.58, 0.30),
        _block("Dirt", 2, 0.42, 0.32, 0.20, 0.38, 0.26, 0.16, 0.40, 0.30, 0.18),
        _block("Stone", 3, 0.58, 0.60, 0.64, 0.55, 0.57, 0.60, 0.56, 0.58, 0.62),
        _block("Plank", 4, 0.78, 0.68, 0.50, 0.72, 0.60, 0.42, 0.74, 0.63, 0.45),
        _block("Snow", 5, 0.92, 0.94, 0.96, 0.90, 0.92, 0.94, 0.88, 0.90, 0.93),
        _block("Sand", 6, 0.88, 0.82, 0.60, 0.86, 0.78, 0.56, 0.87, 0.80, 0.58),
        _block("Water", 7, 0.22, 0.40, 0.66, 0.20, 0.34, 0.60, 0.20, 0.38, 0.64),
        _block("AlpineRock", 8, 0.45, 0.48, 0.52, 0.43, 0.46, 0.50, 0.44, 0.47, 0.51),
        _block("AlpineGrass", 9, 0.26, 0.58, 0.32, 0.22, 0.44, 0.28, 0.24, 0.50, 0.30),
        _block("GlacierIce", 10, 0.78, 0.88, 0.96, 0.72, 0.82, 0.90, 0.74, 0.84, 0.92),
        _block("Gravel", 11, 0.52, 0.52, 0.50, 0.48, 0.48, 0.46, 0.50, 0.50, 0.48),
    ),
)
"""The editor's 12 blocks (Air and 11 materials)."""

CLASSIC: Final = Palette("classic", EDITOR.blocks[:7])
"""The first 8 blocks (Air and ids 1 to 7)."""

PALETTES: Final[dict[str, Palette]] = {p.name: p for p in (EDITOR, CLASSIC)}
