"""The compiled loops of the soft renderer: compositing, its gradient, and the mixing of materials.

Space and conventions: see `voxcore.render.kernels`; how rays find their cells: `voxcore.render.walks`.

Rays are handled four at a time, one per lane, where something runs along a ray (transmittance
forwards, what is seen behind backwards), and crossing by crossing where each counts for itself. No
result depends on which rays share the lanes, on ``start`` and ``stop``, or on the number of threads.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit, types

from voxcore.render.kernels import reads, writes
from voxcore.render.lanes import (
    LANES,
    add,
    any_above,
    fma,
    load,
    mul,
    narrow,
    pick,
    prefetch,
    spread,
    store,
    sub,
    widen,
)
from voxcore.render.walks import run_start, walk_rays

COMPILED_IN: Final = "255cfbbe43e4f82b"
"""Digest of the files that are compiled into these kernels. Numba's cache looks at this file alone,
so it has to change when they do; a test compares."""

INVISIBLE: Final = 1e-10
"""A picture is done where what is behind can move a value by no more than this part."""
NEGLIGIBLE: Final = 1e-7
"""A gradient is done where what is behind can move it by no more than this part."""
CHANNELS: Final = 4
"""r, g, b and the mean of r^2 + g^2 + b^2."""
_WALKS: Final = 16
"""Rays that are walked before any of them is composited; a few fit the nearest cache."""

_F32, _F64, _I64 = types.float32, types.float64, types.int64


def _kernel(*arguments: Any) -> Any:
    return njit(types.void(*arguments), cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")


_compiled: Any = njit(fastmath={"contract"})
_inlined: Any = njit(forceinline=True)
_SCENE: Final = (reads(_F32, 1), reads(_F32, 1), reads(_I64, 1))
"""alpha [N], face colours [6 * N * CHANNELS] (all cells of face 0, then of face 1, ...), grid shape [3]."""
_RAYS: Final = (reads(_F64, 2), reads(_F64, 2), reads(_F64, 1), reads(_F64, 1))
"""origin [R, 3], direction [R, 3], near [R], far [R]; grid space."""


@_kernel(reads(_F32, 2), reads(_F32, 1), _I64, _I64, writes(_F32, 1))
def mix(probs, lit, start, stop, color):  # type: ignore[no-untyped-def]
    """Face colours (see _SCENE) of cells start..stop-1: sum over m of p_m * lit_m.

    probs [N, M], lit [M * 6 * CHANNELS]. A library's matrix product may round differently with
    another number of threads; this does not.
    """
    cells, kinds = probs.shape
    for n in range(start, stop):
        a = b = c = d = e = f = spread(np.float32(0.0))
        for m in range(kinds):
            p, at = spread(probs[n, m]), 24 * m
            a, b, c = fma(p, load(lit, at), a), fma(p, load(lit, at + 4), b), fma(p, load(lit, at + 8), c)
            d, e, f = fma(p, load(lit, at + 12), d), fma(p, load(lit, at + 16), e), fma(p, load(lit, at + 20), f)
        store(color, 4 * n, a)
        store(color, 4 * (n + cells), b)
        store(color, 4 * (n + 2 * cells), c)
        store(color, 4 * (n + 3 * cells), d)
        store(color, 4 * (n + 4 * cells), e)
        store(color, 4 * (n + 5 * cells), f)


@_kernel(reads(_F32, 2), reads(_F32, 1), _I64, _I64, _I64, writes(_F32, 1))
def unmix(grad_color, columns, kinds, start, stop, grad_probs):  # type: ignore[no-untyped-def]
    """The gradient of `mix` for cells start..stop-1: dL/dp_m = dL/dcolour . lit_m.

    grad_color [copies, 6 * N * CHANNELS] is the sum of its copies; columns [6 * CHANNELS * width]
    is lit with the materials last, width the next multiple of LANES to kinds; grad_probs [N * kinds].
    """
    copies, size = grad_color.shape
    flat = grad_color.reshape(-1)
    cells, width = size // 24, (kinds + LANES - 1) // LANES * LANES
    together, rows = np.zeros(96, np.float32), np.empty(4 * LANES, np.float32)
    for n in range(start, stop, 4):  # four cells, so that what is read of the columns serves all
        count = min(4, stop - n)
        for face in range(6):
            for row in range(count):
                at = CHANNELS * (n + row + face * cells)
                total = load(flat, at)
                for copy in range(1, copies):
                    total = add(total, load(flat, copy * size + at))
                store(together, 16 * face + 4 * row, total)
        for m in range(0, kinds, LANES):
            a = b = c = d = e = f = g = h = spread(np.float32(0.0))
            for face in range(6):
                for channel in range(0, CHANNELS, 2):
                    at, column = np.uint64(16 * face + channel), (CHANNELS * face + channel) * width + m
                    even, odd = load(columns, column), load(columns, column + width)
                    a = fma(spread(together[at]), even, a)
                    b = fma(spread(together[at + np.uint64(4)]), even, b)
                    c = fma(spread(together[at + np.uint64(8)]), even, c)
                    d = fma(spread(together[at + np.uint64(12)]), even, d)
                    e = fma(spread(together[at + np.uint64(1)]), odd, e)
                    f = fma(spread(together[at + np.uint64(5)]), odd, f)
                    g = fma(spread(together[at + np.uint64(9)]), odd, g)
                    h = fma(spread(together[at + np.uint64(13)]), odd, h)
            store(rows, 0, add(a, e))
            store(rows, 4, add(b, f))
            store(rows, 8, add(c, g))
            store(rows, 12, add(d, h))
            for row in range(count):
                to = (n + row) * kinds + m
                if m + LANES <= kinds:
                    store(grad_probs, to, load(rows, 4 * row))
                else:
                    for lane in range(kinds - m):
                        grad_probs[to + lane] = rows[4 * row + lane]


@_inlined
def _face(direction, axis):  # type: ignore[no-untyped-def]
    """The face through which a ray enters cells along an axis."""
    return 2 * axis + (1 if direction > 0.0 else 0)


@_inlined
def _room_for_walks(shape):  # type: ignore[no-untyped-def]
    """What `walk_rays` wants for _WALKS rays: numbers, axes, cells, places, times, counts."""
    room = _WALKS * run_start(shape, 1, 0)
    numbers = np.empty(run_start(shape, 1, 0))
    for i in range(len(numbers)):
        numbers[i] = i
    places, times, counts = np.empty(room), np.empty(room, np.float32), np.empty(3 * _WALKS, np.int64)
    return numbers, np.empty((6, 3)), np.empty(room), places, times, counts


@_compiled
def _read_alphas(  # type: ignore[no-untyped-def]
    alpha, color, shape, direction, group, walk, lanes, cell_of, place_of, counts, alphas
):
    """alphas[place * LANES + lane] of rays group..group+lanes-1, walks walk...; returns how many places.

    Behind the end of a ray are zeros. Colours, which are used later, are asked for already.
    """
    top = 0
    for lane in range(lanes):
        run = 3 * (walk + lane)
        top = max(top, counts[run] + counts[run + 1] + counts[run + 2])
    zero = spread(np.float32(0.0))
    for place in range(top):
        store(alphas, LANES * place, zero)
    for lane in range(lanes):
        for axis in range(3):
            at = run_start(shape, walk + lane, axis)
            face = _face(direction[group + lane, axis], axis) * len(alpha)
            for i in range(at, at + counts[3 * (walk + lane) + axis]):
                where = cell_of[np.uint64(2 * i)]
                prefetch(color, CHANNELS * (face + where))
                alphas[np.uint64(LANES * place_of[np.uint64(2 * i)] + lane)] = alpha[np.uint64(where)]
    return top


@_kernel(
    *_SCENE, *_RAYS, reads(_F32, 1), reads(_F32, 2), _I64, _I64,
    writes(_F32, 2), writes(_F32, 1), writes(_F32, 1), writes(_F32, 2), writes(_F32, 1), writes(_I64, 1),
    writes(_I64, 1),
)  # fmt: skip
def composite(  # type: ignore[no-untyped-def]
    alpha, color, shape, origin, direction, near, far, sky, probs, start, stop,
    rgb, square, depth, normal, opacity, block, cell,
):  # fmt: skip
    """Composites rays start..stop-1 front to back; writes the fields of `RenderOutput` for each.

    A ray ends where less than INVISIBLE is left; that rest sees the sky.
    """
    room = run_start(shape, 1, 0)
    numbers, axes, cells, places, times, counts = _room_for_walks(shape)
    cell_of, place_of = cells.view(np.int32), places.view(np.int32)
    alphas, weights = np.empty(LANES * room, np.float32), np.empty(LANES * room, np.float32)
    ends, seen = np.empty(3 * LANES), np.empty(CHANNELS, np.float32)
    zero, invisible, one = spread(0.0), spread(INVISIBLE), spread(1.0)
    for first in range(start, stop, _WALKS):
        last = min(first + _WALKS, stop)
        walk_rays(shape, origin, direction, near, far, first, last, numbers, axes, cells, places, times, counts)
        for group in range(first, last, LANES):
            lanes = min(LANES, last - group)
            end = _read_alphas(
                alpha, color, shape, direction, group, group - first, lanes, cell_of, place_of, counts, alphas
            )
            left, best, best_place = one, zero, spread(-1.0)
            for place in range(end):
                if not any_above(left, invisible):
                    end = place
                    break
                a = widen(load(alphas, LANES * place))
                weight = pick(left, invisible, mul(left, a), zero)
                left = sub(left, weight)
                best_place = pick(weight, best, spread(np.float64(place)), best_place)
                best = pick(weight, best, weight, best)
                store(weights, LANES * place, narrow(weight))
            store(ends, 0, left)
            store(ends, LANES, best)
            store(ends, 2 * LANES, best_place)
            for lane in range(lanes):
                r, rest, largest_at = group + lane, ends[lane], np.int32(ends[2 * LANES + lane])
                even = odd = spread(np.float32(0.0))
                near_sum = far_sum = np.float32(0.0)
                largest = np.int32(-1)
                for axis in range(3):
                    i, through = np.uint64(run_start(shape, r - first, axis)), np.float32(0.0)
                    face = _face(direction[r, axis], axis) * len(alpha)
                    place = place_of[np.uint64(2) * i]
                    while place < end:
                        weight, where = weights[np.uint64(LANES * place + lane)], cell_of[np.uint64(2) * i]
                        # Two sums in turn, so that no addition waits for the one before.
                        even, odd = odd, fma(spread(weight), load(color, CHANNELS * (face + where)), even)
                        near_sum, far_sum = far_sum, near_sum + weight * times[i]
                        through += weight
                        largest = where if place == largest_at else largest
                        i += np.uint64(1)
                        place = place_of[np.uint64(2) * i]
                    # A ray enters through at most one of two opposite faces, the one that looks towards it.
                    normal[r, axis] = -through if direction[r, axis] > 0.0 else through
                store(seen, 0, fma(spread(np.float32(rest)), load(sky, 0), add(even, odd)))
                rgb[r, 0], rgb[r, 1], rgb[r, 2], square[r] = seen[0], seen[1], seen[2], seen[3]
                depth[r] = near_sum + far_sum + rest * far[r]
                opacity[r] = 1.0 - rest
                block[r], cell[r] = 0, -1
                if largest >= 0 and ends[LANES + lane] >= rest:
                    kind = 0
                    for m in range(probs.shape[1]):
                        if probs[largest, m] > probs[largest, kind]:
                            kind = m
                    block[r], cell[r] = kind + 1, largest


@_kernel(
    *_SCENE, *_RAYS, reads(_F32, 1), _I64, _I64, reads(_F32, 1), reads(_F32, 1), reads(_F32, 1),
    writes(_F32, 1), writes(_F32, 1),
)  # fmt: skip
def differentiate(  # type: ignore[no-untyped-def]
    alpha, color, shape, origin, direction, near, far, sky, start, stop, g_seen, g_depth, g_alpha,
    grad_alpha, grad_color,
):  # fmt: skip
    """Adds the gradient of rays start..stop-1, ray after ray, to grad_alpha [N] and grad_color (as _SCENE).

    With v_i = g . (colour_i, t_i, 1) the scalar that the loss makes of cell i, and B_i the same
    scalar of all that lies behind cell i seen with full transmittance (found back to front):
    dL/dalpha_i = T_i (v_i - B_i) and dL/dcolour_i = T_i alpha_i g. Nothing is divided by
    1 - alpha_i, so opaque cells are exact too.

    A ray goes on until the transmittance *without the most opaque cell passed* is below NEGLIGIBLE:
    what is behind the first opaque cell decides that cell's gradient.
    """
    room = run_start(shape, 1, 0)
    numbers, axes, cells, places, times, counts = _room_for_walks(shape)
    cell_of, place_of = cells.view(np.int32), places.view(np.int32)
    alphas, values = np.empty(LANES * room, np.float32), np.empty(LANES * room, np.float32)
    before, behind_all, silent = np.empty(LANES * room), np.zeros(LANES), np.empty(LANES, np.bool_)
    zero, negligible, one = spread(0.0), spread(NEGLIGIBLE), spread(1.0)
    nothing = spread(np.float32(0.0))
    for first in range(start, stop, _WALKS):
        last = min(first + _WALKS, stop)
        walk_rays(shape, origin, direction, near, far, first, last, numbers, axes, cells, places, times, counts)
        for group in range(first, last, LANES):
            lanes = min(LANES, last - group)
            end = _read_alphas(
                alpha, color, shape, direction, group, group - first, lanes, cell_of, place_of, counts, alphas
            )
            left, others, most = one, one, zero
            for place in range(end):
                if not any_above(others, negligible):
                    end = place
                    break
                a = pick(others, negligible, widen(load(alphas, LANES * place)), zero)
                store(before, LANES * place, pick(others, negligible, left, zero))
                store(alphas, LANES * place, narrow(a))
                store(values, LANES * place, nothing)
                left = mul(left, sub(one, a))
                others = mul(others, sub(one, pick(a, most, most, a)))
                most = pick(a, most, a, most)
            for lane in range(lanes):
                r = group + lane
                g0, g1, g2, g3 = g_seen[4 * r], g_seen[4 * r + 1], g_seen[4 * r + 2], g_seen[4 * r + 3]
                g_time, g_one = g_depth[r], g_alpha[r]
                silent[lane] = g0 == 0.0 and g1 == 0.0 and g2 == 0.0 and g3 == 0.0 and g_time == 0.0 and g_one == 0.0
                behind_all[lane] = g0 * sky[0] + g1 * sky[1] + g2 * sky[2] + g3 * sky[3] + g_time * far[r]
                for axis in range(3):
                    i = np.uint64(run_start(shape, r - first, axis))
                    face = _face(direction[r, axis], axis) * len(alpha)
                    place = place_of[np.uint64(2) * i]
                    while place < end:
                        c = np.uint64(CHANNELS * (face + cell_of[np.uint64(2) * i]))
                        looks = g0 * color[c] + g1 * color[c + np.uint64(1)]
                        looks += g2 * color[c + np.uint64(2)] + g3 * color[c + np.uint64(3)]
                        values[np.uint64(LANES * place + lane)] = looks + (g_one + g_time * times[i])
                        prefetch(grad_color, CHANNELS * (face + cell_of[np.uint64(2) * i]))
                        i += np.uint64(1)
                        place = place_of[np.uint64(2) * i]
            behind = load(behind_all, 0)
            for back in range(end):
                at = LANES * (end - 1 - back)
                a, t, more = widen(load(alphas, at)), load(before, at), sub(widen(load(values, at)), behind)
                store(values, at, narrow(mul(t, more)))
                store(alphas, at, narrow(mul(t, a)))
                behind = fma(a, more, behind)
            for lane in range(lanes):
                r = group + lane
                g = load(g_seen, CHANNELS * r)
                for axis in range(0 if silent[lane] else 3):
                    i = np.uint64(run_start(shape, r - first, axis))
                    face = _face(direction[r, axis], axis) * len(alpha)
                    place = place_of[np.uint64(2) * i]
                    while place < end:
                        at, where = np.uint64(LANES * place + lane), cell_of[np.uint64(2) * i]
                        grad_alpha[np.uint64(where)] += values[at]
                        to = CHANNELS * (face + where)
                        store(grad_color, to, fma(spread(alphas[at]), g, load(grad_color, to)))
                        i += np.uint64(1)
                        place = place_of[np.uint64(2) * i]
