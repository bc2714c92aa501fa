"""The compiled pass of `voxcore.follow`. Importing it needs numba."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_compiled: Any = njit(cache=True, nogil=True, error_model="numpy", fastmath=True)


@_compiled
def _exp(x):  # type: ignore[no-untyped-def]
    """e^x in place for an array of numbers <= 0, to a relative 1e-6: 2^n times a polynomial for 2^f.

    The bits of 2^n are put together as an integer, since a loop over calls of exp does not vectorise.
    """
    bits = np.empty(len(x), dtype=np.int32)
    for j in range(len(x)):
        t = max(x[j] * np.float32(1.4426950408889634), np.float32(-126.0))
        n = np.int32(t)
        f = t - np.float32(n)
        y = np.float32(1.3215487e-6)
        y = y * f + np.float32(1.5252734e-5)
        y = y * f + np.float32(1.5403530e-4)
        y = y * f + np.float32(1.3333558e-3)
        y = y * f + np.float32(9.6181291e-3)
        y = y * f + np.float32(5.5504109e-2)
        y = y * f + np.float32(2.4022651e-1)
        y = y * f + np.float32(6.9314718e-1)
        x[j] = y * f + np.float32(1.0)
        bits[j] = (n + np.int32(127)) << np.int32(23)
    power = bits.view(np.float32)
    for j in range(len(x)):
        x[j] *= power[j]


@_compiled
def _adam(x, mean, square, gradient, rate, inv_bias, eps, b1, b2, limit):  # type: ignore[no-untyped-def]
    """One step of flat arrays, kept within the limit. A loop over nothing else, so that it vectorises."""
    one = np.float32(1.0)
    for j in range(len(x)):
        g = gradient[j]
        mean[j] = b1 * mean[j] + (one - b1) * g
        square[j] = b2 * square[j] + (one - b2) * g * g
        x[j] = min(max(x[j] - rate * mean[j] / (np.sqrt(square[j]) * inv_bias + eps), -limit), limit)


@_compiled
def follow(o, mo, vo, m, mm, vm, goal, free, numbers):  # type: ignore[no-untyped-def]
    """One step of some cells: o, mo, vo [cells], m, mm, vm [cells, M], goal [cells, 1 + M], all float32,
    free [cells] bool. Returns the summed loss.
    """
    inv_t, inv_n, rate_o, rate_m = numbers[0], numbers[1], numbers[2], numbers[3]
    inv_bias, eps, b1, b2, limit = numbers[4], numbers[5], numbers[6], numbers[7], numbers[8]
    zero, one = np.float32(0.0), np.float32(1.0)
    scale = inv_t * inv_n
    cells, kinds = m.shape
    e = np.empty(cells, dtype=np.float32)
    p = np.empty((cells, kinds), dtype=np.float32)
    for i in range(cells):
        e[i] = -abs(o[i]) * inv_t
        highest = m[i, 0]
        for k in range(1, kinds):
            highest = max(highest, m[i, k])
        for k in range(kinds):
            p[i, k] = (m[i, k] - highest) * inv_t
    total = 0.0
    for i in range(cells):
        for k in range(kinds):
            total -= goal[i, k + 1] * p[i, k]
    _exp(e)
    _exp(p.reshape(-1))
    for i in range(cells):
        air, solid, z = goal[i, 0], zero, zero
        for k in range(kinds):
            solid += goal[i, k + 1]
            z += p[i, k]
        # -log sigmoid(x) = max(-x, 0) + log(1 + exp(-|x|))
        x = o[i] * inv_t
        total += (air + solid) * np.log(one + e[i]) + air * max(x, zero) + solid * (max(-x, zero) + np.log(z))
        near = one / (one + e[i])
        full = near if x > zero else one - near
        share = solid / z
        weight = scale if free[i] else zero
        e[i] = weight * (air * full - solid * (one - full))
        for k in range(kinds):
            p[i, k] = weight * (share * p[i, k] - goal[i, k + 1])
    _adam(o, mo, vo, e, rate_o, inv_bias, eps, b1, b2, limit)
    _adam(m.reshape(-1), mm.reshape(-1), vm.reshape(-1), p.reshape(-1), rate_m, inv_bias, eps, b1, b2, limit)
    return total
