"""Is a result a copy of a training world? Compares main structures block by block.

Two structures are laid on each other at a corner of their boxes, in the 8 symmetries of the plan; their agreement is
the number of cells with the same block in both over the number of cells that are full in either. Training structures
of the asked family whose box is within two cells of the result's are compared, all others agree less by their size
alone. Structures of fewer than LEAST blocks are not judged. Simple solids (a pyramid) agree by necessity: the
generator's fresh worlds are judged in the same way, and only what goes beyond them is telling.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from benchmarks.prior.structure import Blocks, bodies

LEAST: Final = 200
COPY: Final = 0.95
"""From this agreement on a structure counts as a copy."""
NEAR: Final = 2


def main_structure(blocks: Blocks) -> Blocks | None:
    """The largest thing built, cut to its height; None for less than LEAST blocks."""
    found = bodies(blocks) or bodies(blocks, massive=True)
    if not found or int(found[0].solid.sum()) < LEAST:
        return None
    return found[0].kinds[:, : found[0].tall]


def agreement(a: Blocks, b: Blocks) -> float:
    """Best agreement 0..1 over the symmetries."""
    best = 0.0
    for flip in (False, True):
        for turn in range(4):
            c = np.rot90(b, turn, axes=(0, 2))
            c = c[:, :, ::-1] if flip else c
            if any(abs(p - q) > NEAR for p, q in zip(a.shape, c.shape, strict=True)):
                continue
            common = tuple(slice(0, min(p, q)) for p, q in zip(a.shape, c.shape, strict=True))
            p, q = a[common], c[common]
            both = int(((p == q) & (p != 0)).sum())
            overlap = int(((p != 0) & (q != 0)).sum())
            either = int((a != 0).sum()) + int((c != 0).sum()) - overlap
            best = max(best, both / max(either, 1))
    return best


def nearest(structure: Blocks, training: list[Blocks]) -> float:
    """The best agreement with any of the training structures."""
    sides = sorted((structure.shape[0], structure.shape[2]))
    best = 0.0
    for other in training:
        mine = sorted((other.shape[0], other.shape[2]))
        if abs(other.shape[1] - structure.shape[1]) > NEAR or any(
            abs(p - q) > NEAR for p, q in zip(sides, mine, strict=True)
        ):
            continue
        best = max(best, agreement(structure, other))
    return best
