"""Procedural worlds with captions: what the text-conditioned prior over blocks is trained on.

``generate(seed)`` returns the same world for the same seed everywhere; nothing here is differentiable. A world keeps
its terrain as it was before anything was built, which makes every world a training pair for editing a map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import InvalidInput
from voxcore.worlds.catalogue import CATALOGUE
from voxcore.worlds.compose import Draft, draft, wished
from voxcore.worlds.ensemble import Asked, Group
from voxcore.worlds.vocabulary import HELD_OUT, HELD_OUT_WORDS
from voxcore.worlds.wish import Wish

__all__ = ["FAMILIES", "HELD_OUT", "HELD_OUT_WORDS", "Wish", "World", "generate"]

ATTEMPTS: Final = 60
"""Worlds drawn for a wish before it counts as one that cannot be built."""

FAMILIES: Final[tuple[str, ...]] = tuple(CATALOGUE)


@dataclass(frozen=True)
class World:
    """``blocks`` and ``terrain`` are uint8 [64, 48, 64] palette indices of ``voxcore.palette.EDITOR``, y up.

    ``terrain`` is the world before any structure was put on it. ``objects`` are the families that the caption
    speaks of, with the number of each, ``family`` first. ``tags`` hold what is known: ("size", "large"),
    ("material", "stone") where the caption names one, ("setting", ...), ("ground", ...), ("count", ...) and so on.
    """

    blocks: NDArray[np.uint8]
    terrain: NDArray[np.uint8]
    caption: str
    family: str
    tags: tuple[tuple[str, str], ...]
    objects: tuple[tuple[str, int], ...]


def generate(seed: int, *, family: str | None = None, wish: Wish | None = None) -> World:
    """The world of a seed; ``family`` fixes its family, ``wish`` more than that, otherwise the seed chooses.

    Raises:
        InvalidInput: a negative seed, an unknown family, both a family and a wish, or a wish that finds no room.
    """
    if wish is not None and family is not None:
        raise InvalidInput("expected a family or a wish, got both", field="wish")
    if seed < 0:
        raise InvalidInput(f"expected 0 or more, got {seed}", field="seed")
    if family is not None and family not in CATALOGUE:
        raise InvalidInput(f"expected one of {', '.join(FAMILIES)}, got {family!r}", field="family")
    done = draft(seed, family) if wish is None else _fulfil(seed, wish)
    turn, flip = seed % 4, (seed // 4) % 2
    grids = []
    for grid in (done.blocks, done.terrain):
        turned = np.rot90(grid, turn, axes=(0, 2))
        grids.append(np.ascontiguousarray(turned[:, :, ::-1] if flip else turned))
    return World(grids[0], grids[1], done.caption, done.objects[0][0], tuple(done.tags.items()), done.objects)


def _fulfil(seed: int, wish: Wish) -> Draft:
    """The first world of this seed that has all that was asked for."""
    group = Group(wish.pattern, wish.families)
    asked = Asked(wish.material, wish.setting, wish.ground)
    for attempt in range(ATTEMPTS):
        done = wished(seed, attempt, group, asked)
        if done.objects == wish.families and wish.material in ("", done.tags.get("material")):
            return done
    raise InvalidInput(f"no room was found in {ATTEMPTS} worlds for {wish}", field="wish")
