"""Settings: meadow, lake, river, island, hill, mountains and the rest, each a ``Land`` with a site to build on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from voxcore.worlds.canvas import GRAVEL, LEAF, ROCK, SAND, SNOW, STONE
from voxcore.worlds.terrain import GROUNDS, SIZE, Field, Land, X, Z, distance, fractal, noise, smooth


@dataclass(frozen=True)
class Site:
    """Where the main structure stands: centre (cx, cz) and ground height there."""

    cx: float
    cz: float
    level: int


@dataclass
class Frame:
    """What a setting has to work with: ``half`` is half the structure's footprint, ``level`` the wanted ground."""

    rng: Random
    g: np.random.Generator
    half_x: float
    half_z: float
    level: int
    ground: str

    @property
    def reach(self) -> float:
        """Radius of the footprint's box."""
        return max(self.half_x, self.half_z)

    def centre(self, jitter: int = 4) -> tuple[float, float]:
        """The middle of the map, moved a little where the footprint leaves room."""
        out = []
        for half in (self.half_x, self.half_z):
            j = int(max(0, min(jitter, SIZE / 2 - half - 1)))
            out.append(SIZE / 2 + self.rng.randint(-j, j))
        return out[0], out[1]

    def relief(self, amplitude: float, cells: int = 2) -> Field:
        """Fractal relief around 0."""
        return fractal(self.g, cells) * np.float32(amplitude)


Setting = Callable[[Frame], tuple[Land, Site]]


def plain(f: Frame) -> tuple[Land, Site]:
    """Flat or nearly flat."""
    cx, cz = f.centre()
    amp = f.rng.choice((0.0, 0.0, 0.8, 1.6, 2.4))
    height = f.level + (f.relief(amp, 3) if amp else np.zeros((SIZE, SIZE), np.float32))
    return Land(height, GROUNDS[f.ground]), Site(cx, cz, f.level)


def rolling(f: Frame) -> tuple[Land, Site]:
    """Rolling hills; the structure gets a levelled pad."""
    cx, cz = f.centre()
    height = f.level + 1.5 + f.relief(f.rng.uniform(3.5, 7.5), f.rng.choice((2, 3)))
    land = Land(height, GROUNDS[f.ground])
    return land, Site(cx, cz, _mean(land, f, cx, cz))


def editor_hills(f: Frame) -> tuple[Land, Site]:
    """The editor's own kind of map: hills of mean height about 21 with ponds, beaches, rock and some snow."""
    cx, cz = f.centre()
    mean, amp = f.rng.uniform(18.0, 23.0), f.rng.uniform(4.0, 9.0)
    height = mean + f.relief(amp, f.rng.choice((2, 2, 3))) + noise(f.g, 12) * np.float32(0.9)
    water = int(mean - f.rng.uniform(0.25, 0.6) * amp) if f.rng.random() < 0.75 else 0
    land = Land(height, GROUNDS[f.ground], water=water)
    if f.rng.random() < 0.6:
        land.fold = 5 * noise(f.g, 3) + 2 * noise(f.g, 9) + 20
    if f.ground == "meadow" and f.rng.random() < 0.5:
        land.patches(noise(f.g, 9) > 0.35, LEAF)
        land.patches(land.steep(3), STONE)
    if water and f.ground == "meadow":
        land.beach(SAND, 2)
    if f.rng.random() < 0.6 and f.ground == "meadow":
        land.altitude(int(mean + amp * 0.75), int(mean + amp * 1.0) + 1)
    return land, Site(cx, cz, max(_mean(land, f, cx, cz), water + 1))


def _mean(land: Land, f: Frame, cx: float, cz: float) -> int:
    """A level for the pad: the mean of the heights under the footprint."""
    x0, x1 = max(0, int(cx - f.half_x)), int(cx + f.half_x) + 1
    z0, z1 = max(0, int(cz - f.half_z)), int(cz + f.half_z) + 1
    return round(float(land.height[x0:x1, z0:z1].mean()))


def _beside(f: Frame) -> tuple[float, float]:
    """A site pushed to one side in x so that the other side has room for water."""
    lo = f.half_x + 2
    cx = min(SIZE / 2, lo + f.rng.randint(0, 3))
    _, cz = f.centre()
    return cx, cz


def lake(f: Frame) -> tuple[Land, Site]:
    """A lake beside the site."""
    cx, cz = _beside(f)
    edge = cx + f.half_x + 2.5
    r = f.rng.uniform(10, 17)
    lx = max(edge + r * 0.55, SIZE - f.rng.uniform(6, 16)) if SIZE - edge > 14 else SIZE - 1.0
    lz = f.rng.uniform(20, 44)
    d = distance(lx, lz, f.rng.uniform(0.6, 0.95)) + noise(f.g, 6) * np.float32(2.5)
    shore = np.minimum(smooth(d, r - 5, r), 1)
    height = f.level + f.relief(0.8, 3) - (1 - shore) * 5
    keep = edge > X
    height = np.where(keep, np.maximum(height, f.level), height)
    land = Land(height, GROUNDS[f.ground], water=f.level - 1)
    if f.ground == "meadow" and f.rng.random() < 0.6:
        land.beach(SAND)
    return land, Site(cx, cz, f.level)


def coast(f: Frame) -> tuple[Land, Site]:
    """Sea on one side."""
    cx, cz = _beside(f)
    line = min(cx + f.half_x + f.rng.uniform(2, 6), 56.0) + noise(f.g, 4) * np.float32(3)
    height = f.level + f.relief(0.7, 3) - smooth(X - line, -1.0, 6.0) * 5
    land = Land(height, GROUNDS[f.ground], water=f.level - 1)
    land.beach(GRAVEL if f.ground in ("rock", "crag", "gravel", "snow") else SAND, f.rng.choice((1, 2)))
    return land, Site(cx, cz, f.level)


def river(f: Frame) -> tuple[Land, Site]:
    """A river beside the site."""
    cx, cz = _beside(f)
    width = f.rng.uniform(3.0, 5.5)
    mid = max(cx + f.half_x + width + 4, f.rng.uniform(40, 50)) + noise(f.g, 2)[:1] * np.float32(3.5)
    d = np.abs(X + 0.5 - mid)
    height = f.level + f.relief(0.8, 3) - (1 - smooth(d, width - 2.5, width + 0.5)) * 4
    land = Land(height, GROUNDS[f.ground], water=f.level - 1)
    if f.rng.random() < 0.3:
        land.beach(SAND)
    return land, Site(cx, cz, f.level)


def crossing(f: Frame) -> tuple[Land, Site]:
    """A river through the middle, flowing along z: what a bridge needs. ``half_x`` is half the water's width."""
    cx = SIZE / 2 + f.rng.randint(-3, 3)
    bend = noise(f.g, 2)[:1] * np.float32(4.0)
    bend = (bend - bend[0, 30]) * smooth(np.abs(Z - 31.5), 4, 14)
    d = np.abs(X + 0.5 - cx - bend)
    height = f.level + f.relief(0.9, 3) * smooth(d, 8, 20) - (1 - smooth(d, f.half_x - 2, f.half_x + 1)) * 5
    land = Land(height, GROUNDS[f.ground], water=f.level - 1)
    if f.rng.random() < 0.4:
        land.beach(SAND)
    return land, Site(cx, SIZE / 2, f.level)


def island(f: Frame) -> tuple[Land, Site]:
    """An island in a sea that fills the rest of the map."""
    cx, cz = f.centre(3)
    r = min(f.reach + f.rng.uniform(4, 8), 33.0)
    box = np.maximum(np.abs(X + 0.5 - cx) - f.half_x, np.abs(Z + 0.5 - cz) - f.half_z)
    d = np.maximum(distance(cx, cz) * 0.5 + 0.5 * (box + f.reach), box + f.reach * 0.8) + noise(f.g, 5) * np.float32(
        2.2
    )
    height = f.level - smooth(d, r - 4, r + 3) * 5
    land = Land(height, GROUNDS[f.ground], water=f.level - 1)
    if f.ground in ("meadow", "alpine") and f.rng.random() < 0.8:
        land.beach(SAND)
    return land, Site(cx, cz, f.level)


def sea(f: Frame) -> tuple[Land, Site]:
    """Open water over a shallow bed."""
    cx, cz = f.centre()
    height = np.maximum(f.level - 5 + f.relief(1.2, 3), 2)
    land = Land(np.minimum(height, f.level - 2), GROUNDS[f.ground], water=f.level)
    return land, Site(cx, cz, f.level)


def hill(f: Frame) -> tuple[Land, Site]:
    """A hill with a flat top."""
    cx, cz = f.centre(3)
    rise = f.rng.uniform(6, 11)
    inner = f.reach * 1.08 + 1.5
    outer = min(inner + rise * f.rng.uniform(1.3, 2.2), max(inner + 5, 40.0))
    d = distance(cx, cz) + noise(f.g, 5) * np.float32(1.6)
    low = max(f.level - rise, 3.0)
    height = low + (f.level - low) * (1 - smooth(d, inner, outer)) + f.relief(0.8, 4) * smooth(d, inner, outer)
    return Land(height, GROUNDS[f.ground]), Site(cx, cz, f.level)


def plateau(f: Frame) -> tuple[Land, Site]:
    """A rocky table with steep sides."""
    cx, cz = f.centre(3)
    rise = f.rng.uniform(5, 9)
    d = distance(cx, cz) + noise(f.g, 6) * np.float32(2.5)
    edge = min(f.reach * 1.15 + 3, 34.0)
    low = max(f.level - rise, 3.0)
    height = low + (f.level - low) * (1 - smooth(d, edge, edge + 3)) + f.relief(0.7, 4) * (d > edge)
    land = Land(height, GROUNDS["rock" if f.ground in ("meadow", "rock") else f.ground])
    land.skin[land.height < f.level - 2] = GROUNDS[f.ground].skin
    return land, Site(cx, cz, f.level)


def mountains(f: Frame) -> tuple[Land, Site]:
    """A basin between peaks."""
    cx, cz = f.centre(3)
    box = np.maximum(np.abs(X + 0.5 - cx) - f.half_x, np.abs(Z + 0.5 - cz) - f.half_z)
    peaks = np.abs(fractal(f.g, 3)) * 0.9 + 0.5
    open_side = np.float32(0.15) + smooth(Z, 0, 44) if f.rng.random() < 0.7 else np.float32(1)
    height = f.level + smooth(box, 3.0, 21) * peaks * open_side * np.float32(f.rng.uniform(13, 22)) + noise(f.g, 10)
    height = np.where(box < 3, f.level, height)
    land = Land(np.minimum(height, 43), GROUNDS[f.ground])
    steep = land.height > f.level + f.rng.randint(3, 5)
    land.skin[steep] = ROCK if f.rng.random() < 0.6 else GROUNDS["rock"].skin
    land.skin[land.height > f.level + f.rng.randint(10, 14)] = SNOW
    return land, Site(cx, cz, f.level)


def foot(f: Frame) -> tuple[Land, Site]:
    """Level ground with one big mountain on one side."""
    cx, cz = _beside(f)
    edge = min(cx + f.half_x + 1.5, 50.0)
    px, pz = SIZE - f.rng.uniform(0, 8), f.rng.uniform(22, 42)
    d = distance(px, pz, f.rng.uniform(0.7, 0.95)) + noise(f.g, 6) * np.float32(2.5)
    slope = np.clip(1 - d / np.float32(max(px - edge, 16.0)), 0, 1) ** np.float32(f.rng.uniform(0.9, 1.2))
    height = f.level + f.relief(0.5, 3) + slope * np.float32(f.rng.uniform(24, 34))
    land = Land(np.where(edge > X, np.minimum(height, f.level + 1), height), GROUNDS[f.ground])
    land.skin[land.height > f.level + f.rng.randint(5, 8)] = f.rng.choice((ROCK, STONE))
    land.skin[land.height > f.level + f.rng.randint(16, 22)] = SNOW
    return land, Site(cx, cz, f.level)


def valley(f: Frame) -> tuple[Land, Site]:
    """A trough between two long slopes."""
    cx, cz = f.centre(3)
    d = np.abs(X + 0.5 - cx + noise(f.g, 3) * np.float32(3))
    height = (
        f.level
        + smooth(d, f.half_x + 2, f.half_x + 24) * np.float32(f.rng.uniform(10, 18))
        + f.relief(0.8, 4) * (d > f.half_x + 3)
    )
    land = Land(height, GROUNDS[f.ground])
    if f.ground == "meadow" and f.rng.random() < 0.5:
        land.skin[land.height > f.level + 8] = ROCK
    return land, Site(cx, cz, f.level)


SETTINGS: Final[dict[str, Setting]] = {
    "plain": plain,
    "rolling": rolling,
    "editor_hills": editor_hills,
    "lake": lake,
    "coast": coast,
    "river": river,
    "crossing": crossing,
    "island": island,
    "sea": sea,
    "hill": hill,
    "plateau": plateau,
    "mountains": mountains,
    "valley": valley,
    "foot": foot,
}

SPAN: Final[dict[str, int]] = {
    "lake": 38,
    "coast": 38,
    "river": 40,
    "island": 46,
    "mountains": 42,
    "foot": 38,
    "hill": 44,
    "plateau": 46,
}
"""Most cells a structure may span in a setting that needs room of its own; 56 elsewhere."""
