"""What a builder is asked for: the material, size and room, decided before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from voxcore.worlds.canvas import DIRT, GRASS, GRAVEL, ICE, LEAF, PLANK, ROCK, SAND, SNOW, STONE, WATER


@dataclass(frozen=True)
class Material:
    """``wall`` is the block of the structure, ``trim`` a little of another, ``roofs`` what a roof may be made of."""

    key: str
    wall: int
    trim: int
    roofs: tuple[int, ...]
    glass: int


MATERIALS: Final[dict[str, Material]] = {
    m.key: m
    for m in (
        Material("stone", STONE, ROCK, (PLANK, DIRT, ROCK, PLANK), ICE),
        Material("dark", ROCK, STONE, (DIRT, PLANK, STONE), ICE),
        Material("gravel", GRAVEL, STONE, (PLANK, DIRT, ROCK), ICE),
        Material("wood", PLANK, DIRT, (DIRT, ROCK, STONE, LEAF), ICE),
        Material("sand", SAND, PLANK, (PLANK, DIRT, PLANK), ROCK),
        Material("white", SNOW, STONE, (WATER, DIRT, ROCK, PLANK), WATER),
        Material("ice", ICE, SNOW, (SNOW, WATER), SNOW),
        Material("brick", DIRT, PLANK, (ROCK, PLANK, STONE), ICE),
        Material("snow", SNOW, ICE, (ICE, ROCK), ICE),
        Material("glass", ICE, STONE, (STONE, WATER), WATER),
        Material("hedge", LEAF, GRASS, (LEAF,), LEAF),
    )
}


@dataclass(frozen=True)
class Order:
    """``span``: most cells along x or z; ``room``: most layers above the ground; ``size``: small, medium or large."""

    rng: Random
    mat: Material
    size: str
    span: int
    room: int
    contrast_roof: bool
    style: str = ""

    def pick(self, small: tuple[int, int], medium: tuple[int, int], large: tuple[int, int]) -> int:
        """A length from the range of this size, cut to the span."""
        lo, hi = {"small": small, "medium": medium, "large": large}[self.size]
        return min(self.rng.randint(lo, hi), self.span)

    def tall(self, small: tuple[int, int], medium: tuple[int, int], large: tuple[int, int]) -> int:
        """A height from the range of this size, cut to the room."""
        lo, hi = {"small": small, "medium": medium, "large": large}[self.size]
        return min(self.rng.randint(lo, hi), self.room)

    def chance(self, p: float) -> bool:
        """True with probability p."""
        return self.rng.random() < p

    def roof(self) -> int:
        """The block for a roof: the walls' own, or a contrasting one where that was decided."""
        return self.rng.choice(self.mat.roofs) if self.contrast_roof else self.mat.wall
