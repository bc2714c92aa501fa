"""Which changes of an edited map belong to what was asked for, and which are strays to be put back.

A generator that edits a map also redraws a little of everything else: a tree vanishes, a slope comes
out a block lower, a patch of grass turns to dirt. What was asked for is recognised by its bulk: the
*plot* is the ground under what was built, dug or flooded, with a narrow border. Changes outside the
plot are strays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxcore.maps import find_components
from voxcore.palette import AIR

Blocks = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MINOR: Final = 0.08
"""Share of the largest group's ground below which a group of changes is a stray."""
DIG: Final = 0.25
"""The same for a group of removed blocks that touches nothing built: a missing tree is no quarry."""
GAP: Final = 3
"""Columns that may lie between two parts of one plot (half of a courtyard's width is filled anyway)."""
BORDER: Final = 2
"""Columns around a plot that belong to it."""
REPAINTED: Final = 0.4
"""Share of the open ground outside the plot from which on a change of kind alone counts as wanted."""


@dataclass(frozen=True, eq=False)
class Changes:
    """What differs between ``source`` and ``blocks`` [X, Y, Z], by kind."""

    built: Mask
    """New matter, but for a single layer of what lies below it."""
    dug: Mask
    """Matter that is gone, but for a single layer of the land."""
    flooded: Mask
    """What became liquid."""


def changes(blocks: Blocks, source: Blocks, liquid: int) -> Changes:
    """Sort the differences; ``liquid`` is the palette index of water, or -1."""
    solid, was = blocks > AIR, source > AIR
    added, removed = solid & ~was, was & ~solid
    thin_added = added & _shifted(was, 1) & ~_shifted(added, -1) & (blocks == _shifted(source, 1))
    thin_removed = removed & ~_shifted(was, -1) & _shifted(solid, 1) & ~_shifted(removed, 1)
    return Changes(added & ~thin_added, removed & ~thin_removed, (blocks == liquid) & was & (source != liquid))


def strays(blocks: Blocks, source: Blocks, liquid: int) -> Mask:
    """Changed cells [X, Y, Z] that go back to what they were; none where nothing has bulk."""
    changed = blocks != source
    found = changes(blocks, source, liquid)
    built = _columns(found.built)
    largest = _largest(built)
    built = _groups_of(built, MINOR * largest)
    kept = found.built & built[:, None, :]

    dug_area = _largest(_columns(found.dug))
    flooded = _columns(found.flooded)
    flooded_area = _largest(flooded)
    most = max(largest, dug_area, flooded_area)
    if most == 0:
        return np.zeros_like(changed)
    dug, dug_aside = _dug(found.dug, kept, _filled(grown2(built, GAP)), DIG * most)
    flooded = _groups_of(flooded, MINOR * most)
    plot = built | _columns(dug) | flooded
    plot = grown2(shrunk2(_filled(grown2(plot, GAP)), GAP) | plot, BORDER)

    out = changed & ~plot[:, None, :] & ~dug
    top = _open_ground(blocks)
    aside = top & ~plot[:, None, :]
    if (changed & aside).sum() >= REPAINTED * max(1, int(aside.sum())):
        # The whole country changed its kind: that was asked for. Only its shape goes back.
        out &= (blocks > AIR) != (source > AIR)
    back: Mask = out | dug_aside
    return back


def _dug(dug: Mask, built: Mask, inside: Mask, area: float) -> tuple[Mask, Mask]:
    """The removed cells that made room, and those that were only lost."""
    pieces = find_components(grown(dug, 1))
    labels = np.where(dug, pieces.labels, 0)
    in_the_way = np.zeros(pieces.count + 1, dtype=bool)
    in_the_way[np.unique(labels[grown(built, 1) & dug])] = True
    within = np.bincount(labels[inside[:, None, :] & dug], minlength=pieces.count + 1)
    total = np.bincount(labels[dug], minlength=pieces.count + 1)
    in_the_way |= within > 0.5 * np.maximum(total, 1)
    for i in np.flatnonzero(~in_the_way[1:]) + 1:
        in_the_way[i] = _columns(labels == i).sum() >= area
    in_the_way[0] = False
    made_room: Mask = np.asarray(in_the_way[labels])
    return made_room, dug & ~made_room


def _shifted(values: NDArray[Any], by: int) -> NDArray[Any]:
    """``values`` moved up (``by`` 1) or down (-1) by one layer; the layer that comes in is 0."""
    out = np.zeros_like(values)
    if by > 0:
        out[:, 1:] = values[:, :-1]
    else:
        out[:, :-1] = values[:, 1:]
    return out


def _columns(mask: Mask) -> Mask:
    return np.asarray(mask.any(1))


def _open_ground(blocks: Blocks) -> Mask:
    solid = blocks > AIR
    return np.asarray(solid & ~_shifted(solid, -1))


def _labels2(columns: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Groups of columns [X, Z] that are at most two apart, and the number of columns of each."""
    labels = np.where(columns, find_components(grown2(columns, 1)[:, None, :]).labels[:, 0, :], 0)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels, sizes


def _largest(columns: Mask) -> int:
    return int(_labels2(columns)[1].max(initial=0))


def _groups_of(columns: Mask, least: float) -> Mask:
    """The groups of ``columns`` of at least that size."""
    labels, sizes = _labels2(columns)
    return np.asarray((sizes >= max(1.0, least))[labels] & columns)


def _filled(columns: Mask) -> Mask:
    """``columns`` [X, Z] and everything that they enclose."""
    outside = find_components(np.pad(~columns, 1, constant_values=True)[:, None, :])
    around = outside.labels[0, 0, 0]
    return np.asarray((outside.labels[:, 0, :] != around)[1:-1, 1:-1])


def grown2(columns: Mask, by: int) -> Mask:
    """``columns`` [X, Z] grown by so many columns, corners included."""
    return grown(columns[:, None, :], by)[:, 0, :]


def shrunk2(columns: Mask, by: int) -> Mask:
    """The inverse of growing; columns beyond the map count as full."""
    return ~grown2(~columns, by)


def grown(mask: Mask, by: int) -> Mask:
    """``mask`` [X, Y, Z] grown by so many cells, corners included."""
    out = mask
    for axis in range(3):
        for _ in range(by):
            wide = np.pad(out, [(1, 1) if a == axis else (0, 0) for a in range(3)])
            inner = [slice(None)] * 3
            low, high = inner.copy(), inner.copy()
            low[axis], high[axis] = slice(None, -2), slice(2, None)
            out = out | wide[tuple(low)] | wide[tuple(high)]
    return out
