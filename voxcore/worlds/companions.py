"""The second kind of object of a world: what may stand beside the main one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from voxcore.worlds import castles, homes, nature, sacred, squares, waterside
from voxcore.worlds.canvas import Part
from voxcore.worlds.order import Order

Builder = Callable[[Order], Part]


@dataclass(frozen=True)
class Companion:
    """A second kind of object: its family, how it is built and named, and its footprint. ``wet``: it floats."""

    family: str
    build: Builder
    materials: tuple[str, ...]
    one: tuple[str, ...]
    many: tuple[str, ...]
    span: int
    most: int = 1
    wet: bool = False
    tree: bool = False


COMPANIONS: Final[tuple[Companion, ...]] = (
    Companion(
        "watchtower",
        castles.watchtower,
        ("stone", "stone", "wood"),
        ("tower", "watchtower", "small tower"),
        ("towers", "watchtowers"),
        12,
        3,
    ),
    Companion(
        "cottage",
        homes.cottage,
        ("wood", "stone", "white"),
        ("cottage", "small house", "house"),
        ("cottages", "small houses", "houses"),
        13,
        4,
    ),
    Companion("cabin", homes.cabin, ("wood",), ("log cabin", "cabin"), ("log cabins", "cabins"), 13, 3),
    Companion("windmill", homes.windmill, ("stone", "wood", "white"), ("windmill",), ("windmills",), 16, 2),
    Companion("well", squares.well, ("stone",), ("well",), ("wells",), 7),
    Companion("fountain", squares.fountain, ("stone", "white"), ("fountain",), ("fountains",), 11, 2),
    Companion("statue", squares.statue, ("stone", "white"), ("statue",), ("statues",), 14, 2),
    Companion("obelisk", squares.obelisk, ("stone", "sand"), ("obelisk",), ("obelisks",), 11, 3),
    Companion("snowman", nature.snowman, ("snow",), ("snowman",), ("snowmen",), 14, 2),
    Companion(
        "oak", nature.oak, ("hedge",), ("tree", "oak tree", "big tree"), ("trees", "oak trees"), 11, 5, tree=True
    ),
    Companion(
        "pine",
        nature.pine,
        ("hedge",),
        ("pine tree", "fir tree"),
        ("pine trees", "pines", "fir trees"),
        9,
        6,
        tree=True,
    ),
    Companion("palm", nature.palm, ("hedge",), ("palm tree",), ("palm trees", "palms"), 11, 4, tree=True),
    Companion("dead_tree", nature.dead_tree, ("hedge",), ("dead tree",), ("dead trees",), 11, 3, tree=True),
    Companion("cactus", nature.cactus, ("hedge",), ("cactus",), ("cactuses",), 7, 4, tree=True),
    Companion("tent", nature.tent, ("sand", "white"), ("tent",), ("tents",), 12, 3),
    Companion("igloo", nature.igloo, ("snow",), ("igloo",), ("igloos",), 16, 3),
    Companion("church", sacred.church, ("stone", "white"), ("church", "chapel", "small church"), ("churches",), 18),
    Companion("lighthouse", waterside.lighthouse, ("white", "stone"), ("lighthouse",), ("lighthouses",), 13),
    Companion("ship", waterside.ship, ("wood",), ("ship", "sailing ship"), ("ships",), 18, 2, wet=True),
    Companion("ship", waterside.boat, ("wood",), ("boat", "small boat"), ("boats", "small boats"), 9, 3, wet=True),
)
