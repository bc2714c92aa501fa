"""The prompts that judge the prior, and what each asks for.

``prompts.json`` was written before the prior was trained; training refuses captions that equal one of them.
Four groups of 40: single (one object), setting (an object in a place), several (two or three kinds of object),
unseen (one object in words that no caption uses).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GROUPS: Final = ("single", "setting", "several", "unseen")
PATH: Final = Path(__file__).with_name("prompts.json")

EDIT_MAPS: Final = ("1", "2")
EDIT_PROMPTS: Final = (
    "single-01", "single-05", "single-11", "single-13", "single-16", "single-19", "single-30", "setting-02",
)  # fmt: skip
"""What is built onto the sample maps, to see how much of their terrain stays."""


@dataclass(frozen=True)
class Asked:
    """``objects`` are (family, how many or None for any number); the names are those of ``voxcore.worlds``."""

    id: str
    group: str
    prompt: str
    objects: tuple[tuple[str, int | None], ...]
    material: str | None
    setting: str | None
    ground: str | None

    @property
    def families(self) -> tuple[str, ...]:
        """The asked families in the order of the prompt."""
        return tuple(family for family, _ in self.objects)


def load_prompts(path: Path = PATH) -> dict[str, Asked]:
    """Every prompt by its id, in the file's order."""
    out: dict[str, Asked] = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        expect = entry["expect"]
        objects = tuple((family, count) for family, count in expect["objects"])
        out[entry["id"]] = Asked(
            entry["id"],
            entry["group"],
            entry["prompt"],
            objects,
            expect["material"],
            expect["setting"],
            expect["ground"],
        )
    return out
