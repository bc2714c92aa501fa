"""Tidy a finished world without touching what was there before.

Every rule looks only at what a job has changed: what a map's owner built stays, floating or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.maps import find_components
from voxcore.palette import AIR, EDITOR, Palette
from voxcore.plot import above_land, grown, strays

Blocks = NDArray[np.uint8]
Mask = NDArray[np.bool_]
CRUMB: Final = 60
"""Floating pieces of fewer cells are dropped; larger ones settle until something carries them."""
SPECKLE: Final = 8
"""Patches of changed cells smaller than this are noise and are put back."""


@dataclass(frozen=True, eq=False)
class Cleaned:
    """``blocks`` [X, Y, Z] and how many cells were dropped, settled lower and put back."""

    blocks: Blocks
    dropped: int
    settled: int
    restored: int


def cleaned(blocks: Blocks, source: Blocks, fixed: Mask, palette: Palette = EDITOR, *, edits: bool = True) -> Cleaned:
    """A tidier copy of ``blocks`` [X, Y, Z], palette indices like ``source``.

    New pieces that hang in the air, and old ones that lost what carried them, are dropped if smaller
    than CRUMB, otherwise lowered until they rest on something. Pieces that hung there before and pieces
    with cells in ``fixed`` stay. Where ``edits`` (the source is a world to be kept, not a blank to
    build on) some changes go back to what they were first:

    - cells of the land that were solid, still are, and that nobody can see;
    - custom blocks of the map that only changed their kind: the prior knows no such kind, so it cannot
      have meant another;
    - what changed away from all that was built or dug (`voxcore.plot`);
    - patches of fewer than SPECKLE changed cells.
    """
    out = _restored(blocks, source, palette) if edits else blocks.copy()
    restored = int((out != blocks).sum())
    dropped = settled = 0
    found = find_components(out > AIR)
    stays = find_components(source > AIR).floating() & (out == source) | fixed
    loose = [i for i in range(1, found.count + 1) if not found.grounded[i]]
    pieces = {i: np.nonzero(found.labels == i) for i in loose}
    for i in sorted(loose, key=lambda i: (int(pieces[i][1].min()), i)):
        x, y, z = pieces[i]
        if stays[x, y, z].any():
            continue
        kinds = out[x, y, z]
        out[x, y, z] = AIR
        fall = _fall(out, x, y, z)
        if len(x) < CRUMB or fixed[x, y - fall, z].any():
            dropped += len(x)
            continue
        out[x, y - fall, z] = kinds
        settled += len(x)
    return Cleaned(out, dropped, settled, restored)


def _restored(blocks: Blocks, source: Blocks, palette: Palette) -> Blocks:
    out = blocks.copy()
    foreign = np.array([False, *(name not in EDITOR.index_by_name for name in palette.names[1:])])
    hidden = ~_exposed(out) & ~above_land(source)
    back = (out > AIR) & (source > AIR) & (hidden | foreign[source])
    out[back] = source[back]
    aside = strays(out, source, palette.index_by_name.get("Water", -1))
    out[aside] = source[aside]
    speckle = _small_patches(out != source)
    out[speckle] = source[speckle]
    return out


def _exposed(blocks: Blocks) -> Mask:
    """Solid cells [X, Y, Z] with a face towards air or the outside."""
    solid = blocks > AIR
    padded = np.pad(solid, 1)
    covered = solid.copy()
    for axis in range(3):
        for shift in (-1, 1):
            covered &= np.roll(padded, shift, axis)[1:-1, 1:-1, 1:-1]
    return solid & ~covered


def _small_patches(mask: Mask) -> Mask:
    """Cells of ``mask`` in groups of fewer than SPECKLE; cells up to two apart belong together."""
    labels = find_components(grown(mask, 1)).labels
    sizes = np.bincount(labels[mask], minlength=int(labels.max()) + 1)
    return mask & (sizes[labels] < SPECKLE)


def _fall(blocks: Blocks, x: NDArray[np.int64], y: NDArray[np.int64], z: NDArray[np.int64]) -> int:
    """How far a piece (already taken out of ``blocks``) can drop before it meets something or y = 0."""
    fall = 0
    while bool((y - fall > 0).all()) and not bool((blocks[x, y - fall - 1, z] > AIR).any()):
        fall += 1
    return fall
