"""Families that are the land itself: hills, mountains, volcanoes, canyons, islands, lakes, deserts, glaciers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from voxcore.worlds.canvas import DIRT, GRAVEL, ICE, ROCK, SAND, SNOW, STONE
from voxcore.worlds.settings import Frame, editor_hills
from voxcore.worlds.terrain import GROUNDS, SIZE, Land, X, Z, distance, noise, smooth

Landscape = Callable[[Frame], Land]


def plains(f: Frame) -> Land:
    """Nearly flat ground."""
    return Land(f.level + f.relief(f.rng.choice((0.0, 0.8, 1.5)), 3), GROUNDS[f.ground])


def hills(f: Frame) -> Land:
    """Rolling hills, or the editor's own kind of map."""
    if f.rng.random() < 0.4:
        return editor_hills(f)[0]
    return Land(f.level + 4 + f.relief(f.rng.uniform(5, 9), f.rng.choice((2, 3, 4))), GROUNDS[f.ground])


def _crags(land: Land, low: int, high: int, f: Frame) -> Land:
    """Rock above ``low``, snow above ``high``, with a ragged edge."""
    ragged = noise(f.g, 12) * 1.5
    land.skin[land.height + ragged > low] = ROCK if f.rng.random() < 0.5 else STONE
    land.skin[land.height + ragged > high] = SNOW
    return land


def mountain(f: Frame) -> Land:
    """One big peak with ridges."""
    cx, cz = 32 + f.rng.randint(-5, 5), 32 + f.rng.randint(-5, 5)
    peak, base = f.rng.uniform(28, 41), f.rng.uniform(5, 10)
    r = f.rng.uniform(26, 33)
    d = distance(cx, cz, f.rng.uniform(0.85, 1.15)) + noise(f.g, 5) * np.float32(3.5)
    slope = np.clip(1 - d / np.float32(r), 0, 1) ** np.float32(f.rng.uniform(1.0, 1.5))
    height = base + (peak - base) * slope * (1 + 0.12 * noise(f.g, 9)) + f.relief(0.8, 4)
    land = Land(height, GROUNDS[f.ground])
    return _crags(
        land,
        int(base + (peak - base) * f.rng.uniform(0.15, 0.35)),
        int(base + (peak - base) * f.rng.uniform(0.6, 0.8)),
        f,
    )


def mountain_range(f: Frame) -> Land:
    """Several peaks in a row or all over."""
    base = f.rng.uniform(6, 11)
    ridge = 1 - np.abs(noise(f.g, 3) * 0.8 + noise(f.g, 6) * 0.25)
    height = base + np.clip(ridge, 0, 1) ** np.float32(2.2) * (f.rng.uniform(20, 29) + 5 * noise(f.g, 5))
    if f.rng.random() < 0.6:  # along a line
        height = base + (height - base) * (1 - smooth(np.abs(Z - 32 + noise(f.g, 2) * 5), 12, 26) * np.float32(0.85))
    land = Land(height + noise(f.g, 12), GROUNDS[f.ground])
    return _crags(land, int(base + 5), int(base + f.rng.uniform(15, 20)), f)


def volcano(f: Frame) -> Land:
    """A cone of dark rock with a crater; ash of gravel around it."""
    cx, cz = 32 + f.rng.randint(-4, 4), 32 + f.rng.randint(-4, 4)
    base, peak = f.rng.uniform(5, 9), f.rng.uniform(27, 38)
    r, crater = f.rng.uniform(25, 31), f.rng.uniform(5, 8)
    d = distance(cx, cz) + noise(f.g, 6) * np.float32(1.5)
    cone = base + (peak - base) * np.clip((r - d) / (r - crater), 0, 1) ** np.float32(1.35)
    bowl = peak - (crater - d) * np.float32(1.6)
    height = np.where(d < crater, np.maximum(bowl, peak - 9), cone) + f.relief(0.6, 4) * (d > crater + 2)
    sea = f.rng.random() < 0.3
    land = Land(
        height - (smooth(d, r - 1, r + 5) * 4 if sea else 0), GROUNDS[f.ground], water=int(base) - 1 if sea else 0
    )
    hot = d < r - 2 + noise(f.g, 10) * 3
    land.skin[hot & (land.height > base + 1)] = ROCK
    land.skin[hot & (land.height > base + 1) & (noise(f.g, 14) > 0.35)] = GRAVEL
    inside = d < crater
    land.skin[inside] = GRAVEL
    land.skin[d < crater * 0.6] = DIRT
    return land


def canyon(f: Frame) -> Land:
    """A winding gorge with steep stepped walls, and a stream on its floor in some."""
    top = f.rng.uniform(20, 27)
    depth = f.rng.uniform(12, 17)
    mid = 32 + noise(f.g, 2)[:1] * np.float32(11) + noise(f.g, 4)[:1] * np.float32(3)
    d = np.abs(X + 0.5 - mid) + noise(f.g, 9) * np.float32(1.6)
    half = f.rng.uniform(4.5, 8)
    walls = smooth(d, half, half + 2) * 0.5 + smooth(d, half + 4, half + 6) * 0.3 + smooth(d, half + 8, half + 10) * 0.2
    height = top - depth * (1 - walls) + f.relief(0.9, 3) * (d > half + 9)
    stream = f.rng.random() < 0.55
    height = np.where((d < half * 0.45) & stream, height - 2, height)
    ground = GROUNDS[f.ground]
    land = Land(height, ground, water=int(top - depth) if stream else 0)
    bands = (SAND, DIRT, SAND) if f.ground in ("desert", "dirt") else (STONE, ROCK, STONE)
    for i, block in enumerate(bands):
        lo, hi = half + 4 * i - 1.0, half + 4 * i + 2.5
        land.skin[(d > lo) & (d < hi)] = block
    return land


def island_land(f: Frame) -> Land:
    """One island, or a few, in the sea."""
    level = f.level
    count = f.rng.choice((1, 1, 1, 3, 4))
    field = np.full((SIZE, SIZE), 99, dtype=np.float32)
    for k in range(count):
        if count == 1:
            cx, cz, r = 32 + f.rng.randint(-4, 4), 32 + f.rng.randint(-4, 4), f.rng.uniform(15, 25)
        else:
            a = 2 * np.pi * k / count + f.rng.uniform(-0.4, 0.4)
            cx, cz, r = 32 + 19 * np.cos(a), 32 + 19 * np.sin(a), f.rng.uniform(7, 11)
        field = np.minimum(field, distance(cx, cz, f.rng.uniform(0.75, 1.3)) - r)
    d = field + noise(f.g, 5) * np.float32(3)
    rise = f.rng.choice((2.0, 4.0, 9.0, 14.0))
    height = level + np.clip(-d / 12, 0, 1) * rise * (1 + 0.3 * noise(f.g, 6)) - smooth(d, -2, 5) * 5
    land = Land(height, GROUNDS[f.ground], water=level - 1)
    land.beach(SAND, 2)
    if rise > 8:
        land.skin[land.height > level + rise * 0.62] = ROCK
    return land


def lake_land(f: Frame) -> Land:
    """A lake in the middle, an islet in some."""
    cx, cz, r = 32 + f.rng.randint(-5, 5), 32 + f.rng.randint(-5, 5), f.rng.uniform(12, 23)
    d = distance(cx, cz, f.rng.uniform(0.75, 1.3)) + noise(f.g, 5) * np.float32(4)
    height = (
        f.level
        + f.relief(1.5, 3) * smooth(d, r, r + 8)
        + smooth(d, r + 4, r + 20) * f.rng.uniform(0, 7)
        - (1 - smooth(d, r - 6, r)) * 5
    )
    if f.rng.random() < 0.25 and r > 17:
        height += (1 - smooth(distance(cx + 3, cz - 2), 2, 6)) * 7
    land = Land(height, GROUNDS[f.ground], water=f.level - 1)
    land.beach(SAND if f.ground in ("meadow", "desert") else GRAVEL)
    return land


def river_land(f: Frame) -> Land:
    """A river that winds through the land."""
    mid = 32 + noise(f.g, 2)[:1] * np.float32(13) + noise(f.g, 4)[:1] * np.float32(4)
    width = f.rng.uniform(3, 6)
    d = np.abs(X + 0.5 - mid)
    height = f.level + f.relief(1.0, 3) * smooth(d, 4, 12) + smooth(d, width + 4, 30) * f.rng.uniform(0, 8)
    height -= (1 - smooth(d, width - 2, width + 1)) * 4
    land = Land(height, GROUNDS[f.ground], water=f.level - 1)
    if f.rng.random() < 0.5:
        land.beach(SAND)
    return land


def dunes(f: Frame) -> Land:
    """Sand in long crests."""
    phase = (X * f.rng.uniform(0.2, 0.5) + Z * f.rng.uniform(0.05, 0.3)) * 0.9 + noise(f.g, 3) * np.float32(2.2)
    crest = (1 - np.abs(np.sin(phase / 1.6))) ** 1.3
    height = f.level + crest * np.float32(f.rng.uniform(4, 9)) + f.relief(2.0, 2)
    return Land(height, GROUNDS["desert"])


def desert(f: Frame) -> Land:
    """Flat sand with low swells and some rocks standing out."""
    height = f.level + f.relief(f.rng.uniform(0.8, 3.0), 3)
    land = Land(height, GROUNDS["desert"])
    if f.rng.random() < 0.4:
        for _ in range(f.rng.randint(1, 3)):  # mesas
            d = distance(f.rng.randint(8, 56), f.rng.randint(8, 56)) + noise(f.g, 7) * np.float32(2)
            r, rise = f.rng.uniform(4, 8), f.rng.randint(6, 13)
            land.height = np.maximum(land.height, (f.level + rise * (1 - smooth(d, r, r + 2.5))).astype(np.int16))
            land.skin[(d < r + 2) & (land.height > f.level + 2)] = DIRT if f.rng.random() < 0.5 else SAND
    return land


def glacier(f: Frame) -> Land:
    """A tongue of ice between snowy ridges, broken by crevasses."""
    mid = 32 + noise(f.g, 2)[:1] * np.float32(7)
    d = np.abs(X + 0.5 - mid)
    half = f.rng.uniform(9, 14)
    fall = (SIZE - Z) * np.float32(f.rng.uniform(0.1, 0.22))
    height = (
        f.level
        + fall
        + smooth(d, half, half + 15) * (f.rng.uniform(8, 15) + 3 * noise(f.g, 6))
        + (1 - smooth(d, 0, half)) * 2
    )
    ice = d < half + 1.5 + noise(f.g, 9) * 2
    crack = ice & (np.abs(np.sin((Z + noise(f.g, 4) * 6) * 0.45)) < 0.14)
    height = np.where(crack, height - 3, height)
    land = Land(height, GROUNDS["snow"])
    land.skin[ice] = ICE
    land.skin[~ice & (noise(f.g, 8) > 0.45)] = ROCK
    return land


def cliffs(f: Frame) -> Land:
    """High ground that breaks off to the sea."""
    line = 30 + f.rng.randint(-4, 6) + noise(f.g, 3) * np.float32(5)
    rise = f.rng.uniform(11, 19)
    low = 7
    d = X - line
    height = low + rise + f.relief(1.5, 3) - smooth(d, -1.0, 1.8) * (rise + 4)
    land = Land(height, GROUNDS[f.ground], water=low)
    land.skin[(d > -2.2) & (d < 2.5)] = f.rng.choice((STONE, ROCK, STONE))
    return land


LANDSCAPES: Final[dict[str, Landscape]] = {
    "plains": plains,
    "hills": hills,
    "mountain": mountain,
    "mountain_range": mountain_range,
    "volcano": volcano,
    "canyon": canyon,
    "island": island_land,
    "lake": lake_land,
    "river": river_land,
    "dunes": dunes,
    "desert": desert,
    "glacier": glacier,
    "cliffs": cliffs,
}
