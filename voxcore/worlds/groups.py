"""Families that are many things together: villages, markets, farms, forests, gardens, mazes, camps, mines, quarries."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from voxcore.worlds import homes, nature, sacred, squares
from voxcore.worlds.canvas import AIR, DIRT, GRASS, GRAVEL, LEAF, PLANK, ROCK, SAND, SNOW, STONE, WATER, Part
from voxcore.worlds.order import MATERIALS, Order
from voxcore.worlds.scene import Scene, facing, small
from voxcore.worlds.terrain import SIZE

Notes = list[tuple[str, str]]
Builder = Callable[[Order], Part]

NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine", 10: "ten"}


def village(scene: Scene, o: Order) -> Notes:
    """A green with a well or a church, houses around it that face it, and paths."""
    rng, notes = o.rng, []
    number = {"small": rng.randint(4, 6), "medium": rng.randint(6, 9), "large": rng.randint(8, 12)}[o.size]
    cx, cz = 32 + rng.randint(-3, 3), 32 + rng.randint(-3, 3)
    centre = rng.choice(("well", "church", "tree", "well"))
    if centre == "church":
        hub = sacred.church(replace(small(o, span=18), mat=o.mat))
        notes.append(("village_church", ""))
    elif centre == "well":
        hub = squares.well(small(o, span=8))
        notes.append(("village_well", ""))
    else:
        hub = nature.oak(small(o))
    scene.put(hub, cx, cz, count=centre != "tree")
    paving = rng.choice((GRAVEL, DIRT)) if scene.land.ground.skin not in (GRAVEL, DIRT) else STONE
    built = 0
    houses = [homes.hut(o), homes.hut(o), homes.cottage(small(o, span=12))]
    for k in range(number * 2):
        if built >= number:
            break
        part = rng.choice(houses)
        a = 2.4 * k + rng.uniform(-0.5, 0.5)
        turned = part.turned(facing(-math.cos(a), -math.sin(a)))
        spot = scene.free_spot(turned.w, turned.d, near=(cx + 19 * math.cos(a), cz + 19 * math.sin(a), 10.0))
        if spot is None:
            continue
        scene.put(turned, *spot, margin=0)
        built += 1
        if o.chance(0.7):
            scene.path(spot[0], spot[1], cx, cz, paving)
    notes += [("paths", ""), ("n_houses", NUMBERS[built]) if 3 <= built <= 6 and o.chance(0.6) else ("houses", "")]
    return notes


def market(scene: Scene, o: Order) -> Notes:
    """A paved square with rows of stalls under awnings, and a fountain or well."""
    rng = o.rng
    cx, cz = 32, 32
    w = {"small": 34, "medium": 42, "large": 50}[o.size]
    square = Part(w, 2, w, below=1)
    square.box(0, -1, 0, w, 0, w, rng.choice((GRAVEL, STONE)))
    scene.put(square, cx, cz, margin=0, count=False)
    scene.taken[:] = False
    hub = (
        squares.fountain(replace(small(o, span=11), mat=MATERIALS["stone"]))
        if o.chance(0.6)
        else squares.well(small(o, span=8))
    )
    scene.put(hub, cx, cz, count=False)
    cloths = (SNOW, WATER, PLANK, LEAF, DIRT, SAND)
    for x in range(cx - w // 2 + 4, cx + w // 2 - 2, 8):
        for z in range(cz - w // 2 + 4, cz + w // 2 - 2, 8):
            n = rng.choice((5, 6))
            stall = Part(n, 6, 5)
            for a in (0, n - 1):
                for b in (0, 4):
                    stall.box(a, 0, b, a + 1, 4, b + 1, PLANK)
            stall.box(0, 0, 0, n, 1, 1, PLANK)
            stall.box(1, 1, 0, n - 1, 2, 1, rng.choice((DIRT, LEAF, SAND, PLANK)))
            cloth = rng.choice(cloths)
            stall.box(0, 4, 0, n, 5, 5, cloth)
            if o.chance(0.5):
                stall.box(1, 4, 0, n, 5, 5, cloth)
                for a in range(0, n, 2):
                    stall.box(a, 4, 0, a + 1, 5, 5, SNOW if cloth != SNOW else WATER)
            turned = stall.turned(rng.choice((0, 2)))
            x0, z0 = x - turned.w // 2, z - turned.d // 2
            if not scene.taken[max(x0, 0) : x0 + turned.w, max(z0, 0) : z0 + turned.d].any():
                scene.put(turned, x, z, margin=0)
    scene.taken[cx - w // 2 : cx + w // 2, cz - w // 2 : cz + w // 2] = True
    return [("stalls", ""), ("awnings", "")]


def farm(scene: Scene, o: Order) -> Notes:
    """Fields in rows, water ditches, a fence, and a barn or a farmhouse."""
    rng, notes = o.rng, [("fields", ""), ("crops", "")]
    build = homes.barn if o.chance(0.55) else homes.cottage
    part = build(replace(o, size="small", span=22)).turned(rng.randrange(4))
    hx, hz = rng.choice((14, 15)), rng.randint(16, 48)
    scene.put(part, hx, hz)
    notes.append(("farm_barn" if build is homes.barn else "farm_house", ""))
    level = max(round(float(scene.land.height[26:, :].mean())), scene.land.water + 1)
    n = rng.choice((2, 2, 3)) if o.size != "small" else 1
    depth = 54 // n - 2
    for i in range(n):
        w, d = rng.randint(26, 32), depth
        field = Part(w, 4, d, below=2)
        field.box(0, -1, 0, w, 0, d, DIRT)
        crop = rng.choice((LEAF, LEAF, SAND, GRASS))
        for x in range(1, w - 1, rng.choice((2, 3))):
            field.box(x, 0, 1, x + 1, 1 if crop != SAND else 2, d - 1, crop)
        if d > 12:
            field.box(0, -1, d // 2, w, 0, d // 2 + 1, WATER)
            field.box(0, 0, d // 2, w, 2, d // 2 + 1, AIR)
        if o.chance(0.6):
            for a, b, c, e in ((0, 0, w, 1), (0, d - 1, w, d), (0, 0, 1, d), (w - 1, 0, w, d)):
                field.box(a, 0, b, c, 1, e, PLANK)
            if ("fence", "") not in notes:
                notes.append(("fence", ""))
        scene.put(field, 45, 6 + depth // 2 + i * (depth + 2), at=level, margin=0, count=False)
    return notes


def _stand(o: Order, build: Builder, heights: tuple[str, ...], number: int = 4) -> list[Part]:
    """A few trees to plant again and again."""
    return [build(replace(o, size=o.rng.choice(heights), room=min(o.room, 15))) for _ in range(number)]


def forest(scene: Scene, o: Order) -> Notes:
    """Many trees of one kind, or mixed (``o.style``: oak, pine, snowy, palm, mixed, dead)."""
    rng = o.rng
    kinds: dict[str, tuple[Builder, ...]] = {
        "oak": (nature.oak,),
        "pine": (nature.pine,),
        "snowy": (nature.pine,),
        "palm": (nature.palm,),
        "dead": (nature.dead_tree,),
        "mixed": (nature.oak, nature.pine),
    }
    trees = [t for build in kinds[o.style] for t in _stand(o, build, ("small", "small", "medium"), 4)]
    number = {"small": rng.randint(22, 32), "medium": rng.randint(35, 55), "large": rng.randint(55, 80)}[o.size]
    if o.chance(0.3):  # a clearing
        x, z, r = rng.randint(20, 44), rng.randint(20, 44), rng.randint(6, 9)
        xs = np.arange(SIZE)
        scene.taken |= np.hypot(xs[:, None] - x, xs[None, :] - z) < r
        scene.scatter(trees, number, 3.6, count=True)
        return [("clearing", ""), ("many_trees", "")]
    scene.scatter(trees, number, 3.4, count=True)
    return [("many_trees", "")]


def oasis(scene: Scene, o: Order) -> Notes:
    """Palms and grass around a pond; the land has the pond."""
    land = scene.land
    near = (land.height < land.water + 3) & ~land.wet
    far = ~near
    xs, zs = np.nonzero(near)
    scene.blocks[xs, land.height[xs, zs].astype(int) - 1, zs] = GRASS
    scene.taken |= far
    n = scene.scatter(
        _stand(o, nature.palm, ("small", "medium")), {"small": 5, "medium": 8, "large": 12}[o.size], 4.5, count=True
    )
    scene.scatter([nature.bush(o) for _ in range(3)], 10, 2.5)
    scene.taken &= ~far
    return [("pond", ""), ("palms", NUMBERS[n] if 2 <= n <= 6 else "")]


def garden(scene: Scene, o: Order) -> Notes:
    """Clipped hedges and beds in a symmetric plan around a fountain, with gravel walks."""
    rng = o.rng
    n = {"small": 31, "medium": 39, "large": 49}[o.size]
    p = Part(n, 16, n, below=1)
    c = n // 2
    p.box(0, -1, 0, n, 0, n, GRASS)
    p.room(0, 0, 0, n, rng.choice((2, 3)), n, LEAF)
    p.box(1, -1, 1, n - 1, 0, n - 1, GRAVEL)
    quarter = c - 3
    kind = rng.choice(("beds", "rings", "trees"))
    for x0 in (2, c + 2):
        for z0 in (2, c + 2):
            x1, z1 = x0 + quarter - 1, z0 + quarter - 1
            p.box(x0, -1, z0, x1, 0, z1, GRASS)
            p.room(x0, 0, z0, x1, 1, z1, LEAF)
            m = (x0 + x1) // 2, (z0 + z1) // 2
            if kind == "beds":
                for i, flower in enumerate((SNOW, WATER, PLANK, SAND)):
                    x = x0 + 2 + i * max(2, (quarter - 4) // 4)
                    p.box(x, 0, z0 + 2, x + 1, 1, z1 - 2, flower)
            elif kind == "rings":
                for r in range(2, quarter // 2, 3):
                    p.room(m[0] - r, 0, m[1] - r, m[0] + r + 1, 2, m[1] + r + 1, LEAF)
                    p.box(m[0] - r + 1, 0, m[1] - r + 1, m[0] + r, 2, m[1] + r, AIR)
            else:
                p.box(m[0], 0, m[1], m[0] + 1, 4, m[1] + 1, DIRT)
                p.ball(m[0] - 2, 3, m[1] - 2, 5, 5, 5, LEAF)
    f = squares.fountain(replace(small(o, span=11), mat=MATERIALS["stone"]))
    for a, b, e, g in ((c - 1, 0, c + 2, 1), (c - 1, n - 1, c + 2, n), (0, c - 1, 1, c + 2), (n - 1, c - 1, n, c + 2)):
        p.box(a, 0, b, e, 4, g, AIR)
    k = c - f.w // 2
    p.box(k + 2, 0, k + 2, k + f.w - 2, 4, k + f.w - 2, AIR)
    src = f.cells[:, :16]
    sub = p.cells[k : k + f.w, : src.shape[1], k : k + f.d]
    sub[src != 255] = src[src != 255]
    scene.put(p, 32 + rng.randint(-3, 3), 32 + rng.randint(-3, 3), count=False)
    return [("hedges", ""), ("garden_fountain", ""), *([("flowers", "")] if kind == "beds" else [])]


def maze(scene: Scene, o: Order) -> Notes:
    """A labyrinth carved by a random walk over a lattice of cells."""
    rng = o.rng
    step = rng.choice((3, 4))
    cells = {"small": 7, "medium": 10, "large": 13}[o.size]
    cells = min(cells, 54 // step)
    n = cells * step + 1
    h = rng.choice((2, 3, 4))
    wall = LEAF if o.mat.key == "hedge" else o.mat.wall
    open_ = np.zeros((n, n), dtype=np.bool_)
    seen = {(0, 0)}
    stack = [(0, 0)]
    open_[1:step, 1:step] = True
    while stack:
        x, z = stack[-1]
        ways = [
            (dx, dz)
            for dx, dz in ((1, 0), (-1, 0), (0, 1), (0, -1))
            if 0 <= x + dx < cells and 0 <= z + dz < cells and (x + dx, z + dz) not in seen
        ]
        if not ways:
            stack.pop()
            continue
        dx, dz = rng.choice(ways)
        a, b = x + dx, z + dz
        lo_x, hi_x, lo_z, hi_z = (
            min(x, a) * step + 1,
            max(x, a) * step + step,
            min(z, b) * step + 1,
            max(z, b) * step + step,
        )
        open_[lo_x:hi_x, lo_z:hi_z] = True
        seen.add((a, b))
        stack.append((a, b))
    open_[1:step, 0] = True
    open_[n - step : n - 1, n - 1] = True
    p = Part(n, h + 1, n, below=1)
    p.prism(0, 0, ~open_, 0, h, wall)
    p.prism(0, 0, open_, -1, 0, rng.choice((GRAVEL, DIRT, GRASS)))
    scene.put(p, 32 + rng.randint(-2, 2), 32 + rng.randint(-2, 2))
    return [("passages", "")]


def camp(scene: Scene, o: Order) -> Notes:
    """Tents in a ring around a campfire of logs."""
    rng = o.rng
    fire = Part(5, 3, 5)
    fire.tube(0, 0, 5, 0, 1, STONE)
    fire.box(1, 1, 2, 4, 2, 3, DIRT)
    fire.box(2, 1, 1, 3, 2, 4, DIRT)
    cx, cz = 32 + rng.randint(-3, 3), 32 + rng.randint(-3, 3)
    scene.put(fire, cx, cz, count=False)
    number = {"small": 3, "medium": rng.randint(4, 5), "large": rng.randint(6, 8)}[o.size]
    built = 0
    for k in range(number):
        a = 2 * math.pi * k / number + rng.uniform(-0.2, 0.2)
        part = nature.tent(replace(o, size=rng.choice(("small", "medium")) if number < 6 else "small", span=14))
        part = part.turned(facing(-math.cos(a), -math.sin(a)))
        spot = scene.free_spot(part.w, part.d, near=(cx + 17 * math.cos(a), cz + 17 * math.sin(a), 8.0))
        if spot:
            scene.put(part, *spot, margin=0)
            built += 1
    return [("n_tents", NUMBERS.get(built, "")), ("campfire", "")] if built else [("campfire", "")]


def mine(scene: Scene, o: Order) -> Notes:
    """A timbered tunnel mouth in a rocky slope, with rails of plank, spoil heaps and a winding tower."""
    rng = o.rng
    w = {"small": 26, "medium": 34, "large": 42}[o.size]
    h = min(rng.randint(12, 18), o.room - 2)
    p = Part(w, h + 2, w, below=1)
    g = scene.g
    xs = (np.arange(w) - (w - 1) / 2) / (w / 2)
    zs = np.arange(w) / w
    bump = (1 - np.clip(np.hypot(xs[:, None] * 1.05, zs[None, :] - 0.72) * 1.5, 0, 1) ** 1.8) * h + g.uniform(
        -0.6, 0.6, (w, w)
    )
    y = np.arange(h + 2)
    p.paint(0, 0, 0, bump[:, None, :] > y[None, :, None] + 0.5, ROCK if o.mat.key != "sand" else SAND)
    c = w // 2
    z = int(w * 0.30)
    p.box(c - 3, 0, z, c + 4, 7, z + 4, STONE)
    p.box(c - 2, 0, 0, c + 3, 5, int(w * 0.75), AIR)
    for zz in (z - 1, z + 4, z + 9):
        p.box(c - 2, 0, zz, c - 1, 5, zz + 1, PLANK)
        p.box(c + 2, 0, zz, c + 3, 5, zz + 1, PLANK)
        p.box(c - 3, 5, zz, c + 4, 6, zz + 1, PLANK)
    p.box(c, -1, 0, c + 1, 0, int(w * 0.75), PLANK)
    p.box(c - 2, -1, 0, c - 1, 0, int(w * 0.75), GRAVEL)
    p.box(c + 2, -1, 0, c + 3, 0, int(w * 0.75), GRAVEL)
    p.box(c, 0, 2, c + 2, 2, 5, DIRT)
    for x, q in ((2, 7), (w - 9, 6)):
        p.dome(x, 1, q, 0, 4, GRAVEL)
    scene.put(p, 32, 32, count=False)
    return [("tunnel_mouth", ""), ("timbers", ""), ("cart", "")]


def quarry(scene: Scene, o: Order) -> Notes:
    """A stepped pit cut into the ground, with a ramp, blocks of stone and a crane."""
    rng = o.rng
    n = {"small": 28, "medium": 38, "large": 48}[o.size]
    level = int(scene.land.height[32, 32])
    steps = max(2, min(rng.randint(3, 5), (level - 3) // 2))
    drop = 2 if level < 14 else 3
    steps = max(2, min(steps, (level - 3) // drop))
    p = Part(n, 16, n, below=steps * drop + 1)
    p.box(0, -1, 0, n, 0, n, GRAVEL)
    for s in range(steps):
        i = 2 + s * max(3, n // (2 * steps + 2))
        p.box(i - 1, -(s + 1) * drop - 1, i - 1, n - i + 1, -s * drop, n - i + 1, STONE if s % 2 == 0 else ROCK)
        p.box(i, -(s + 1) * drop, i, n - i, 2, n - i, AIR)
    bottom = -steps * drop
    i = 2 + (steps - 1) * max(3, n // (2 * steps + 2))
    p.box(i, bottom - 1, i, n - i, bottom, n - i, GRAVEL)
    for y in range(0, bottom, -1):  # a ramp along one side
        x = 2 - y * 2
        p.box(x, bottom, 2, x + 2, y, 2 + i, GRAVEL)
    for _ in range(rng.randint(2, 4)):
        x, z = rng.randint(i, max(i, n - i - 3)), rng.randint(i, max(i, n - i - 3))
        p.box(x, bottom, z, x + 2, bottom + 2, z + 2, STONE)
    if o.chance(0.7):
        p.box(0, 0, n // 2, 2, 11, n // 2 + 2, PLANK)
        p.box(0, 10, n // 2, min(n // 2, 14), 11, n // 2 + 1, PLANK)
        e = min(n // 2, 14) - 1
        p.box(e, 5, n // 2, e + 1, 10, n // 2 + 1, DIRT)
        p.note("crane")
    scene.put(p, 32, 32, count=False)
    return [("terraced_pit", ""), *p.details]
