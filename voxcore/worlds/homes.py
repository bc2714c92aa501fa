"""Houses, cottages, log cabins, barns, windmills, and the small dwellings that villages are made of."""

from __future__ import annotations

from voxcore.worlds.canvas import AIR, DIRT, GRAVEL, KEEP, LEAF, PLANK, ROCK, SNOW, STONE, Part
from voxcore.worlds.order import Order


def windows(
    p: Part, x0: int, z0: int, x1: int, z1: int, y: int, m: int, *, step: int = 4, tall: int = 2, wide: int = 1
) -> None:
    """Windows of ``m`` on all four walls of [x0, x1) x [z0, z1), symmetric about the middle."""
    for lo, hi, along_x in ((x0, x1, True), (z0, z1, False)):
        span = hi - lo - 2
        count = max(1, (span + step - wide - 1) // step)
        first = lo + 1 + (span - (count - 1) * step - wide) // 2
        for i in range(count):
            a = first + i * step
            if along_x:
                p.box(a, y, z0, a + wide, y + tall, z0 + 1, m)
                p.box(a, y, z1 - 1, a + wide, y + tall, z1, m)
            else:
                p.box(x0, y, a, x0 + 1, y + tall, a + wide, m)
                p.box(x1 - 1, y, a, x1, y + tall, a + wide, m)


def body(p: Part, o: Order, x0: int, z0: int, w: int, d: int, floors: int, floor_h: int, roof: int, form: str) -> int:
    """A house's body with door, windows and roof; the ridge runs along x. Returns the top's y."""
    wall, x1, z1 = o.mat.wall, x0 + w, z0 + d
    h = floors * floor_h + 1
    p.room(x0, 0, z0, x1, h, z1, wall)
    p.box(x0 + 1, h - 1, z0 + 1, x1 - 1, h, z1 - 1, PLANK)
    for f in range(floors):
        windows(p, x0, z0, x1, z1, 2 + f * floor_h, o.mat.glass, step=4 if w < 18 else 5, wide=1 if w < 14 else 2)
    door = x0 + w // 2
    p.box(door - 2, 0, z0, door + 2, 4, z0 + 1, wall)
    p.box(door - 1, 0, z0, door + 1, 3, z0 + 1, AIR)
    if form == "gable":
        top = p.gable(x0, z0, x1, z1, h, roof, wall, over=1, steep=1)
    elif form == "steep":
        top = p.gable(x0, z0, x1, z1, h, roof, wall, over=1, steep=2)
    elif form == "hip":
        top = p.hip(x0 - 1, z0 - 1, x1 + 1, z1 + 1, h, roof)
    else:
        p.box(x0, h - 1, z0, x1, h, z1, roof)
        p.room(x0, h, z0, x1, h + 1, z1, wall)
        top = h + 1
    return top


def house(o: Order) -> Part:
    """A house with one to three floors, sometimes L-shaped, with porch and chimney."""
    rng = o.rng
    w = max(12, o.pick((13, 16), (17, 23), (24, 31)))
    d = max(10, int(w * rng.uniform(0.6, 0.85)))
    floors = 1 if o.size == "small" else rng.choice((1, 2, 2)) if o.size == "medium" else rng.choice((2, 2, 3))
    floor_h = rng.choice((4, 5))
    form = rng.choice(("gable", "gable", "gable", "hip", "steep" if d < 15 else "gable"))
    if o.mat.key == "sand" and o.chance(0.6):
        form = "flat"
    rise = {"gable": d // 2 + 2, "steep": d + 3, "hip": d // 2 + 2, "flat": 2}[form]
    while floors > 1 and floors * floor_h + rise + 2 > o.room:
        floors -= 1
    roof = o.roof()
    wing = o.chance(0.35) and w > 15
    a = 3
    p = Part(w + 2 * a, min(o.room, floors * floor_h + rise + 8), d + 2 * a + (8 if wing else 0), below=1)
    if wing:
        ww, wd = max(8, w // 2 - 1), 9
        wx = a if o.chance(0.5) else a + w - ww
        # A wing's ridge runs along z: draw it turned, then copy it in.
        side = Part(wd + 8, p.h, ww + 4)
        side.room(0, 0, 2, wd + 4, floor_h + 1, 2 + ww, o.mat.wall)
        windows(side, 0, 2, wd + 4, 2 + ww, 2, o.mat.glass)
        side.gable(0, 2, wd + 4, 2 + ww, floor_h + 1, roof, o.mat.wall)
        turned = side.turned(1).cells
        cut = turned[:, : p.cells.shape[1] - 1, :]
        dst = p.cells[wx - 2 : wx - 2 + cut.shape[0], 1 : 1 + cut.shape[1], a + d - 5 : a + d - 5 + cut.shape[2]]
        src = cut[: dst.shape[0], : dst.shape[1], : dst.shape[2]]
        dst[src != KEEP] = src[src != KEEP]
    top = body(p, o, a, a, w, d, floors, floor_h, roof, form)
    if o.chance(0.55) and form != "flat":
        cx = a + rng.choice((2, w - 4))
        cz = a + d // 2 + rng.choice((-2, 1))
        p.box(cx, floors * floor_h, cz, cx + 2, min(top + 2, p.h), cz + 2, rng.choice((STONE, ROCK)))
        p.note("chimney")
    if o.chance(0.3):
        door = a + w // 2
        p.box(door - 3, 4, a - 2, door + 3, 5, a, roof)
        for x in (door - 3, door + 2):
            p.box(x, 0, a - 2, x + 1, 4, a - 1, o.mat.trim)
        p.note("porch")
    if form != "flat" and roof != o.mat.wall:
        p.roof = roof
    p.note({"gable": "gable", "steep": "steep_roof", "hip": "hip", "flat": "flat_roof"}[form])
    p.note("windows")
    if floors > 1:
        p.note("floors", {2: "two", 3: "three"}[floors])
    return p


def cottage(o: Order) -> Part:
    """A small one-storey house, roof nearly to the ground, with chimney and often a garden fence."""
    rng = o.rng
    w = max(9, o.pick((9, 12), (14, 19), (19, 25)))
    d = max(8, int(w * rng.uniform(0.7, 0.9)))
    fence = o.chance(0.35) and o.span > w + 10
    a = 6 if fence else 3
    roof = o.roof()
    form = rng.choice(("gable", "steep", "hip"))
    p = Part(w + 2 * a, min(o.room, 7 + d + 5), d + 2 * a, below=1)
    if fence:
        p.room(1, 0, 1, p.w - 1, 1, p.d - 1, rng.choice((PLANK, LEAF)))
        p.box(a + w // 2 - 1, 0, 1, a + w // 2 + 1, 1, 2, AIR)
        p.box(a + w // 2 - 1, -1, 1, a + w // 2 + 1, 0, a, GRAVEL)
        p.note("fence")
    top = body(p, o, a, a, w, d, 1, 4, roof, form)
    if form != "hip" or o.chance(0.5):
        cx = a + rng.choice((1, w - 3))
        p.box(cx, 4, a + d // 2, cx + 2, min(top + 2, p.h), a + d // 2 + 2, rng.choice((STONE, ROCK)))
        p.note("chimney")
    if roof != o.mat.wall:
        p.roof = roof
    p.note("door")
    p.note("windows")
    return p


def cabin(o: Order) -> Part:
    """A log cabin: logs in alternating courses that cross at the corners, a porch under the roof."""
    rng = o.rng
    w = max(11, o.pick((11, 14), (16, 21), (22, 28)))
    d = max(9, int(w * rng.uniform(0.65, 0.85)))
    h, a = rng.choice((4, 5)), 4
    p = Part(w + 2 * a, min(o.room, h + d + 4), d + 2 * a, below=1)
    logs = (PLANK, DIRT) if o.chance(0.6) else (PLANK, PLANK)
    if o.mat.wall != PLANK:
        logs = (o.mat.wall, o.mat.wall)
    p.box(a, 0, a, a + w, h, a + d, AIR)
    for y in range(h):
        p.room(a, y, a, a + w, y + 1, a + d, logs[1] if y % 3 == 1 else logs[0])
    for x in (a - 1, a + w):
        for z in (a, a + d - 1):
            p.box(x, 0, z, x + 1, h, z + 1, logs[0])
    for z in (a - 1, a + d):
        for x in (a, a + w - 1):
            p.box(x, 0, z, x + 1, h, z + 1, logs[0])
    windows(p, a, a, a + w, a + d, 2, o.mat.glass, step=5)
    p.box(a + w // 2 - 1, 0, a, a + w // 2 + 1, 3, a + 1, AIR)
    p.box(a, h - 1, a, a + w, h, a + d, PLANK)
    roof = rng.choice((DIRT, SNOW if o.mat.key == "snow" else ROCK)) if o.contrast_roof else o.mat.wall
    top = p.gable(a, a, a + w, a + d, h, roof, logs[0], over=2)
    cx = a + rng.choice((2, w - 4))
    p.box(cx, h - 1, a + d // 2 + 1, cx + 2, min(top + 2, p.h), a + d // 2 + 3, rng.choice((STONE, ROCK, GRAVEL)))
    p.note("chimney")
    if o.chance(0.5):
        for x in (a, a + w - 1):
            p.box(x, 0, a - 2, x + 1, h, a - 1, DIRT)
        p.box(a, h - 1, a - 2, a + w, h, a, PLANK)
        p.note("porch")
    if roof != o.mat.wall:
        p.roof = roof
    return p


def barn(o: Order) -> Part:
    """A big barn with a gambrel roof and double doors, sometimes with a silo."""
    rng = o.rng
    w = max(16, o.pick((16, 20), (21, 27), (28, 34)))
    d = max(12, int(w * rng.uniform(0.55, 0.7)))
    h = rng.choice((5, 6, 7))
    silo = o.chance(0.4)
    a = 3
    p = Part(w + 2 * a + (9 if silo else 0), min(o.room, h + d // 2 + 8), d + 2 * a, below=1)
    wall, roof = o.mat.wall, o.roof()
    p.room(a, 0, a, a + w, h, a + d, wall)
    y, lo, hi = h, a - 1, a + d + 1
    while hi - lo > 0:  # gambrel: steep below, shallow above
        steep = y < h + d // 4 + 2
        up, inset = (2, 1) if steep else (1, 2)
        p.box(a - 1, y, lo, a + w + 1, y + up, hi, roof)
        p.box(a, y - 1, max(lo + 1, a), a + w, y + up - 1, min(hi - 1, a + d), wall)
        y, lo, hi = y + up, lo + inset, hi - inset
    mid = a + d // 2
    for x in (a, a + w - 1):
        p.box(x, 0, mid - 2, x + 1, 4, mid + 2, AIR)
        p.room(x, 0, mid - 3, x + 1, 5, mid + 3, o.mat.trim)
        p.box(x, 0, mid - 2, x + 1, 4, mid + 2, AIR)
        p.box(x, h + 1, mid - 1, x + 1, h + 3, mid + 1, AIR)
    p.note("big_doors")
    for x in range(a + 3, a + w - 3, 5):
        for z in (a, a + d - 1):
            p.box(x, 2, z, x + 1, 4, z + 1, o.mat.glass)
    if silo:
        n = rng.choice((6, 7))
        sx, top = a + w + 2, min(h + d // 2 + 3, p.h - 4)
        p.tube(sx, a + 2, n, 0, top, rng.choice((STONE, PLANK, wall)))
        p.dome(sx, a + 2, n, top, 3, roof)
        p.note("silo")
    if roof != wall:
        p.roof = roof
    return p


def windmill(o: Order) -> Part:
    """A tapering tower with a cap and four sails that hang on an axle."""
    rng, wall = o.rng, o.mat.wall
    n = max(8, min(o.pick((8, 10), (11, 13), (14, 17)), o.room // 2))
    h = max(11, min(int(n * rng.uniform(1.5, 2.0)), int(o.room * 0.6)))
    top_n = max(6, n - 4)
    cap = o.roof()
    if cap == wall:
        cap = o.mat.trim
    hub = h - 1
    arm = max(6, min(hub - 2, int(h * 0.78), o.room - hub - 2))
    w = 2 * max(arm, n // 2) + 4
    p = Part(w, min(o.room, hub + arm + 3), n + 10, below=1)
    cx, z0 = w // 2, 5
    for y in range(h):
        inset = round((n - top_n) / 2 * y / h)
        p.tube(cx - n // 2 + inset, z0 + inset, n - 2 * inset, y, y + 1, wall)
    tx, tz = cx - n // 2 + (n - top_n) // 2, z0 + (n - top_n) // 2
    p.tube(tx - 1, tz - 1, top_n + 2, h, h + 1, cap)
    p.cone(tx - 1, tz - 1, top_n + 2, h + 1, top_n // 2 + 2, cap)
    for y in range(4, h - 3, 4):
        p.box(cx, y, z0, cx + 1, y + 2, z0 + 3, AIR)
    p.box(cx - 1, 0, z0, cx + 1, 4, z0 + 2, AIR)
    ax = cx - (1 if n % 2 == 0 else 0)
    front = z0 - 3
    p.box(ax, hub, front, ax + 1, hub + 1, tz + 3, DIRT)
    cloth = rng.choice((SNOW, SNOW, PLANK)) if wall != SNOW else PLANK
    p.box(ax - 1, hub - 1, front, ax + 2, hub + 2, front + 1, DIRT)
    diagonal = o.chance(0.5)
    for sx, sy in ((1, 1), (1, -1), (-1, -1), (-1, 1)) if diagonal else ((1, 0), (0, -1), (-1, 0), (0, 1)):
        reach = int(arm * 0.8) if diagonal else arm
        broad = 2 if arm < 12 else 3
        p.line((ax, hub, front), (ax + sx * reach, hub + sy * reach, front), DIRT)
        for i in range(2, reach + 1):
            x, y = ax + sx * i, hub + sy * i
            if diagonal:
                p.box(min(x, x + sy * broad), y, front, max(x, x + sy * broad) + 1, y + 1, front + 1, cloth)
                p.box(x, y, front, x + 1, y + 1, front + 1, DIRT)
            elif sy == 0:
                p.box(
                    x, y + (1 if sx > 0 else -broad), front, x + 1, y + (broad + 1 if sx > 0 else 0), front + 1, cloth
                )
            else:
                p.box(
                    x + (1 if sy < 0 else -broad), y, front, x + (broad + 1 if sy < 0 else 0), y + 1, front + 1, cloth
                )
    if cap != wall:
        p.roof = cap
    p.note("blades", "four")
    p.note("cap")
    return p


def hut(o: Order) -> Part:
    """A tiny dwelling for villages."""
    rng = o.rng
    w = rng.randint(7, 10)
    d = rng.randint(6, 8)
    p = Part(w + 4, min(o.room, 13), d + 4)
    roof = o.roof()
    h = rng.choice((4, 4, 5))
    p.room(2, 0, 2, 2 + w, h, 2 + d, o.mat.wall)
    p.box(1 + w // 2, 0, 2, 3 + w // 2, 3, 3, AIR)
    windows(p, 2, 2, 2 + w, 2 + d, 2, o.mat.glass, step=6, tall=1)
    p.box(1 + w // 2, 0, 2, 3 + w // 2, 3, 3, AIR)
    if o.mat.key == "sand" and o.chance(0.6):
        p.box(2, h, 2, 2 + w, h + 1, 2 + d, o.mat.wall)
    elif o.chance(0.75):
        p.gable(2, 2, 2 + w, 2 + d, h, roof, o.mat.wall)
    else:
        p.hip(1, 1, 3 + w, 3 + d, h, roof)
    return p
