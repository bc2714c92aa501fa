"""Worlds in which something stood before: the hard case of editing a real map.

A generated world knows its terrain and its finished state. People's maps are lived in: other
things stand there already. What stands aside must stay, what is in the way must go. `with_clutter`
makes such pairs by moving objects of another world over.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.maps import find_components
from voxcore.palette import AIR, EDITOR

Blocks = NDArray[np.uint8]
MAX_OBJECTS: Final = 10
MAX_COLUMNS: Final = 400
"""Objects that cover more columns than this are whole settings, not things to move."""
ASIDE: Final = 0.75
"""Share of the objects that are moved to where nothing is built, so that most pairs show things that stay."""
TRIES: Final = 8
_WATER: Final = EDITOR.index_by_name["Water"]


def with_clutter(
    terrain: Blocks, blocks: Blocks, other_terrain: Blocks, other_blocks: Blocks, rng: np.random.Generator
) -> tuple[Blocks, Blocks]:
    """The pair (before, after) of a world with some of another world's objects standing in it.

    All arrays [X, Y, Z]. Objects on columns that the world builds on are in ``before`` only, the
    others in both. ``before`` otherwise equals ``terrain`` and ``after`` equals ``blocks``.
    """
    before, after = terrain.copy(), blocks.copy()
    built = np.pad((terrain != blocks).any(axis=1), 1)
    built = np.any([np.roll(built, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)[1:-1, 1:-1]
    moved = (other_blocks != other_terrain) & (other_blocks > AIR)
    labels = find_components(moved.any(axis=1)[:, None, :]).labels[:, 0, :]
    sizes = np.bincount(labels.ravel())
    candidates = [i for i in range(1, len(sizes)) if 1 <= sizes[i] <= MAX_COLUMNS]
    rng.shuffle(candidates)
    height, other_height = _tops(terrain), _tops(other_terrain)
    objects = []
    for label in candidates[: int(rng.integers(1, MAX_OBJECTS + 1))]:
        cx, cz = np.nonzero(labels == label)
        dx, dz = _shift(cx, cz, built, rng) if rng.random() < ASIDE else (0, 0)
        columns = np.zeros_like(built)
        columns[cx + dx, cz + dz] = True
        base = int(np.median(height[columns]))
        if base == 0 or (terrain[:, base - 1, :][columns] == _WATER).mean() > 0.3:
            continue
        column, y = np.nonzero(moved[cx, :, cz])
        x, z = cx[column], cz[column]
        kinds = other_blocks[x, y, z]
        x, z = x + dx, z + dz
        y_new = y + base - int(np.median(other_height[cx, cz]))
        if y_new.min() < 1 or y_new.max() >= terrain.shape[1]:
            continue
        objects.append((not built[columns].any(), x, y_new, z, kinds))
    # What goes comes first, so that it leaves no mark on what stays where two overlap.
    for keeps, x, y, z, kinds in sorted(objects, key=lambda thing: thing[0]):
        for world in (before, after) if keeps else (before,):
            _set(world, x, y, z, kinds, height)
    return before, after


def _shift(
    x: NDArray[np.intp], z: NDArray[np.intp], built: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[int, int]:
    """A way to move the columns (x, z) to where nothing is ``built`` [X, Z]; (0, 0) if none is found."""
    for _ in range(TRIES):
        dx = int(rng.integers(-x.min(), built.shape[0] - x.max()))
        dz = int(rng.integers(-z.min(), built.shape[1] - z.max()))
        if not built[x + dx, z + dz].any():
            return dx, dz
    return 0, 0


def _set(world: Blocks, x: NDArray[np.intp], y: NDArray[np.intp], z: NDArray[np.intp], kinds: Blocks,
         height: NDArray[np.intp]) -> None:  # fmt: skip
    """Put an object's cells into ``world``, and columns of its lowest blocks down to the ground."""
    lowest = np.full(height.shape, world.shape[1])
    np.minimum.at(lowest, (x, z), y)
    feet = y == lowest[x, z]
    for fx, fy, fz, kind in zip(x[feet], y[feet], z[feet], kinds[feet], strict=True):
        # Crowns and roofs reach beyond what carries them: only what stood near the ground gets a foot.
        if 0 < fy - height[fx, fz] <= 3 and fy - y.min() <= 1:
            world[fx, height[fx, fz] : fy, fz] = kind
    world[x, y, z] = kinds


def _tops(blocks: Blocks) -> NDArray[np.intp]:
    """[X, Z]: cells from y = 0 up to and including the highest block."""
    solid = blocks > AIR
    tops: NDArray[np.intp] = np.where(solid.any(axis=1), blocks.shape[1] - solid[:, ::-1].argmax(axis=1), 0)
    return tops
