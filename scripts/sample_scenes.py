"""The two worlds of maps/1 and maps/2: terrain by value noise, and a few hand-placed structures.

Only sums, products and comparisons of float64 go into the terrain, so that the same seed gives the
same blocks on every machine. Grids are palette indices [X, Y, Z] uint8, y up; heights [X, Z] count
the solid cells of a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.palette import EDITOR

SHAPE: Final = (64, 48, 64)

Blocks = NDArray[np.uint8]
Heights = NDArray[np.int64]
Field = NDArray[np.float64]
Mask = NDArray[np.bool_]

_INDEX: Final = EDITOR.index_by_name
AIR, GRASS, DIRT, STONE, PLANK = (_INDEX[n] for n in ("Air", "Grass", "Dirt", "Stone", "Plank"))
SNOW, SAND, WATER, ROCK = (_INDEX[n] for n in ("Snow", "Sand", "Water", "AlpineRock"))
MEADOW, ICE, GRAVEL = (_INDEX[n] for n in ("AlpineGrass", "GlacierIce", "Gravel"))


def lake_village(seed: int) -> Blocks:
    """Green hills around a lake, with a stone tower, two houses, a jetty, a ruin and trees."""
    rng = np.random.default_rng(seed)
    x, z = _axes()
    water = 17
    hills = 13.0 * (_noise(rng, 22) - 0.5) + 8.0 * (_noise(rng, 11) - 0.5) + 3.0 * (_noise(rng, 5) - 0.5)
    lake = np.maximum(0.0, 1.0 - ((x - 24) ** 2 + 1.4 * (z - 37) ** 2) / 400.0)
    peak = np.maximum(0.0, 1.0 - ((x - 49) ** 2 + (z - 13) ** 2) / 240.0)
    heights = _whole(20.5 + hills - 13.5 * lake + 12.0 * peak, 5, 38)
    heights = _terrace(heights, (43, 42, 54, 52), 23)
    heights = _terrace(heights, (8, 7, 17, 16), 24)

    blocks = _layers(heights, STONE, DIRT, GRASS)
    _vary_rock(blocks, rng, STONE, band=ROCK, speck=GRAVEL)
    _paint(blocks, heights, (_noise(rng, 7) > 0.6) | (rng.random(heights.shape) < 0.06), MEADOW)
    _paint(blocks, heights, (_slope(heights) >= 3) | (heights >= 33), STONE, depth=4)
    _paint(blocks, heights, (heights >= 29) & (rng.random(heights.shape) < 0.3), ROCK, depth=2)
    _paint(blocks, heights, heights <= water + 1, SAND, depth=2)
    _paint(blocks, heights, (heights < water - 3) & (_noise(rng, 6) > 0.5), GRAVEL)
    _flood(blocks, heights, water, WATER)
    _path(blocks, heights, [(12, 17), (18, 24), (36, 24), (46, 30), (48, 41)], water, GRAVEL)

    free = (_slope(heights) <= 2) & (heights > water + 1) & (heights < 31)
    free[41:57, 40:55] = free[6:20, 5:19] = free[42:57, 6:21] = False
    _tower(blocks, heights, 49, 13, radius=4, height=11)
    _house(blocks, 44, 23, 43, width=9, depth=8)
    _house(blocks, 9, 24, 8, width=7, depth=7)
    _jetty(blocks, water, range(20, 42), 37)
    _ruin(blocks, heights, (6, 50), free, rng)
    for place in _places(free, rng, count=34, apart=4):
        _round_tree(blocks, heights, place, rng)
    return blocks


def alpine_river(seed: int) -> Blocks:
    """Snowy ridges along a river, with a glacier, a bridge, a cabin, a watchtower, stones and firs."""
    rng = np.random.default_rng(seed)
    x, z = _axes()
    water = 13
    bend = 9.0 * (_noise(rng, 20)[5:6, :] - 0.5) + 7.0 * (_noise(rng, 9)[5:6, :] - 0.5)
    bank = abs(x - 33.0 - bend)
    ridge = np.minimum(bank, 18.0) * (0.28 + 0.36 * _noise(rng, 15))
    for top, px, pz, wide in ((21.0, 9, 15, 330.0), (16.0, 57, 52, 260.0), (13.0, 56, 10, 200.0), (9.0, 10, 58, 150.0)):
        ridge = ridge + top * np.maximum(0.0, 1.0 - ((x - px) ** 2 + (z - pz) ** 2) / wide)
    rough = 6.0 * (_noise(rng, 8) - 0.5) + 3.0 * (_noise(rng, 4) - 0.5)
    heights = _whole(9.5 + ridge + rough * np.minimum(1.0, bank / 8.0), 6, 42)
    heights = _terrace(heights, (15, 40, 23, 48), 19)
    heights = _terrace(heights, (43, 27, 50, 34), 19)
    heights = _terrace(heights, (41, 39, 52, 50), 20)

    blocks = _layers(heights, STONE, ROCK, MEADOW)
    _vary_rock(blocks, rng, STONE, band=GRAVEL, speck=ROCK)
    _paint(blocks, heights, (_noise(rng, 6) > 0.58) | (rng.random(heights.shape) < 0.05), GRASS)
    _paint(blocks, heights, (_slope(heights) >= 3) | (heights >= 25), ROCK, depth=4)
    _paint(blocks, heights, (heights >= 23) & (_noise(rng, 5) > 0.62), GRAVEL, depth=2)
    _paint(blocks, heights, heights + 6.0 * _noise(rng, 6) >= 29.0, SNOW, depth=2)
    tongue = (abs(z - 14.0 - 0.25 * (x - 6.0)) < 4.5) & (x < 24) & (heights > water + 2)
    _paint(blocks, heights, tongue, ICE, depth=4)
    _paint(blocks, heights, heights <= water + 1, GRAVEL, depth=2)
    _paint(blocks, heights, (heights <= water + 1) & (_noise(rng, 4) > 0.6), SAND)
    _flood(blocks, heights, water, WATER)

    free = (_slope(heights) <= 3) & (heights > water + 1) & (heights < 30) & ~tongue
    free[12:26, 37:51] = free[41:52, 25:36] = free[40:53, 38:51] = free[:, 52:60] = False
    _house(blocks, 16, 19, 41, width=7, depth=7)
    _watchtower(blocks, 45, 19, 29)
    _bridge(blocks, heights, water, 55)
    _stone_ring(blocks, heights, (46, 44))
    for place in _places(free, rng, count=34, apart=5):
        _fir(blocks, heights, place, rng)
    return blocks


# --- terrain ------------------------------------------------------------------------------------


def _axes() -> tuple[Field, Field]:
    return np.arange(SHAPE[0], dtype=np.float64)[:, None], np.arange(SHAPE[2], dtype=np.float64)[None, :]


def _noise(rng: np.random.Generator, cell: int) -> Field:
    """Smooth value noise [X, Z] in 0..1 with features of ``cell`` cells."""
    lattice = rng.random((SHAPE[0] // cell + 2, SHAPE[2] // cell + 2))
    along = []
    for size in (SHAPE[0], SHAPE[2]):
        whole, part = np.divmod(np.arange(size), cell)
        t = part / cell
        along.append((whole, t * t * (3.0 - 2.0 * t)))
    (i, u), (j, v) = along
    rows = lattice[i] * (1.0 - u[:, None]) + lattice[i + 1] * u[:, None]
    noise: Field = rows[:, j] * (1.0 - v) + rows[:, j + 1] * v
    return noise


def _whole(field: Field, low: int, high: int) -> Heights:
    return np.clip(np.floor(field), low, high).astype(np.int64)


def _terrace(heights: Heights, box: tuple[int, int, int, int], level: int) -> Heights:
    """Level ground in the box (x0, z0, x1, z1), both ends included, with slopes of one cell around it."""
    x, z = (axis.astype(np.int64) for axis in _axes())
    x0, z0, x1, z1 = box
    away = np.maximum(np.maximum(x0 - x, x - x1), np.maximum(z0 - z, z - z1)).clip(0)
    near = away <= 6
    return np.where(near, np.clip(heights, level - away, level + away), heights)


def _slope(heights: Heights) -> Heights:
    """Largest step [X, Z] from each column to one of its four neighbours."""
    padded = np.pad(heights, 1, mode="edge")
    around = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
    return np.asarray(np.max([abs(heights - n) for n in around], axis=0))


def _layers(heights: Heights, base: int, soil: int, top: int) -> Blocks:
    y = np.arange(SHAPE[1])[None, :, None]
    h = heights[:, None, :]
    return np.select([y >= h, y == h - 1, y >= h - 4], [AIR, top, soil], base).astype(np.uint8)


def _vary_rock(blocks: Blocks, rng: np.random.Generator, rock: int, *, band: int, speck: int) -> None:
    """Tilted bands and single specks of other stone inside the rock, seen where the grid cuts it."""
    x, z = _axes()
    fold = 5.0 * _noise(rng, 19) + 2.0 * _noise(rng, 7) + 0.1 * x + 0.05 * z
    depth = np.arange(SHAPE[1])[None, :, None] + np.floor(fold).astype(np.int64)[:, None, :]
    blocks[(blocks == rock) & (depth % 7 < 2)] = band
    blocks[(blocks == rock) & (rng.random(SHAPE) < 0.04)] = speck


def _paint(blocks: Blocks, heights: Heights, where: Mask, material: int, depth: int = 1) -> None:
    xs, zs = np.nonzero(where)
    for down in range(1, depth + 1):
        blocks[xs, heights[xs, zs] - down, zs] = material


def _flood(blocks: Blocks, heights: Heights, level: int, material: int) -> None:
    y = np.arange(SHAPE[1])[None, :, None]
    blocks[(y >= heights[:, None, :]) & (y < level)] = material


def _path(blocks: Blocks, heights: Heights, stops: Sequence[tuple[int, int]], water: int, material: int) -> None:
    for (x0, z0), (x1, z1) in pairwise(stops):
        steps = 2 * max(abs(x1 - x0), abs(z1 - z0))
        for i in range(steps + 1):
            x, z = (2 * x0 * (steps - i) + 2 * x1 * i) // (2 * steps), (z0 * (steps - i) + z1 * i) // steps
            for dx, dz in ((0, 0), (1, 0), (0, 1), (1, 1)):
                top = heights[x + dx, z + dz]
                if top > water:
                    blocks[x + dx, top - 1, z + dz] = material


def _places(free: Mask, rng: np.random.Generator, *, count: int, apart: int) -> list[tuple[int, int]]:
    """Up to ``count`` columns of ``free``, at least ``apart`` from each other and 3 from the edge."""
    candidates = np.argwhere(free)
    chosen: list[tuple[int, int]] = []
    for x, z in candidates[rng.permutation(len(candidates))].tolist():
        inside = 3 <= x < SHAPE[0] - 3 and 3 <= z < SHAPE[2] - 3
        if inside and all(abs(x - a) + abs(z - b) >= apart for a, b in chosen):
            chosen.append((x, z))
        if len(chosen) == count:
            break
    return chosen


# --- structures ---------------------------------------------------------------------------------


def _tower(blocks: Blocks, heights: Heights, cx: int, cz: int, *, radius: int, height: int) -> None:
    """A round tower with a door, slits, a band of rock and crenels."""
    x, z = (axis.astype(np.int64) for axis in _axes())
    away = (x - cx) ** 2 + (z - cz) ** 2
    disk, inner = away <= radius * (radius + 1), away <= radius * (radius - 1)
    ground = int(heights[disk].min())
    top = min(int(heights[disk].max()) + height, SHAPE[1] - 2)
    for y in range(ground, top):
        blocks[:, y, :][disk] = ROCK if y == top - 3 else STONE
    blocks[:, top, :][disk] = PLANK
    rim = disk & ~inner
    blocks[:, top, :][rim] = STONE
    blocks[:, top + 1, :][rim & ((x + z) % 2 == 0)] = STONE
    for y in (top - 6, top - 7):
        for dx, dz in ((radius, 0), (-radius, 0), (0, radius), (0, -radius)):
            blocks[cx + dx, y, cz + dz] = AIR


def _house(blocks: Blocks, x: int, y: int, z: int, *, width: int, depth: int) -> None:
    """Plank walls on a stone base, stone corners, ice for window glass, a gabled roof of rock."""
    x1, z1, top = x + width, z + depth, y + 4
    blocks[x:x1, y : top + 6, z:z1] = AIR
    blocks[x:x1, y - 1, z:z1] = STONE
    blocks[x:x1, y:top, z:z1] = PLANK
    blocks[x + 1 : x1 - 1, y:top, z + 1 : z1 - 1] = AIR
    for cx in (x, x1 - 1):
        for cz in (z, z1 - 1):
            blocks[cx, y:top, cz] = STONE
    for cx in (x, x1 - 1):
        blocks[cx, y + 1 : y + 3, z + 2 : z1 - 2 : 2] = ICE
    blocks[x + 2 : x1 - 2 : 2, y + 1 : y + 3, z1 - 1] = ICE
    blocks[x + width // 2, y : y + 2, z] = AIR
    for step in range((depth + 3) // 2):
        low, high = z - 1 + step, z1 + 1 - step
        blocks[x:x1, top + step, low:high] = PLANK
        blocks[x - 1 : x1 + 1, top + step, [low, high - 1]] = ROCK
    blocks[x1 - 2, top : top + (depth + 3) // 2 + 1, z + 2] = STONE


def _jetty(blocks: Blocks, water: int, xs: range, z: int) -> None:
    """Planks one cell above the water from the first dry column of ``xs``, counted from its end."""
    wet = [x for x in xs if blocks[x, water - 1, z] == WATER]
    for x in wet[-10:]:
        blocks[x, water, z : z + 2] = PLANK
        if x % 3 == 0:
            blocks[x, water - 6 : water + 2, z + 2] = DIRT
            blocks[x, water + 1, z + 2] = PLANK


def _ruin(blocks: Blocks, heights: Heights, corner: tuple[int, int], free: Mask, rng: np.random.Generator) -> None:
    """Four broken walls around a paved yard."""
    x0, z0 = corner
    for x in range(x0, x0 + 9):
        for z in range(z0, z0 + 8):
            top = int(heights[x, z])
            free[x, z] = False
            blocks[x, top - 1, z] = GRAVEL if rng.random() < 0.4 else STONE
            if x in (x0, x0 + 8) or z in (z0, z0 + 7):
                broken = int(rng.integers(0, 5))
                blocks[x, top : top + broken, z] = STONE
                if broken >= 3:
                    blocks[x, top + broken - 1, z] = ROCK


def _round_tree(blocks: Blocks, heights: Heights, place: tuple[int, int], rng: np.random.Generator) -> None:
    x, z = place
    ground, trunk = int(heights[x, z]), int(rng.integers(3, 6))
    leaves = MEADOW if rng.random() < 0.65 else GRASS
    for dx in range(-2, 3):
        for dy in range(-1, 3):
            for dz in range(-2, 3):
                y = ground + trunk + dy
                if dx * dx + dy * dy + dz * dz <= 5 + int(rng.integers(0, 2)) and blocks[x + dx, y, z + dz] == AIR:
                    blocks[x + dx, y, z + dz] = leaves
    blocks[x, ground : ground + trunk, z] = DIRT


def _fir(blocks: Blocks, heights: Heights, place: tuple[int, int], rng: np.random.Generator) -> None:
    """A trunk and three skirts that narrow upwards, each with snow on it."""
    x, z = place
    ground, skirts = int(heights[x, z]), int(rng.integers(2, 4))
    y = ground + 2
    blocks[x, ground:y, z] = DIRT
    for radius in range(skirts, 0, -1):
        for dy, reach in ((0, radius), (1, radius - 1)):
            for dx in range(-reach, reach + 1):
                for dz in range(-reach, reach + 1):
                    here = (x + dx, y + dy, z + dz)
                    if abs(dx) + abs(dz) <= reach + 1 - (reach == 1) and blocks[here] == AIR:
                        blocks[here] = SNOW if abs(dx) + abs(dz) >= reach and rng.random() < 0.25 else MEADOW
        y += 2
    blocks[x, y, z] = SNOW


def _watchtower(blocks: Blocks, x: int, y: int, z: int) -> None:
    """A cabin of planks on four posts, with a ladder-like back wall and a snowy roof."""
    blocks[x : x + 5, y : y + 12, z : z + 5] = AIR
    for cx in (x, x + 4):
        for cz in (z, z + 4):
            blocks[cx, y : y + 9, cz] = DIRT
    blocks[x : x + 5, y + 5, z : z + 5] = PLANK
    blocks[[x, x + 4], y + 6, z : z + 5] = PLANK
    blocks[x : x + 5, y + 6, [z, z + 4]] = PLANK
    blocks[x - 1 : x + 6, y + 9, z - 1 : z + 6] = PLANK
    blocks[x : x + 5, y + 10, z : z + 5] = SNOW
    blocks[x + 2, y : y + 5, z + 4] = PLANK


def _bridge(blocks: Blocks, heights: Heights, water: int, z: int) -> None:
    """A stone deck across the river that rises to its middle, open below, with parapets."""
    wet = np.flatnonzero((heights[:, z] < water + 2) & (abs(np.arange(SHAPE[0]) - 33) < 20))
    low, high = int(wet[0]) - 2, int(wet[-1]) + 2
    for x in range(low, high + 1):
        rise = min(x - low, high - x, 4)
        deck = water + 1 + rise
        blocks[x, deck : deck + 5, z : z + 4] = AIR
        blocks[x, deck - 1 : deck + 1, z : z + 4] = STONE
        blocks[x, deck, z + 1 : z + 3] = GRAVEL
        blocks[x, deck + 1, [z, z + 3]] = ROCK
    for x in (low, high):
        blocks[x, water - 3 : water + 1, z : z + 4] = STONE


def _stone_ring(blocks: Blocks, heights: Heights, centre: tuple[int, int]) -> None:
    """Eight standing stones, every second one with a cap of ice."""
    ring = ((5, 0), (4, 4), (0, 5), (-4, 4), (-5, 0), (-4, -4), (0, -5), (4, -4))
    for i, (dx, dz) in enumerate(ring):
        x, z = centre[0] + dx, centre[1] + dz
        top = int(heights[x, z])
        blocks[x, top : top + 4, z : z + 2] = STONE
        if i % 2 == 0:
            blocks[x, top + 4, z : z + 2] = ICE
