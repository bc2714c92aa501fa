"""The compiled loops: exact cell-by-cell traversal of a voxel grid by many rays.

Convention: everything here is in *grid space*: cell (x, y, z) spans x..x+1 and so on, and a ray is
``origin + t * direction`` with t the distance along the camera's viewing axis in world units (see
`voxcore.cameras.Camera.ray_basis`; directions are not of unit length). Traversal is float64.
Cells are visited in the order of Amanatides and Woo, "A Fast Voxel Traversal Algorithm for Ray
Tracing" (1987), but the distance to each plane is computed afresh, not summed, so it does not drift.

All kernels live in this one file on purpose: numba's cache notices a change of the file that holds
a function, not of the files that it calls into. They release the GIL and start no threads; callers
split the work (`voxcore.render.threads`). Signatures are explicit: one version of each, loaded from
the cache on import, and a read-only array does not cause a second one.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit, types

_compiled: Any = njit
"""numba's annotations say that a compiled function takes no arguments."""

_F32, _F64, _I32, _I64 = types.float32, types.float64, types.int32, types.int64
_U8, _U16 = types.uint8, types.uint16


def _read(dtype: types.Type, ndim: int) -> types.Array:
    return types.Array(dtype, ndim, "C", readonly=True)


def _write(dtype: types.Type, ndim: int) -> types.Array:
    return types.Array(dtype, ndim, "C")


@_compiled
def _slab(origin, direction, low, high):  # type: ignore[no-untyped-def]
    """One axis of a ray between two planes: t in, t out, 1 / direction (inf where it is parallel)."""
    if direction > 0.0:
        inverse = 1.0 / direction
        return (low - origin) * inverse, (high - origin) * inverse, inverse
    if direction < 0.0:
        inverse = 1.0 / direction
        return (high - origin) * inverse, (low - origin) * inverse, inverse
    if low <= origin < high:
        return -np.inf, np.inf, np.inf
    return np.inf, -np.inf, np.inf


@_compiled
def _first_cell(origin, direction, t, low, high, on_entry_plane):  # type: ignore[no-untyped-def]
    """Index of the cell on one axis where the ray is at ``t``, inside low..high-1."""
    if on_entry_plane:
        return low if direction > 0.0 else high - 1
    return min(max(int(np.floor(origin + t * direction)), low), high - 1)


@_compiled
def _enter(ox, oy, oz, dx, dy, dz, box, near):  # type: ignore[no-untyped-def]
    """Where a ray starts in ``box`` [6] (low x, y, z, high x, y, z) with t >= near.

    Returns hit, t, face, ix, iy, iz, 1/dx, 1/dy, 1/dz. ``face`` is the face through which the ray
    came into the box, or -1 where it is inside already at t = near. Ties go to x, then y, then z.
    """
    x0, x1, inv_x = _slab(ox, dx, box[0], box[3])
    y0, y1, inv_y = _slab(oy, dy, box[1], box[4])
    z0, z1, inv_z = _slab(oz, dz, box[2], box[5])
    t = max(x0, y0, z0)
    face = -1
    if t < near:
        t = near
    elif t == x0:
        face = 1 if dx > 0.0 else 0
    elif t == y0:
        face = 3 if dy > 0.0 else 2
    else:
        face = 5 if dz > 0.0 else 4
    hit = t < min(x1, y1, z1)
    if not hit:
        return hit, t, face, 0, 0, 0, inv_x, inv_y, inv_z
    ix = _first_cell(ox, dx, t, box[0], box[3], face == 0 or face == 1)
    iy = _first_cell(oy, dy, t, box[1], box[4], face == 2 or face == 3)
    iz = _first_cell(oz, dz, t, box[2], box[5], face == 4 or face == 5)
    return hit, t, face, ix, iy, iz, inv_x, inv_y, inv_z


@_compiled(
    types.void(
        _read(_U8, 3), _read(_F64, 2), _F64, _F64, _read(_I64, 1), _I64, _I64, _write(_U16, 2), _write(_F32, 2),
        _write(_I32, 2),
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def cast_hard(blocks, basis, near, far, box, row0, row1, code, depth, cell):  # type: ignore[no-untyped-def]
    """First air-to-solid face that each pixel of rows row0..row1-1 sees.

    blocks [X, Y, Z]; basis [4, 3] from `Camera.ray_basis` in grid space; box as in `_enter`, holds
    every solid cell. Writes, where something is hit, code [H, W] = 6 * block + face, depth [H, W]
    = t, cell [H, W] = flat index of the block; the caller has filled them with the sky's values.
    """
    stride_x, stride_y = blocks.shape[1] * blocks.shape[2], blocks.shape[2]
    flat = blocks.reshape(-1)
    ox, oy, oz = basis[0, 0], basis[0, 1], basis[0, 2]
    lx, ly, lz, hx, hy, hz = box[0], box[1], box[2], box[3], box[4], box[5]
    for row in range(row0, row1):
        for column in range(code.shape[1]):
            u, v = column + 0.5, row + 0.5
            dx = basis[1, 0] + u * basis[2, 0] + v * basis[3, 0]
            dy = basis[1, 1] + u * basis[2, 1] + v * basis[3, 1]
            dz = basis[1, 2] + u * basis[2, 2] + v * basis[3, 2]
            hit, t, face, ix, iy, iz, inv_x, inv_y, inv_z = _enter(ox, oy, oz, dx, dy, dz, box, near)
            if not hit:
                continue
            step_x, plane_x, face_x, end_x = (1, 1, 1, hx) if dx > 0.0 else (-1, 0, 0, lx - 1)
            step_y, plane_y, face_y, end_y = (1, 1, 3, hy) if dy > 0.0 else (-1, 0, 2, ly - 1)
            step_z, plane_z, face_z, end_z = (1, 1, 5, hz) if dz > 0.0 else (-1, 0, 4, lz - 1)
            next_x = (ix + plane_x - ox) * inv_x if dx != 0.0 else np.inf
            next_y = (iy + plane_y - oy) * inv_y if dy != 0.0 else np.inf
            next_z = (iz + plane_z - oz) * inv_z if dz != 0.0 else np.inf
            index = ix * stride_x + iy * stride_y + iz
            # Faces between two solid cells are not drawn: a ray that starts in a solid run is
            # blind until it has been in air.
            was_solid = face < 0 and flat[index] != 0
            while t <= far:
                block = flat[index]
                if block != 0 and not was_solid and face >= 0:
                    code[row, column] = 6 * block + face
                    depth[row, column] = t
                    cell[row, column] = index
                    break
                was_solid = block != 0
                if next_x <= next_y and next_x <= next_z:
                    t, face = next_x, face_x
                    ix += step_x
                    if ix == end_x:
                        break
                    index += step_x * stride_x
                    next_x = (ix + plane_x - ox) * inv_x
                elif next_y <= next_z:
                    t, face = next_y, face_y
                    iy += step_y
                    if iy == end_y:
                        break
                    index += step_y * stride_y
                    next_y = (iy + plane_y - oy) * inv_y
                else:
                    t, face = next_z, face_z
                    iz += step_z
                    if iz == end_z:
                        break
                    index += step_z
                    next_z = (iz + plane_z - oz) * inv_z


NEGLIGIBLE: Final = 1e-7
"""A walk ends where what is behind can move neither a value nor a gradient by more than this part."""


@_compiled
def _walk(alpha, shape, ox, oy, oz, dx, dy, dz, near, far, keys, ts, alphas):  # type: ignore[no-untyped-def]
    """Writes, front to back, 6 * cell + face entered, t and alpha of every cell that counts; returns how many.

    The cell in which the ray is at t = near does not count. The walk goes on until the
    transmittance *without the most opaque cell passed* is below NEGLIGIBLE: what is behind the
    first opaque cell decides that cell's gradient.
    """
    box = (0, 0, 0, shape[0], shape[1], shape[2])
    hit, t, face, ix, iy, iz, inv_x, inv_y, inv_z = _enter(ox, oy, oz, dx, dy, dz, box, near)
    count = 0
    if not hit:
        return count
    stride_x, stride_y = shape[1] * shape[2], shape[2]
    step_x, plane_x, face_x, end_x = (1, 1, 1, shape[0]) if dx > 0.0 else (-1, 0, 0, -1)
    step_y, plane_y, face_y, end_y = (1, 1, 3, shape[1]) if dy > 0.0 else (-1, 0, 2, -1)
    step_z, plane_z, face_z, end_z = (1, 1, 5, shape[2]) if dz > 0.0 else (-1, 0, 4, -1)
    next_x = (ix + plane_x - ox) * inv_x if dx != 0.0 else np.inf
    next_y = (iy + plane_y - oy) * inv_y if dy != 0.0 else np.inf
    next_z = (iz + plane_z - oz) * inv_z if dz != 0.0 else np.inf
    index = ix * stride_x + iy * stride_y + iz
    most, others = 0.0, 1.0
    while t <= far:
        if face >= 0:
            keys[count] = 6 * index + face
            ts[count] = t
            a = np.float64(alpha[index])
            alphas[count] = a
            count += 1
            others *= 1.0 - min(a, most)
            most = max(a, most)
            if others < NEGLIGIBLE:
                break
        if next_x <= next_y and next_x <= next_z:
            t, face = next_x, face_x
            ix += step_x
            if ix == end_x:
                break
            index += step_x * stride_x
            next_x = (ix + plane_x - ox) * inv_x
        elif next_y <= next_z:
            t, face = next_y, face_y
            iy += step_y
            if iy == end_y:
                break
            index += step_y * stride_y
            next_y = (iy + plane_y - oy) * inv_y
        else:
            t, face = next_z, face_z
            iz += step_z
            if iz == end_z:
                break
            index += step_z
            next_z = (iz + plane_z - oz) * inv_z
    return count


@_compiled(types.void(_read(_F32, 2), _read(_F32, 2), _I64, _I64, _write(_F32, 2)), cache=True, nogil=True)
def mix(a, b, start, stop, out):  # type: ignore[no-untyped-def]
    """out = a @ b for rows start..stop-1; a [N, K], b [K, L]. Cheap for rows of zeros.

    A library's matrix product may round differently with another number of threads; this does not.
    """
    for n in range(start, stop):
        out[n] = 0.0
        for k in range(a.shape[1]):
            factor = a[n, k]
            if factor != np.float32(0.0):
                for column in range(b.shape[1]):
                    out[n, column] += factor * b[k, column]


_SCENE = (_read(_F32, 1), _read(_F32, 2), _read(_I64, 1))
"""alpha [N], face colours [6 * N, 4] (r, g, b and the mean of r^2 + g^2 + b^2), grid shape [3]."""
_RAYS = (_read(_F64, 2), _read(_F64, 2), _read(_F64, 1), _read(_F64, 1))
"""origin [R, 3], direction [R, 3], near [R], far [R]; grid space."""


@_compiled(
    types.void(
        *_SCENE, *_RAYS, _read(_F64, 1), _I64, _I64,
        _write(_F32, 2), _write(_F32, 1), _write(_F32, 1), _write(_F32, 2), _write(_F32, 1), _write(_I32, 1),
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def composite(  # type: ignore[no-untyped-def]
    alpha,
    color,
    shape,
    origin,
    direction,
    near,
    far,
    sky,
    start,
    stop,
    rgb,
    square,
    depth,
    normal,
    opacity,
    cell,
):
    """Composites rays start..stop-1 front to back; writes the fields of `RenderOutput` for each."""
    steps = shape[0] + shape[1] + shape[2] + 1
    keys, ts, alphas = np.empty(steps, np.int32), np.empty(steps, np.float64), np.empty(steps, np.float64)
    for r in range(start, stop):
        count = _walk(
            alpha, shape, origin[r, 0], origin[r, 1], origin[r, 2], direction[r, 0], direction[r, 1], direction[r, 2],
            near[r], far[r], keys, ts, alphas,
        )  # fmt: skip
        transmittance = 1.0
        red = green = blue = power = distance = 0.0
        through_x = through_y = 0.0
        best, best_key = 0.0, -1
        for i in range(count):
            key, a = keys[i], alphas[i]
            weight = transmittance * a
            transmittance *= 1.0 - a
            red += weight * color[key, 0]
            green += weight * color[key, 1]
            blue += weight * color[key, 2]
            power += weight * color[key, 3]
            distance += weight * ts[i]
            axis = key % 6 // 2
            through_x += weight if axis == 0 else 0.0
            through_y += weight if axis == 1 else 0.0
            if weight > best:
                best, best_key = weight, key
        rgb[r, 0] = red + transmittance * sky[0]
        rgb[r, 1] = green + transmittance * sky[1]
        rgb[r, 2] = blue + transmittance * sky[2]
        square[r] = power + transmittance * sky[3]
        depth[r] = distance + transmittance * far[r]
        opacity[r] = 1.0 - transmittance
        # A ray enters through at most one of two opposite faces, the one that looks towards it.
        through_z = 1.0 - transmittance - through_x - through_y
        normal[r, 0] = -through_x if direction[r, 0] > 0.0 else through_x
        normal[r, 1] = -through_y if direction[r, 1] > 0.0 else through_y
        normal[r, 2] = -through_z if direction[r, 2] > 0.0 else through_z
        cell[r] = best_key // 6 if best_key >= 0 and best >= transmittance else -1


@_compiled(
    types.void(
        *_SCENE, *_RAYS, _read(_F64, 1), _I64, _I64, _I64, _read(_F32, 2), _read(_F32, 1), _read(_F32, 1),
        _write(_I32, 2), _write(_F32, 2), _write(_F32, 2), _write(_I32, 1),
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def differentiate(  # type: ignore[no-untyped-def]
    alpha, color, shape, origin, direction, near, far, sky, first, start, stop, g_color, g_depth, g_alpha,
    keys, d_alpha, weights, counts,
):  # fmt: skip
    """Gradient records of rays start..stop-1; ray r writes row r - first.

    With v_i = g . (colour_i, t_i, 1) the scalar that the loss makes of cell i, and B_i the same
    scalar of all that lies behind cell i seen with full transmittance (found back to front):
    dL/dalpha_i = T_i (v_i - B_i) and dL/dcolour_i = T_i alpha_i g_color. Nothing is divided by
    1 - alpha_i, so opaque cells are exact too. Records: key, dL/dalpha_i, T_i alpha_i.
    """
    steps = keys.shape[1]
    ts, alphas, before = np.empty(steps, np.float64), np.empty(steps, np.float64), np.empty(steps, np.float64)
    for r in range(start, stop):
        row = r - first
        g0, g1 = np.float64(g_color[r, 0]), np.float64(g_color[r, 1])
        g2, g3 = np.float64(g_color[r, 2]), np.float64(g_color[r, 3])
        gd, ga = np.float64(g_depth[r]), np.float64(g_alpha[r])
        counts[row] = 0
        if g0 == 0.0 and g1 == 0.0 and g2 == 0.0 and g3 == 0.0 and gd == 0.0 and ga == 0.0:
            continue
        count = _walk(
            alpha, shape, origin[r, 0], origin[r, 1], origin[r, 2], direction[r, 0], direction[r, 1], direction[r, 2],
            near[r], far[r], keys[row], ts, alphas,
        )  # fmt: skip
        counts[row] = count
        transmittance = 1.0
        for i in range(count):
            before[i] = transmittance
            transmittance *= 1.0 - alphas[i]
        behind = g0 * sky[0] + g1 * sky[1] + g2 * sky[2] + g3 * sky[3] + gd * far[r]
        for i in range(count - 1, -1, -1):
            key, a = keys[row, i], alphas[i]
            value = g0 * color[key, 0] + g1 * color[key, 1] + g2 * color[key, 2] + g3 * color[key, 3]
            value += gd * ts[i] + ga
            d_alpha[row, i] = before[i] * (value - behind)
            weights[row, i] = before[i] * a
            behind += a * (value - behind)


STRIPE_BITS: Final = 14
"""Keys are dealt to the parts of `gather` in stripes of 2**14, so that every part gets its share."""


@_compiled(
    types.void(
        _read(_I32, 2), _read(_F32, 2), _read(_F32, 2), _read(_I32, 1), _I64, _I64, _read(_F32, 2), _I64, _I64,
        _write(_F32, 1), _write(_F32, 2),
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def gather(  # type: ignore[no-untyped-def]
    keys, d_alpha, weights, counts, first, rays, g_color, part, part_mask, grad_alpha, grad_color
):
    """Adds the records of ``rays`` rays to the cells that belong to ``part`` (of part_mask + 1).

    Every sum runs in the order of the rays, whatever the number of parts: one result, bit for bit.
    """
    for row in range(rays):
        g0, g1 = g_color[first + row, 0], g_color[first + row, 1]
        g2, g3 = g_color[first + row, 2], g_color[first + row, 3]
        for i in range(counts[row]):
            key = keys[row, i]
            if (key >> STRIPE_BITS) & part_mask != part:
                continue
            grad_alpha[key // 6] += d_alpha[row, i]
            weight = weights[row, i]
            if weight != np.float32(0.0):
                grad_color[key, 0] += weight * g0
                grad_color[key, 1] += weight * g1
                grad_color[key, 2] += weight * g2
                grad_color[key, 3] += weight * g3
