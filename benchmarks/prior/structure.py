"""What of a world is built and what is ground, told from the blocks alone.

Every column has a floor: the layers up to the first air above the bottom, water counted as full. Rooms and courts
show the ground as their floor, walls their tops. The ground is the floors' grey opening with a square of ``WINDOW``
cells, which takes away all that is narrower; for massive shapes (``massive=True``), which are wider than that, it is
the median floor along the map's edge. What is layered like land (`natural`) is never built.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from benchmarks.prior.stand_ins import label
from voxcore.palette import EDITOR

Blocks = NDArray[np.uint8]
Mask = NDArray[np.bool_]

WINDOW: Final = 13
EDGE: Final = 5
SOIL: Final = 2
"""Layers of soil between a natural column's skin and the rock."""
BLOCK: Final = {name: i for i, name in enumerate(EDITOR.names)}
WATER: Final = BLOCK["Water"]
LEAVES: Final = (BLOCK["AlpineGrass"], BLOCK["Grass"])


def floors(blocks: Blocks) -> NDArray[np.int64]:
    """Layers [X, Z] below the first air cell of each column."""
    solid = blocks != 0
    return np.where(solid.all(axis=1), blocks.shape[1], (~solid).argmax(axis=1))


def ground_of(blocks: Blocks, *, massive: bool = False) -> NDArray[np.int64]:
    """Layers of ground [X, Z]."""
    floor = floors(blocks)
    if massive:
        rim = np.ones(floor.shape, dtype=np.bool_)
        rim[EDGE:-EDGE, EDGE:-EDGE] = False
        return np.full(floor.shape, int(np.median(floor[rim])))
    x = torch.from_numpy(floor.astype(np.float32))[None, None]
    pad = (WINDOW // 2,) * 4
    low = -F.max_pool2d(F.pad(-x, pad, mode="replicate"), WINDOW, 1)
    high = F.max_pool2d(F.pad(low, pad, mode="replicate"), WINDOW, 1)
    return high[0, 0].numpy().astype(np.int64)


@dataclass(frozen=True, eq=False)
class Body:
    """One thing that stands on the ground, cut out along its box and set on a floor of height 0.

    ``kinds`` [x, y, z] are its blocks, 0 elsewhere (water and ground are left out); ``corner`` is
    its box's lowest column.
    """

    kinds: Blocks
    corner: tuple[int, int] = (0, 0)

    @cached_property
    def solid(self) -> Mask:
        return self.kinds != 0

    @cached_property
    def height(self) -> NDArray[np.int64]:
        """Top of each column [x, z] above the ground."""
        up = np.arange(1, self.kinds.shape[1] + 1)[None, :, None]
        return (self.solid * up).max(axis=1)

    @cached_property
    def areas(self) -> NDArray[np.int64]:
        """Blocks of each layer, from the ground to the top."""
        out = self.solid.sum(axis=(0, 2))
        return out[: int(np.flatnonzero(out)[-1]) + 1] if out.any() else out[:1]

    @property
    def tall(self) -> int:
        return len(self.areas)

    def share(self, *names: str) -> float:
        """Share of these blocks."""
        return float(np.isin(self.kinds, [BLOCK[n] for n in names]).sum() / max(self.solid.sum(), 1))


def natural(blocks: Blocks) -> Mask:
    """Columns [X, Z] whose blocks below their floor are land: layered as most are, in skin, soil and rock.

    Tells a narrow peak from a tower. Where soil and rock are the same block nothing is called natural.
    """
    floor = floors(blocks)
    x, z = np.indices(floor.shape)
    soil = np.stack([blocks[x, np.maximum(floor - 2 - i, 0), z] for i in range(SOIL)])
    rock = blocks[x, np.maximum(floor - 2 - SOIL, 0), z]
    deep = floor >= SOIL + 2
    if not deep.any():
        return np.zeros(floor.shape, dtype=np.bool_)
    usual_soil, usual_rock = (int(np.bincount(v[deep]).argmax()) for v in (soil[0], rock))
    alike = deep & (soil == usual_soil).all(axis=0) & (rock == usual_rock)
    return alike & (usual_soil != usual_rock)


def built(blocks: Blocks, *, massive: bool = False, plants: bool = False) -> Mask:
    """Cells [X, Y, Z] above the ground that are neither air nor water, nor (unless ``plants``) leaves."""
    ground = ground_of(blocks, massive=massive)
    up = np.arange(blocks.shape[1])[None, :, None]
    land = natural(blocks)[:, None, :] & (up < floors(blocks)[:, None, :])
    cells = (blocks != 0) & (blocks != WATER) & (up >= ground[:, None, :]) & ~land
    return cells if plants else cells & ~np.isin(blocks, LEAVES)


def bodies(blocks: Blocks, *, massive: bool = False, plants: bool = False, least: int = 2) -> list[Body]:
    """All that stands on the ground, largest first.

    Pieces less than two columns apart, and what stands in another's box (a keep in its castle), are one.
    ``plants``: leaves count, too. ``least``: blocks that a column must have above the ground.
    """
    cells = built(blocks, massive=massive, plants=plants)
    ground = ground_of(blocks, massive=massive)
    plan = cells.sum(axis=1) >= least
    wide = F.max_pool2d(torch.from_numpy(plan.astype(np.float32))[None, None], 3, 1, 1)[0, 0].numpy() > 0
    labels, count = label(wide[:, None, :])
    owners = [plan & (labels[:, 0, :] == i) for i in range(1, count + 1)]
    boxes = [(np.flatnonzero(o.any(axis=1)), np.flatnonzero(o.any(axis=0))) for o in owners]
    order = sorted(range(count), key=lambda i: -len(boxes[i][0]) * len(boxes[i][1]))
    taken: set[int] = set()
    out = []
    for i in order:
        if i in taken:
            continue
        xs, zs = boxes[i]
        inside = [j for j in order if j not in taken and _within(boxes[j], boxes[i])]
        taken |= set(inside)
        own = np.logical_or.reduce([owners[j] for j in inside])
        x, z = slice(xs[0], xs[-1] + 1), slice(zs[0], zs[-1] + 1)
        base = int(np.median(ground[owners[i]]))
        kinds = np.where(cells & own[:, None, :], blocks, 0)[x, base:, z]
        if kinds.any():
            out.append(Body(np.ascontiguousarray(kinds), (int(xs[0]), int(zs[0]))))
    return sorted(out, key=lambda b: -int(b.solid.sum()))


def _within(a: tuple[NDArray[np.intp], NDArray[np.intp]], b: tuple[NDArray[np.intp], NDArray[np.intp]]) -> bool:
    """Whether box a lies in box b."""
    return all(bool(q[0] <= p[0] and p[-1] <= q[-1]) for p, q in zip(a, b, strict=True))
