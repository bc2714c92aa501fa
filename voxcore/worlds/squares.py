"""What stands on squares: statues, obelisks, fountains and wells."""

from __future__ import annotations

from voxcore.worlds.canvas import AIR, DIRT, GRAVEL, PLANK, STONE, WATER, Part, disk, ring
from voxcore.worlds.order import Order


def statue(o: Order) -> Part:
    """A standing figure on a pedestal."""
    wall = o.mat.wall
    h = max(14, o.tall((17, 21), (23, 29), (30, 38)))
    s = max(1, h // 11)  # limb width
    base = 3 * s + 4
    ph = max(3, h // 5)
    p = Part(base + 6 * s + 4, h + 4, base + 2, below=1)
    c, z = p.w // 2, p.d // 2
    b = base // 2
    p.box(c - b - 1, 0, z - b - 1, c + b + 2, 1, z + b + 2, wall)
    p.box(c - b, 0, z - b, c + b + 1, ph, z + b + 1, wall)
    leg = int((h - ph) * 0.42)
    y = ph
    t = max(1, s)
    p.box(c - s - t + 1, y, z - s // 2, c - t + 1, y + leg, z - s // 2 + s, wall)
    p.box(c + t, y, z - s // 2, c + t + s, y + leg, z - s // 2 + s, wall)
    y += leg
    body_h = int((h - ph) * 0.36)
    x0, x1 = c - s - t + 1, c + t + s
    p.box(x0, y, z - s // 2 - (s > 1), x1, y + body_h, z - s // 2 + s + (s > 1), wall)
    raised = o.chance(0.3)
    p.box(x0 - s, y + body_h // 3, z - s // 2, x0, y + body_h, z - s // 2 + s, wall)
    if raised:
        p.box(x1, y + body_h - s, z - s // 2, x1 + s, h + 2, z - s // 2 + s, wall)
        p.note("raised_arm")
    else:
        p.box(x1, y + body_h // 3, z - s // 2, x1 + s, y + body_h, z - s // 2 + s, wall)
    y += body_h
    hd = max(2, h - y)
    p.box(
        c - s // 2 - (s > 1),
        y,
        z - s // 2 - (s > 2),
        c - s // 2 + s + (s > 1) + (s == 1),
        h,
        z - s // 2 + s + (s > 2),
        wall,
    )
    if hd > 0:
        p.note("pedestal")
    return p


def obelisk(o: Order) -> Part:
    """A tall tapering pillar with a pointed tip on a plinth."""
    rng, wall = o.rng, o.mat.wall
    h = max(14, o.tall((16, 20), (23, 30), (30, 38)))
    n = max(3, h // 6) | 1
    p = Part(n + 8, h + 1, n + 8, below=1)
    p.box(1, 0, 1, n + 7, 1, n + 7, wall)
    p.box(2, 1, 2, n + 6, 2 + (h > 20), n + 6, wall)
    for y in range(2, h - n // 2 - 1):
        i = 1 if n >= 5 and y > h // 2 else 0
        p.box(4 + i, y, 4 + i, 4 + n - i, y + 1, 4 + n - i, wall)
    k = n - 2 if n >= 5 else n
    p.cone(
        4 + (n - k) // 2,
        4 + (n - k) // 2,
        k,
        h - n // 2 - 1,
        k // 2 + 1,
        o.mat.trim if o.chance(0.3) else wall,
        is_round=False,
    )
    if rng.random() < 0.9:
        p.note("plinth")
    return p


def fountain(o: Order) -> Part:
    """A round or square basin with water, a pillar and an upper bowl."""
    rng, wall = o.rng, o.mat.wall
    n = max(11, o.pick((13, 15), (17, 21), (23, 29))) | 1
    is_round = o.chance(0.7)
    p = Part(n + 6, min(o.room, n), n + 6, below=1)
    c = (n + 6) // 2
    if o.chance(0.5):
        p.box(0, -1, 0, n + 6, 0, n + 6, rng.choice((GRAVEL, STONE)))
    if is_round:
        p.tube(3, 3, n, 0, 2, wall)
        p.prism(3, 3, disk(n) & ~ring(n), 1, 2, WATER)
    else:
        p.box(3, 0, 3, 3 + n, 2, 3 + n, wall)
        p.box(4, 1, 4, 2 + n, 2, 2 + n, WATER)
    h = max(4, min(n // 2, o.room - 4))
    p.box(c - (n > 18), 0, c - (n > 18), c + 1 + (n > 18), h, c + 1 + (n > 18), wall)
    b = max(5, n // 3) | 1
    p.tube(c - b // 2, c - b // 2, b, h - 1, h, wall)
    if b > 5 or o.chance(0.7):
        p.tube(c - b // 2 + 1, c - b // 2 + 1, b - 2, h, h + 1, WATER)
        p.box(c, h, c, c + 1, h + 3, c + 1, wall)
        p.box(c, h + 2, c, c + 1, h + 3, c + 1, WATER)
        for x, z in ((c - b // 2 - 1, c), (c + b // 2 + 1, c), (c, c - b // 2 - 1), (c, c + b // 2 + 1)):
            p.box(x, 1, z, x + 1, h, z + 1, WATER)
    p.note("basin")
    if not is_round:
        p.note("square_basin")
    return p


def well(o: Order) -> Part:
    """A ring of wall round a shaft of water, two posts and a little roof."""
    rng, wall = o.rng, o.mat.wall
    n = max(7, o.pick((7, 8), (10, 13), (13, 17)))
    h = max(6, min(n, o.room - n // 2 - 3))
    p = Part(n + 6, min(o.room, h + n // 2 + 4), n + 6, below=4)
    is_round = o.chance(0.6)
    a = 3
    if o.chance(0.4):
        p.box(1, -1, 1, n + 5, 0, n + 5, rng.choice((GRAVEL, STONE)))
    rim = 2 if n < 9 else 3
    if is_round:
        p.tube(a, a, n, -4, rim, wall)
        p.prism(a, a, disk(n) & ~ring(n), -3, -1, WATER)
        p.prism(a, a, disk(n) & ~ring(n), -1, rim, AIR)
    else:
        p.box(a, -4, a, a + n, rim, a + n, wall)
        p.box(a + 1, -3, a + 1, a + n - 1, -1, a + n - 1, WATER)
        p.box(a + 1, -1, a + 1, a + n - 1, rim, a + n - 1, AIR)
    post = PLANK if wall != PLANK else DIRT
    c = a + n // 2 - (n % 2 == 0)
    for x in (a, a + n - 1):
        p.box(x, 0, c, x + 1, h, c + 1 + (n % 2 == 0), post)
    if o.chance(0.85):
        roof = o.roof() if o.contrast_roof else rng.choice((PLANK, DIRT))
        p.gable(a, a + 1, a + n, a + n - 1, h, roof, roof, over=1)
        p.roof = roof if roof != wall else 0
        p.note("little_roof")
    else:
        p.box(a, h - 1, c, a + n, h, c + 1, post)
    p.box(a, h - 2, c, a + n, h - 1, c + 1, post)
    p.box(a + n // 2, h - 3, c, a + n // 2 + 1, h - 2, c + 1, DIRT)
    if o.mat.key == "stone":
        p.note("water_inside")
    return p
