"""What a caller asks of a world: the families with their numbers, the material, the setting, the ground."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from voxcore.errors import InvalidInput
from voxcore.worlds.catalogue import CATALOGUE
from voxcore.worlds.ensemble import COMBINED, MOST, PATTERNS, TREES
from voxcore.worlds.order import MATERIALS
from voxcore.worlds.settings import SETTINGS
from voxcore.worlds.terrain import GROUNDS


@dataclass(frozen=True)
class Wish:
    """``families`` are (family, number) pairs, the main one first; "" leaves the rest to the seed.

    ``pattern`` says how two families stand: "beside" each other, the second "around" the first, or two of it on both
    sides of the first ("flank"). ``material`` is that of the first family, and the caption then names it;
    ``setting`` is a key of ``voxcore.worlds.settings.SETTINGS`` ("lake", "hill" ...) and ``ground`` of
    ``terrain.GROUNDS`` ("snow" ...).

    Raises:
        InvalidInput: an unknown name, or a combination that the generator cannot build.
    """

    families: tuple[tuple[str, int], ...]
    material: str = ""
    setting: str = ""
    ground: str = ""
    pattern: str = "beside"

    def __post_init__(self) -> None:
        names = [name for name, _ in self.families]
        if not 1 <= len(names) <= 3 or len(set(names)) != len(names):
            raise InvalidInput(f"expected one to three different families, got {names}", field="wish.families")
        for name, count in self.families:
            _known(name, CATALOGUE, "families")
            most = max(1, CATALOGUE[name].repeat) if len(names) == 1 else MOST
            if not 1 <= count <= most:
                raise InvalidInput(f"expected 1 to {most} of {name!r}, got {count}", field="wish.families")
        if self.material:
            _known(self.material, MATERIALS, "material")
        if self.setting:
            _known(self.setting, SETTINGS, "setting")
        if self.ground:
            _known(self.ground, GROUNDS, "ground")
        _known(self.pattern, PATTERNS, "pattern")
        if self.pattern != "beside":
            self._arranged(names)
        main = CATALOGUE[names[0]]
        if self.material and (not main.says_material or self.material not in main.materials):
            possible = ", ".join(main.materials) if main.says_material else "none"
            raise InvalidInput(f"{names[0]!r} can be of: {possible}; got {self.material!r}", field="wish.material")
        if len(names) == 1:
            self._single()
        else:
            self._several(names)

    def _single(self) -> None:
        main = CATALOGUE[self.families[0][0]]
        if self.setting and (main.land or self.setting not in main.settings):
            possible = "none" if main.land else ", ".join(main.settings)
            raise InvalidInput(f"{main.name!r} can stand in: {possible}; got {self.setting!r}", field="wish.setting")
        if self.ground and self.ground not in main.grounds:
            raise InvalidInput(
                f"{main.name!r} can stand on: {', '.join(main.grounds)}; got {self.ground!r}", field="wish.ground"
            )

    def _arranged(self, names: list[str]) -> None:
        counts = [count for _, count in self.families]
        if len(names) != 2 or counts[0] != 1 or set(names) & {"bridge", "ship"}:
            raise InvalidInput(f"expected one thing and others {self.pattern} it, got {self.families}", field="wish")
        if (counts[1] != 2) if self.pattern == "flank" else (counts[1] < 3):
            few = "two" if self.pattern == "flank" else "three or more"
            raise InvalidInput(f"expected {few} of {names[1]!r} for {self.pattern!r}", field="wish.pattern")

    def _several(self, names: list[str]) -> None:
        alone = [name for name in names if name not in COMBINED]
        if alone:
            raise InvalidInput(f"{alone[0]!r} fills a world of its own", field="wish.families")
        if sum(count for _, count in self.families) > MOST:
            raise InvalidInput(f"expected at most {MOST} objects, got {self.families}", field="wish.families")
        if self.setting == "sea" and set(names) - {"ship"}:
            raise InvalidInput("only ships stand on the sea", field="wish.setting")
        if ("bridge" in names) != (self.setting == "crossing") and self.setting:
            raise InvalidInput("a bridge stands in the setting 'crossing', and nothing else does", field="wish.setting")
        if {"bridge", "ship"} <= set(names):
            raise InvalidInput("a bridge's river has no room for a ship", field="wish.families")
        if "ship" in names and self.setting not in ("", "coast", "lake"):
            raise InvalidInput(f"a ship needs 'coast' or 'lake', got {self.setting!r}", field="wish.setting")
        if self.ground and set(names) & TREES == {"cactus"} and self.ground != "desert":
            raise InvalidInput(f"a cactus stands on 'desert', got {self.ground!r}", field="wish.ground")


def _known(name: str, table: Collection[str], what: str) -> None:
    if name not in table:
        raise InvalidInput(f"expected one of {', '.join(table)}, got {name!r}", field=f"wish.{what}")
