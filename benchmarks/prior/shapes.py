"""Measures of shape for single families, which owe nothing to the classifier: it forgives wrong shapes.

Each takes a world's blocks [64, 48, 64] and answers named questions with yes or no; a world passes if all are yes.
The generator's own worlds are measured too: what they reach is the ceiling of the measure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.prior.stand_ins import label
from benchmarks.prior.structure import BLOCK, WATER, Blocks, Body, Mask, bodies, built, floors, ground_of

Answers = dict[str, bool]


def enclosed(walls: Mask) -> int:
    """Open cells of a plan [x, z] that cannot be reached from its border without crossing ``walls``."""
    open_ = np.pad(~walls, 1, constant_values=True)
    labels, _ = label(open_[:, None, :])
    return int((open_ & (labels[:, 0, :] != labels[0, 0, 0])).sum())


def pieces(plan: Mask, least: int = 1) -> int:
    """Separate groups of cells of a plan [x, z] with at least ``least`` cells each."""
    labels, count = label(plan[:, None, :])
    return int((np.bincount(labels.ravel(), minlength=count + 1)[1:] >= least).sum())


def castle(blocks: Blocks) -> Answers:
    """A closed ring of walls, four corner towers taller than it, and a keep inside."""
    body = _main(blocks, least=5)
    h = body.height
    if min(h.shape) < 12:
        return {"closed ring wall": False, "four corner towers above the wall": False, "a keep": False}
    up = np.arange(blocks.shape[1])[None, :, None] - ground_of(blocks)[:, None, :]
    walls = (built(blocks) & (up >= 3)).any(axis=1)  # a gate's head closes the ring above its passage
    (x, z), (w, d) = body.corner, h.shape
    walls = walls[x : x + w, z : z + d]
    n = max(5, min(9, min(h.shape) // 4))
    corners = [h[:n, :n], h[-n:, :n], h[:n, -n:], h[-n:, -n:]]
    towers = [int(np.sort(c.ravel())[-6]) for c in corners]  # a tower's top has at least six columns
    sides = []
    for m in (h, h[::-1], h.T, h.T[::-1]):
        along = m.shape[1]
        for a, b in ((0.28, 0.4), (0.6, 0.72)):
            sides.append(m[: n - 1, int(a * along) : int(b * along) + 1].max(axis=0))
    wall = int(np.median(np.concatenate(sides)))
    a, b = h.shape[0] // 5, h.shape[1] // 5
    inner = h[a : h.shape[0] - a, b : h.shape[1] - b]
    return {
        "closed ring wall": wall >= 4 and enclosed(walls) >= 20,
        "four corner towers above the wall": min(towers) >= wall + 2,
        "a keep": int((inner >= max(wall, 5)).sum()) >= 20,
    }


def church(blocks: Blocks) -> Answers:
    """A nave, and a steeple that stands well above it."""
    h = _main(blocks).height
    x, z = np.unravel_index(int(h.argmax()), h.shape)
    rest = h.copy()
    rest[max(x - 7, 0) : x + 8, max(z - 7, 0) : z + 8] = 0
    nave = rest[rest >= 3]
    ridge = int(np.percentile(nave, 98)) if len(nave) else 0
    return {"a nave": len(nave) >= 40, "steeple above the nave": ridge > 0 and int(h.max()) >= ridge + 4}


def house(blocks: Blocks) -> Answers:
    """Rooms under a roof that grows narrow towards the top; flat roofs do not count."""
    body = _main(blocks)
    hollow = (~body.solid[:, 1:3]).all(axis=1) & (body.height >= 4)
    top = body.areas[-2:].mean()
    return {
        "rooms inside": int(hollow.sum()) >= 12,
        "a pitched roof": bool(top <= 0.45 * body.areas.max()),
        "no tower": body.tall <= 1.6 * max(body.height.shape),
    }


def bridge(blocks: Blocks) -> Answers:
    """A deck over the water with clear air below, that joins two banks."""
    water = blocks == WATER
    wet = water.any(axis=1)
    layers = np.arange(blocks.shape[1])[None, :, None]
    level = np.where(water, layers, -1).max(axis=1)
    above = (blocks != 0) & ~water & (layers > level[:, None, :]) & wet[:, None, :]
    deck = above.any(axis=1)
    lowest = np.where(deck, above.argmax(axis=1), 0)
    clear = deck & (lowest > level + 1)
    land = ~wet
    banks, count = label(land[:, None, :])
    sizes = np.bincount(banks.ravel(), minlength=count + 1)
    large = [i for i in range(1, count + 1) if sizes[i] >= 150]
    joined, _ = label((land | deck)[:, None, :])
    roots = [joined[banks == i][0] for i in large]
    return {
        "over water with clear air below": int(clear.sum()) >= 12,
        "joins two banks": len(roots) > len(set(roots)),
    }


def lighthouse(blocks: Blocks) -> Answers:
    """A slender tall shaft by the water."""
    body = _tallest(blocks)
    return {"tall and slender": _slender(body, 1.1), "by the water": float((blocks == WATER).any(axis=1).mean()) > 0.05}


def watchtower(blocks: Blocks) -> Answers:
    """Tall for its width."""
    return {"tall and slender": _slender(_tallest(blocks), 1.2)}


def obelisk(blocks: Blocks) -> Answers:
    """A needle: at least three times as tall as it is wide at half its height."""
    return {"a needle": _slender(_tallest(blocks), 2.4)}


def skyscraper(blocks: Blocks) -> Answers:
    """At least 14 layers high, and not much narrower at two thirds of its height than at a third."""
    body = _main(blocks, massive=True)
    third, two = (int((body.height > body.tall * k / 3).sum()) for k in (1, 2))
    return {"tall": body.tall >= 14, "straight up": two >= 0.2 * third and _compact(body)}


def pyramid(blocks: Blocks) -> Answers:
    """Layers that shrink steadily to a point over a square."""
    body = _main(blocks, massive=True)
    if body.tall < 5:
        return {"layers shrink": False, "to a point": False, "square": False}
    a = body.areas[1:]
    low = body.solid[:, body.tall // 2]
    x, z = _extent(low), _extent(low.T)
    return {
        "layers shrink": bool((a[1:] <= 1.03 * a[:-1]).mean() >= 0.95),
        "to a point": bool(a[-1] <= 0.1 * a[0]) and bool(0.12 <= a[len(a) // 2] / a[0] <= 0.45),
        "square": abs(x - z) <= 0.15 * max(x, z),
    }


def ziggurat(blocks: Blocks) -> Answers:
    """At least three terraces, each at least two layers high."""
    body = _main(blocks, massive=True)
    runs, start = 0, 0
    a = body.areas.astype(float)
    for i in range(1, len(a) + 1):
        if i == len(a) or abs(a[i] - a[start]) > 0.12 * a[start]:
            runs += i - start >= 2
            start = i
    return {"three terraces": runs >= 3, "narrow above": bool(a[-1] < 0.5 * a[min(1, len(a) - 1)])}


def igloo(blocks: Blocks) -> Answers:
    """A round hollow dome of snow and ice."""
    body = _main(blocks)
    h = body.height
    a = np.array([int((h > y).sum()) for y in range(body.tall)], dtype=float)
    if body.tall < 4 or not a[0]:
        return {"a dome": False, "hollow": False, "snow or ice": False}
    hollow = (~body.solid[:, : max(2, body.tall // 3)]).all(axis=1) & (h >= 3)
    return {
        "a dome": bool((a[1:] <= a[:-1]).all()) and 0.4 <= a[len(a) // 2] / a[0] <= 0.95 and a[-1] <= 0.6 * a[0],
        "hollow": int(hollow.sum()) >= 6,
        "snow or ice": body.share("Snow", "GlacierIce") >= 0.8,
    }


def windmill(blocks: Blocks) -> Answers:
    """A tower with thin sails that reach out of its plan, above and below their middle."""
    body = _tallest(blocks)
    foot = body.solid[:, :2].any(axis=1)
    foot = np.asarray(np.pad(foot, 1)[1:-1, 1:-1])
    shaft = foot | np.roll(foot, 1, 0) | np.roll(foot, -1, 0) | np.roll(foot, 1, 1) | np.roll(foot, -1, 1)
    out = body.solid & ~shaft[:, None, :]
    by_x, by_z = out.sum(axis=(1, 2)), out.sum(axis=(0, 1))
    thin = max(by_x.max(initial=0), by_z.max(initial=0)) >= 0.45 * max(out.sum(), 1)
    rows = np.flatnonzero(out.any(axis=(0, 2)))
    return {
        "a tower": body.tall >= 10 and int(foot.sum()) >= 16,
        "thin sails beside it": int(out.sum()) >= 14 and bool(thin) and len(rows) > 0 and rows[-1] - rows[0] >= 6,
    }


def arch(blocks: Blocks) -> Answers:
    """A thick block with an opening that goes through it, at least five high."""
    body = _main(blocks)
    clear = (~body.solid[:, :5]).all(axis=1) & (body.height >= 7)
    labels, count = label(clear[:, None, :])
    through = 0
    for i in range(1, count + 1):
        own = labels[:, 0, :] == i
        xs, zs = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
        through += len(xs) >= body.height.shape[0] - 3 or len(zs) >= body.height.shape[1] - 3
    return {"an opening through it": through >= 1, "massive": body.tall >= 8 and int((body.height >= 8).sum()) >= 30}


def stone_circle(blocks: Blocks) -> Answers:
    """At least five stones in a ring around an open middle."""
    cells = _standing(blocks)
    stones, count = label(cells[:, None, :])
    centres = [np.argwhere(stones[:, 0, :] == i).mean(axis=0) for i in range(1, count + 1)]
    if count < 5:
        return {"five stones": False, "in a ring": False}
    at = np.array(centres)
    middle = (at.max(axis=0) + at.min(axis=0)) / 2
    radius = np.linalg.norm(at - middle, axis=1)
    outer = radius[radius > 0.5 * radius.max()]
    return {"five stones": len(outer) >= 5, "in a ring": bool(outer.std() <= 0.2 * outer.mean()) and outer.mean() >= 5}


def ship(blocks: Blocks) -> Answers:
    """A long hull in the water with masts and sails above it."""
    water = blocks == WATER
    level = int(np.median(np.flatnonzero(water.any(axis=(0, 2)))[-1:])) + 1 if water.any() else 0
    found = bodies(blocks)
    if not found or not level:
        return {"in the water": False, "a long hull": False, "masts": False}
    body = found[0]
    hull = body.solid[:, :2].any(axis=1)
    xs, zs = np.flatnonzero(hull.any(axis=1)), np.flatnonzero(hull.any(axis=0))
    long, broad = sorted((len(xs), len(zs)), reverse=True)
    return {
        "in the water": float(water.any(axis=1).mean()) >= 0.4,
        "a long hull": long >= 12 and long >= 1.8 * broad,
        "masts": body.tall >= 0.3 * long and bool(body.areas[-1] <= 0.15 * body.areas.max()),
    }


def volcano(blocks: Blocks) -> Answers:
    """A wide cone that carries a hollow at least three deep near its top."""
    floor = floors(blocks).astype(np.int64)
    top = int(floor.max())
    depth = 0
    for y in range(top - 1, top - 12, -1):
        labels, count = label((floor <= y)[:, None, :])
        border = set(np.unique(np.concatenate([labels[0, 0], labels[-1, 0], labels[:, 0, 0], labels[:, 0, -1]])))
        inside = [i for i in range(1, count + 1) if i not in border and int((labels == i).sum()) >= 6]
        depth += bool(inside)
    x, z = np.unravel_index(int(floor.argmax()), floor.shape)
    xs, zs = np.indices(floor.shape)
    away = np.hypot(xs - x, zs - z)
    rings = [floor[(away >= r) & (away < r + 8)].mean() for r in (6, 14, 22)]
    return {"a crater": depth >= 3, "a cone": top - int(np.median(floor[0])) >= 12 and bool(np.diff(rings).max() <= 0)}


def temple(blocks: Blocks) -> Answers:
    """At least eight separate columns under one roof."""
    body = _main(blocks)
    best = 0
    for y in range(2, max(3, body.tall // 2 + 1)):
        layer = body.solid[:, min(y, body.tall - 1)]
        labels, count = label(layer[:, None, :])
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        best = max(best, int((sizes <= 9).sum()))
    roofed = max(int((body.solid[:, y]).sum()) for y in range(body.tall // 3, body.tall))
    return {"eight columns": best >= 8, "a roof": roofed >= 0.35 * int((body.height > 0).sum())}


def pagoda(blocks: Blocks) -> Answers:
    """At least three roofs that are wider than the storeys between them, narrowing upwards."""
    body = _main(blocks)
    wide = np.array([_extent(body.solid[:, y]) for y in range(body.tall)])
    roofs = [
        wide[y]
        for y in range(1, len(wide) - 1)
        if wide[y] > wide[max(y - 2, 0) : y].min() + 1
        and wide[y] > wide[y + 1 : y + 4].min()
        and wide[y] >= wide[y - 1]
    ]
    return {"three roofs": len(roofs) >= 3, "narrowing": len(roofs) > 1 and roofs[-1] <= roofs[0]}


def mosque(blocks: Blocks) -> Answers:
    """A dome, and at least two slender towers."""
    body = _main(blocks)
    high = body.height >= 0.5 * body.tall
    labels, count = label(high[:, None, :])
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return {"two minarets": int(((sizes >= 2) & (sizes <= 50)).sum()) >= 2, "a dome": bool(sizes.max(initial=0) >= 30)}


def aqueduct(blocks: Blocks) -> Answers:
    """A long wall with at least four openings under a channel."""
    body = _main(blocks)
    long = 0 if body.height.shape[0] >= body.height.shape[1] else 1
    side = body.solid.any(axis=2 if long == 0 else 0)
    side = side if long == 0 else side.T
    best = max(pieces(~side[:, y : y + 1], 2) for y in range(2, max(3, body.tall // 2)))
    return {"four openings": best >= 4, "long": max(body.height.shape) >= 2.5 * min(body.height.shape)}


def stadium(blocks: Blocks) -> Answers:
    """A closed bowl: a ring of stands that step down to a pitch."""
    h = _main(blocks).height
    x, z = h.shape
    pitch = h[int(0.42 * x) : int(0.58 * x) + 1, int(0.42 * z) : int(0.58 * z) + 1]
    return {"a ring of stands": enclosed(h >= 5) >= 40, "an open pitch": bool(np.median(pitch) <= 1)}


def snowman(blocks: Blocks) -> Answers:
    """White balls on each other: the layers narrow, widen and narrow again."""
    body = _tallest(blocks, share=("Snow",))
    a = (body.kinds == BLOCK["Snow"]).sum(axis=(0, 2)).astype(float)
    a = a[: int(np.flatnonzero(a)[-1]) + 1] if a.any() else np.zeros(1)
    waist = any(a[y] < 0.93 * a[:y].max() and a[y] < 0.93 * a[y + 1 :].max() for y in range(2, len(a) - 1))
    return {"a waist": waist, "of snow": body.share("Snow") >= 0.75, "taller than wide": body.tall >= 9}


def _main(blocks: Blocks, *, massive: bool = False, least: int = 2) -> Body:
    """The largest thing that stands on the ground; an empty one where nothing does."""
    found = bodies(blocks, massive=massive, least=least)
    return found[0] if found else Body(np.zeros((8, 4, 8), dtype=np.uint8))


def _tallest(blocks: Blocks, share: tuple[str, ...] = ()) -> Body:
    """The thing with the highest top among those of at least 40 blocks (and half of it of these blocks)."""
    found = [b for b in bodies(blocks) if b.solid.sum() >= 40 and (not share or b.share(*share) >= 0.5)]
    return max(found, key=lambda b: b.tall) if found else Body(np.zeros((8, 4, 8), dtype=np.uint8))


def _slender(body: Body, ratio: float) -> bool:
    """Whether the tallest part is ``ratio`` times as tall as it is wide at half its height."""
    half = int((body.height > body.tall // 2).sum())
    return body.tall >= 12 and body.tall >= ratio * max(half**0.5, 1.0) and _compact(body)


def _compact(body: Body) -> bool:
    """Whether the plan at half the height is no more than three times as long as it is broad."""
    plan = body.height > body.tall // 2
    x, z = _extent(plan), _extent(plan.T)
    return max(x, z) <= 3 * min(x, z)


def _extent(layer: Mask) -> int:
    xs = np.flatnonzero(layer.any(axis=1))
    return int(xs[-1] - xs[0] + 1) if len(xs) else 0


def _standing(blocks: Blocks) -> NDArray[np.bool_]:
    """Plan [X, Z] of what is there three layers above the ground."""
    ground = ground_of(blocks)
    x, z = np.indices(ground.shape)
    kinds = blocks[x, np.minimum(ground + 3, blocks.shape[1] - 1), z]
    return (kinds != 0) & (kinds != WATER) & ~np.isin(kinds, (BLOCK["AlpineGrass"], BLOCK["Grass"]))


MEASURES: Final[dict[str, Callable[[Blocks], Answers]]] = {
    "castle": castle,
    "church": church,
    "house": house,
    "cottage": house,
    "cabin": house,
    "bridge": bridge,
    "lighthouse": lighthouse,
    "watchtower": watchtower,
    "obelisk": obelisk,
    "skyscraper": skyscraper,
    "pyramid": pyramid,
    "ziggurat": ziggurat,
    "igloo": igloo,
    "windmill": windmill,
    "arch": arch,
    "stone_circle": stone_circle,
    "ship": ship,
    "volcano": volcano,
    "temple": temple,
    "pagoda": pagoda,
    "mosque": mosque,
    "aqueduct": aqueduct,
    "stadium": stadium,
    "snowman": snowman,
}
