"""Bridges, aqueducts, lighthouses, piers and ships."""

from __future__ import annotations

import numpy as np

from voxcore.worlds.canvas import AIR, DIRT, KEEP, PLANK, ROCK, SNOW, STONE, WATER, Part, disk
from voxcore.worlds.order import Order


def bridge(o: Order) -> Part:
    """A bridge along x over water ``o.style`` cells wide: arched, flat on piers, or with a tower at each end."""
    rng, wall = o.rng, o.mat.wall
    water = int(o.style)
    ends = rng.randint(5, 8)
    length = min(62, water + 2 * ends)
    w = max(5, o.pick((5, 5), (6, 8), (9, 12)))
    rise = rng.randint(3, 6) if o.chance(0.75) else 0
    deck0 = 1 if rise else 2
    towers = o.chance(0.25) and o.room > 16
    p = Part(length, min(o.room, 18), w + 6, below=7)
    z0, z1 = 3, 3 + w
    top = []
    for x in range(length):
        t = (x + 0.5) / length * 2 - 1
        top.append(deck0 + round(rise * (1 - t * t)))
    arches = max(1, round(water / rng.choice((9, 11, 14))))
    pier = 3 if arches > 1 else 0
    span = (water - pier * (arches - 1)) / arches
    for x in range(length):
        y = top[x]
        p.box(x, -6, z0, x + 1, y, z1, wall)
        inside = x - (length - water) / 2
        if 0 <= inside < water:
            k = inside % (span + pier)
            if k < span:  # an arch: half an ellipse under the deck
                t = (k + 0.5) / span * 2 - 1
                head = round((y + 1) * max(0.0, 1 - t * t) ** 0.5) - 2
                p.box(x, -1, z0, x + 1, max(head, 0), z1, AIR)
                p.box(x, -7, z0, x + 1, -1, z1, WATER)
        p.box(x, y, z0, x + 1, y + 1, z0 + 1, wall)
        p.box(x, y, z1 - 1, x + 1, y + 1, z1, wall)
        p.box(x, y, z0 + 1, x + 1, y + 4, z1 - 1, AIR)
        if x % 4 == 0 and o.mat.key == "wood":
            p.box(x, y + 1, z0, x + 1, y + 2, z0 + 1, o.mat.trim)
            p.box(x, y + 1, z1 - 1, x + 1, y + 2, z1, o.mat.trim)
    if towers:
        for x in (1, length - 6):
            p.box(x, -2, z0 - 2, x + 5, 12, z1 + 2, wall)
            p.crenels(x, z0 - 2, x + 5, z1 + 2, 12, wall)
            p.box(x, top[x], z0 + 1, x + 5, top[x] + 5, z1 - 1, AIR)
        p.note("end_towers", "two")
    p.note("arches" if arches > 1 else "arch", {2: "two", 3: "three", 4: "four", 5: "five"}.get(arches, ""))
    p.note("railing")
    p.no_pad = True
    return p


def aqueduct(o: Order) -> Part:
    """Tall arches in a row across the map, one or two tiers, a channel of water on top."""
    rng, wall = o.rng, o.mat.wall
    span, pier = rng.choice((5, 6, 7)), 3
    length = max(40, o.pick((40, 44), (46, 54), (56, 62)))
    length = (length - pier) // (span + pier) * (span + pier) + pier
    h = max(12, min(o.tall((12, 14), (14, 19), (19, 26)), o.room - 3))
    two = h > 16 and o.chance(0.6)
    w = rng.choice((4, 5))
    p = Part(length, h + 3, w + 2, below=1)
    p.box(0, 0, 1, length, h, 1 + w, wall)
    mask = disk(span)[:, span // 2 :]
    for x in range(pier, length - pier, span + pier):
        stages = ((0, int(h * 0.55)), (int(h * 0.55) + 2, h - 2)) if two else ((0, h - 2),)
        for y0, y1 in stages:
            p.box(x, y0, 0, x + span, y1 - mask.shape[1], w + 2, AIR)
            for k in range(span):
                p.box(x + k, y0, 0, x + k + 1, y1 - mask.shape[1] + int(mask[k].sum()), w + 2, AIR)
    p.box(0, h, 1, length, h + 1, 2, wall)
    p.box(0, h, w, length, h + 1, w + 1, wall)
    p.box(0, h, 2, length, h + 1, w, WATER)
    if two:
        p.box(0, int(h * 0.55), 0, length, int(h * 0.55) + 1, w + 2, wall)
        p.note("arch_tiers", "two")
    p.note("many_arches")
    p.note("channel")
    return p


def lighthouse(o: Order) -> Part:
    """A slender tapering tower with bands, a gallery, a lamp room and a cap."""
    rng, wall = o.rng, o.mat.wall
    h = max(15, o.tall((16, 19), (20, 26), (27, 34)) - 2)
    h = max(12, min(h, o.room - 8))
    n = max(7, min(13, h // 3 + rng.randint(0, 1))) | 1
    top = max(5, n - 4) | 1
    p = Part(n + 12, min(o.room, h + 9), n + 8, below=1)
    a = 4
    c = a + n // 2
    p.tube(a - 1, a - 1, n + 2, 0, 2, STONE if wall != STONE and o.chance(0.4) else wall)
    bands = o.chance(0.5)
    stripe = o.mat.trim if o.mat.key != "white" else rng.choice((DIRT, WATER, ROCK))
    for y in range(h):
        m = n - 2 * round((n - top) / 2 * y / h)
        striped = bands and (y // 4) % 3 == 1
        p.tube(c - m // 2, c - m // 2, m, y, y + 1, stripe if striped else wall)
    for y in range(4, h - 3, 6):
        p.box(c, y, 0, c + 1, y + 2, a + 3, AIR)
    p.box(c - 1, 0, 0, c + 1, 3, a + 2, AIR)
    g = top + 4
    p.tube(c - g // 2, c - g // 2, g, h, h + 1, wall)
    p.prism(c - g // 2, c - g // 2, disk(g), h + 1, h + 2, wall)
    p.prism(c - g // 2 + 1, c - g // 2 + 1, disk(g - 2), h + 1, h + 2, AIR)
    k = max(3, top - 2) | 1
    p.tube(c - k // 2, c - k // 2, k, h + 1, h + 4, 10 if wall != 10 else SNOW)
    cap = rng.choice((DIRT, ROCK, WATER)) if o.contrast_roof else o.mat.trim
    p.tube(c - k // 2 - 1, c - k // 2 - 1, k + 2, h + 4, h + 5, cap)
    p.cone(c - k // 2, c - k // 2, k, h + 5, k // 2 + 1, cap)
    if o.chance(0.4):
        x = a + n
        p.room(x, 0, c - 2, x + 5, 4, c + 3, wall)
        p.gable(x, c - 2, x + 5, c + 3, 4, cap, wall, over=0)
        p.box(a + n // 2, 0, c - 1, x + 1, 3, c + 2, wall)
        p.note("keepers_hut")
    if bands:
        p.note("stripes")
    p.note("lamp")
    p.note("gallery")
    return p


def ship(o: Order) -> Part:
    """A sailing ship along x; y = 0 is the first layer above the water."""
    rng, wall = o.rng, o.mat.wall
    length = max(18, o.pick((22, 28), (32, 42), (44, 54)))
    beam = max(5, int(length * rng.uniform(0.24, 0.3))) | 1
    deck = max(3, length // 9)
    masts = 1 if length < 24 else 2 if length < 34 else 3
    mast_h = max(9, min(int(length * rng.uniform(0.55, 0.75)), o.room - 3))
    p = Part(length + 8, min(o.room, mast_h + 3), max(beam, length // 2) + 4, below=3)
    cz = p.d // 2
    x0 = 1
    for i in range(length):
        t = (i + 0.5) / length
        full = 1.0 if 0.2 < t < 0.6 else max(0.0, 1 - ((t - 0.6) / 0.4) ** 2.2) if t >= 0.6 else 0.75 + 0.25 * t / 0.2
        half = max(0, round((beam // 2) * full))
        bow = max(0, round((t - 0.75) * 8)) if t > 0.75 else 0
        for y in range(-2, deck + bow):
            hh = max(0, half - 1 + y) if y < 1 else half
            p.box(x0 + i, y, cz - hh, x0 + i + 1, y + 1, cz + hh + 1, wall)
        y = deck + bow
        p.box(x0 + i, y, cz - half, x0 + i + 1, y + 1, cz - half + 1, o.mat.trim)
        p.box(x0 + i, y, cz + half, x0 + i + 1, y + 1, cz + half + 1, o.mat.trim)
    p.box(x0, 0, cz - beam // 2, x0 + 1, deck + 1, cz + beam // 2 + 1, wall)
    if length > 23:  # stern castle
        sl = max(5, length // 5)
        hb = max(1, round(beam // 2 * 0.85))
        p.box(x0, deck, cz - hb, x0 + sl, deck + 3, cz + hb + 1, wall)
        p.crenels(x0, cz - hb, x0 + sl, cz + hb + 1, deck + 3, wall)
        for z in range(cz - hb + 1, cz + hb, 2):
            p.box(x0, deck + 1, z, x0 + 1, deck + 2, z + 1, o.mat.glass)
        p.note("stern")
    cloth = SNOW if wall != SNOW else PLANK
    spots = {1: (0.5,), 2: (0.34, 0.68), 3: (0.26, 0.52, 0.77)}[masts]
    for k, t in enumerate(spots):
        x = x0 + round(t * length)
        top = mast_h - (2 if k != len(spots) // 2 else 0)
        p.box(x, deck - 1, cz, x + 1, top + 1, cz + 1, DIRT)
        bottom = deck + (4 if length > 23 else 3)
        gap = top - bottom
        sails = 2 if gap > 9 else 1
        for s in range(sails):
            y0 = bottom + s * (gap // sails) + (1 if s else 0)
            y1 = bottom + (s + 1) * (gap // sails) - 1
            hw = max(2, min(p.d // 2 - 1, int(beam * (0.85 - 0.2 * s))))
            p.box(x, y1, cz - hw, x + 1, y1 + 1, cz + hw + 1, DIRT)
            p.box(x + 1, y0, cz - hw + 1, x + 2, y1 + 1, cz + hw, cloth)
            if y1 - y0 > 3:
                p.box(x + 2, y0 + 1, cz - hw + 1, x + 3, y1, cz + hw, cloth)
        if o.chance(0.5):
            p.box(x - 2, top, cz, x, top + 1, cz + 1, rng.choice((DIRT, WATER, ROCK)) if o.chance(0.6) else SNOW)
    bow_y = deck + 2
    p.line((x0 + length - 1, bow_y, cz), (min(x0 + length + 5, p.w - 1), bow_y + 3, cz), DIRT)
    if masts == 1:
        p.note("mast")
    else:
        p.note("masts", {2: "two", 3: "three"}[masts])
    p.note("sails")
    p.no_pad = True
    return p


def boat(o: Order) -> Part:
    """A rowing boat, for harbours and lakes."""
    rng = o.rng
    n = rng.randint(6, 10)
    p = Part(n, 8, 5, below=1)
    for i in range(n):
        half = 1 if i in (0, n - 1) else 2
        half = 0 if i == n - 1 else half
        p.box(i, -1, 2 - half, i + 1, 1, 3 + half, PLANK)
        if half:
            p.box(i, 0, 3 - half, i + 1, 1, 2 + half, AIR if 0 < i < n - 2 else PLANK)
    if o.chance(0.6):
        p.box(n // 2, 0, 2, n // 2 + 1, 7, 3, DIRT)
        p.box(n // 2 - 2, 3, 2, n // 2, 6, 3, SNOW)
    p.no_pad = True
    return p


def pier(o: Order) -> Part:
    """A jetty along x from the shore into the water, on posts, with side arms, crates and boats."""
    rng, wall = o.rng, o.mat.wall
    length = max(22, o.pick((22, 26), (28, 36), (38, 46)))
    w = rng.choice((4, 5, 6))
    p = Part(length, min(o.room, 9), w + 24, below=7)
    c = p.d // 2
    z0, z1 = c - w // 2, c - w // 2 + w
    p.box(0, 0, z0, length, 1, z1, wall)
    for x in range(2, length, 4):
        for z in (z0, z1 - 1):
            p.box(x, -7, z, x + 1, 2, z + 1, o.mat.trim)
    arms = []
    for x in range(length - 4, 8, -10):
        side = rng.choice((-1, 1, 0))
        for s in (-1, 1):
            if side in (0, s):
                a, b = (z1, z1 + 9) if s > 0 else (z0 - 9, z0)
                p.box(x, 0, a, x + 3, 1, b, wall)
                p.box(x, -7, b - 1 if s > 0 else a, x + 1, 2, b if s > 0 else a + 1, o.mat.trim)
                arms.append((x, s))
    for x, s in arms:
        if o.chance(0.7):
            skiff = boat(o)
            bz = z1 + 3 if s > 0 else z0 - 8
            bx = x - skiff.w
            if bx >= 0 and not any(ax != x and ax + 3 > bx and ax < x and t == s for ax, t in arms):
                dst = p.cells[bx : bx + skiff.w, 6:14, bz : bz + 5]
                src = skiff.cells[:, : dst.shape[1]]
                np.copyto(dst, src, where=src != KEEP)
    if o.chance(0.6):
        p.box(2, 1, z0 + 1, 4, 3, z0 + 3, DIRT)
        p.box(length - 3, 1, z1 - 3, length - 1, 3, z1 - 1, PLANK if wall != PLANK else DIRT)
        p.note("crates")
    if arms:
        p.note("boats")
    p.note("posts")
    p.no_pad = True
    return p
