"""The families: who builds each, of what, where it stands by nature, and how often it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from voxcore.worlds import castles, groups, homes, modern, monuments, nature, primitives, sacred, squares, waterside
from voxcore.worlds.canvas import Part
from voxcore.worlds.order import Order
from voxcore.worlds.scene import Scene

Weights = dict[str, float]
Builder = Callable[[Order], Part]
Group = Callable[[Scene, Order], list[tuple[str, str]]]


def w(text: str) -> Weights:
    """Weights from "key weight, key weight"."""
    return {key: float(weight) for key, weight in (item.split() for item in text.split(","))}


ANYWHERE: Final[Weights] = {
    "plain": 5, "rolling": 1.2, "editor_hills": 2.2, "hill": 1.2, "lake": 1, "coast": 0.5, "river": 0.8, "island": 1,
    "plateau": 0.5, "mountains": 0.8, "valley": 0.4,
}  # fmt: skip
OPEN: Final[Weights] = w("plain 5, rolling 1, editor_hills 1.5, lake 0.5, valley 0.5, island 0.4, mountains 0.4")
FLAT: Final[Weights] = w("plain 6, editor_hills 1")
GREEN: Final[Weights] = w("meadow 6, alpine 1, snow 0.8, desert 0.7, dirt 0.4, rock 0.3, gravel 0.2")
DRY: Final[Weights] = w("desert 6, meadow 1.2, dirt 0.6, rock 0.4, snow 0.2")
COLD: Final[Weights] = w("snow 6, ice 1, alpine 0.3, rock 0.2")
STONY: Final[Weights] = w("stone 6, dark 1, sand 1, white 0.7, wood 0.7, ice 0.3, brick 0.5, snow 0.2")
HOMELY: Final[Weights] = w("wood 5, stone 3, white 1.2, brick 1.5, sand 0.9, dark 0.4, snow 0.2")


@dataclass(frozen=True)
class Family:
    """One family. The first material, setting and ground are what it has when the caption does not say.

    Exactly one of ``build`` (a part), ``group`` (a scene) and ``land`` (a landscape's name) is set.
    """

    name: str
    build: Builder | None = None
    group: Group | None = None
    land: str = ""
    materials: Weights = field(default_factory=lambda: STONY)
    settings: Weights = field(default_factory=lambda: ANYWHERE)
    grounds: Weights = field(default_factory=lambda: GREEN)
    weight: float = 1.0
    says_material: bool = True
    repeat: int = 0
    """Most copies in one world (0: never repeated)."""
    repeat_span: int = 20
    styles: tuple[str, ...] = ("",)
    """Variants handed to the builder."""


def _families() -> tuple[Family, ...]:
    sea: Weights = w("sea 5, coast 0.0001")
    shore: Weights = w("coast 4, island 3, plain 1.2, plateau 0.8, hill 0.7, editor_hills 1")
    leafy: Weights = w("hedge 1")
    land: Weights = w("plain 1")
    return (
        Family("castle", castles.castle, weight=5.5),
        Family("keep", castles.keep, weight=1),
        Family("fort", castles.fort, materials=w("wood 5, stone 2, sand 1, brick 0.5"), weight=0.8),
        Family("city_wall", castles.city_wall, settings=OPEN, weight=0.9),
        Family("watchtower", castles.watchtower, materials=STONY | w("wood 2.5"), weight=2, repeat=4, repeat_span=15),
        Family("gate", monuments.gate, weight=0.7),
        Family("house", homes.house, materials=HOMELY, weight=2, repeat=4, repeat_span=18),
        Family("cottage", homes.cottage, materials=HOMELY, weight=1.4, repeat=5, repeat_span=14),
        Family("cabin", homes.cabin, materials=w("wood 1"), weight=1, repeat=3, repeat_span=16),
        Family("barn", homes.barn, materials=w("wood 4, brick 1.5, stone 1"), settings=OPEN, weight=0.8),
        Family(
            "windmill",
            homes.windmill,
            materials=w("stone 2.5, wood 2.5, white 1.5, brick 1, sand 0.5"),
            weight=1.3,
            repeat=3,
            repeat_span=20,
        ),
        Family("village", group=groups.village, materials=HOMELY, settings=OPEN, weight=1.8),
        Family("market", group=groups.market, materials=w("wood 1"), settings=FLAT, weight=0.6, says_material=False),
        Family("farm", group=groups.farm, materials=HOMELY, settings=FLAT, weight=1, says_material=False),
        Family(
            "church", sacred.church, materials=w("stone 4, white 2, wood 1.5, brick 1, sand 0.5, dark 0.5"), weight=2
        ),
        Family("cathedral", sacred.cathedral, materials=w("stone 5, sand 1, white 1, dark 1"), weight=1.2),
        Family("temple", sacred.temple, materials=w("white 3, stone 3, sand 2.5, dark 0.3, wood 0.3"), weight=1.6),
        Family("pagoda", sacred.pagoda, materials=w("wood 4, white 2, stone 1.5, brick 1, sand 0.4"), weight=1.4),
        Family(
            "mosque",
            sacred.mosque,
            materials=w("sand 4, white 3, stone 1.5"),
            grounds=w("desert 3, meadow 3, dirt 0.5, rock 0.3, snow 0.2"),
            weight=1.4,
        ),
        Family("shrine", sacred.shrine, materials=w("brick 3, wood 2, stone 1"), weight=0.6, repeat=3, repeat_span=16),
        Family(
            "pyramid",
            monuments.pyramid,
            materials=w("sand 6, stone 1.2, dark 0.4, white 0.4, ice 0.3, wood 0.2"),
            grounds=DRY,
            settings=OPEN | w("plain 8"),
            weight=1.4,
            repeat=3,
            repeat_span=25,
        ),
        Family(
            "ziggurat",
            monuments.ziggurat,
            materials=w("sand 3, stone 3, brick 1.5, dark 0.4"),
            grounds=DRY | w("meadow 4"),
            weight=1,
            styles=("", "four"),
        ),
        Family("ruins", monuments.ruins, materials=w("stone 5, sand 1.2, dark 0.8, white 0.5, brick 0.5"), weight=1.3),
        Family(
            "stone_circle",
            monuments.stone_circle,
            materials=w("stone 5, dark 1, sand 0.4, white 0.2, ice 0.2"),
            weight=1,
        ),
        Family("arch", monuments.arch, materials=STONY, weight=1.2),
        Family(
            "statue",
            squares.statue,
            materials=w("stone 4, white 2.5, sand 1, dark 1, wood 0.4, ice 0.3"),
            weight=0.9,
            repeat=3,
            repeat_span=18,
        ),
        Family(
            "obelisk",
            squares.obelisk,
            materials=w("stone 3, sand 2, white 1, dark 1, ice 0.3"),
            weight=0.8,
            repeat=4,
            repeat_span=14,
        ),
        Family(
            "fountain",
            squares.fountain,
            materials=w("stone 5, white 2, sand 1, dark 0.5"),
            settings=OPEN | w("plain 8"),
            weight=0.9,
        ),
        Family("well", squares.well, materials=w("stone 5, wood 1, brick 1, sand 0.7, dark 0.5"), weight=1.1),
        Family(
            "bridge",
            waterside.bridge,
            materials=w("stone 4, wood 3, sand 0.6, brick 0.6, dark 0.4, white 0.3"),
            settings=w("crossing 1"),
            weight=2,
        ),
        Family(
            "aqueduct",
            waterside.aqueduct,
            materials=w("stone 4, sand 1.5, white 0.7, brick 0.7"),
            settings=w("plain 4, rolling 1, crossing 1, valley 0.5"),
            weight=0.9,
        ),
        Family(
            "lighthouse",
            waterside.lighthouse,
            materials=w("white 4, stone 3, brick 0.7, wood 0.4, sand 0.4"),
            settings=shore,
            weight=1.6,
        ),
        Family("ship", waterside.ship, materials=w("wood 6, brick 1, white 0.6"), settings=sea, weight=1.6),
        Family("harbour", waterside.pier, materials=w("wood 5, stone 1.5"), settings=w("coast 1"), weight=0.9),
        Family(
            "skyscraper",
            modern.skyscraper,
            materials=w("stone 3, glass 3, white 1, dark 1, sand 0.3"),
            settings=OPEN,
            weight=1.4,
            repeat=4,
            repeat_span=15,
        ),
        Family("city", modern.city, materials=w("stone 1"), settings=FLAT, weight=1.3, says_material=False),
        Family(
            "stadium",
            modern.stadium,
            materials=w("stone 4, sand 2, white 1.5"),
            settings=OPEN,
            weight=0.8,
            styles=("", "sport"),
        ),
        Family("factory", modern.factory, materials=w("brick 4, stone 2, dark 1"), settings=OPEN, weight=0.6),
        Family(
            "rocket",
            modern.rocket,
            materials=w("white 5, stone 1.5, dark 0.5"),
            settings=OPEN,
            grounds=w("meadow 3, desert 2, dirt 1, gravel 1, rock 1"),
            weight=0.9,
        ),
        Family(
            "igloo",
            nature.igloo,
            materials=w("snow 5, ice 2"),
            grounds=COLD,
            settings=OPEN | w("plain 8"),
            weight=1.4,
            repeat=4,
            repeat_span=18,
        ),
        Family(
            "snowman",
            nature.snowman,
            materials=w("snow 1"),
            grounds=COLD | w("snow 9"),
            settings=OPEN | w("plain 8"),
            weight=1,
            says_material=False,
            repeat=4,
            repeat_span=18,
        ),
        Family(
            "tent",
            nature.tent,
            materials=w("sand 3, white 2, wood 1, brick 1"),
            settings=OPEN,
            weight=0.4,
            says_material=False,
            repeat=3,
            repeat_span=16,
        ),
        Family(
            "camp",
            group=groups.camp,
            materials=w("sand 3, white 2, wood 1, brick 1"),
            settings=OPEN,
            weight=0.7,
            says_material=False,
        ),
        Family("oak", nature.oak, weight=1.2, repeat=5, repeat_span=18, says_material=False, materials=leafy),
        Family(
            "pine",
            nature.pine,
            weight=1.2,
            repeat=5,
            repeat_span=16,
            styles=("", "", "snowy"),
            grounds=GREEN | w("snow 4"),
            says_material=False,
            materials=leafy,
        ),
        Family(
            "palm",
            nature.palm,
            weight=0.8,
            repeat=5,
            repeat_span=18,
            grounds=w("desert 4, meadow 2"),
            says_material=False,
            materials=leafy,
        ),
        Family("giant_tree", nature.giant_tree, weight=0.8, says_material=False, materials=leafy),
        Family(
            "dead_tree",
            nature.dead_tree,
            weight=0.6,
            repeat=4,
            repeat_span=18,
            grounds=w("meadow 2, dirt 3, rock 1, snow 1, gravel 1"),
            says_material=False,
            materials=leafy,
        ),
        Family(
            "cactus",
            nature.cactus,
            weight=0.5,
            repeat=5,
            repeat_span=14,
            grounds=w("desert 1"),
            settings=OPEN,
            says_material=False,
            materials=leafy,
        ),
        Family(
            "forest",
            group=groups.forest,
            weight=2.2,
            styles=("oak", "oak", "pine", "pine", "snowy", "mixed", "dead", "palm"),
            settings=w("plain 3, rolling 2, editor_hills 2, lake 0.6, river 0.6, valley 0.5, mountains 0.5"),
            says_material=False,
            materials=leafy,
        ),
        Family(
            "oasis",
            group=groups.oasis,
            weight=0.9,
            grounds=w("desert 1"),
            settings=w("plain 1"),
            says_material=False,
            materials=leafy,
        ),
        Family(
            "garden",
            group=groups.garden,
            weight=0.7,
            settings=FLAT,
            grounds=w("meadow 1"),
            says_material=False,
            materials=leafy,
        ),
        Family(
            "maze", group=groups.maze, weight=0.7, settings=FLAT, materials=w("hedge 3, stone 2, sand 0.5, ice 0.3")
        ),
        Family(
            "mine",
            group=groups.mine,
            weight=0.7,
            settings=FLAT,
            materials=w("stone 1"),
            says_material=False,
            grounds=w("meadow 3, dirt 2, rock 1, snow 0.6, desert 0.5"),
        ),
        Family(
            "quarry",
            group=groups.quarry,
            weight=0.6,
            settings=w("plain 1"),
            materials=w("stone 1"),
            says_material=False,
        ),
        *(
            Family(name, land=name, weight=weight, settings=land, grounds=grounds, says_material=False)
            for name, weight, grounds in (
                ("plains", 0.8, GREEN | w("snow 2, desert 1, ice 0.5")),
                ("hills", 1.4, GREEN),
                ("mountain", 1.5, GREEN),
                ("mountain_range", 1.2, GREEN),
                ("volcano", 1.3, w("meadow 4, dirt 1, desert 1, rock 1, gravel 0.5")),
                ("canyon", 1, w("desert 3, dirt 1.5, meadow 1.5, rock 1")),
                ("island", 1.3, w("meadow 5, desert 1.5, alpine 1, snow 0.4")),
                ("lake", 1.1, GREEN),
                ("river", 1, GREEN),
                ("dunes", 0.7, w("desert 1")),
                ("desert", 0.7, w("desert 1")),
                ("glacier", 0.7, w("snow 1")),
                ("cliffs", 0.8, GREEN),
            )
        ),
        *(
            Family(
                name,
                build,
                weight=0.35,
                settings=FLAT,
                materials=w("stone 2, wood 1.5, sand 1, white 1, ice 0.7, brick 1, dark 0.5"),
            )
            for name, build in (
                ("cube", primitives.cube),
                ("sphere", primitives.sphere),
                ("wall", primitives.wall),
                ("pillar", primitives.pillar),
                ("cone", primitives.cone),
                ("ring", primitives.ring_wall),
                ("dome", primitives.dome),
                ("staircase", primitives.staircase),
            )
        ),
    )


CATALOGUE: Final[dict[str, Family]] = {f.name: f for f in _families()}
