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
from voxcore.worlds.compose import draft
from voxcore.worlds.vocabulary import HELD_OUT_WORDS

__all__ = ["FAMILIES", "HELD_OUT_WORDS", "World", "generate"]

FAMILIES: Final[tuple[str, ...]] = tuple(CATALOGUE)


@dataclass(frozen=True)
class World:
    """``blocks`` and ``terrain`` are uint8 [64, 48, 64] palette indices of ``voxcore.palette.EDITOR``, y up.

    ``terrain`` is the world before any structure was put on it. ``tags`` hold what is known: ("size", "large"),
    ("material", "stone") where the caption names one, ("setting", ...), ("ground", ...), ("count", ...) and so on.
    """

    blocks: NDArray[np.uint8]
    terrain: NDArray[np.uint8]
    caption: str
    family: str
    tags: tuple[tuple[str, str], ...]


def generate(seed: int, *, family: str | None = None) -> World:
    """The world of a seed; ``family`` fixes its family, otherwise the seed chooses.

    Raises:
        InvalidInput: a negative seed or an unknown family.
    """
    if seed < 0:
        raise InvalidInput(f"expected 0 or more, got {seed}", field="seed")
    if family is not None and family not in CATALOGUE:
        raise InvalidInput(f"expected one of {', '.join(FAMILIES)}, got {family!r}", field="family")
    name, done = draft(seed, family)
    turn, flip = seed % 4, (seed // 4) % 2
    grids = []
    for grid in (done.blocks, done.terrain):
        turned = np.rot90(grid, turn, axes=(0, 2))
        grids.append(np.ascontiguousarray(turned[:, :, ::-1] if flip else turned))
    return World(grids[0], grids[1], done.caption, name, tuple(done.tags.items()))
