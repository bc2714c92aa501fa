"""Ground to build on: heightfields [64, 64] from smooth value noise, their layers, and water.

Units: blocks. ``height[x, z]`` counts the solid layers of a column; water fills the layers from there up to ``water``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.worlds.canvas import AIR, DIRT, GRASS, GRAVEL, ICE, LEAF, ROCK, SAND, SNOW, STONE, WATER, Cells, Mask

SIZE: Final = 64
HEIGHT: Final = 48
X: Final = np.arange(SIZE, dtype=np.float32)[:, None]
Z: Final = np.arange(SIZE, dtype=np.float32)[None, :]
Y: Final = np.arange(HEIGHT, dtype=np.int8)[None, :, None]

_SPECKS: Final = np.random.default_rng(0).integers(0, 25, (SIZE, HEIGHT, SIZE), dtype=np.int8)

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Ground:
    """What a ground is made of: its skin, three layers under it, the rock below, and the bed under water."""

    skin: int
    under: int
    deep: int
    bed: int


GROUNDS: Final[dict[str, Ground]] = {
    "meadow": Ground(GRASS, DIRT, STONE, SAND),
    "alpine": Ground(LEAF, DIRT, STONE, GRAVEL),
    "snow": Ground(SNOW, DIRT, STONE, GRAVEL),
    "desert": Ground(SAND, SAND, STONE, SAND),
    "dirt": Ground(DIRT, DIRT, STONE, GRAVEL),
    "gravel": Ground(GRAVEL, GRAVEL, STONE, GRAVEL),
    "rock": Ground(STONE, STONE, STONE, GRAVEL),
    "crag": Ground(ROCK, ROCK, STONE, GRAVEL),
    "ice": Ground(ICE, SNOW, STONE, ICE),
}


@lru_cache(maxsize=256)
def _weights(cells: int, phase: int) -> Field:
    """Smoothstep interpolation matrix [64, cells + 2]; ``phase`` in eighths of a cell."""
    t = np.arange(SIZE) * (cells / SIZE) + phase / 8
    i = np.floor(t).astype(int)
    f = t - i
    s = f * f * (3 - 2 * f)
    out: Field = np.zeros((SIZE, cells + 2), dtype=np.float32)
    out[np.arange(SIZE), i] = 1 - s
    out[np.arange(SIZE), i + 1] = s
    return out


def noise(g: np.random.Generator, cells: int) -> Field:
    """Smooth noise [64, 64] in about -1..1 with ``cells`` lattice cells across."""
    a, b = (int(v) for v in g.integers(0, 8, 2))
    lattice = g.uniform(-1, 1, (cells + 2, cells + 2)).astype(np.float32)
    return np.asarray(_weights(cells, a) @ lattice @ _weights(cells, b).T, dtype=np.float32)


def fractal(g: np.random.Generator, cells: int) -> Field:
    """Three octaves of noise [64, 64], about -1..1."""
    octaves = noise(g, cells), noise(g, 2 * cells), noise(g, 4 * cells)
    out: Field = octaves[0] * np.float32(0.75) + octaves[1] * np.float32(0.375) + octaves[2] * np.float32(0.165)
    return out


def distance(cx: float, cz: float, stretch: float = 1.0) -> Field:
    """Distance [64, 64] of cell centres from (cx, cz), z counted ``stretch`` times."""
    out: Field = np.sqrt((X + 0.5 - cx) ** 2 + ((Z + 0.5 - cz) * stretch) ** 2)
    return out


def smooth(v: Field, lo: float, hi: float) -> Field:
    """0 below lo, 1 above hi, smoothstep between."""
    t: Field = np.clip((v - lo) / (hi - lo), 0, 1)
    return t * t * (3 - 2 * t)


class Land:
    """A heightfield with its skin; ``blocks()`` fills the grid."""

    def __init__(self, height: NDArray[np.floating], ground: Ground, *, water: int = 0) -> None:
        self.height: NDArray[np.int16] = np.clip(np.rint(height), 2, 44).astype(np.int16)
        self.ground = ground
        self.water = water
        self.fold: Field | None = None
        """Where set, the rock has tilted bands and specks of other stone, bent by this field [64, 64]."""
        self.skin: Cells = np.full((SIZE, SIZE), ground.skin, dtype=np.uint8)
        if water:
            self.skin[self.height <= water - 1] = ground.bed

    @property
    def wet(self) -> Mask:
        """Columns [64, 64] under water."""
        return self.height < self.water

    @property
    def surface(self) -> NDArray[np.int16]:
        """First free layer of every column, water counted as full."""
        return np.maximum(self.height, self.water).astype(np.int16)

    def beach(self, block: int, width: int = 1) -> None:
        """Skin of the columns that stand less than ``width`` above the water."""
        self.skin[(self.height <= self.water + width - 1) & (self.height > self.water - 3)] = block

    def patches(self, where: NDArray[np.bool_], block: int) -> None:
        """Another skin on some dry columns."""
        self.skin[where & ~self.wet] = block

    def steep(self, drop: int) -> Mask:
        """Columns that stand ``drop`` or more above a neighbour."""
        h = self.height
        out = np.zeros(h.shape, dtype=np.bool_)
        out[1:] |= h[1:] - h[:-1] >= drop
        out[:-1] |= h[:-1] - h[1:] >= drop
        out[:, 1:] |= h[:, 1:] - h[:, :-1] >= drop
        out[:, :-1] |= h[:, :-1] - h[:, 1:] >= drop
        return out

    def altitude(self, rock_from: int, snow_from: int) -> None:
        """Rock and snow by height, as the editor's terrain has them."""
        self.skin[self.height >= rock_from] = ROCK
        self.skin[self.height >= snow_from] = SNOW

    def blocks(self) -> Cells:
        """The grid [64, 48, 64]."""
        h = self.height.astype(np.int8)[:, None, :]
        solid = h > Y
        out = solid.astype(np.uint8) * np.uint8(self.ground.deep)
        np.copyto(out, np.uint8(self.ground.under), where=solid & (h - np.int8(4) < Y))
        if self.fold is not None:
            bent = self.fold.astype(np.int8)[:, None, :] + Y
            np.copyto(out, np.uint8(ROCK), where=(out == STONE) & (bent % np.int8(7) < 2))
            np.copyto(out, np.uint8(GRAVEL), where=(out == STONE) & ((bent * np.int8(37) + _SPECKS) % np.int8(25) == 0))
        if self.water:
            np.copyto(out, np.uint8(WATER), where=(h <= Y) & (np.int8(self.water) > Y))
        top = self.height.astype(np.int64) - 1
        np.put_along_axis(out, top[:, None, :], self.skin[:, None, :], axis=1)
        return out


def level(blocks: Cells, land: Land, x0: int, z0: int, plan: Mask, to: int, locked: Mask, slope: int = 3) -> None:
    """Cut and fill so that the ground under ``plan`` [w, d] (corner x0, z0) is ``to`` layers high.

    Around the plan the ground steps down or up by one block per cell for ``slope`` cells, but not in ``locked``
    columns [64, 64], where something stands already; dry slopes keep their own skin. Changes blocks and land.
    """
    w, d = plan.shape
    a, b, c, e = max(0, x0 - slope), max(0, z0 - slope), min(SIZE, x0 + w + slope), min(SIZE, z0 + d + slope)
    away = np.full((c - a, e - b), slope + 1, dtype=np.int16)
    px, pz = x0 - a, z0 - b
    inner = away[max(px, 0) : px + w, max(pz, 0) : pz + d]
    inner[plan[max(-x0, 0) : max(-x0, 0) + inner.shape[0], max(-z0, 0) : max(-z0, 0) + inner.shape[1]]] = 0
    for _ in range(slope):
        grown = away.copy()
        grown[1:] = np.minimum(grown[1:], away[:-1] + 1)
        grown[:-1] = np.minimum(grown[:-1], away[1:] + 1)
        grown[:, 1:] = np.minimum(grown[:, 1:], away[:, :-1] + 1)
        grown[:, :-1] = np.minimum(grown[:, :-1], away[:, 1:] + 1)
        away = grown
    away[locked[a:c, b:e] & (away > 0)] = slope + 1
    old = land.height[a:c, b:e]
    wet = old < land.water
    reach = np.where(away == 0, 0, away)
    new = np.where(away > slope, old, np.clip(old, to - reach, to + reach)).astype(np.int16)
    new = np.where(wet & (away > 0) & (new < land.water), old, new).astype(np.int16)
    changed = new != old
    if not changed.any():
        return
    sub = blocks[a:c, :, b:e]
    lo = max(int(min(new[changed].min(), old[changed].min())) - 1, 0)
    hi = min(max(int(max(new[changed].max(), old[changed].max())), land.water) + 1, HEIGHT)
    band = sub[:, lo:hi]
    y = np.arange(lo, hi, dtype=np.int16)[None, :, None]
    o, n = old[:, None, :], new[:, None, :]
    np.copyto(band, np.uint8(AIR), where=(y >= n) & (y < o))
    np.copyto(band, np.uint8(land.ground.under), where=(y < n) & (y >= o - 1) & changed[:, None, :])
    skin = np.where(wet | (away == 0), np.uint8(land.ground.skin), land.skin[a:c, b:e])
    np.copyto(band, skin[:, None, :], where=(y == n - 1) & changed[:, None, :])
    land.height[a:c, b:e] = new
    land.skin[a:c, b:e][changed] = skin[changed]
