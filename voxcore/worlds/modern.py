"""Skyscrapers, city blocks, stadiums, factories and rockets."""

from __future__ import annotations

import numpy as np

from voxcore.worlds.canvas import AIR, DIRT, GRASS, GRAVEL, ICE, PLANK, ROCK, SNOW, STONE, WATER, Part, disk
from voxcore.worlds.order import Order


def _facade(p: Part, x0: int, z0: int, x1: int, z1: int, y0: int, y1: int, wall: int, glass: int, kind: str) -> None:
    """A solid block with glass in its faces: a grid of windows, bands, or fins from top to bottom."""
    p.box(x0, y0, z0, x1, y1, z1, wall)
    for a in range(x0 + 1, x1 - 1):
        if kind != "bands" and (a - x0) % (3 if kind == "grid" else 2) == 0:
            continue
        for z in (z0, z1 - 1):
            p.box(a, y0 + 1, z, a + 1, y1 - 1, z + 1, glass)
    for c in range(z0 + 1, z1 - 1):
        if kind != "bands" and (c - z0) % (3 if kind == "grid" else 2) == 0:
            continue
        for x in (x0, x1 - 1):
            p.box(x, y0 + 1, c, x + 1, y1 - 1, c + 1, glass)
    if kind != "fins":
        for y in range(y0 + 3, y1, 3):
            p.room(x0, y, z0, x1, y + 1, z1, wall)
            p.box(x0 + 1, y, z0 + 1, x1 - 1, y + 1, z1 - 1, wall)


def high_rise(p: Part, o: Order, x0: int, z0: int, n: int, m: int, h: int, wall: int, glass: int) -> None:
    """One tower block, straight or with setbacks, with a roof and sometimes a mast."""
    rng = o.rng
    kind = rng.choice(("grid", "grid", "bands", "fins"))
    steps = min(rng.choice((1, 1, 2, 3)), max(1, (min(n, m) - 2) // 4))
    y = 0
    for s in range(steps):
        i = 2 * s
        top = h if s == steps - 1 else h * (s + 2) // (steps + 2)
        _facade(p, x0 + i, z0 + i, x0 + n - i, z0 + m - i, y, top, wall, glass, kind)
        y = top
    i = 2 * (steps - 1)
    p.room(x0 + i, h, z0 + i, x0 + n - i, h + 1, z0 + m - i, wall)
    cx, cz = x0 + n // 2, z0 + m // 2
    extra = rng.choice(("mast", "box", ""))
    if extra == "mast":
        p.box(cx, h, cz, cx + 1, h + 6, cz + 1, wall)
    elif extra == "box" and n - 2 * i > 5:
        p.box(cx - 1, h, cz - 1, cx + 2, h + 2, cz + 2, wall)


def _tones(o: Order) -> tuple[int, int]:
    """Wall and glass of a modern building."""
    if o.mat.key != "stone":
        return o.mat.wall, o.mat.glass
    return o.rng.choice(((STONE, ICE), (STONE, WATER), (STONE, ROCK)))


def skyscraper(o: Order) -> Part:
    """A single high-rise on a low podium."""
    rng = o.rng
    n = max(10, min(o.pick((10, 12), (13, 17), (18, 23)), o.room // 2))
    m = max(9, int(n * rng.uniform(0.75, 1.0)))
    h = max(20, o.tall((22, 28), (28, 35), (33, 40)) - 6)
    h = min(h, o.room - 6)
    p = Part(n + 10, min(o.room, h + 7), m + 10, below=1)
    wall, glass = _tones(o)
    if o.mat.key == "glass":
        wall, glass = ICE, rng.choice((WATER, STONE))
    if o.chance(0.5):
        p.box(1, 0, 1, n + 9, 3, m + 9, wall)
        for x in range(2, n + 8, 2):
            p.box(x, 1, 1, x + 1, 2, 2, glass)
    high_rise(p, o, 5, 5, n, m, h, wall, glass)
    c = 5 + n // 2
    p.box(c - 1, 0, 0, c + 2, 3, 6, AIR)
    p.note("many_windows")
    p.note("many_floors")
    return p


def city(o: Order) -> Part:
    """Blocks of high-rises between streets."""
    rng = o.rng
    n = max(40, o.pick((40, 44), (46, 52), (54, 58)))
    p = Part(n, min(o.room, 40), n, below=1)
    p.box(0, -1, 0, n, 0, n, GRAVEL)
    cols = rng.choice((3, 3, 4))
    cell = n // cols
    street = 3
    tops = []
    for i in range(cols):
        for j in range(cols):
            x, z = i * cell + street // 2 + 1, j * cell + street // 2 + 1
            w = cell - street
            p.box(x - 1, -1, z - 1, x + w + 1, 0, z + w + 1, STONE)
            if o.chance(0.1) and o.size != "small":
                p.box(x, -1, z, x + w, 0, z + w, GRASS)
                p.box(x + w // 2, 0, z + w // 2, x + w // 2 + 1, 4, z + w // 2 + 1, DIRT)
                p.ball(x + w // 2 - 2, 3, z + w // 2 - 2, 5, 5, 5, 9)
                continue
            wall, glass = rng.choice(
                ((STONE, ICE), (SNOW, WATER), (ROCK, ICE), (STONE, WATER), (ICE, WATER), (PLANK, ROCK))
            )
            if o.mat.key != "stone":
                wall, glass = o.mat.wall, o.mat.glass
            away = abs(i - (cols - 1) / 2) + abs(j - (cols - 1) / 2)
            h = max(6, min(int(rng.uniform(0.35, 1.0) * (p.h - 7) * (1.0 - 0.16 * away)), p.h - 7))
            tops.append(h)
            bw, bd = w - rng.randint(0, 2), w - rng.randint(0, 2)
            high_rise(p, o, x, z, bw, bd, h, wall, glass)
    p.note("streets")
    p.note("many_high_rises")
    return p


def stadium(o: Order) -> Part:
    """An oval bowl of stepped seats around a green pitch."""
    rng, wall = o.rng, o.mat.wall
    w = max(32, o.pick((32, 38), (40, 48), (50, 56)))
    d = int(w * rng.uniform(0.75, 0.95))
    rows = min(rng.randint(7, 10), max(5, w // 5), o.room - 3)
    p = Part(w, rows + 4, d, below=1)
    x, z = (((np.arange(n) - (n - 1) / 2) / (n / 2)) for n in (w, d))
    power = rng.choice((2.0, 3.0, 4.0))
    r = (np.abs(x[:, None]) ** power + np.abs(z[None, :]) ** power) ** (1 / power)
    depth = (1 - r) * (d / 2)
    ring = r <= 1.0
    p.prism(0, 0, ring, -1, 0, GRASS)
    for y in range(rows):
        seats = ring & (depth < rows + 1 - y + 1)
        p.prism(0, 0, seats, y, y + 1, wall)
    p.prism(0, 0, ring & (depth < 1.2), rows, rows + 2, wall)
    arcs = rng.choice((2, 3))
    for a in range(1, w - 2, arcs + 2):  # arcades on the outside
        for y in (1, rows - 3) if rows > 7 else (1,):
            edge = np.zeros_like(ring)
            edge[a : a + arcs - 1] = ring[a : a + arcs - 1] & (depth[a : a + arcs - 1] < 1.0)
            p.prism(0, 0, edge, y, y + 2, AIR if wall != ROCK else STONE)
    c = d // 2
    for s in (0, w - rows - 3):
        p.box(s, 0, c - 2, s + rows + 3, 4, c + 2, AIR)
    if o.style == "sport":
        p.box(w // 2, -1, 0, w // 2 + 1, 0, d, SNOW)
        p.prism(0, 0, ring & (depth < rows + 2), -1, 0, wall)
    p.note("seats")
    p.note("pitch")
    return p


def factory(o: Order) -> Part:
    """Halls with a saw-tooth roof and tall chimneys."""
    rng, wall = o.rng, o.mat.wall
    w = max(22, o.pick((22, 27), (28, 38), (40, 50)))
    d = max(14, int(w * rng.uniform(0.5, 0.7)))
    h = rng.randint(6, 9)
    tall = max(h + 6, min(rng.randint(18, 28), o.room - 1))
    stacks = rng.choice((1, 2, 3))
    p = Part(w + 2, tall + 1, d + 8, below=1)
    p.box(1, 0, 1, w + 1, h, d + 1, wall)
    for x in range(3, w - 2, 3):
        for z in (1, d):
            p.box(x, 2, z, x + 2, h - 2, z + 1, o.mat.glass)
    tooth = 6
    for x in range(1, w - tooth + 2, tooth):
        for i in range(4):
            p.box(x + i, h, 1, x + tooth - 1, h + i + 1, d + 1, wall)
        p.box(x, h, 2, x + 1, h + 1, d, wall)
        p.box(x + tooth - 2, h + 1, 2, x + tooth - 1, h + 3, d, o.mat.glass)
    for i in range(stacks):
        x = 3 + i * 8
        p.tube(x, d + 2, 5, 0, tall, wall if o.chance(0.5) else o.mat.trim)
        p.tube(x + 1, d + 3, 3, tall - 3, tall, AIR)
    p.box(w // 2, 0, 1, w // 2 + 4, 4, 2, AIR)
    p.note("chimneys" if stacks > 1 else "chimney", {1: "", 2: "two", 3: "three"}[stacks])
    return p


def rocket(o: Order) -> Part:
    """A rocket with fins on a launch pad, with or without a gantry."""
    rng, wall = o.rng, o.mat.wall
    h = max(18, o.tall((20, 24), (25, 32), (32, 40)))
    n = max(5, min(9, h // 4)) | 1
    p = Part(n + 18, h + 1, n + 12, below=1)
    cx, cz = 6 + n // 2 + 3, p.d // 2
    pad = p.d - 2
    p.box(cx - pad // 2, -1, 1, cx + pad // 2 + 1, 0, 1 + pad, rng.choice((GRAVEL, STONE)))
    x, z = cx - n // 2, cz - n // 2
    nose = int(n * 1.4)
    body = h - nose
    stripe = rng.choice((ROCK, WATER, DIRT)) if wall == SNOW else o.mat.trim
    p.prism(x + 1, z + 1, disk(n - 2), 0, 2, ROCK)
    p.tube(x, z, n, 2, body, wall)
    for y in (int(body * 0.35), int(body * 0.7)):
        p.tube(x, z, n, y, y + 1, stripe)
    p.cone(x, z, n, body, nose, stripe if o.chance(0.5) else wall)
    p.box(cx, body - 5, z, cx + 1, body - 3, z + 1, ICE if wall != ICE else ROCK)
    fin = max(3, n // 2 + 1)
    for i in range(fin + 2):
        reach = max(0, fin - i)
        for y in (2 * i, 2 * i + 1):
            if reach:
                p.box(x - reach, y, cz, x, y + 1, cz + 1, stripe)
                p.box(x + n, y, cz, x + n + reach, y + 1, cz + 1, stripe)
                p.box(cx, y, z - reach, cx + 1, y + 1, z, stripe)
                p.box(cx, y, z + n, cx + 1, y + 1, z + n + reach, stripe)
    if o.chance(0.4):
        gx = x + n + fin + 1
        for a, b in ((0, 0), (2, 0), (0, 2), (2, 2)):
            p.box(gx + a, 0, cz - 1 + b, gx + a + 1, body, cz + b, ROCK)
        for y in range(3, body, 5):
            p.room(gx, y, cz - 1, gx + 3, y + 1, cz + 2, ROCK)
        for y in (int(body * 0.5), body - 2):
            p.box(x + n, y, cz, gx + 1, y + 1, cz + 1, ROCK)
        p.note("gantry")
    p.note("fins", "four")
    p.note("nose")
    return p
