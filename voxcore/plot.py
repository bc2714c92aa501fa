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
GAP: Final = 3
"""Columns that may lie between two parts of one plot (what a plot encloses is filled anyway)."""
BORDER: Final = 2
"""Columns around a plot that belong to it; ground that only changed its kind must be nearer (1)."""
LAND: Final = 4
"""What rises above the land and is not wider than twice this is a thing that stands on it: a tree, a hut."""
THING: Final = 600
"""Things of more blocks (a forest whose crowns touch) may be kept or given up in part."""
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
    things = (source > AIR) & above_land(source)
    made = _columns(found.built) | _columns(found.flooded)
    pits = _columns(found.dug & ~things)
    most = max(_largest(made), _largest(pits))
    if most == 0:
        return np.zeros_like(changed)
    plot = _groups_of(made, MINOR * most)
    if _largest(pits) > _largest(made):  # a quarry, a canyon: what was asked for is a hole
        plot |= _groups_of(pits, MINOR * most)
    painted = grown2(_filled(plot), 1)
    plot = grown2(shrunk2(_filled(grown2(plot, GAP)), GAP) | plot, BORDER)

    recoloured = changed & (blocks > AIR) & (source > AIR)
    out = (changed & ~plot[:, None, :]) | (recoloured & ~painted[:, None, :])
    open_ground = blocks > AIR
    open_ground &= ~_shifted(open_ground, -1) & ~plot[:, None, :]
    if (changed & open_ground).sum() >= REPAINTED * max(1, int(open_ground.sum())):
        # The whole country changed its kind: that was asked for. Only its shape goes back.
        out &= ~recoloured
    lost = found.dug & things
    whole, given_up = _whole_things(things, lost, plot)
    return np.asarray((out & ~given_up) | (lost & whole))


def above_land(source: Blocks) -> Mask:
    """Cells [X, Y, Z] above the land: the height map with everything narrow taken off (an opening)."""
    solid = source > AIR
    height = source.shape[1]
    tops = np.where(solid.any(1), height - solid[:, ::-1].argmax(1), 0)
    layers = np.arange(height)[None, :, None]
    below = layers < tops[:, None, :]  # [X, Y, Z], each layer a set of columns
    land = ~_spread(~below, LAND)
    land = _spread(land, LAND)
    return np.asarray(~land)


def _whole_things(things: Mask, lost: Mask, plot: Mask) -> tuple[Mask, Mask]:
    """Cells of the things that lost something and stand mostly aside, and of those that mostly were in
    the way: neither is to be cut in two by the border of the plot.
    """
    pieces = find_components(things)
    inside = np.bincount(pieces.labels[things & plot[:, None, :]], minlength=pieces.count + 1)
    small = (pieces.sizes <= THING) & (np.bincount(pieces.labels[lost], minlength=pieces.count + 1) > 0)
    small[0] = False
    aside = small & (inside < 0.5 * pieces.sizes)
    return np.asarray(aside[pieces.labels]), np.asarray((small & ~aside)[pieces.labels])


def _spread(mask: Mask, by: int) -> Mask:
    """``mask`` [X, Y, Z] grown in x and z only."""
    return grown(mask, by, axes=(0, 2))


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


def grown(mask: Mask, by: int, axes: tuple[int, ...] = (0, 1, 2)) -> Mask:
    """``mask`` [X, Y, Z] grown by so many cells along ``axes``, corners included."""
    out = mask
    for axis in axes:
        for _ in range(by):
            wide = np.pad(out, [(1, 1) if a == axis else (0, 0) for a in range(3)])
            inner = [slice(None)] * 3
            low, high = inner.copy(), inner.copy()
            low[axis], high[axis] = slice(None, -2), slice(2, None)
            out = out | wide[tuple(low)] | wide[tuple(high)]
    return out
