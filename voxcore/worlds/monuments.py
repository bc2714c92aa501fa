"""Pyramids, ziggurats, ruins, stone circles, arches, gates, statues, obelisks, fountains and wells."""

from __future__ import annotations

import numpy as np

from voxcore.worlds.canvas import AIR, DIRT, GRAVEL, LEAF, STONE, Part, disk, ring
from voxcore.worlds.order import Order


def pyramid(o: Order) -> Part:
    """Smooth or coarse steps up to a point, a door at the foot, sometimes a capstone."""
    rng, wall = o.rng, o.mat.wall
    step = rng.choice((1, 1, 1, 2))
    n = min(max(15, o.pick((17, 23), (25, 37), (39, 53))), 2 * o.room - 1) | 1
    p = Part(n + 2, min(o.room, (n + 1) // 2 + 1), n + 2, below=1)
    for y in range(0, (n + 1) // 2, step):
        p.box(1 + y, y, 1 + y, 1 + n - y, y + step, 1 + n - y, wall)
    c = 1 + n // 2
    if o.chance(0.5):
        p.box(c - 1, 0, 1, c + 2, 3, 6, AIR)
        p.note("entrance")
    if o.chance(0.2):
        top = (n + 1) // 2
        p.paint(
            1,
            top - 3,
            1,
            np.ones((n, 3, n), dtype=np.bool_) & (p.cells[1 : n + 1, top - 2 : top + 1, 1 : n + 1] == wall),
            o.mat.trim,
        )
        p.note("capstone")
    if step == 2:
        p.note("stepped")
    return p


def ziggurat(o: Order) -> Part:
    """A few broad terraces, a stair on one or four sides, a shrine on top."""
    rng, wall = o.rng, o.mat.wall
    n = max(22, o.pick((23, 27), (29, 37), (39, 49))) | 1
    tiers = rng.choice((3, 4, 5))
    rise = max(2, min(rng.randint(3, 5), (o.room - 7) // tiers))
    inset = max(2, (n - 9) // (2 * tiers))
    p = Part(n + 4, min(o.room, tiers * rise + 8), n + 4, below=1)
    for t in range(tiers):
        i = 2 + t * inset
        p.box(i, t * rise, i, n + 4 - i, (t + 1) * rise, n + 4 - i, wall)
        if o.mat.trim and o.style == "bands":
            p.box(i, (t + 1) * rise - 1, i, n + 4 - i, (t + 1) * rise, n + 4 - i, wall)
    top = tiers * rise
    c = (n + 4) // 2
    run = (tiers - 1) * inset + 2
    for y in range(top):  # the stair climbs evenly from the foot to the uppermost terrace
        z = round(y * run / top)
        for k in range(4 if o.style == "four" else 1):
            sx0, sx1, sz0, sz1 = c - 2, c + 3, z, run + 3
            x0, x1, z0, z1 = (
                (sx0, sx1, sz0, sz1)
                if k == 0
                else (
                    (sx0, sx1, n + 4 - sz1, n + 4 - sz0)
                    if k == 1
                    else (sz0, sz1, sx0, sx1)
                    if k == 2
                    else (n + 4 - sz1, n + 4 - sz0, sx0, sx1)
                )
            )
            p.box(x0, y, z0, x1, y + 1, z1, wall)
    s = 3
    p.room(c - s, top, c - s, c + s + 1, top + 4, c + s + 1, wall)
    p.box(c - s - 1, top + 4, c - s - 1, c + s + 2, top + 5, c + s + 2, wall)
    p.box(c - 1, top, c - s, c + 2, top + 3, c - s + 1, AIR)
    p.note("terraces", {3: "three", 4: "four", 5: "five"}[tiers])
    p.note("stairs")
    p.note("shrine_top")
    return p


def ruins(o: Order) -> Part:
    """Broken walls, stumps of columns and rubble of what was once a hall or a keep."""
    rng, wall = o.rng, o.mat.wall
    g = np.random.default_rng(rng.getrandbits(32))
    w = max(18, o.pick((18, 23), (24, 33), (34, 44)))
    d = max(14, int(w * rng.uniform(0.7, 1.0)))
    top = min(rng.randint(8, 15), o.room - 2)
    p = Part(w + 4, top + 2, d + 4, below=1)
    t = 1 if w < 24 else 2
    height = np.zeros((w, d), dtype=np.int16)

    def profile(length: int) -> np.ndarray:
        walk = np.cumsum(g.choice([-3, -2, -1, 0, 1, 2, 3], length)) + g.integers(2, top)
        out = np.abs(walk) % (2 * top)
        return np.where(out > top, 2 * top - out, out)

    for lines in range(4):
        run = profile(w if lines < 2 else d)
        if lines == 0:
            height[:, :t] = run[:, None]
        elif lines == 1:
            height[:, -t:] = run[:, None]
        elif lines == 2:
            height[:t] = np.maximum(height[:t], run[None])
        else:
            height[-t:] = np.maximum(height[-t:], run[None])
    for cx in (0, w - 4):
        for cz in (0, d - 4):
            if o.chance(0.55):
                height[cx : cx + 4, cz : cz + 4] = rng.randint(top // 2, top) - g.integers(0, 3, (4, 4))
    if o.chance(0.6):
        x = rng.randint(w // 3, 2 * w // 3)
        height[x : x + t, : int(d * 0.6)] = profile(int(d * 0.6))[None] // 2
    if o.chance(0.6):
        for x in range(4, w - 4, 5):
            for z in (d // 3, 2 * d // 3):
                height[x : x + 2, z : z + 2] = rng.randint(0, max(2, top - 3))
        p.note("broken_columns")
    height[(g.random((w, d)) < 0.035) & (height == 0)] = 1
    y = np.arange(top + 1)[None, :, None]
    p.paint(2, 0, 2, height[:, None, :] > y, wall)
    floor = g.random((w, d)) < 0.45
    p.paint(2, -1, 2, floor[:, None, :], rng.choice((GRAVEL, wall, STONE)))
    for x in range(4, w - 5, 4):  # window holes where the wall is high on both sides
        for side in (0, d - t):
            if height[x - 1 : x + 3, side : side + t].min() > 6 and o.chance(0.6):
                p.box(x + 2, 2, side + 2, x + 4, 5, side + 2 + t, AIR)
    if o.chance(0.4):
        moss = (g.random(p.cells.shape) < 0.1) & (p.cells == wall)
        p.cells[moss] = LEAF
        p.note("moss")
    p.note("broken_walls")
    p.note("rubble")
    return p


def stone_circle(o: Order) -> Part:
    """Standing stones in a ring, some joined by lintels, with an altar in the middle."""
    rng, wall = o.rng, o.mat.wall
    n = max(18, o.pick((18, 22), (24, 32), (33, 42)))
    count = max(6, min(14, n // 3))
    h = min(rng.randint(5, 8) + n // 12, o.room - 3)
    s = 2 if n < 28 else 3
    p = Part(n + 4, h + 3, n + 4, below=1)
    c, r = (n + 4) / 2, n / 2 - 1
    lintels = o.chance(0.75)
    if lintels:  # a ring of lintels, then gaps between the stones
        p.prism(2, 2, ring(n, s), h, h + s - 1, wall)
    for i in range(count):
        angle = 2 * np.pi * i / count
        x, z = (
            round(c + (r - s / 2 + 0.5) * np.cos(angle) - s / 2),
            round(c + (r - s / 2 + 0.5) * np.sin(angle) - s / 2),
        )
        fallen = not lintels and o.chance(0.15)
        p.box(x, 0, z, x + s, 1 if fallen else h + (0 if lintels else rng.randint(-2, 1)), z + s, wall)
    if lintels and o.chance(0.5):
        a = rng.choice((0, 1, 2, 3))
        half = (n + 4) // 2
        cut = [(0, half, 0, half), (half, n + 4, 0, half), (0, half, half, n + 4), (half, n + 4, half, n + 4)][a]
        p.box(cut[0], h, cut[2], cut[1], h + s, cut[3], AIR)
    m = int(c)
    if o.chance(0.6):
        p.box(m - 2, 0, m - 1, m + 2, 2, m + 1, wall)
        p.note("altar")
    if lintels:
        p.note("lintels")
    p.note("stones", "")
    return p


def arch(o: Order) -> Part:
    """A triumphal arch: a thick block with a round opening, attic and cornice; large ones have side arches."""
    rng, wall = o.rng, o.mat.wall
    w = max(15, o.pick((15, 18), (19, 26), (27, 36)))
    three = w > 26 and o.chance(0.6)
    h = max(12, min(int(w * rng.uniform(0.75, 0.95)), o.room - 2))
    d = max(5, w // 3)
    p = Part(w + 4, h + 2, d + 4, below=1)
    p.box(2, 0, 2, 2 + w, h, 2 + d, wall)
    p.box(1, h - 4, 1, 3 + w, h - 3, 3 + d, wall)
    p.box(1, h, 1, 3 + w, h + 1, 3 + d, wall)
    p.box(1, 0, 1, 3 + w, 2, 3 + d, wall)
    span = max(5, w // 3 if three else int(w * 0.45)) | (w % 2)
    if (w - span) % 2:
        span += 1
    _vault(p, 2 + (w - span) // 2, span, h - 6, d + 4)
    if three:
        side = max(3, (w - span) // 2 - 6)
        for x in (2 + ((w - span) // 2 - side) // 2, 2 + w - ((w - span) // 2 - side) // 2 - side):
            _vault(p, x, side, h // 2, d + 4)
        p.note("arches", "three")
    for x in (2 + (w - span) // 2 - 2, 2 + (w + span) // 2 + 1):
        for z in (1, 2 + d):
            p.box(x, 2, z, x + 1, h - 4, z + 1, o.mat.trim if o.chance(0.2) else wall)
    p.note("opening")
    return p


def _vault(p: Part, x0: int, span: int, top: int, d: int) -> None:
    """Carve a passage along z with a round head that reaches ``top``."""
    mask = disk(span)[:, span // 2 :]
    rise = mask.shape[1]
    p.box(x0, 0, 0, x0 + span, top - rise, d, AIR)
    p.paint(x0, top - rise, 0, np.broadcast_to(mask[:, :, None], (span, rise, d)), AIR)


def gate(o: Order) -> Part:
    """A gate between two towers with a bit of wall on each side."""
    rng, wall = o.rng, o.mat.wall
    w = max(20, o.pick((22, 26), (30, 38), (40, 48)))
    n = max(5, w // 4)
    h = max(9, min(rng.randint(12, 17) + w // 7, o.room - 3))
    p = Part(w + 2, h + 3, n + 6, below=1)
    c, z = (w + 2) // 2, (p.d - 3) // 2
    p.box(1, 0, z, w + 1, h - 6, z + 3, wall)
    for x in range(1, w + 1, 2):
        p.box(x, h - 6, z, x + 1, h - 5, z + 1, wall)
    gap = max(3, w // 8) | 1
    for x in (c - gap // 2 - n, c + gap // 2 + 1):
        p.box(x, 0, 3, x + n, h, 3 + n, wall)
        p.box(x - 1, h - 1, 2, x + n + 1, h, 4 + n, wall)
        p.crenels(x - 1, 2, x + n + 1, 4 + n, h, wall)
        p.box(x + n // 2, h - 5, 3, x + n // 2 + 1, h - 3, 4, AIR)
    p.box(c - gap // 2 - 1, 0, 4, c + gap // 2 + 2, h - 3, 2 + n, wall)
    p.crenels(c - gap // 2 - 1, 4, c + gap // 2 + 2, 2 + n, h - 3, wall)
    p.box(c - gap // 2, 0, 0, c + gap // 2 + 1, min(6, h - 5), p.d, AIR)
    if o.chance(0.4):
        for x in range(c - gap // 2, c + gap // 2 + 1, 2):
            p.box(x, min(6, h - 5) - 2, 5, x + 1, min(6, h - 5), 6, DIRT)
        p.note("portcullis")
    p.note("towers", "two")
    p.note("crenels")
    return p
