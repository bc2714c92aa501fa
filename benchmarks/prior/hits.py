"""When a result counts as right: R-precision at top 1, by the classifier's answers to the re-loaded map.

- single, unseen: the family that the classifier ranks first is the asked one.
- setting: that, and the place: the setting that the setting head ranks first is the asked one, and so is the ground
  where the prompt asks for one.
- several: with k different families asked, the k families ranked first are exactly those, in any order. How many there
  are of each is not judged.

Names that one picture may rightly bear are taken as the same (``SAME``): a small house is a cottage. Where a ranking
holds both, the second is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from benchmarks.prior.prompts import Asked

SAME: Final = tuple(
    frozenset(names.split())
    for names in (
        "house cottage",
        "oak giant_tree",
        "mountain mountain_range",
        "desert dunes",
        "tent camp",
        "rolling editor_hills foot",
        "mountains valley",
        "hill plateau",
        "river crossing",
    )
)


@dataclass(frozen=True)
class Hit:
    """``family``: what is there; ``place``: where it is (True where none was asked); ``right``: both."""

    family: bool
    place: bool

    @property
    def right(self) -> bool:
        return self.family and self.place


def same(a: str, b: str) -> bool:
    """Whether two names mean what one picture can show."""
    return a == b or any({a, b} <= group for group in SAME)


def judge(row: dict[str, Any], asked: Asked) -> Hit:
    """The rules of the module for one row."""
    wanted = asked.families
    first: list[str] = []
    for name in row["families"]:
        if len(first) < len(wanted) and not any(same(name, f) for f in first):
            first.append(name)
    family = all(any(same(f, w) for f in first) for w in wanted)
    place = True
    if asked.group == "setting":
        if asked.setting:
            place = same(row["setting"][0], asked.setting)
        if asked.ground:
            place = place and row["ground"][0] == asked.ground
    return Hit(family, place)
