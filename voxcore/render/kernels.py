"""The compiled traversal: how a ray enters the grid, and the hard picture, cell by cell.

Convention: everything here is in *grid space*: cell (x, y, z) spans x..x+1 and so on, and a ray is
``origin + t * direction`` with t the distance along the camera's viewing axis in world units (see
`voxcore.cameras.Camera.ray_basis`; directions are not of unit length). Traversal is float64.
Cells are visited in the order of Amanatides and Woo, "A Fast Voxel Traversal Algorithm for Ray
Tracing" (1987), but the distance to each plane is computed afresh, not summed, so it does not drift.

Kernels here and in `voxcore.render.soft_kernels` release the GIL and start no threads; callers split
the work (`voxcore.render.threads`). Signatures are explicit: one version of each, loaded from the
cache on import, and a read-only array does not cause a second one.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numba import njit, types

compiled: Any = partial(njit, fastmath=False, error_model="numpy")
"""Plain IEEE arithmetic (division by zero too), said aloud: a part would inherit the freedoms of the first kernel
that calls it, and a fused product decides ties in another way."""

_F32, _F64, _I32, _I64 = types.float32, types.float64, types.int32, types.int64
_U8, _U16 = types.uint8, types.uint16


def reads(dtype: types.Type, ndim: int) -> types.Array:
    """The type of an array that a kernel does not write."""
    return types.Array(dtype, ndim, "C", readonly=True)


def writes(dtype: types.Type, ndim: int) -> types.Array:
    """The type of an array that a kernel writes."""
    return types.Array(dtype, ndim, "C")


@compiled
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


@compiled
def _first_cell(origin, direction, t, low, high, on_entry_plane):  # type: ignore[no-untyped-def]
    """Index of the cell on one axis where the ray is at ``t``, inside low..high-1."""
    if on_entry_plane:
        return low if direction > 0.0 else high - 1
    return min(max(int(np.floor(origin + t * direction)), low), high - 1)


@compiled
def enter(ox, oy, oz, dx, dy, dz, box, near):  # type: ignore[no-untyped-def]
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


@compiled(
    types.void(
        reads(_U8, 3), reads(_F64, 2), _F64, _F64, reads(_I64, 1), _I64, _I64, writes(_U16, 2), writes(_F32, 2),
        writes(_I32, 2),
    ),
    cache=True,
    nogil=True,
)  # fmt: skip
def cast_hard(blocks, basis, near, far, box, row0, row1, code, depth, cell):  # type: ignore[no-untyped-def]
    """First air-to-solid face that each pixel of rows row0..row1-1 sees.

    blocks [X, Y, Z]; basis [4, 3] from `Camera.ray_basis` in grid space; box as in `enter`, holds
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
            hit, t, face, ix, iy, iz, inv_x, inv_y, inv_z = enter(ox, oy, oz, dx, dy, dz, box, near)
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
