"""Castles, keeps, city walls and watch towers."""

from __future__ import annotations

from voxcore.worlds.canvas import AIR, DIRT, GRASS, GRAVEL, PLANK, SAND, STONE, WATER, Part
from voxcore.worlds.order import Order


def tower(p: Part, o: Order, x: int, z: int, n: int, y1: int, *, is_round: bool, cap: str, roof: int) -> None:
    """One tower of width ``n`` up to the walk at y1, with slits, an overhang and crenels or a pointed roof."""
    wall = o.mat.wall
    if is_round:
        p.tube(x, z, n, 0, y1, wall, hollow=n > 6)
        if n > 6:
            p.tube(x, z, n, y1 - 2, y1, wall)
    else:
        p.box(x, 0, z, x + n, y1, z + n, wall)
    mid = n // 2
    for y in range(4, y1 - 3, 5):
        for a, b in ((mid, 0), (mid, n - 1), (0, mid), (n - 1, mid)):
            p.box(x + a, y, z + b, x + a + 1, y + 2, z + b + 1, AIR)
    if cap == "roof":
        if is_round:
            p.tube(x - 1, z - 1, n + 2, y1, y1 + 1, roof)
        p.cone(x - 1, z - 1, n + 2, y1 + (1 if is_round else 0), max(4, int(n * 0.9)), roof, is_round=is_round)
        return
    if is_round:
        p.tube(x - 1, z - 1, n + 2, y1 - 1, y1, wall)
        p.tube(x - 1, z - 1, n + 2, y1, y1 + 1, wall, hollow=True)
        p.tube(x, z, n, y1, y1 + 1, AIR)
        p.round_crenels(x - 1, z - 1, n + 2, y1 + 1, wall)
    else:
        p.box(x - 1, y1 - 1, z - 1, x + n + 1, y1, z + n + 1, wall)
        p.room(x - 1, y1, z - 1, x + n + 1, y1 + 1, z + n + 1, wall)
        p.crenels(x - 1, z - 1, x + n + 1, z + n + 1, y1 + 1, wall, merlon=1 if n < 8 else 2)


def curtain(p: Part, o: Order, x0: int, z0: int, x1: int, z1: int, y1: int, thick: int) -> None:
    """A ring of walls with a parapet and crenels on the outside; the court is air."""
    wall = o.mat.wall
    p.room(x0, 0, z0, x1, y1, z1, wall, thick)
    p.room(x0, y1, z0, x1, y1 + 1, z1, wall)
    p.crenels(x0, z0, x1, z1, y1 + 1, wall, merlon=o.rng.choice((1, 2)))


def _gate(p: Part, o: Order, cx: int, z: int, wall_h: int, thick: int, roofed: bool, roof: int) -> None:
    """A gatehouse in the wall at z: a block, or two small towers, with an arched passage."""
    wall = o.mat.wall
    half = o.rng.choice((4, 5))
    top = wall_h + o.rng.choice((2, 3, 4))
    twin = o.chance(0.5)
    p.box(cx - half, 0, z - 2, cx + half + 1, top, z + thick + 2, wall)
    if twin:
        for a in (cx - half - 1, cx + half - 2):
            tower(p, o, a, z - 3, 4, top + 2, is_round=False, cap="roof" if roofed else "crenels", roof=roof)
    else:
        p.room(cx - half, top, z - 2, cx + half + 1, top + 1, z + thick + 2, wall)
        p.crenels(cx - half, z - 2, cx + half + 1, z + thick + 2, top + 1, wall)
    tall = min(5, wall_h - 2)
    p.box(cx - 1, 0, z - 4, cx + 2, tall, z + thick + 3, AIR)
    p.box(cx, tall, z - 4, cx + 1, tall + 1, z + thick + 3, AIR)
    p.note("gatehouse")


def castle(o: Order) -> Part:
    """Curtain walls, four towers at the corners, gatehouse, keep and court.

    The style "variant" has some of: a moat, six towers, towers of different heights, pointed roofs.
    """
    rng, wall = o.rng, o.mat.wall
    variant = o.style == "variant"
    moat = 4 if variant and o.chance(0.5) and o.span >= 36 else 0
    pad = 2 + (moat + 1 if moat else 0)
    w = max(24, o.pick((26, 31), (32, 42), (42, 54)) - 2 * (moat // 2 + 1))
    d = max(22, min(w, int(w * rng.uniform(0.75, 1.05))))
    room = max(o.room, 16)
    wall_h = min(rng.randint(7, 11) if o.size != "small" else rng.randint(6, 8), room - 10)
    n = rng.choice((7, 8, 9)) if w > 37 else rng.choice((6, 7)) if w > 29 else rng.choice((5, 6))
    roofed = variant and (o.contrast_roof or o.chance(0.3)) and room > 18
    roof = o.roof()
    cap = "roof" if roofed else "crenels"
    extra = int(n * 0.9) + 1 if roofed else 2
    tower_h = min(wall_h + rng.randint(5, 9), room - extra)
    is_round = o.chance(0.45)
    p = Part(w + 2 * pad, room, d + 2 * pad, below=3)
    x0, z0, x1, z1 = pad, pad, pad + w, pad + d
    if moat:
        p.box(0, -2, 0, p.w, 0, p.d, WATER)
        p.box(0, -3, 0, p.w, -2, p.d, GRAVEL)
        p.box(moat, -3, moat, p.w - moat, 0, p.d - moat, DIRT)
        p.box(moat, -1, moat, p.w - moat, 0, p.d - moat, GRASS)
        p.note("moat")
    thick = 3 if w > 36 else 2
    court = rng.choice((0, GRAVEL, DIRT, STONE, GRASS)) if wall != SAND else rng.choice((0, SAND))
    i = 2  # the curtain stands back from the towers' outer faces
    p.box(x0 + i, 0, z0 + i, x1 - i, wall_h, z1 - i, AIR)
    curtain(p, o, x0 + i, z0 + i, x1 - i, z1 - i, wall_h, thick)
    if court:
        p.box(x0 + i + thick, -1, z0 + i + thick, x1 - i - thick, 0, z1 - i - thick, court)
    cx = (x0 + x1) // 2
    # Keep, towards the back or in the middle.
    kw = max(7, min(int(w * rng.uniform(0.24, 0.34)), w - 2 * thick - 14))
    kd = max(7, min(int(kw * rng.uniform(0.8, 1.15)), d - 2 * thick - 12))
    kz = z0 + (d - kd) // 2 + rng.choice((0, 1, max(0, (d - kd) // 2 - thick - 4)))
    kx = cx - kw // 2
    keep_h = max(wall_h + 2, min(tower_h + rng.randint(0, 5), room - 2))
    keep_cap = "roof" if roofed and o.chance(0.5) and keep_h + kw // 2 + 2 < room else "crenels"
    _keep(p, o, kx, kz, kw, kd, keep_h, keep_cap, roof)
    p.note("keep")
    count = 4
    spots = [(x0, z0), (x1 - n, z0), (x0, z1 - n), (x1 - n, z1 - n)]
    if w > 40 and variant and o.chance(0.5):
        spots += [(x0, (z0 + z1 - n) // 2), (x1 - n, (z0 + z1 - n) // 2)]
        count = 6
        p.note("six")
    heights = [tower_h] * count
    if variant and o.chance(0.3):
        heights = [max(wall_h + 3, tower_h - rng.randint(0, 4)) for _ in range(count)]
    for (x, z), y1 in zip(spots, heights, strict=True):
        tower(p, o, x, z, n, y1, is_round=is_round, cap=cap, roof=roof)
    _gate(p, o, cx, z0 + i, wall_h, thick, roofed, roof)
    if moat:
        p.box(cx - 1, -1, 0, cx + 2, 0, z0 + 2, PLANK)
        p.note("drawbridge")
    number = {4: "four", 6: "six"}[count]
    p.note("towers", f"{number} {rng.choice(('', 'round' if is_round else 'square'))}".strip())
    p.note("tall_towers")
    p.note("walls")
    if roofed:
        p.roof = roof
        p.note("pointed_roofs")
    else:
        p.note("crenels")
    p.note("courtyard")
    return p


def _keep(p: Part, o: Order, x: int, z: int, w: int, d: int, h: int, cap: str, roof: int) -> None:
    """A rectangular great tower with windows on a grid."""
    wall = o.mat.wall
    p.room(x, 0, z, x + w, h, z + d, wall, 2)
    p.box(x, h - 1, z, x + w, h, z + d, wall)
    for y in range(4, h - 3, 5):
        for a in range(2, w - 2, 4):
            p.box(x + a, y, z, x + a + 1, y + 2, z + 1, AIR)
            p.box(x + a, y, z + d - 1, x + a + 1, y + 2, z + d, AIR)
        for b in range(2, d - 2, 4):
            p.box(x, y, z + b, x + 1, y + 2, z + b + 1, AIR)
            p.box(x + w - 1, y, z + b, x + w, y + 2, z + b + 1, AIR)
    p.box(x + w // 2 - 1, 0, z, x + w // 2 + 1, 3, z + 2, AIR)
    if cap == "roof":
        p.hip(x - 1, z - 1, x + w + 1, z + d + 1, h, roof)
    else:
        p.room(x, h, z, x + w, h + 1, z + d, wall)
        p.crenels(x, z, x + w, z + d, h + 1, wall, merlon=2 if w > 11 else 1)


def keep(o: Order) -> Part:
    """A single great tower, with corner turrets or buttresses."""
    w = max(10, o.pick((11, 14), (14, 19), (19, 26)))
    d = max(9, int(w * o.rng.uniform(0.75, 1.1)))
    h = o.tall((12, 15), (15, 21), (20, 28))
    turret = o.rng.choice((3, 4, 5))
    p = Part(w + 10, min(o.room, h + 16), d + 10, below=1)
    a = 5
    roofed = o.contrast_roof and h + w // 2 + 2 < o.room
    roof = o.roof()
    h = min(h, o.room - (8 if roofed else 6))
    _keep(p, o, a, a, w, d, h, "roof" if roofed else "crenels", roof)
    p.box(a - 1, 0, a - 1, a + w + 1, 2, a + d + 1, o.mat.wall)
    p.box(a + w // 2 - 1, 0, a - 1, a + w // 2 + 1, 3, a + 2, AIR)
    if o.chance(0.65):
        for x in (a - 2, a + w + 2 - turret):
            for z in (a - 2, a + d + 2 - turret):
                p.box(x, 0, z, x + turret, h + 3, z + turret, o.mat.wall)
                p.crenels(x, z, x + turret, z + turret, h + 3, o.mat.wall)
        p.note("corner_turrets", "four")
    if roofed:
        p.roof = roof
    else:
        p.note("crenels")
    p.note("slits")
    return p


def watchtower(o: Order) -> Part:
    """One tower, round or square, with crenels, a pointed roof, or a lookout platform on posts."""
    rng, wall = o.rng, o.mat.wall
    n = max(6, min(o.pick((6, 8), (8, 11), (11, 15)), o.room // 3))
    h = o.tall((15, 19), (21, 28), (28, 36))
    kind = rng.choice(("crenels", "crenels", "roof", "lookout"))
    if o.mat.key == "wood" and o.chance(0.5):
        kind = "lookout"
    h = max(9, min(h, o.room - n - 4))
    is_round = o.chance(0.5) and kind != "lookout"
    roof = o.roof()
    p = Part(n + 8, min(o.room, h + n + 8), n + 8, below=1)
    a = 4
    if kind == "lookout":
        post = 1 if n < 8 else 2
        for x in (a, a + n - post):
            for z in (a, a + n - post):
                p.box(x, 0, z, x + post, h, z + post, wall)
        step = max(4, (h - 3) // 3)
        for y in range(step - 1, h - 3, step):
            p.room(a, y, a, a + n, y + 1, a + n, wall)
        p.box(a - 1, h - 3, a - 1, a + n + 1, h - 2, a + n + 1, wall)
        p.room(a - 1, h - 2, a - 1, a + n + 1, h - 1, a + n + 1, wall)
        p.box(a, h - 1, a, a + n, h + 1, a + n, AIR)
        for x in (a, a + n - 1):
            for z in (a, a + n - 1):
                p.box(x, h - 2, z, x + 1, h + 2, z + 1, wall)
        p.hip(a - 1, a - 1, a + n + 1, a + n + 1, h + 2, roof)
        for y in range(0, h - 3):
            p.box(a + n // 2, y, a, a + n // 2 + 1, y + 1, a + 1, o.mat.trim)
        p.note("platform")
        p.note("pointed_roof")
    else:
        if is_round:
            p.tube(a - 1, a - 1, n + 2, 0, 2, wall)
        else:
            p.box(a - 1, 0, a - 1, a + n + 1, 2, a + n + 1, wall)
        tower(p, o, a, a, n, h, is_round=is_round, cap=kind, roof=roof)
        c = a + n // 2
        p.box(c - 1, 0, a - 1, c + 1, 4, a + 2, AIR)
        p.note("crenels" if kind == "crenels" else "pointed_roof")
        p.note("round" if is_round else "square")
    if kind != "crenels" and roof != wall:
        p.roof = roof
    return p


def city_wall(o: Order) -> Part:
    """A long straight wall across the map, with towers along it and a gate."""
    rng, wall = o.rng, o.mat.wall
    length = max(30, o.pick((34, 44), (44, 56), (56, 60)))
    h = max(6, o.tall((6, 8), (8, 12), (12, 16)) - 4)
    thick, n = rng.choice((4, 5, 6)), rng.choice((7, 8, 9))
    count = rng.choice((2, 3, 3, 4)) if length > 40 else rng.choice((2, 3))
    p = Part(length, min(o.room, h + 10), n + 6, below=1)
    z = (p.d - thick) // 2
    p.box(0, 0, z, length, h, z + thick, wall)
    for side in (z, z + thick - 1):
        p.box(0, h, side, length, h + 1, side + 1, wall)
        for x in range(0, length, 3):
            p.box(x, h + 1, side, x + 2, h + 2, side + 1, wall)
    p.box(0, h, z + 1, length, h + 2, z + thick - 1, AIR)
    tz, is_round = (p.d - n) // 2, o.chance(0.4)
    for i in range(count):
        x = 1 + round(i * (length - n - 2) / (count - 1))
        tower(p, o, x, tz, n, min(h + rng.randint(4, 5), p.h - 3), is_round=is_round, cap="crenels", roof=wall)
    gap = (length - n - 2) / (count - 1)
    cx = round(1 + n / 2 + gap * ((count - 1) // 2) + gap / 2)
    if o.chance(0.7) and gap > n + 5:
        p.box(cx - 1, 0, z - 1, cx + 2, 4, z + thick + 1, AIR)
        p.box(cx, 4, z - 1, cx + 1, 5, z + thick + 1, AIR)
        p.note("gate")
    p.note("towers", {2: "two", 3: "three", 4: "four"}[count])
    p.note("crenels")
    return p


def fort(o: Order) -> Part:
    """A palisade of posts with a corner platform or two and a hall inside: wooden by nature."""
    rng, wall = o.rng, o.mat.wall
    w = max(22, o.pick((22, 27), (28, 36), (36, 46)))
    d = max(20, int(w * rng.uniform(0.8, 1.0)))
    h = rng.randint(5, 7)
    p = Part(w + 2, min(o.room, h + 12), d + 2, below=1)
    p.room(1, 0, 1, w + 1, h, d + 1, wall)
    p.crenels(1, 1, w + 1, d + 1, h, wall)
    p.box(2, -1, 2, w, 0, d, rng.choice((DIRT, GRAVEL)))
    n = rng.choice((5, 6))
    y = h + 4
    for x in (0, w + 2 - n):
        for z in (0, d + 2 - n):
            p.box(x, 0, z, x + n, y, z + n, wall)
            p.room(x, y, z, x + n, y + 1, z + n, wall)
            p.crenels(x, z, x + n, z + n, y + 1, wall)
    cx = w // 2 + 1
    p.box(cx - 4, 0, 0, cx + 4, h + 2, 3, wall)
    p.crenels(cx - 4, 0, cx + 4, 3, h + 2, wall)
    p.box(cx - 2, 0, 0, cx + 2, 4, 3, AIR)
    hw, hd, hz = max(8, w // 3), max(7, d // 3), d // 2
    hx = cx - hw // 2
    p.room(hx, 0, hz, hx + hw, 5, hz + hd, wall)
    p.gable(hx, hz, hx + hw, hz + hd, 5, o.roof(), wall)
    p.box(cx - 1, 0, hz, cx + 1, 3, hz + 1, AIR)
    p.note("towers", "four")
    p.note("palisade" if wall == PLANK else "walls")
    p.note("gate")
    return p
