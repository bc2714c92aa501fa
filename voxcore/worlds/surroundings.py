"""What is around the main structure: a second kind of object, and trees."""

from __future__ import annotations

from random import Random

from voxcore.worlds import nature
from voxcore.worlds.canvas import ROCK, SAND, STONE, Part
from voxcore.worlds.captions import COUNTS, Facts, article
from voxcore.worlds.companions import COMPANIONS, Companion
from voxcore.worlds.order import MATERIALS, Order
from voxcore.worlds.scene import Scene
from voxcore.worlds.terrain import HEIGHT


def company(rng: Random, scene: Scene, facts: Facts, cx: float, cz: float, reach: float) -> None:
    """A second kind of object near the first, if there is room, and its phrase."""
    wet = float(scene.land.wet.mean())
    skin = scene.land.ground.skin
    options = [c for c in COMPANIONS if (wet > 0.25) == c.wet or (not c.wet and wet < 0.6)]
    options = [c for c in options if not (c.one[0] in ("snowman", "igloo") and skin not in (5, 10))]
    options = [
        c for c in options if not (c.one[0] in ("palm tree", "cactus") and skin != 6) and c.family != facts.family
    ]
    if not options:
        return
    c = rng.choice(options)
    wanted = rng.randint(1, c.most) if c.most > 1 and rng.random() < 0.55 else 1
    room = max(10, HEIGHT - 2 - int(scene.land.height.max()))
    order = Order(rng, MATERIALS[rng.choice(c.materials)], "small", c.span, min(room, 26), rng.random() < 0.5, "")
    part = c.build(order)
    part.trim()
    done = 0
    for _ in range(wanted):
        p = part.turned(rng.randrange(4))
        if c.tree:
            spot = scene.free_spot(5, 5, near=(cx, cz, reach))
            if spot:
                scene.plant(p, *spot, count=False)
                scene.taken[max(spot[0] - 3, 0) : spot[0] + 4, max(spot[1] - 3, 0) : spot[1] + 4] = True
                done += 1
            continue
        spot = scene.free_spot(p.w + 1, p.d + 1, wet=c.wet, near=(cx, cz, reach))
        if spot:
            scene.put(p, *spot, at=scene.land.water if c.wet else None, count=False)
            done += 1
    if done:
        facts.companion = _named(rng, c, done)
        facts.beside = ((c.family, done),)


def _named(rng: Random, c: Companion, n: int) -> str:
    return article(rng.choice(c.one)) if n == 1 else f"{rng.choice(COUNTS[n])} {rng.choice(c.many)}"


def standing(rng: Random, scene: Scene, ground: str, *, wood: bool) -> None:
    """Trees and boulders that nobody speaks of: they stood there before anything was built, and stay.

    ``wood``: whether there may be trees, which would be taken for what the caption speaks of in worlds of trees.
    """
    if wood and rng.random() < 0.9:
        trees(rng, scene, ground, "many" if rng.random() < 0.06 else "few", False, before=True)
    if not wood or rng.random() < 0.3:
        block = rng.choice((STONE, ROCK)) if ground != "desert" else rng.choice((SAND, STONE))
        rocks = []
        for _ in range(2):
            n = rng.randint(2, 5)
            rock = Part(n + 1, n, n, below=1)
            rock.ball(0, -1, 0, n + 1, n + 1, n, block)
            rocks.append(rock)
        scene.scatter(rocks, rng.randint(2, 7), 7.0, before=True)


def trees(rng: Random, scene: Scene, ground: str, how: str, said: bool, *, before: bool = False) -> str:
    """Trees on what is left free; returns the key of the phrase, "" if none is to be said.

    ``before``: they are part of the terrain too, as they are where nobody speaks of them.
    """
    order = Order(
        rng,
        MATERIALS["hedge"],
        "small",
        12,
        rng.choice((9, 10, 12)),
        False,
        "snowy" if ground == "snow" and rng.random() < 0.5 else "",
    )
    kind = rng.choice((nature.oak, nature.oak, nature.pine))
    if ground == "desert":
        kind = nature.palm if how == "many" else rng.choice((nature.palm, nature.cactus))
    elif ground in ("snow", "alpine"):
        kind = nature.pine
    elif ground not in ("meadow",):
        kind = nature.pine if how == "many" else rng.choice((nature.dead_tree, nature.pine))
    said = said and kind not in (nature.cactus, nature.dead_tree)
    before = before or not said
    stand = [kind(order) for _ in range(3)]
    number = rng.randint(25, 45) if how == "many" else rng.randint(3, 12)
    planted = scene.scatter(stand, number, 4.0 if how == "many" else 5.5, before=before)
    if not said or planted < (12 if how == "many" else 2):
        return ""
    if kind is nature.palm:
        return "palm"
    if how == "many":
        return "pine_many" if kind is nature.pine and rng.random() < 0.6 else "many"
    return "few"
