"""What a family is: its builder, and what it is made of, stands on and is surrounded by, with weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from voxcore.worlds.canvas import Part
from voxcore.worlds.order import Order
from voxcore.worlds.scene import Scene

Weights = dict[str, float]
Builder = Callable[[Order], Part]
Group = Callable[[Scene, Order], list[tuple[str, str]]]


def w(text: str) -> Weights:
    """Weights from "key weight, key weight"."""
    return {key: float(weight) for key, weight in (item.split() for item in text.split(","))}


def pick(rng: Random, weights: Weights, *, flat: bool = False) -> str:
    """A key by weight; ``flat`` evens the weights out (their square roots)."""
    keys = list(weights)
    values = [v**0.5 if flat else v for v in weights.values()]
    return rng.choices(keys, values)[0]


ANYWHERE: Final[Weights] = {
    "plain": 5, "rolling": 1.2, "editor_hills": 2.2, "hill": 1.2, "lake": 1, "coast": 0.5, "river": 0.8, "island": 1,
    "plateau": 0.5, "mountains": 0.8, "valley": 0.4,
    "foot": 0.5,
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
