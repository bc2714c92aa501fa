"""Which cells a ray visits: all crossings at once where that is safe, step by step where it is not.

Compiled into `voxcore.render.soft_kernels`. Space and conventions: see `voxcore.render.kernels`.

A ray crosses the planes of one axis at equal distances, so its k-th crossing of x can be written
down without the others: t = (plane - origin_x) / direction_x, and the ray's y and z at that t,
rounded down, name the cell that it enters and, with k, how many crossings of any axis came before:
its place in the order of Amanatides and Woo, "A Fast Voxel Traversal Algorithm for Ray Tracing"
(1987). No crossing waits for another one, so four are done at once. This is exact unless a
crossing is so close to the edge of a cell that rounding could change the order; such a ray, and
one that is parallel to a plane, is walked step by step, with ties resolved as everywhere else.

A *walk* is three runs, one per axis, of the crossings of that axis in order. In arrays that hold
several walks, walk number w has its run of axis a from ``run_start(shape, w, a)`` on. Cells (flat
index) and places (0 for the first cell that counts) are kept as float64 plus WHOLE: then rounding
to a whole number is one addition, and the low 32 bits are that number as an integer
(``cells.view(np.int32)[2 * i]``, little-endian as every machine that numba supports).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from voxcore.render.kernels import compiled, enter
from voxcore.render.lanes import LANES, add, any_above, fma, load, mul, narrow, pick, spread, store, sub

WHOLE: Final = 1.5 * 2.0**52
_SPARE: Final = LANES + 1
"""Room behind each run: the last step writes up to LANES - 1 crossings too many, and one is a safeguard."""
_TIE: Final = 1e-12
"""Crossings nearer to an edge than this part of all coordinates are left to the slow walk; rounding
errs by less than a thousandth of it."""
_BEHIND: Final = 2**30
_COARSE: Final = 0.25
"""From so far away no crossing is safe."""
_STRAIGHT: Final = 1e-100
"""Directions below this are as good as parallel: their inverse could overflow."""


@compiled(forceinline=True)
def run_start(shape, walk, axis):  # type: ignore[no-untyped-def]
    """Where a run begins; also, with axis 0 of walk w, how much room w walks take."""
    start = walk * (shape[0] + shape[1] + shape[2] + 3 * _SPARE)
    if axis > 0:
        start += shape[0] + _SPARE
    if axis > 1:
        start += shape[1] + _SPARE
    return start


@compiled
def walk_rays(shape, origin, direction, near, far, start, stop, numbers, axes, cells, places, times, counts):  # type: ignore[no-untyped-def]
    """Walks 0, 1, ... of rays start, start + 1, ..., stop - 1: every cell that counts, up to ``far``.

    Args:
        numbers: [more than any side of the grid by LANES] float64, 0, 1, 2, ...
        axes: [6, 3] float64, scratch: origin, direction, 1 / direction, step, t where the grid ends, first plane.
        cells, places: written, float64; room for stop - start walks. Behind each run is a place
            that is larger than all.
        times: written, float32, t where each cell is entered.
        counts: written, int64 [3 * walks], the lengths of the runs.
    """
    whole = spread(WHOLE)
    for r in range(start, stop):
        # Along every axis the ray is mirrored so that it goes up.
        enters, leaves, tie, stride, corner, entry = -np.inf, np.inf, 0.0, 1, 0, 0
        safe = True
        for backwards in range(3):
            a = 2 - backwards
            size, o, d = np.float64(shape[a]), origin[r, a], direction[r, a]
            tie += _TIE * (abs(o) + size)
            safe &= abs(d) > _STRAIGHT
            step = stride
            if not d > 0.0:
                o, d, step = size - o, -d, -stride
                corner += stride * (shape[a] - 1)
            stride *= shape[a]
            axes[0, a], axes[1, a], axes[2, a], axes[3, a] = o, d, 1.0 / d, np.float64(step)
            axes[4, a] = (size - o) * axes[2, a]
            leaves = min(leaves, axes[4, a])
            if -o * axes[2, a] >= enters:
                enters, entry = -o * axes[2, a], a
        walk = r - start
        for a in range(3):
            counts[3 * walk + a] = 0
        safe &= tie < _COARSE
        t0, t1 = max(enters, near[r]), min(leaves, far[r])
        if safe and t0 <= t1 + tie:
            outside = enters >= near[r]
            # Crossing k of an axis is that of plane first + k; the place counts from the first cell.
            place0 = 0.0 if outside else -1.0
            # How far the ray is from the middle of cells where it must not be near an edge.
            off_middle = 0.0
            for a in range(3):
                o, d = axes[0, a], axes[1, a]
                low, high = o + t0 * d - 0.5, o + t1 * d - 0.5
                low_cell, high_cell = (low + WHOLE) - WHOLE, (high + WHOLE) - WHOLE
                first = low_cell + 1.0
                if outside and a == entry:
                    safe &= o + near[r] * d < -tie
                    low = low_cell = first = 0.0
                if axes[4, a] == t1:
                    high = high_cell = np.float64(shape[a] - 1)
                off_middle = max(off_middle, max(abs(low - low_cell), abs(high - high_cell)))
                axes[5, a] = first
                counts[3 * walk + a] = min(np.int64(high_cell - first) + 1, shape[a])
                place0 -= low_cell
            squares = spread(off_middle * off_middle)
            for a in range(3):
                b, c = (a + 1) % 3, (a + 2) % 3
                first, step = axes[5, a], axes[3, a]
                ahead, inverse = spread(first - axes[0, a]), spread(axes[2, a])
                ob, db, oc, dc = (
                    spread(axes[0, b] - 0.5), spread(axes[1, b]), spread(axes[0, c] - 0.5), spread(axes[1, c])
                )  # fmt: skip
                step_a, step_b, step_c = spread(step), spread(axes[3, b]), spread(axes[3, c])
                cell, place = spread(WHOLE + (corner + first * step)), spread(WHOLE + (place0 + first))
                at = run_start(shape, walk, a)
                for k in range(0, counts[3 * walk + a], LANES):
                    n = load(numbers, k)
                    t = mul(add(n, ahead), inverse)
                    in_b, in_c = fma(t, db, ob), fma(t, dc, oc)
                    of_b, of_c = sub(add(in_b, whole), whole), sub(add(in_c, whole), whole)
                    in_b, in_c = sub(in_b, of_b), sub(in_c, of_c)
                    in_b, in_c = mul(in_b, in_b), mul(in_c, in_c)
                    worse = pick(in_b, in_c, in_b, in_c)
                    squares = pick(squares, worse, squares, worse)
                    store(cells, at + k, fma(of_c, step_c, fma(of_b, step_b, fma(n, step_a, cell))))
                    store(places, at + k, add(add(n, place), add(of_b, of_c)))
                    store(times, at + k, narrow(t))
            safe &= not any_above(squares, spread((0.5 - tie) ** 2))
        if not safe:
            _step_by_step(shape, origin, direction, near, far, r, walk, cells, places, times, counts)
        for a in range(3):
            places[run_start(shape, walk, a) + counts[3 * walk + a]] = WHOLE + _BEHIND


@compiled
def _step_by_step(shape, origin, direction, near, far, r, walk, cells, places, times, counts):  # type: ignore[no-untyped-def]
    """The same walk of ray r, one cell after the other; ties go to x, then y, then z."""
    ox, oy, oz = origin[r, 0], origin[r, 1], origin[r, 2]
    dx, dy, dz = direction[r, 0], direction[r, 1], direction[r, 2]
    counts[3 * walk] = counts[3 * walk + 1] = counts[3 * walk + 2] = 0
    box = (0, 0, 0, shape[0], shape[1], shape[2])
    hit, t, face, ix, iy, iz, inv_x, inv_y, inv_z = enter(ox, oy, oz, dx, dy, dz, box, near[r])
    if not hit:
        return
    step_x, plane_x, end_x = (1, 1, shape[0]) if dx > 0.0 else (-1, 0, -1)
    step_y, plane_y, end_y = (1, 1, shape[1]) if dy > 0.0 else (-1, 0, -1)
    step_z, plane_z, end_z = (1, 1, shape[2]) if dz > 0.0 else (-1, 0, -1)
    next_x = (ix + plane_x - ox) * inv_x if dx != 0.0 else np.inf
    next_y = (iy + plane_y - oy) * inv_y if dy != 0.0 else np.inf
    next_z = (iz + plane_z - oz) * inv_z if dz != 0.0 else np.inf
    axis, place = face // 2, 0
    while t <= far[r]:
        if face >= 0:
            at = run_start(shape, walk, axis) + counts[3 * walk + axis]
            counts[3 * walk + axis] += 1
            cells[at] = WHOLE + ((ix * shape[1] + iy) * shape[2] + iz)
            places[at] = WHOLE + place
            times[at] = t
            place += 1
        face = 0
        if next_x <= next_y and next_x <= next_z:
            t, axis = next_x, 0
            ix += step_x
            if ix == end_x:
                break
            next_x = (ix + plane_x - ox) * inv_x
        elif next_y <= next_z:
            t, axis = next_y, 1
            iy += step_y
            if iy == end_y:
                break
            next_y = (iy + plane_y - oy) * inv_y
        else:
            t, axis = next_z, 2
            iz += step_z
            if iz == end_z:
                break
            next_z = (iz + plane_z - oz) * inv_z
