"""A world while it is being put together: the grid, its land, and which columns are already built on."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import numpy as np

from voxcore.worlds.canvas import AIR, KEEP, Mask, Part
from voxcore.worlds.order import Order
from voxcore.worlds.terrain import HEIGHT, SIZE, Land, level


class Scene:
    """Places parts on a land. ``tally`` counts the blocks of the structures that the caption speaks of."""

    def __init__(self, land: Land, rng: Random, g: np.random.Generator) -> None:
        self.land = land
        self.rng = rng
        self.g = g
        self.blocks = land.blocks()
        self.terrain = self.blocks.copy()
        self.taken: Mask = np.zeros((SIZE, SIZE), dtype=np.bool_)
        self.tally = np.zeros(256, dtype=np.int64)

    def put(
        self, part: Part, cx: float, cz: float, *, at: int | None = None, count: bool = True, margin: int = 1
    ) -> None:
        """Centre ``part`` on (cx, cz), on a levelled pad unless it needs none, and mark its columns as taken."""
        x0 = min(max(round(cx - part.w / 2), 0), max(SIZE - part.w, 0))
        z0 = min(max(round(cz - part.d / 2), 0), max(SIZE - part.d, 0))
        cells = part.cells
        solid = (cells != KEEP) & (cells != AIR)
        plan = solid.any(axis=1)
        if at is None:
            under = self.land.surface[x0 : x0 + part.w, z0 : z0 + part.d][plan[: SIZE - x0, : SIZE - z0]]
            at = max(round(float(under.mean())), self.land.water + 1) if under.size else self.land.water + 1
        if not part.no_pad:
            room = HEIGHT - part.h
            at = max(min(at, room), 4)
            foot = (cells[:, : part.below + 2] != KEEP).any(axis=1)  # carved cells too: rooms and courts are level
            level(self.blocks, self.land, x0, z0, foot, at, locked=self.taken)
        self._stamp(cells, x0, at - part.below, z0)
        a, b = max(x0 - margin, 0), max(z0 - margin, 0)
        self.taken[a : x0 + part.w + margin, b : z0 + part.d + margin] = True
        if count:
            self.tally += np.bincount(cells[:, part.below :].ravel(), minlength=256)

    def _stamp(self, cells: np.ndarray, x0: int, y0: int, z0: int) -> None:
        """Copy all cells but KEEP into the grid, clipped."""
        lo = max(0, -y0)
        hi = min(cells.shape[1], HEIGHT - y0)
        src = cells[: SIZE - x0, lo:hi, : SIZE - z0]
        dst = self.blocks[x0 : x0 + src.shape[0], y0 + lo : y0 + hi, z0 : z0 + src.shape[2]]
        np.copyto(dst, src, where=src != KEEP)

    def plant(self, tree: Part, x: int, z: int, *, count: bool = False) -> None:
        """Stand a tree on the column (x, z); its crown fills only air."""
        x0, z0 = x - tree.w // 2, z - tree.d // 2
        lowest = tree.cells[:, tree.below]
        fx, fz = ((lowest != KEEP) & (lowest != AIR)).nonzero()
        fx, fz = np.minimum(np.maximum(fx + x0, 0), SIZE - 1), np.minimum(np.maximum(fz + z0, 0), SIZE - 1)
        y0 = int(self.land.height[fx, fz].min()) - tree.below
        a, b = max(0, -x0), max(0, -z0)
        src = tree.cells[a : SIZE - x0, : HEIGHT - y0, b : SIZE - z0]
        dst = self.blocks[x0 + a : x0 + a + src.shape[0], y0 : y0 + src.shape[1], z0 + b : z0 + b + src.shape[2]]
        np.copyto(dst, src, where=(src != KEEP) & (dst == AIR))
        if count:
            self.tally += np.bincount(tree.cells.ravel(), minlength=256)

    def stand(self, tree: Part, x: int, z: int, *, count: bool = True) -> None:
        """Plant a single tree and keep the columns under its crown free of others."""
        self.plant(tree, x, z, count=count)
        r = max(2, tree.w // 3)
        self.taken[max(x - r, 0) : x + r, max(z - r, 0) : z + r] = True

    def free_spot(
        self, w: int, d: int, *, wet: bool = False, near: tuple[float, float, float] | None = None, low_x: bool = False
    ) -> tuple[int, int] | None:
        """A centre for a [w, d] footprint on free columns; ``near`` (x, z, radius) limits the distance.

        ``low_x``: as far to the low-x side as there is room, so that the rest stays in one piece.
        """
        blocked = self.taken | (~self.land.wet if wet else self.land.wet)
        total = np.zeros((SIZE + 1, SIZE + 1), dtype=np.int32)
        total[1:, 1:] = blocked.cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32)
        if w >= SIZE or d >= SIZE:
            return None
        busy = total[w:, d:] - total[:-w, d:] - total[w:, :-d] + total[:-w, :-d]
        xs, zs = np.nonzero(busy == 0)
        if near is not None and len(xs):
            ok = np.hypot(xs + w / 2 - near[0], zs + d / 2 - near[1]) <= near[2]
            xs, zs = xs[ok], zs[ok]
        if not len(xs):
            return None
        if low_x:
            ok = xs <= xs.min() + 3
            xs, zs = xs[ok], zs[ok]
        k = self.rng.randrange(len(xs))
        return int(xs[k]) + w // 2, int(zs[k]) + d // 2

    def scatter(
        self, trees: list[Part], number: int, apart: float, *, count: bool = False, before: bool = False
    ) -> int:
        """Plant up to ``number`` trees on dry free columns at least ``apart`` from each other. Returns how many.

        ``before``: they stood there before anything was built, so they are in the terrain too, and only where the
        ground has not been changed.
        """
        free = ~self.taken & ~self.land.wet
        if before:
            free &= (self.terrain == self.blocks).all(axis=1)
            bare = self.blocks.copy()
        edge = max(1, max(t.w for t in trees) // 3)
        xs = self.g.integers(edge, SIZE - edge, number * 4)
        zs = self.g.integers(edge, SIZE - edge, number * 4)
        done: list[tuple[int, int]] = []
        for x, z in zip(xs.tolist(), zs.tolist(), strict=True):
            if len(done) >= number:
                break
            if free[x, z] and all((x - a) ** 2 + (z - b) ** 2 >= apart * apart for a, b in done):
                done.append((x, z))
                self.plant(self.rng.choice(trees), x, z, count=count)
        if before and done:
            planted = self.blocks != bare
            self.terrain[planted] = self.blocks[planted]
        for x, z in done:
            self.taken[max(x - 1, 0) : x + 2, max(z - 1, 0) : z + 2] = True
        return len(done)

    def path(self, x0: int, z0: int, x1: int, z1: int, block: int, width: int = 2) -> None:
        """Pave a way from one column to another: first along x, then along z."""
        for a, b, along_x in ((x0, x1, True), (z0, z1, False)):
            lo, hi = min(a, b), max(a, b) + width
            xs = slice(max(lo, 0), min(hi, SIZE)) if along_x else slice(max(x1, 0), min(x1 + width, SIZE))
            zs = slice(max(z0, 0), min(z0 + width, SIZE)) if along_x else slice(max(lo, 0), min(hi, SIZE))
            dry = ~self.land.wet[xs, zs] & ~self.taken[xs, zs]
            ix, iz = np.nonzero(dry)
            top = self.land.height[xs, zs][ix, iz].astype(int) - 1
            sub = self.blocks[xs, :, zs]
            sub[ix, top, iz] = block


def facing(dx: float, dz: float) -> int:
    """Quarter turns after which a part whose door is on its low-z side looks along (dx, dz)."""
    angle = math.atan2(dx, -dz)  # 0: towards -z; pi/2: towards +x
    return round(angle / (math.pi / 2)) % 4


def small(o: Order, *, span: int = 14, room: int | None = None) -> Order:
    """The same order for a little companion."""
    return replace(o, size="small", span=span, room=min(o.room, room) if room else o.room)
