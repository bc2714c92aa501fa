"""From a seed to a world: choose, build on a land, add company and trees, and say what is there."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from voxcore.worlds.canvas import WATER, Cells, Part
from voxcore.worlds.captions import Facts, caption, style_word
from voxcore.worlds.catalogue import CATALOGUE
from voxcore.worlds.ensemble import MIN_SHARE, TREES, Asked, Group, build, choose
from voxcore.worlds.family import Family, Weights, pick
from voxcore.worlds.landscapes import LANDSCAPES
from voxcore.worlds.order import MATERIALS, Order
from voxcore.worlds.scene import Scene
from voxcore.worlds.settings import SETTINGS, SPAN, Frame, Site, plain
from voxcore.worlds.surroundings import company, standing, trees
from voxcore.worlds.terrain import HEIGHT, SIZE, Land
from voxcore.worlds.vocabulary import FORESTS

SEVERAL: Final = 0.33
"""Share of the worlds that are made of two or three families; others get a companion now and then."""

ROOMY: Final = frozenset({"plain", "rolling", "editor_hills", "valley", "lake", "coast", "river"})
"""Settings that have room for several copies of the main structure."""


@dataclass(frozen=True)
class Draft:
    """A finished world before it is turned: the grids [64, 48, 64], the words, and what is known of it.

    ``objects`` are (family, number) pairs, the main one first.
    """

    blocks: Cells
    terrain: Cells
    caption: str
    tags: dict[str, str]
    objects: tuple[tuple[str, int], ...]


def _natural(rng: Random, weights: Weights, said: bool, p: float) -> str:
    """What the caption will name, or, unsaid, the first key with probability p."""
    if not said and rng.random() < p:
        return next(iter(weights))
    return pick(rng, weights, flat=said)


def _level(rng: Random, setting: str) -> int:
    if setting in ("hill", "plateau"):
        return rng.randint(12, 19)
    if setting == "editor_hills":
        return 25
    if setting in ("crossing", "sea", "lake", "coast", "river", "island"):
        return rng.randint(7, 11)
    return rng.choice((4, 5, 6, 6, 7, 8, 8, 9, 10, 11, 12, 14, 16))


def draft(seed: int, family: str | None) -> Draft:
    """One world, always the same for the same seed and family; None lets the seed choose among all."""
    rng = Random(f"{seed}/{family}")
    g = np.random.default_rng(rng.getrandbits(63))
    if family is None and rng.random() < SEVERAL:
        return _several(rng, g, None, Asked())
    if family is None:
        family = rng.choices(list(CATALOGUE), [f.weight for f in CATALOGUE.values()])[0]
    return _one(rng, g, CATALOGUE[family], 0, Asked())


def wished(seed: int, attempt: int, group: Group, asked: Asked) -> Draft:
    """A world of the given families; it may have found no room for all, so look at its ``objects``."""
    rng = Random(f"{seed}/{group}/{asked}/{attempt}")
    g = np.random.default_rng(rng.getrandbits(63))
    if len(group.kinds) > 1:
        return _several(rng, g, group, asked)
    name, count = group.kinds[0]
    return _one(rng, g, CATALOGUE[name], count, asked)


def _one(rng: Random, g: np.random.Generator, spec: Family, count: int, asked: Asked) -> Draft:
    return _landscape(rng, g, spec, asked) if spec.land else _structure(rng, g, spec, count, asked)


def _several(rng: Random, g: np.random.Generator, group: Group | None, asked: Asked) -> Draft:
    built = build(rng, g, group or choose(rng), asked)
    while group is None and len(built.objects) < 2:  # no room for a second kind
        built = build(rng, g, choose(rng), asked)
    scene = built.scene
    if rng.random() < 0.55:
        standing(rng, scene, built.tags["ground"], wood=not TREES & {name for name, _ in built.objects})
    return Draft(scene.blocks, scene.terrain, built.caption, built.tags, built.objects)


def _landscape(rng: Random, g: np.random.Generator, spec: Family, asked: Asked) -> Draft:
    says_ground = bool(asked.ground) or rng.random() < 0.4
    ground = asked.ground or _natural(rng, spec.grounds, says_ground, 0.75)
    level = rng.randint(6, 14)
    frame = Frame(rng, g, 16, 16, level, ground)
    land = LANDSCAPES[spec.name](frame)
    scene = Scene(land, rng, g)
    before = plain(Frame(rng, g, 16, 16, level, ground))[0]
    scene.terrain = before.blocks()
    facts = Facts(spec.name, ground=ground if says_ground and len(spec.grounds) > 1 else "", short=rng.random() < 0.12)
    facts.style = style_word(rng, spec.name) if rng.random() < 0.4 else ""
    facts.size = "large" if rng.random() < 0.12 and spec.name in ("mountain", "volcano", "lake", "canyon") else ""
    if (
        rng.random() < 0.35
        and ground in ("meadow", "alpine", "snow", "desert")
        and spec.name not in ("glacier", "dunes")
    ):
        facts.trees = trees(rng, scene, ground, "few", rng.random() < 0.7)
    elif not asked.ground and rng.random() < 0.12 and spec.name != "volcano":
        company(rng, scene, facts, 32, 32, 30)
    objects = ((spec.name, 1), *facts.beside)
    return Draft(scene.blocks, scene.terrain, caption(rng, facts), {"ground": ground}, objects)


@dataclass
class Plan:
    """What was decided about a structure before anything is drawn, and which of it the caption will say."""

    spec: Family
    says: dict[str, bool]
    short: bool
    material: str
    setting: str
    ground: str
    size: str
    count: int
    two: bool
    level: int
    order: Order


def _plan(rng: Random, spec: Family, wanted: int, asked: Asked) -> Plan:
    """``wanted``: how many copies the caller asked for; 0 lets the seed decide."""
    says = {
        k: rng.random() < p
        for k, p in (("material", 0.55), ("size", 0.35), ("style", 0.42), ("setting", 0.42), ("ground", 0.28))
    }
    short = not wanted and rng.random() < 0.08
    if short:
        says = {k: v and rng.random() < 0.25 for k, v in says.items()}
        says["setting"] = says["ground"] = False
    says |= {k: True for k in ("material", "setting", "ground") if getattr(asked, k)}
    material = asked.material or _natural(rng, spec.materials, says["material"], 0.92)
    setting = asked.setting or _natural(rng, spec.settings, says["setting"], 0.55)
    ground = asked.ground or _natural(rng, spec.grounds, says["ground"], 0.8)
    style = rng.choice(spec.styles)
    if spec.name == "forest":
        warm, bare = rng.choice(("meadow", "desert")), rng.choice(("dirt", "meadow", "rock"))
        ground = {"snowy": "snow", "palm": warm, "dead": bare}.get(style, ground)
    sizes, usual = ("small", "medium", "large"), (0.06, 0.44, 0.5)
    size = rng.choice(sizes) if says["size"] else rng.choices(sizes, usual)[0]
    count = 1
    if wanted or (spec.repeat and rng.random() < 0.2 and not short):
        count = wanted or rng.randint(2, spec.repeat)
    if count > 1:
        size = "small" if count > 2 or rng.random() < 0.5 else "medium"
        setting = setting if setting in ROOMY or asked.setting else "plain"
    two = count == 1 and not short and not wanted and rng.random() < 0.1
    level = max(_level(rng, setting), 11 if spec.name == "quarry" else 0)
    span = min(56, SPAN.get(setting, 56), 40 if two else 56) if count == 1 else spec.repeat_span
    if (
        setting in ("lake", "coast", "river", "hill", "mountains", "island", "foot")
        and size == "large"
        and rng.random() < 0.5
    ):
        size = "medium"
    room = HEIGHT - 1 - (26 if setting == "editor_hills" else level + (5 if setting == "rolling" else 0))
    contrast = rng.random() < (0.3 if says["material"] else 0.5)
    if spec.name == "castle":  # what a plain "castle" is; the others are mostly said to be so
        style = "plain" if short or rng.random() < 0.72 else "variant"
        contrast = contrast and style == "variant"
    if spec.name == "bridge":
        style = str(2 * (rng.randint(6, 15) if size != "large" else rng.randint(13, 18)) + 2)  # cells of water
    order = Order(rng, MATERIALS[material], size, span, room, contrast, style)
    return Plan(spec, says, short, material, setting, ground, size, count, two, level, order)


def _draw(rng: Random, plan: Plan) -> tuple[list[Part], float, float]:
    """The structure's part, or two variants for several copies, and the half lengths of its footprint."""
    spec, setting = plan.spec, plan.setting
    if not spec.build:
        return [], 14.0, 14.0
    parts = [spec.build(plan.order)]
    if plan.count > 1 and rng.random() < 0.6:
        parts.append(spec.build(plan.order))
    for part in parts:
        part.trim()
    if spec.name == "bridge":
        return parts, (int(plan.order.style) - 2) / 2, 14.0
    turn = rng.randrange(4) if spec.name != "harbour" and setting != "crossing" else 0
    parts = [p.turned(turn) for p in parts]
    least = 14.0 if plan.count > 1 else 0.0
    half_x = 6.0 if setting == "crossing" else max(parts[0].w / 2, least)
    return parts, half_x, max(parts[0].d / 2, least)


def _structure(rng: Random, g: np.random.Generator, spec: Family, count: int, asked: Asked) -> Draft:
    plan = _plan(rng, spec, count, asked)
    setting, ground = plan.setting, plan.ground
    parts, half_x, half_z = _draw(rng, plan)
    level = max([plan.level, *(p.below + 2 for p in parts)])
    land, site = _land(rng, g, spec, setting, ground, half_x, half_z, level)
    scene = Scene(land, rng, g)
    if setting in ("lake", "river", "hill", "island", "plateau") and plan.says["setting"] and rng.random() < 0.2:
        below = 7 if setting in ("hill", "plateau") else 0
        scene.terrain = plain(Frame(rng, g, 16, 16, level - below, ground))[0].blocks()

    facts = Facts(spec.name, count=plan.count, short=plan.short)
    if spec.group:
        facts.details = spec.group(scene, plan.order)
    else:
        _place(rng, scene, spec, parts, site, setting, facts)
    _say(rng, plan, scene, parts, facts)
    if plan.two:
        company(rng, scene, facts, site.cx, site.cz, 44)
    if not facts.trees and spec.name not in ("forest", "oasis", "garden") and setting != "sea":
        roll = rng.random()
        if roll < 0.1 and not plan.short:
            facts.trees = trees(rng, scene, ground, "many", True, before=rng.random() < 0.5)
        elif roll < 0.18 and not plan.short:
            facts.trees = trees(rng, scene, ground, "few", True, before=rng.random() < 0.5)
        elif roll < 0.74:
            standing(rng, scene, ground, wood=spec.name not in TREES)
    tags = {"size": plan.size, "setting": setting, "ground": ground, "count": str(facts.count)}
    known = {"material": facts.material, "companion": facts.companion, "roof": str(facts.roof or "")}
    objects = ((spec.name, facts.count), *facts.beside)
    tags |= {k: v for k, v in known.items() if v}
    return Draft(scene.blocks, scene.terrain, caption(rng, facts), tags, objects)


def _say(rng: Random, plan: Plan, scene: Scene, parts: list[Part], facts: Facts) -> None:
    """Hand over to the caption what was decided to be said, as far as it came true."""
    spec, says = plan.spec, plan.says
    if spec.says_material and says["material"] and _material(scene, plan.material):
        facts.material = plan.material
    if spec.name == "castle" and plan.order.style == "variant" and rng.random() < 0.85:
        facts.must = tuple(key for key in ("moat", "pointed_roofs", "six") if (key, "") in parts[0].details)
    if len(parts) == 1 and not plan.short:
        facts.roof = parts[0].roof
    facts.size = plan.size if says["size"] and plan.count == 1 else ""
    facts.style = style_word(rng, spec.name) if says["style"] else ""
    facts.setting = plan.setting if says["setting"] and plan.setting != "plain" else ""
    facts.ground = plan.ground if says["ground"] and plan.setting != "sea" else ""
    if spec.name == "forest":
        facts.noun = rng.choice(FORESTS[plan.order.style])
    elif spec.name == "pine" and plan.order.style == "snowy" and rng.random() < 0.6:
        facts.style = "snowy"


def _land(
    rng: Random, g: np.random.Generator, spec: Family, setting: str, ground: str, hx: float, hz: float, level: int
) -> tuple[Land, Site]:
    """The land with a site for a footprint of half lengths hx, hz."""
    if spec.name == "oasis":
        frame = Frame(rng, g, 12, 12, level, "desert")
        land = LANDSCAPES["lake"](frame)
        return land, Site(32, 32, level)
    if spec.name == "harbour":
        hx = 8.0
    return SETTINGS[setting](Frame(rng, g, hx, hz, level, ground))


def _place(rng: Random, scene: Scene, spec: Family, parts: list[Part], site: Site, setting: str, facts: Facts) -> None:
    """Put the main structure, or its copies, on the land; fix ``facts.count`` to what found room."""
    first = parts[0]
    facts.details = list(first.details) if len(parts) == 1 else []
    tree = spec.name in TREES
    if facts.count == 1:
        if tree:
            scene.stand(first, int(site.cx), int(site.cz))
        elif spec.name == "bridge":
            scene.put(first, site.cx, site.cz, at=site.level)
        elif spec.name == "ship":
            scene.put(first, site.cx, site.cz, at=scene.land.water)
        elif spec.name == "harbour":
            shore = int((scene.land.wet).argmax(axis=0)[28:36].mean()) if scene.land.wet.any() else 30
            scene.put(first, shore - 5 + first.w / 2, 32 + rng.randint(-6, 6), at=scene.land.water)
        elif setting == "crossing":
            scene.put(first, site.cx, site.cz, at=site.level)
        else:
            scene.put(first, site.cx, site.cz, at=site.level)
        return
    row = rng.random() < 0.3 and facts.count * max(p.w for p in parts) < SIZE - 2
    done = 0
    for k in range(facts.count):
        part = parts[k % len(parts)]
        if row:
            step = (SIZE - 4) / facts.count
            x, z = int(2 + step * (k + 0.5)), int(site.cz)
        else:
            part = part.turned(rng.randrange(4))
            w = max(part.w * 2 // 3, 5) if tree else part.w
            spot = scene.free_spot(w, w if tree else part.d, near=(32, 32, 17.0 + 3 * facts.count))
            if spot is None:
                continue
            x, z = spot
        if tree:
            scene.stand(part, x, z)
        else:
            scene.put(part, x, z)
        done += 1
    facts.count = max(done, 1)


def _material(scene: Scene, material: str) -> bool:
    """Whether the structures' blocks are mostly of the material."""
    solid = scene.tally[1:255].sum() - scene.tally[WATER]
    return bool(solid > 0 and scene.tally[MATERIALS[material].wall] >= MIN_SHARE * solid)
