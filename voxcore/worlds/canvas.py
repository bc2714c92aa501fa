"""A drawing board for one structure: half-open boxes, tubes, domes, roofs and crenels on a small uint8 grid.

Convention: a ``Part`` has its own coordinates [x, y, z] with y = 0 the first layer above the ground and negative y
dug into it. A cell is a palette index, ``AIR`` to carve, or ``KEEP`` to leave what is there. Everything drawn is
clipped to the board. All shapes take integer corners, so that walls, towers and roofs meet without gaps.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

AIR: Final = 0
GRASS, DIRT, STONE, PLANK, SNOW, SAND, WATER, ROCK, LEAF, ICE, GRAVEL = range(1, 12)
KEEP: Final = 255

Cells = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@lru_cache(maxsize=256)
def disk(n: int) -> Mask:
    """Filled disk of diameter ``n`` in its [n, n] square."""
    d = np.arange(n) - (n - 1) / 2
    return d[:, None] ** 2 + d[None, :] ** 2 <= (n / 2) ** 2 - 0.2 * (n > 4)


@lru_cache(maxsize=256)
def ring(n: int, thick: int = 1) -> Mask:
    """Disk of diameter ``n`` without the disk ``thick`` further in (6-connected for thick >= 1)."""
    out = disk(n).copy()
    inner = n - 2 * thick
    if inner > 0:
        core = np.zeros_like(out)
        core[thick:-thick, thick:-thick] = disk(inner)
        # A cell whose four neighbours are all in the disk may go; this keeps the ring closed under 6-connection.
        full = out.copy()
        for _ in range(thick):
            small = full.copy()
            small[1:] &= full[:-1]
            small[:-1] &= full[1:]
            small[:, 1:] &= full[:, :-1]
            small[:, :-1] &= full[:, 1:]
            small[[0, -1]] = False
            small[:, [0, -1]] = False
            corner = small.copy()
            corner[1:, 1:] &= full[:-1, :-1]
            corner[:-1, :-1] &= full[1:, 1:]
            corner[1:, :-1] &= full[:-1, 1:]
            corner[:-1, 1:] &= full[1:, :-1]
            full = corner
        out &= ~(full & core)
    return out


@lru_cache(maxsize=512)
def spire(n: int, h: int, is_round: bool) -> Mask:
    """Cone or pyramid [n, h, n] of base ``n``, narrowing in even steps to one or two cells."""
    out = np.zeros((n, h, n), dtype=np.bool_)
    for y in range(h):
        inset = min(round(y * n / (2 * h)), (n - 1) // 2)
        m = n - 2 * inset
        out[inset : inset + m, y, inset : inset + m] = disk(m) if is_round else True
    return out


@lru_cache(maxsize=512)
def half_ball(n: int, h: int) -> Mask:
    """Upper half of an ellipsoid [n, h, n]: diameter ``n``, height ``h``."""
    d = (np.arange(n) - (n - 1) / 2) / (n / 2)
    y = np.arange(h) / h
    return d[:, None, None] ** 2 + y[None, :, None] ** 2 + d[None, None, :] ** 2 <= 1.0


@lru_cache(maxsize=512)
def ball(w: int, h: int, d: int) -> Mask:
    """Ellipsoid that fills [w, h, d]."""
    x, y, z = (((np.arange(n) - (n - 1) / 2) / (n / 2)) ** 2 for n in (w, h, d))
    inside: Mask = x[:, None, None] + y[None, :, None] + z[None, None, :] <= 1.0
    return inside


class Part:
    """One structure being drawn, with the phrases that are true of it.

    ``details`` are (key, adjective) pairs for the caption; ``roof`` is the block of a roof that differs from the
    walls (0: none).
    """

    def __init__(self, w: int, h: int, d: int, *, below: int = 0) -> None:
        self.cells: Cells = np.full((w, h + below, d), KEEP, dtype=np.uint8)
        self.below = below
        self.details: list[tuple[str, str]] = []
        self.roof = 0
        self.no_pad = False

    @property
    def w(self) -> int:
        """Cells along x."""
        return int(self.cells.shape[0])

    @property
    def d(self) -> int:
        """Cells along z."""
        return int(self.cells.shape[2])

    @property
    def h(self) -> int:
        """Layers above the ground."""
        return int(self.cells.shape[1]) - self.below

    def note(self, key: str, adjective: str = "") -> None:
        """Remember a detail that the caption may mention."""
        self.details.append((key, adjective))

    def trim(self) -> None:
        """Drop empty layers on top, so that the part asks for no more room than it needs."""
        used = np.flatnonzero(((self.cells != KEEP) & (self.cells != AIR)).any(axis=(0, 2)))
        if len(used):
            self.cells = self.cells[:, : int(used[-1]) + 1]

    def turned(self, quarter_turns: int) -> Part:
        """This part turned about the vertical."""
        out = Part.__new__(Part)
        out.cells = np.rot90(self.cells, quarter_turns, axes=(0, 2))
        out.below, out.details, out.roof, out.no_pad = self.below, self.details, self.roof, self.no_pad
        return out

    def box(self, x0: int, y0: int, z0: int, x1: int, y1: int, z1: int, m: int) -> None:
        """Fill [x0, x1) x [y0, y1) x [z0, z1)."""
        y0, y1 = y0 + self.below, y1 + self.below
        if x0 < 0 or y0 < 0 or z0 < 0 or x1 < 0 or y1 < 0 or z1 < 0:
            x0, y0, z0, x1, y1, z1 = (max(v, 0) for v in (x0, y0, z0, x1, y1, z1))
        self.cells[x0:x1, y0:y1, z0:z1] = m

    def room(self, x0: int, y0: int, z0: int, x1: int, y1: int, z1: int, m: int, thick: int = 1) -> None:
        """Four walls with air between them."""
        self.box(x0, y0, z0, x1, y1, z1, m)
        self.box(x0 + thick, y0, z0 + thick, x1 - thick, y1, z1 - thick, AIR)

    def paint(self, x0: int, y0: int, z0: int, mask: Mask, m: int) -> None:
        """Set ``m`` where ``mask`` [w, h, d], its corner at (x0, y0, z0)."""
        y0 += self.below
        W, H, D = self.cells.shape
        w, h, d = mask.shape
        a, b, c = max(0, -x0), max(0, -y0), max(0, -z0)
        e, f, g = min(w, W - x0), min(h, H - y0), min(d, D - z0)
        if a < e and b < f and c < g:
            sub = self.cells[x0 + a : x0 + e, y0 + b : y0 + f, z0 + c : z0 + g]
            np.copyto(sub, np.uint8(m), where=mask[a:e, b:f, c:g])

    def prism(self, x0: int, z0: int, mask: Mask, y0: int, y1: int, m: int) -> None:
        """Extrude a plan ``mask`` [w, d] from y0 to y1."""
        if y1 > y0:
            self.paint(x0, y0, z0, np.broadcast_to(mask[:, None, :], (mask.shape[0], y1 - y0, mask.shape[1])), m)

    def tube(self, x0: int, z0: int, n: int, y0: int, y1: int, m: int, *, hollow: bool = False) -> None:
        """Round tower of diameter ``n`` with its square's corner at (x0, z0)."""
        self.prism(x0, z0, disk(n), y0, y1, m)
        if hollow and n > 4:
            self.prism(x0, z0, disk(n) & ~ring(n), y0, y1, AIR)

    def cone(self, x0: int, z0: int, n: int, y0: int, h: int, m: int, *, is_round: bool = True) -> None:
        """Solid cone or pyramid on y0."""
        self.paint(x0, y0, z0, spire(n, h, is_round), m)

    def dome(self, x0: int, z0: int, n: int, y0: int, h: int, m: int, *, hollow: bool = False) -> None:
        """Half ball of diameter ``n`` and height ``h`` on y0."""
        self.paint(x0, y0, z0, half_ball(n, h), m)
        if hollow and n > 10 and h > 5:
            self.paint(x0 + 2, y0, z0 + 2, half_ball(n - 4, h - 2), AIR)

    def ball(self, x0: int, y0: int, z0: int, w: int, h: int, d: int, m: int) -> None:
        """Ellipsoid with its box's corner at (x0, y0, z0)."""
        self.paint(x0, y0, z0, ball(w, h, d), m)

    def gable(
        self, x0: int, z0: int, x1: int, z1: int, y0: int, m: int, end: int, *, over: int = 1, steep: int = 1
    ) -> int:
        """Saddle roof on a house [x0, x1) x [z0, z1), ridge along x; ``end`` fills the gables. Returns the ridge's y.

        ``over``: cells that it stands out on every side; ``steep``: layers per cell of inset.
        """
        a, b, za, zb = x0 - over, x1 + over, z0 - over, z1 + over
        top = (zb - za + 1) // 2
        for i in range(top):
            lo, hi, y = za + i, zb - i, y0 + i * steep - over * steep + steep - 1
            for x in (x0, x1 - 1):
                self.box(x, max(y, y0), max(lo, z0), x + 1, y + steep, min(hi, z1), end)
            self.box(a, y - steep + 1, lo, b, y + 1, min(lo + 2, hi), m)
            self.box(a, y - steep + 1, max(hi - 2, lo), b, y + 1, hi, m)
        return y0 + (top - 1) * steep - over * steep + steep - 1

    def hip(self, x0: int, z0: int, x1: int, z1: int, y0: int, m: int, *, steep: int = 1, upto: int = 99) -> int:
        """Hipped roof whose lowest layer covers [x0, x1) x [z0, z1). Returns the y above it."""
        y = y0
        for i in range(min((min(x1 - x0, z1 - z0) + 1) // 2, upto)):
            self.box(x0 + i, y, z0 + i, x1 - i, y + steep, z1 - i, m)
            self.box(x0 + i + 2, y, z0 + i + 2, x1 - i - 2, y + steep, z1 - i - 2, AIR)
            y += steep
        return y

    def crenels(self, x0: int, z0: int, x1: int, z1: int, y: int, m: int, *, merlon: int = 1, gap: int = 1) -> None:
        """Merlons along the edge of [x0, x1) x [z0, z1) on layer y; corners always stand."""
        for lo, hi, along_x in ((x0, x1, True), (z0, z1, False)):
            n = hi - lo
            i = np.arange(n)
            up = (np.minimum(i, n - 1 - i) % (merlon + gap)) < merlon
            for k in i[up]:
                c = lo + int(k)
                if along_x:
                    self.box(c, y, z0, c + 1, y + 1, z0 + 1, m)
                    self.box(c, y, z1 - 1, c + 1, y + 1, z1, m)
                else:
                    self.box(x0, y, c, x0 + 1, y + 1, c + 1, m)
                    self.box(x1 - 1, y, c, x1, y + 1, c + 1, m)

    def round_crenels(self, x0: int, z0: int, n: int, y: int, m: int) -> None:
        """Merlons around a round tower of diameter ``n``."""
        d = np.arange(n) - (n - 1) / 2
        angle = np.arctan2(d[:, None], d[None, :]) + np.pi
        teeth = max(4, round(n * np.pi / 4) // 4 * 4)
        self.prism(x0, z0, ring(n) & ((angle * teeth / (2 * np.pi) + 0.25) % 1.0 < 0.52), y, y + 1, m)

    def line(self, p: tuple[int, int, int], q: tuple[int, int, int], m: int) -> None:
        """A 6-connected line of cells from p to q."""
        x, y, z = p
        steps = max(abs(q[i] - p[i]) for i in range(3))
        self.box(x, y, z, x + 1, y + 1, z + 1, m)
        for s in range(1, steps + 1):
            t = [round(p[i] + (q[i] - p[i]) * s / steps) for i in range(3)]
            for i in range(3):  # one axis at a time keeps faces in contact
                c = [x, y, z]
                if c[i] != t[i]:
                    c[i] = t[i]
                    x, y, z = c
                    self.box(x, y, z, x + 1, y + 1, z + 1, m)

    def share(self, block: int) -> float:
        """Share of ``block`` among the solid cells above the ground, water not counted."""
        counts = np.bincount(self.cells[:, self.below :].ravel(), minlength=256)
        total = int(counts[1:KEEP].sum()) - int(counts[WATER] if block != WATER else 0)
        return float(counts[block]) / total if total else 0.0
