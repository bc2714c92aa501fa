"""Trees of all kinds, and igloos, snowmen and tents."""

from __future__ import annotations

import math

from voxcore.worlds.canvas import AIR, DIRT, GRASS, LEAF, PLANK, ROCK, SNOW, Part
from voxcore.worlds.order import Order


def oak(o: Order) -> Part:
    """A broad-leaved tree: a trunk and a round crown of a few balls."""
    rng = o.rng
    h = max(7, o.tall((10, 14), (18, 25), (28, 38)))
    r = max(3, int(h * rng.uniform(0.28, 0.36)))
    t = 1 if h < 13 else 2 if h < 20 else 3 if h < 28 else 4
    n = 2 * r + 1
    p = Part(2 * n + 4, h + 2, 2 * n + 4)
    c = p.w // 2
    leaf = rng.choice((LEAF, LEAF, GRASS)) if o.style != "snowy" else SNOW
    p.ball(c - r, h - int(1.7 * r), c - r, n, int(1.7 * r) + 1, n, leaf)
    if h > 12:
        for _ in range(rng.randint(3, 5)):
            a, q = rng.uniform(0, 2 * math.pi), int(r * rng.uniform(0.55, 0.75))
            x, z = c + int(math.cos(a) * r * 0.75), c + int(math.sin(a) * r * 0.75)
            y = h - int(r * rng.uniform(1.0, 1.7))
            p.ball(x - q, y - q // 2, z - q, 2 * q + 1, int(1.5 * q) + 1, 2 * q + 1, leaf)
            p.line((c, max(2, y - q), c), (x, y, z), DIRT)
    p.box(c - t // 2, 0, c - t // 2, c - t // 2 + t, h - r, c - t // 2 + t, DIRT)
    if t > 1:
        for dx, dz in ((-1, 0), (t, 0), (0, -1), (0, t)):
            p.box(
                c - t // 2 + dx, 0, c - t // 2 + dz, c - t // 2 + dx + 1, rng.randint(1, 2), c - t // 2 + dz + 1, DIRT
            )
    p.note("crown")
    p.note("trunk")
    return p


def pine(o: Order) -> Part:
    """A conifer: tiers that narrow to a tip, snow on them where the style says so."""
    rng = o.rng
    h = max(7, o.tall((10, 14), (19, 26), (29, 40)))
    n = max(5, int(h * rng.uniform(0.4, 0.52))) | 1
    foot = max(1, h // 7)
    t = 1 if h < 18 else 3
    p = Part(n + 2, h + 1, n + 2)
    c = p.w // 2
    period = 3 if h < 14 else 4
    p.box(c - t // 2, 0, c - t // 2, c + t // 2 + 1, h - 2, c + t // 2 + 1, DIRT)
    for y in range(foot, h):
        left = 1 - (y - foot) / (h - foot)
        k = (y - foot) % period
        m = max(1, int(n * left * (1.0 - 0.45 * k / period) + 0.6)) | 1
        p.tube(c - m // 2, c - m // 2, m, y, y + 1, LEAF)
        if o.style == "snowy" and (k == period - 1 or y > h - 3):
            p.tube(c - m // 2, c - m // 2, m, y, y + 1, SNOW)
    if t > 1:
        p.box(c - 1, 0, c - 1, c + 2, foot + 1, c + 2, DIRT)
    p.note("tiers_of_needles")
    if o.style == "snowy":
        p.note("snow_on_branches")
    return p


def palm(o: Order) -> Part:
    """A leaning trunk with drooping fronds."""
    rng = o.rng
    h = max(8, o.tall((9, 12), (15, 20), (22, 30)))
    r = max(4, int(h * 0.42))
    p = Part(2 * r + 12, h + 3, 2 * r + 12)
    c = p.w // 2
    lean = rng.randint(-3, 3) if h > 10 else rng.randint(-1, 1)
    t = 1 if h < 14 else 2
    for y in range(h):
        s = round(lean * (y / h) ** 1.6)
        p.box(c + s, y, c, c + s + t, y + 1, c + t, DIRT)
        e = round(lean * ((y + 1) / h) ** 1.6)
        p.box(c + min(s, e), y, c, c + max(s, e) + t, y + 1, c + t, DIRT)
    x = c + lean
    p.box(x - 1, h - 1, c - 1, x + 2, h + 1, c + 2, LEAF)
    for k in range(8):
        a = k * math.pi / 4
        q = r if k % 2 == 0 else max(2, int(r * 0.75))
        mid = (x + round(math.cos(a) * q * 0.6), h + 1, c + round(math.sin(a) * q * 0.6))
        tip = (x + round(math.cos(a) * q), h - max(1, r // 2), c + round(math.sin(a) * q))
        p.line((x, h, c), mid, LEAF)
        p.line(mid, tip, LEAF)
    p.note("fronds")
    return p


def giant_tree(o: Order) -> Part:
    """An enormous old tree with roots, a thick trunk, boughs and a crown of many balls."""
    rng = o.rng
    h = max(20, min(o.tall((24, 28), (28, 34), (33, 40)), o.room - 1))
    t = max(4, h // 6)
    r = max(9, int(h * rng.uniform(0.4, 0.5)))
    p = Part(min(2 * r + 10, 60), h + 1, min(2 * r + 10, 60), below=1)
    c = p.w // 2
    q = max(5, int(r * 0.55))
    for k in range(rng.randint(6, 8)):
        a = k * 2 * math.pi / 7 + rng.uniform(-0.3, 0.3)
        d = r * 0.6
        s = q + rng.randint(-1, 1)
        x, z, y = c + int(math.cos(a) * d), c + int(math.sin(a) * d), h - int(r * rng.uniform(0.65, 1.0))
        p.ball(x - s, y - s // 2, z - s, 2 * s + 1, int(s * 1.3), 2 * s + 1, LEAF if k % 3 else GRASS)
        p.line((c, h // 2, c), (x, y, z), DIRT)
        p.line((c, h // 2, c - 1), (x, y, z - 1), DIRT)
    p.ball(c - q - 2, h - int(1.3 * q), c - q - 2, 2 * q + 5, int(1.3 * q) + 1, 2 * q + 5, LEAF)
    for y in range(int(h * 0.75)):
        m = t + max(0, 4 - y) + (1 if y > h * 0.5 else 0)
        p.tube(c - m // 2, c - m // 2, m, y, y + 1, DIRT)
    for k in range(5):
        a = k * 2 * math.pi / 5 + rng.uniform(-0.3, 0.3)
        reach = t + rng.randint(2, 4)
        tip = (c + int(math.cos(a) * reach), 0, c + int(math.sin(a) * reach))
        p.line((c, 4, c), tip, DIRT)
    p.note("roots")
    p.note("thick_trunk")
    p.note("crown")
    return p


def dead_tree(o: Order) -> Part:
    """A bare trunk with forking branches."""
    rng = o.rng
    h = max(9, o.tall((10, 13), (16, 22), (24, 32)))
    t = 1 if h < 14 else 2 if h < 22 else 3
    r = max(4, int(h * 0.4))
    p = Part(2 * r + 6, h + 2, 2 * r + 6)
    c = p.w // 2
    p.box(c, 0, c, c + t, h - 1, c + t, DIRT)
    if t > 1:
        p.box(c - 1, 0, c - 1, c + t + 1, 2, c + t + 1, DIRT)
    for k in range(rng.randint(5, 8)):
        a = k * 2.4 + rng.uniform(-0.4, 0.4)
        y = int(h * (0.35 + 0.55 * k / 8))
        q = r * (1.0 - 0.06 * k)
        mid = (c + round(math.cos(a) * q * 0.6), min(h, y + int(q * 0.4)), c + round(math.sin(a) * q * 0.6))
        tip = (c + round(math.cos(a + 0.3) * q), min(h + 1, mid[1] + int(q * 0.5)), c + round(math.sin(a + 0.3) * q))
        p.line((c, y, c), mid, DIRT)
        p.line(mid, tip, DIRT)
        if h > 13:
            p.line(mid, (mid[0] + rng.randint(-3, 3), min(h + 1, mid[1] + 3), mid[2] + rng.randint(-3, 3)), DIRT)
    p.note("bare_branches")
    return p


def bush(o: Order) -> Part:
    """A low bush."""
    n = o.rng.choice((3, 3, 5))
    p = Part(n, 3, n)
    p.ball(0, -1, 0, n, n if n == 3 else 4, n, o.rng.choice((LEAF, GRASS)))
    return p


def cactus(o: Order) -> Part:
    """A saguaro with one or two arms."""
    rng = o.rng
    h = max(5, min(rng.randint(5, 8), o.room)) if o.size == "small" else o.tall((6, 8), (12, 17), (20, 26))
    t = 1 if h < 9 else 2 if h < 16 else 3
    r = 2 * t + 2
    p = Part(2 * r + t, h + 1, 2 * r + t)
    p.tube(r, r, t, 0, h, LEAF) if t > 2 else p.box(r, 0, r, r + t, h, r + t, LEAF)
    for s in (-1, 1):
        y = int(h * rng.uniform(0.35, 0.55))
        x0, x1 = (r - t - 1, r) if s < 0 else (r + t, r + 2 * t + 1)
        p.box(x0, y, r, x1, y + t, r + t, LEAF)
        e = x0 if s < 0 else x1 - t
        p.box(e, y, r, e + t, min(h - 1, y + max(3, h // 3)), r + t, LEAF)
    p.note("cactus_arms", "two")
    return p


def igloo(o: Order) -> Part:
    """A dome of snow blocks with an entrance tunnel."""
    rng, wall = o.rng, o.mat.wall
    n = max(11, o.pick((13, 16), (19, 25), (26, 34)))
    h = max(5, min(int(n * rng.uniform(0.48, 0.56)), o.room - 1))
    t = max(3, n // 6)
    arm = max(4, n // 4)
    p = Part(n + 2, h + 1, n + arm + 3, below=1)
    z0 = arm + 1
    p.dome(1, z0, n, 0, h, wall, hollow=True)
    if o.chance(0.85):  # courses of blocks, drawn as rings
        for y in range(2, h - 1, 4):
            band = p.cells[:, 1 + y, :]
            band[band == wall] = o.mat.trim
    c = 1 + n // 2
    half = t // 2 + 1
    tall = max(3, t + 1)
    p.box(c - half, 0, 1, c + half + 1, tall, z0 + n // 5 + 1, wall)
    p.box(c - half + 1, 0, 0, c + half, tall - 1, z0 + n // 5 + 1, AIR)
    p.note("tunnel")
    p.note("dome")
    return p


def snowman(o: Order) -> Part:
    """Three balls, a hat, stick arms, coal and a nose."""
    rng = o.rng
    h = max(13, o.tall((13, 16), (17, 23), (25, 34)))
    a = max(7, int(h * 0.5)) | 1
    b, c = max(5, int(a * 0.74)) | 1, max(3, int(a * 0.5)) | 1
    p = Part(a + 10, h + 8, a + 4)
    m, cz = p.w // 2, p.d // 2
    y = 0
    for n in (a, b, c):
        k = int(n * 0.85)
        p.ball(m - n // 2, y - (1 if y == 0 else 0), cz - n // 2, n, n, n, SNOW)
        if n == b:
            for s in (-1, 1):
                x = m + s * (b // 2)
                p.line((x, y + b // 2, cz), (x + s * (a // 3 + 1), y + b // 2 + a // 4 + 1, cz), DIRT)
        y += k - (1 if n == a else 0)
    head = y - int(c * 0.85)
    f = cz - c // 2
    eye = max(1, c // 4)
    ey = head + c // 2 + (1 if c > 3 else 0)
    for s in (-1, 1):
        p.box(m + s * eye, ey, f, m + s * eye + 1, ey + 1, f + 2, ROCK)
    p.box(m, ey - 1, f - max(1, c // 4), m + 1, ey, f + 1, PLANK)
    for q in (b // 3, 2 * b // 3):
        yy = int(a * 0.85) - 1 + q
        p.box(m, yy, cz - b // 2, m + 1, yy + 1, cz - b // 2 + 2, ROCK)
    if rng.random() < 0.8:
        top = head + c
        p.tube(m - c // 2 - (c > 4), cz - c // 2 - (c > 4), c + 2 * (c > 4), top - 1, top, ROCK)
        k = max(1, c - 2)
        p.tube(m - k // 2, cz - k // 2, k, top, top + max(2, c // 2), ROCK)
        p.note("hat")
    p.note("stick_arms")
    p.note("nose_face")
    return p


def tent(o: Order) -> Part:
    """A ridge tent or a teepee."""
    rng, wall = o.rng, o.mat.wall
    n = max(7, o.pick((9, 11), (13, 17), (18, 24))) | 1
    if o.chance(0.5):
        h = min(int(n * 1.15), o.room - 3)
        p = Part(n + 2, h + 3, n + 2)
        p.cone(1, 1, n, 0, h, wall)
        c = 1 + n // 2
        p.box(c, h - 2, c, c + 1, h + 2, c + 1, DIRT)
        p.box(c - 1, 0, 0, c + 2, max(3, h // 3), 1 + n // 3, AIR)
        p.box(c, max(3, h // 3), 0, c + 1, max(3, h // 3) + 2, 1 + n // 3, AIR)
        p.note("pole")
    else:
        length = int(n * rng.uniform(1.2, 1.6))
        p = Part(length + 2, n // 2 + 3, n + 2)
        for i in range((n + 1) // 2):
            p.box(1, i, 1 + i, 1 + length, i + 1, 1 + n - i, wall)
        c = 1 + n // 2
        p.box(0, 0, c - 1, 4, max(2, n // 3), c + 2, AIR)
        p.box(1, n // 2, c, 2, n // 2 + 2, c + 1, DIRT)
        p.box(length, n // 2, c, length + 1, n // 2 + 2, c + 1, DIRT)
    p.note("tent_opening")
    return p
