"""Churches, cathedrals, mosques, temples and pagodas."""

from __future__ import annotations

from voxcore.worlds.canvas import AIR, DIRT, GRAVEL, ICE, PLANK, ROCK, SNOW, STONE, WATER, Part
from voxcore.worlds.homes import windows
from voxcore.worlds.order import Order


def _cross(p: Part, x: int, y: int, z: int, m: int) -> None:
    """A cross three cells tall that stands on y."""
    p.box(x, y, z, x + 1, y + 3, z + 1, m)
    p.box(x - 1, y + 1, z, x + 2, y + 2, z + 1, m)


def church(o: Order) -> Part:
    """Nave with a steep roof, and a steeple over the door."""
    rng, wall = o.rng, o.mat.wall
    length = max(18, o.pick((18, 22), (23, 30), (31, 40)))
    w = max(9, int(length * rng.uniform(0.38, 0.46))) | 1
    h = max(5, min(int(w * 0.6), 9))
    steep = 2 if w < 12 and o.room > 30 else 1
    n = max(6, min(w - 2, 5 + length // 7)) | 1
    tower_h = min(h + w // 2 * steep + rng.randint(2, 5), o.room - n - 6)
    tower_h = max(tower_h, h + 5)
    tower_h = max(h + 5, min(tower_h, o.room - 4 - int(n * 1.3)))  # room for a pointed spire, not a stump
    spire_h = max(4, min(int(n * rng.uniform(1.4, 2.2)), o.room - tower_h - 4))
    roof = o.roof()
    a = 3
    p = Part(length + n + 2 * a, min(o.room, max(tower_h + spire_h, h + w) + 5), max(w, n) + 2 * a, below=1)
    cz = p.d // 2
    z0, x0 = cz - w // 2, a + n - 2
    p.room(x0, 0, z0, x0 + length, h, z0 + w, wall)
    for x in range(x0 + 3, x0 + length - 2, 4):  # tall windows along the nave
        for z in (z0, z0 + w - 1):
            p.box(x, 2, z, x + 1 + (length > 28), min(h - 1, 6), z + 1, o.mat.glass)
        for z in (z0 - 1, z0 + w):
            p.box(x + 2, 0, z, x + 3, h - 1, z + 1, wall)
    p.gable(x0, z0, x0 + length, z0 + w, h, roof, wall, steep=steep)
    p.box(x0 + length - 1, 3, cz - 1, x0 + length, h, cz + 2, o.mat.glass)
    tx, tz = a, cz - n // 2
    p.box(tx, 0, tz, tx + n, tower_h, tz + n, wall)
    p.box(tx, 0, cz - 1, tx + n + 2, 4, cz + 2, AIR)
    p.box(tx, 4, cz, tx + 1, 5, cz + 1, AIR)
    p.box(tx + 2, tower_h - 4, tz, tx + n - 2, tower_h - 1, tz + n, AIR)  # belfry
    p.box(tx, tower_h - 4, tz + 2, tx + n, tower_h - 1, tz + n - 2, AIR)
    p.box(tx + 2, tower_h - 4, tz + 2, tx + n - 2, tower_h - 2, tz + n - 2, o.mat.trim)
    p.cone(tx - 1, tz - 1, n + 2, tower_h, spire_h + 1, roof, is_round=False)
    _cross(p, tx + n // 2, tower_h + spire_h, cz, o.mat.trim if roof != o.mat.trim else wall)
    if roof != wall:
        p.roof = roof
    p.note("steeple")
    p.note("tall_windows")
    p.note("bell_tower")
    return p


def cathedral(o: Order) -> Part:
    """Two west towers, a long nave with aisles and buttresses, a transept, a spire over the crossing."""
    rng, wall = o.rng, o.mat.wall
    length = max(36, o.pick((36, 40), (41, 48), (48, 54)))
    w = max(11, length // 4) | 1
    aisle = 4
    h = min(rng.randint(10, 14), o.room - 12)
    low = h - 5
    n = rng.choice((7, 9))
    th = min(h + w // 2 + rng.randint(2, 6), o.room - n - 2)
    roof = o.roof()
    full = w + 2 * aisle
    p = Part(length + 6, min(o.room, th + 2 * n + 2), full + 14, below=1)
    cz, x0 = p.d // 2, 3 + n - 3
    z0, x1 = cz - w // 2, 3 + length
    p.room(x0, 0, z0 - aisle, x1 - 3, low, z0 + w + aisle, wall)
    for i in range(aisle):
        p.box(x0, low + i // 2, z0 - aisle + i, x1 - 3, low + i // 2 + 1, z0 + w + aisle - i, roof)
    p.room(x0, 0, z0, x1, h, z0 + w, wall)
    for x in range(x0 + 3, x1 - 2, 4):
        for z in (z0, z0 + w - 1):
            p.box(x, low + 2, z, x + 1, h - 1, z + 1, o.mat.glass)
        for z in (z0 - aisle, z0 + w + aisle - 1):
            p.box(x, 2, z, x + 1, low - 1, z + 1, o.mat.glass)
        for z in (z0 - aisle - 1, z0 + w + aisle):
            p.box(x + 2, 0, z, x + 3, low + 1, z + 1, wall)
    p.gable(x0, z0, x1, z0 + w, h, roof, wall)
    tw, tx = w - 2, x0 + int(length * 0.55)  # transept
    p.room(tx, 0, 2, tx + tw, h, p.d - 2, wall)
    side = Part(p.d, p.h, tw + 4)
    side.gable(2, 2, p.d - 2, 2 + tw, h, roof, wall)
    arm = side.turned(1).cells
    dst = p.cells[tx - 2 : tx + tw + 2, 1:]
    src = arm[: dst.shape[0], : dst.shape[1]]
    dst[src != 255] = src[src != 255]
    for z in (2, p.d - 3):
        p.box(tx + tw // 2 - 1, 3, z, tx + tw // 2 + 2, h, z + 1, o.mat.glass)
        p.box(tx + tw // 2, 0, z, tx + tw // 2 + 1, 3, z + 1, AIR)
    for z in (cz - w // 2 - aisle + 1, cz + w // 2 + aisle - n):  # west front
        p.box(3, 0, z, 3 + n, th, z + n, wall)
        for y in (4, th // 2 + 1, th - 5):
            p.box(3, y, z + n // 2, 4, y + 3, z + n // 2 + 1, o.mat.glass)
            p.box(3 + n // 2, y, z, 4 + n // 2, y + 3, z + 1, o.mat.glass)
            p.box(3 + n // 2, y, z + n - 1, 4 + n // 2, y + 3, z + n, o.mat.glass)
        if o.chance(0.6):
            p.cone(3, z, n, th, min(n + 3, p.h - th), roof, is_round=False)
        else:
            p.crenels(3, z, 3 + n, z + n, th, wall, merlon=1, gap=1)
    p.box(x0 - 2, 0, cz - w // 2, x0 + 1, h + 2, cz + w // 2 + 1, wall)
    p.box(x0 - 2, 0, cz - 1, x0 + 2, 5, cz + 2, AIR)
    for y, r in ((h - 5, 1), (h - 4, 2), (h - 3, 2), (h - 2, 2), (h - 1, 1)):
        p.box(x0 - 2, y, cz - r, x0 - 1, y + 1, cz + r + 1, o.mat.glass)
    top = h + w // 2 - 1
    cross = tx + tw // 2
    p.box(cross - 2, h, cz - 2, cross + 3, min(top + 4, p.h), cz + 3, wall)
    p.cone(cross - 2, cz - 2, 5, top + 4, max(3, min(10, o.room - top - 4)), roof, is_round=False)
    if roof != wall:
        p.roof = roof
    p.note("towers", "two")
    p.note("rose_window")
    p.note("buttresses")
    return p


def temple(o: Order) -> Part:
    """A Greek or Roman temple: steps, a ring of columns, the cella, and a pediment."""
    rng, wall = o.rng, o.mat.wall
    length = max(18, o.pick((18, 23), (24, 32), (33, 44)))
    w = max(12, int(length * rng.uniform(0.55, 0.68)))
    step = rng.choice((3, 3, 4)) if length < 30 else 4
    thick = 1 if step == 3 else 2
    length = (length - thick) // step * step + thick
    w = (w - thick) // step * step + thick
    steps = rng.choice((2, 3))
    h = max(6, min(int(w * rng.uniform(0.42, 0.55)), o.room - w // 2 - steps - 3))
    a = steps + 1
    p = Part(length + 2 * a, min(o.room, steps + h + w // 2 + 5), w + 2 * a, below=1)
    for s in range(steps):
        p.box(a - steps + s, s, a - steps + s, a + length + steps - s, s + 1, a + w + steps - s, wall)
    y1 = steps + h
    p.box(a, steps, a, a + length, y1, a + w, AIR)
    spots = [(x, z) for x in range(0, length, step) for z in (0, w - thick)]
    spots += [(x, z) for z in range(0, w, step) for x in (0, length - thick)]
    for x, z in spots:
        p.box(a + x, steps, a + z, a + x + thick, y1, a + z + thick, wall)
    c = step + (0 if thick == 1 else 1)
    p.room(a + c, steps, a + c, a + length - c, y1, a + w - c, wall)
    p.box(a + c, steps, a + w // 2 - 1, a + c + 1, steps + 4, a + w // 2 + 2, AIR)
    p.box(a - 1, y1, a - 1, a + length + 1, y1 + 2, a + w + 1, wall)
    roof = o.roof() if o.chance(0.6) else wall
    p.gable(a - 1, a - 1, a + length + 1, a + w + 1, y1 + 2, roof, wall, over=0)
    columns = len(set(spots))
    p.note("columns")
    p.note("steps")
    p.note("pediment")
    if roof != wall:
        p.roof = roof
    if columns == 0:
        raise AssertionError("a temple has columns")
    return p


def pagoda(o: Order) -> Part:
    """Storeys that shrink upwards, each under a wide roof with raised corners, and a finial."""
    rng, wall = o.rng, o.mat.wall
    n = max(12, o.pick((12, 14), (15, 19), (20, 25))) | 1
    tiers = rng.choice((3, 3, 4, 5)) if o.size != "small" else 3
    floor = rng.choice((4, 5)) if n > 14 else 4
    while tiers > 2 and tiers * (floor + 2) + 5 > o.room:
        tiers -= 1
    roof = o.roof()
    if roof == wall and o.chance(0.6):
        roof = o.mat.trim
    over = 2
    shrink = max(1, (n - 7) // (2 * tiers))
    p = Part(n + 2 * over + 6, min(o.room, tiers * (floor + 2) + 8), n + 2 * over + 6, below=1)
    c = p.w // 2
    base = n // 2 + over + 1
    p.box(c - base, 0, c - base, c + base + 1, 1, c + base + 1, rng.choice((STONE, GRAVEL, wall)))
    y, half = 1, n // 2
    for t in range(tiers):
        p.room(c - half, y, c - half, c + half + 1, y + floor, c + half + 1, wall)
        windows(p, c - half, c - half, c + half + 1, c + half + 1, y + 1, o.mat.glass, step=4, tall=2)
        for x in (c - half, c + half):
            for z in (c - half, c + half):
                p.box(x, y, z, x + 1, y + floor, z + 1, o.mat.trim)
        if t == 0:
            for z in (c - half, c + half):
                p.box(c - 1, y, z, c + 2, y + 3, z + 1, AIR)
        y += floor
        r = half + over
        p.box(c - r, y - 1, c - r, c + r + 1, y, c + r + 1, roof)
        for x in (c - r, c + r):
            for z in (c - r, c + r):
                p.box(x, y, z, x + 1, y + 1, z + 1, roof)
        p.box(c - r + 2, y, c - r + 2, c + r - 1, y + 1, c + r - 1, roof)
        y += 1
        half = max(2, half - shrink)
    p.cone(c - half - 1, c - half - 1, 2 * half + 3, y, half + 2, roof, is_round=False)
    p.box(c, y, c, c + 1, min(y + half + 5, p.h), c + 1, o.mat.trim)
    if roof != wall:
        p.roof = roof
    p.note("tiers", {2: "two", 3: "three", 4: "four", 5: "five"}[tiers])
    p.note("curved_roofs")
    return p


def mosque(o: Order) -> Part:
    """A hall under a dome with a minaret at two or four corners."""
    rng, wall = o.rng, o.mat.wall
    n = max(17, o.pick((17, 20), (21, 27), (28, 34))) | 1
    h = max(6, min(rng.randint(6, 10), o.room - n // 2 - 6))
    dome_n = int(n * rng.uniform(0.72, 0.86)) | 1
    dome_h = max(4, min(int(dome_n * rng.uniform(0.55, 0.68)), o.room - h - 6))
    dome = rng.choice((wall, WATER, WATER, ICE, SNOW, PLANK)) if o.contrast_roof or o.chance(0.4) else wall
    if dome == wall and o.contrast_roof:
        dome = WATER
    m = 4 if n < 24 else 5
    tall = max(h + 4, min(h + dome_h + rng.randint(4, 9), o.room - m - 4))
    a = m + 2
    p = Part(n + 2 * a, min(o.room, max(tall + m + 3, h + dome_h + 6)), n + 2 * a, below=1)
    p.room(a, 0, a, a + n, h, a + n, wall)
    p.box(a, h - 1, a, a + n, h, a + n, wall)
    p.crenels(a, a, a + n, a + n, h, wall)
    windows(p, a, a, a + n, a + n, 2, o.mat.glass if o.mat.glass != dome else AIR, step=4, tall=3)
    c = a + n // 2
    p.box(c - 3, 0, a - 1, c + 4, h + 1, a + 1, wall)
    p.box(c - 1, 0, a - 1, c + 2, 5, a + 2, AIR)
    p.box(c, 5, a - 1, c + 1, 6, a + 2, AIR)
    q = c - dome_n // 2
    p.tube(q, q, dome_n, h, h + 2, wall)
    p.dome(q, q, dome_n, h + 2, dome_h, dome)
    p.box(c, h + 1 + dome_h, c, c + 1, h + 4 + dome_h, c + 1, o.mat.trim)
    corners = [(a - m - 1, a - m - 1), (a + n + 1, a - m - 1), (a - m - 1, a + n + 1), (a + n + 1, a + n + 1)]
    count = rng.choice((2, 4, 4))
    for x, z in corners[:count]:
        p.box(x, 0, z, x + m, 4, z + m, wall)
        p.tube(x, z, m, 4, tall, wall)
        ring_y = tall - 5
        p.tube(x - 1, z - 1, m + 2, ring_y, ring_y + 1, wall)
        p.cone(x, z, m, tall, m + 2, dome)
    p.box(a - m, 0, a - 1, a + n + m, 2, a, wall)
    if count == 4:
        p.box(a - m, 0, a + n, a + n + m, 2, a + n + 1, wall)
    p.box(c - 1, 0, a - 1, c + 2, 5, a + 2, AIR)
    if dome != wall:
        p.roof = dome
    p.note("dome", {WATER: "blue", ICE: "pale blue", SNOW: "white"}.get(dome, "") if dome != wall else "")
    p.note("minarets", {2: "two", 4: "four"}[count])
    return p


def shrine(o: Order) -> Part:
    """A torii: two posts, two beams, on a stone path."""
    rng, wall = o.rng, o.mat.wall
    w = max(13, o.pick((13, 16), (17, 22), (23, 30)))
    h = max(9, min(int(w * rng.uniform(0.7, 0.9)), o.room - 4))
    t = 1 if w < 15 else 2 if w < 24 else 3
    p = Part(w + 6, h + 4, 16, below=1)
    z = 7
    for x in (5, w + 1 - t):
        p.box(x - 1, 0, z - 1, x + t + 1, 1, z + t + 1, rng.choice((STONE, ROCK)))
        p.box(x, 0, z, x + t, h, z + t, wall)
    p.box(3, h - 4, z, w + 3, h - 3, z + t, wall)
    p.box(1, h, z - 1, w + 5, h + 2, z + t + 1, wall)
    p.box(0, h + 2, z - 1, 3, h + 3, z + t + 1, wall)
    p.box(w + 3, h + 2, z - 1, w + 6, h + 3, z + t + 1, wall)
    p.box(p.w // 2 - 1, h - 3, z, p.w // 2 + 1, h, z + t, wall)
    p.box(p.w // 2 - 2, -1, 0, p.w // 2 + 2, 0, 16, rng.choice((GRAVEL, STONE)))
    p.note("beams")
    if wall == DIRT:
        p.note("path")
    return p
