"""Worlds of two or three families: "a castle and a windmill", "three cottages around a well".

Every object is built for the room it gets, so that all of them are large enough to be recognised, and none overlaps
another: a family that finds no room is left out of the world and of what is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from voxcore.worlds.canvas import Part
from voxcore.worlds.captions import Facts, several, style_word
from voxcore.worlds.catalogue import CATALOGUE
from voxcore.worlds.family import GREEN, Weights, pick, w
from voxcore.worlds.order import MATERIALS, Order
from voxcore.worlds.scene import Scene, facing
from voxcore.worlds.settings import SETTINGS, SPAN, Frame, Site
from voxcore.worlds.terrain import HEIGHT

MIN_SHARE: Final = 0.7
"""A caption may name a material only if it is at least this share of the structure."""
MOST: Final = 6
"""Most objects in one world of several families."""

TREES: Final = frozenset({"oak", "pine", "palm", "dead_tree", "cactus", "giant_tree"})
_WET: Final = frozenset({"ship"})
_PLAIN_SHAPES: Final = frozenset({"cube", "sphere", "wall", "pillar", "cone", "ring", "dome", "staircase"})
PARTNERS: Final[dict[str, float]] = {
    name: f.weight**0.5 * (0.25 if name in _PLAIN_SHAPES else 1.0)
    for name, f in CATALOGUE.items()
    if f.build and name not in ("bridge", "city", "harbour", "ship")
}
"""Families that may stand side by side on land, and how often they are chosen."""
COMBINED: Final = frozenset(PARTNERS) | {"bridge", "ship"}
"""Families that can be part of a world of several."""

_CENTRES: Final = ("well", "well", "fountain", "statue", "oak", "obelisk", "church", "watchtower", "stone_circle")
_RINGS: Final = (
    "cottage",
    "cottage",
    "house",
    "cabin",
    "tent",
    "tent",
    "igloo",
    "oak",
    "pine",
    "obelisk",
    "watchtower",
)
_FLANKED: Final = (
    "gate",
    "gate",
    "arch",
    "church",
    "temple",
    "house",
    "pyramid",
    "statue",
    "fountain",
    "keep",
    "mosque",
)
_FLANKS: Final = ("watchtower", "watchtower", "watchtower", "obelisk", "oak", "pine", "statue", "pillar", "windmill")
_SAID: Final[Weights] = w(
    "lake 3, coast 2, river 2, island 1.5, hill 1, editor_hills 1, rolling 1, mountains 1, valley 0.6, foot 1.2"
)
_HALF: Final = {"coast": 19.0, "lake": 19.0, "river": 20.0, "crossing": 10.0, "foot": 20.0}
"""Half the side of the ground that a setting keeps free for the group, where it is not that of ``SPAN``."""
_UNSAID: Final[Weights] = w("plain 7, rolling 1, editor_hills 2")


PATTERNS: Final = ("beside", "around", "flank")


@dataclass(frozen=True)
class Group:
    """What is to be built: ``kinds`` (family, number), the one named first in front, and how they stand.

    ``pattern``: beside, around (the second kind in a ring around the first), or flank (on both sides of it).
    """

    pattern: str
    kinds: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Asked:
    """What a caller fixed about a world; "" leaves it to the seed."""

    material: str = ""
    setting: str = ""
    ground: str = ""


@dataclass(frozen=True)
class Built:
    """The scene of a group with its caption; ``objects`` are the families that found room, with their numbers."""

    scene: Scene
    caption: str
    tags: dict[str, str]
    objects: tuple[tuple[str, int], ...]


def choose(rng: Random) -> Group:
    """A group at random."""
    roll = rng.random()
    if roll < 0.11:
        centre = rng.choice(_CENTRES)
        ring = rng.choice([r for r in _RINGS if r != centre])
        return Group("around", ((centre, 1), (ring, rng.randint(3, MOST - 1))))
    if roll < 0.19:
        centre = rng.choice(_FLANKED)
        return Group("flank", ((centre, 1), (rng.choice([f for f in _FLANKS if f != centre]), 2)))
    number = 3 if rng.random() < 0.27 else 2
    names: list[str] = []
    if roll < 0.28:
        names.append("bridge")
    elif roll < 0.40:
        names.append("ship")
    while len(names) < number:
        name = rng.choices(list(PARTNERS), list(PARTNERS.values()))[0]
        if name not in names:
            names.append(name)
    rng.shuffle(names)
    counts = dict.fromkeys(names, 1)
    if rng.random() < 0.4:
        most = MOST - number + 1
        name = rng.choice([n for n in names if CATALOGUE[n].repeat >= 2] or [names[0]])
        if CATALOGUE[name].repeat >= 2:
            counts[name] = rng.randint(2, min(CATALOGUE[name].repeat, most, 4))
    return Group("beside", tuple((n, counts[n]) for n in names))


def _ground(rng: Random, names: list[str]) -> str:
    """A ground that suits all families of the group as far as possible."""
    if {"igloo", "snowman"} & set(names):
        return "snow"
    if "cactus" in names or ({"palm", "pyramid", "mosque"} & set(names) and rng.random() < 0.7):
        return "desert"
    return "meadow" if rng.random() < 0.7 else pick(rng, GREEN)


def _setting(rng: Random, names: list[str], said: bool) -> str:
    if "bridge" in names:
        return "crossing"
    if _WET & set(names):
        return "coast"
    return pick(rng, _SAID if said else _UNSAID)


def build(rng: Random, g: np.random.Generator, group: Group, asked: Asked) -> Built:
    """One world of the group."""
    names = [name for name, _ in group.kinds]
    total = sum(count for _, count in group.kinds)
    says_setting = bool(asked.setting) or rng.random() < 0.45
    setting = asked.setting or _setting(rng, names, says_setting)
    if not asked.setting and setting in ("hill", "plateau", "mountains") and total > 3:
        setting = "plain"
    ground = asked.ground or _ground(rng, names)
    level = 14 if setting == "hill" else rng.randint(7, 11)
    half = _HALF.get(setting, SPAN.get(setting, 52) / 2)
    if setting == "coast" and _WET & set(names):
        half = 14.0  # the other half is for the ship
    frame = Frame(rng, g, half, half if setting != "crossing" else 14.0, level, ground)
    land, site = SETTINGS[setting](frame)
    scene = Scene(land, rng, g)
    crowd = total + 1 if {"bridge", "ship"} & set(names) or half < 22 else total
    level = max(site.level, level)
    kinds = []
    for i, (name, count) in enumerate(group.kinds):
        material = asked.material if i == 0 and asked.material else pick(rng, CATALOGUE[name].materials)
        if not (i == 0 and asked.material) and rng.random() < 0.55:
            material = next(iter(CATALOGUE[name].materials))
        kinds.append(_kind(rng, name, count, crowd, material, HEIGHT - 2 - level))
    near = (site.cx, site.cz, half + 4) if setting in ("hill", "plateau", "mountains", "foot") else None
    counts = _arrange(rng, scene, group.pattern, kinds, site, near, HEIGHT - 2 - level)
    facts = []
    for i, kind in enumerate(kinds):
        if not counts[i]:
            continue
        one = Facts(kind.name, count=counts[i])
        spec = CATALOGUE[kind.name]
        must = i == 0 and bool(asked.material)
        true = kind.parts[0].share(MATERIALS[kind.material].wall) >= MIN_SHARE
        if spec.says_material and true and (must or rng.random() < 0.36):
            one.material = kind.material
        if rng.random() < 0.15:
            one.style = style_word(rng, kind.name)
        one.details = list(kind.parts[0].details) if rng.random() < 0.12 else []
        facts.append(one)
    place = Facts(names[0])
    place.setting = setting if says_setting and setting not in ("plain", "crossing") else ""
    place.ground = ground if asked.ground or (rng.random() < 0.25 and not place.setting) else ""
    complete = all(counts) and group.pattern != "beside" and counts[1] == group.kinds[1][1]
    text = several(rng, group.pattern if complete else "beside", facts, place) if facts else ""
    objects = tuple((k.name, n) for k, n in zip(kinds, counts, strict=True) if n)
    tags = {"setting": setting, "ground": ground, "count": str(counts[0]), "pattern": group.pattern}
    if facts and facts[0].material:
        tags["material"] = facts[0].material
    return Built(scene, text, tags, objects)


@dataclass(frozen=True)
class _Kind:
    """One family of a group: its parts, built to the room there is."""

    name: str
    count: int
    material: str
    parts: list[Part]


def _kind(rng: Random, name: str, count: int, total: int, material: str, room: int) -> _Kind:
    spec = CATALOGUE[name]
    span = {2: 32, 3: 25, 4: 20}.get(total, 16)
    if count == 1 and total == 2:
        size = rng.choice(("medium", "medium", "small", "large"))
    else:
        size = rng.choice(("medium", "small")) if total <= 3 else "small"
    if name in TREES or name in ("obelisk", "statue", "snowman", "well", "fountain", "igloo"):
        size = rng.choice(("medium", "medium", "large")) if total <= 3 else "medium"
        span = max(span, 20)
    if name in _WET and total <= 3:
        size, span = "medium", 34
    style = rng.choice(spec.styles)
    if name == "bridge":
        style = str(2 * rng.randint(7, 11) + 2)
    order = Order(rng, MATERIALS[material], size, span, room, rng.random() < 0.35, style)
    assert spec.build is not None
    parts = [spec.build(order) for _ in range(2 if count > 1 and rng.random() < 0.5 else 1)]
    for part in parts:
        part.trim()
    return _Kind(name, count, material, parts)


def _arrange(
    rng: Random,
    scene: Scene,
    pattern: str,
    kinds: list[_Kind],
    site: Site,
    near: tuple[float, float, float] | None,
    room: int,
) -> list[int]:
    """Put everything down; how many of each kind found room."""
    done = [0] * len(kinds)
    if pattern == "around":
        return _around(rng, scene, kinds[0], kinds[1], site)
    if pattern == "flank":
        return _flank(rng, scene, kinds[0], kinds[1], site)
    queue = [(i, kinds[i].parts[k % len(kinds[i].parts)]) for i in range(len(kinds)) for k in range(kinds[i].count)]
    queue.sort(key=lambda item: -item[1].w * item[1].d)
    first = True
    for i, part in queue:
        kind = kinds[i]
        if kind.name == "bridge":
            scene.put(part, site.cx, site.cz, at=site.level)
            done[i] += 1
            continue
        turned = part.turned(rng.randrange(4))
        wet = kind.name in _WET
        spot = scene.free_spot(*_footprint(kind, turned), wet=wet, near=None if wet else near, low_x=first and not near)
        first = False
        if spot is None:
            turned = _kind(rng, kind.name, 1, MOST, kind.material, room).parts[0]  # a smaller one
            spot = scene.free_spot(turned.w, turned.d, wet=wet, near=None if wet else near)
        if spot is None:
            continue
        _set(scene, kind, turned, *spot)
        done[i] += 1
    return done


def _footprint(kind: _Kind, part: Part) -> tuple[int, int]:
    """Columns [w, d] that must be free; crowns may reach over others."""
    return (max(part.w // 2, 7), max(part.d // 2, 7)) if kind.name in TREES else (part.w, part.d)


def _near(scene: Scene, kind: _Kind, part: Part, x: float, z: float) -> bool:
    """Set ``part`` down as close to (x, z) as there is room, at most 13 away."""
    for reach in (3.0, 6.0, 9.0, 13.0):
        spot = scene.free_spot(*_footprint(kind, part), near=(x, z, reach))
        if spot:
            _set(scene, kind, part, *spot)
            return True
    return False


def _set(scene: Scene, kind: _Kind, part: Part, x: int, z: int) -> None:
    if kind.name in TREES:
        scene.stand(part, x, z)
    elif kind.name in _WET:
        scene.put(part, x, z, at=scene.land.water)
    else:
        scene.put(part, x, z)


def _around(rng: Random, scene: Scene, centre: _Kind, ring: _Kind, site: Site) -> list[int]:
    part = centre.parts[0]
    _set(scene, centre, part, int(site.cx), int(site.cz))
    start, done = rng.uniform(0, 2 * math.pi), 0
    for k in range(ring.count):
        a = start + 2 * math.pi * k / ring.count
        one = ring.parts[k % len(ring.parts)].turned(facing(-math.cos(a), -math.sin(a)))
        r = max(part.w, part.d) / 2 + max(one.w, one.d) / 2 + 3
        done += _near(scene, ring, one, site.cx + r * math.cos(a), site.cz + r * math.sin(a))
    return [1, done]


def _flank(rng: Random, scene: Scene, centre: _Kind, flank: _Kind, site: Site) -> list[int]:
    part = centre.parts[0]
    _set(scene, centre, part, int(site.cx), int(site.cz))
    gap, done = rng.randint(1, 4), 0
    for side in (-1, 1):
        one = flank.parts[0]
        x = site.cx + side * (part.w / 2 + one.w / 2 + gap)
        done += _near(scene, flank, one, x, site.cz)
    return [1, done]
