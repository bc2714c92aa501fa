"""Hard pictures of many worlds at once, in torch: the training's renderer on a GPU.

The same picture as `voxcore.render.hard_image` draws (tests compare them), for cameras outside of the grid. Scoring
never uses it: that goes through voxcore's own renderer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from voxcore.cameras import Camera
from voxcore.palette import EDITOR
from voxcore.render.rays import grid_from_world
from voxcore.render.shading import SKY, lit_colors

STRIDE: Final = 8
"""Steps between two times that finished rays are taken out."""


def color_table() -> Tensor:
    """Colours [6 + 6 * materials, 3] by 6 * block + face; the first six are the sky."""
    table = np.concatenate([np.broadcast_to(SKY, (6, 3)), lit_colors(EDITOR).reshape(-1, 3)])
    return torch.from_numpy(table.astype(np.float32))


def ray_bases(cameras: Sequence[Sequence[Camera]], shape: tuple[int, int, int], world_scale: float) -> Tensor:
    """Ray bases [B, V, 4, 3] float64 in grid space, for `cast`."""
    return torch.from_numpy(
        np.stack([[grid_from_world(c.ray_basis(), shape, world_scale) for c in row] for row in cameras])
    )


@torch.no_grad()
def cast(
    worlds: Tensor, bases: Tensor, side: int, *, dtype: torch.dtype = torch.float32, fused: bool = False
) -> Tensor:
    """Codes 6 * block + face (0 for sky) as int64 [B, V, side, side].

    ``worlds`` [B, X, Y, Z] uint8; ``bases`` [B, V, 4, 3]. Traversal as Amanatides and Woo (1987): one cell a step,
    the distance to each plane computed afresh. ``fused`` compiles the walk into one kernel, for a GPU that draws a
    lot; the pictures are the same.
    """
    batch, views = bases.shape[:2]
    device = worlds.device
    size = (worlds.shape[1], worlds.shape[2], worlds.shape[3])
    top = size[1]
    if not fused:
        used = torch.nonzero((worlds != 0).any(dim=3).any(dim=1).any(dim=0))
        top = int(used.max()) + 1 if len(used) else 1
    box = (size[0], top, size[2])
    origin, direction = _rays(bases.to(device, torch.float64), side)
    limit = torch.tensor(box, device=device, dtype=torch.float64)
    inverse = 1.0 / direction
    low, high = -origin * inverse, (limit - origin) * inverse
    t, axis = torch.minimum(low, high).max(dim=1)
    out = torch.zeros(len(t), dtype=torch.int64, device=device)
    ray = torch.nonzero((t < torch.maximum(low, high).amin(dim=1)) & (t > 0)).squeeze(1)
    origin, direction, inverse, t, axis = (v[ray] for v in (origin, direction, inverse, t, axis))
    first = torch.floor(origin + t[:, None] * direction).int()
    last = torch.tensor(box, device=device, dtype=torch.int32) - 1
    entered = torch.arange(3, device=device)[None] == axis[:, None]
    first = torch.where(entered, torch.where(direction > 0, 0, last), torch.minimum(first.clamp(min=0), last))
    cell = [v.contiguous() for v in first.int().unbind(1)]
    fixed = [v.to(dtype).contiguous() for v in (*origin.unbind(1), *inverse.unbind(1))]
    fixed += [v.int() for v in (direction > 0).unbind(1)]
    base = (ray // (views * side * side)) * int(np.prod(size))
    state = [*cell, axis.int(), torch.zeros_like(axis, dtype=torch.int32), torch.ones_like(axis, dtype=torch.bool)]
    flat = worlds.reshape(-1)
    walk = _compiled_walk() if fused else _walk
    for _ in range(-(-sum(box) // STRIDE)):
        state = list(walk(flat, base, *fixed, *state, size, box))
        out[ray] = state[4].long()
        keep = torch.nonzero(state[5]).squeeze(1)
        if not len(keep):
            break
        ray, base = ray[keep], base[keep]
        fixed, state = [v[keep] for v in fixed], [v[keep] for v in state]
    return out.reshape(batch, views, side, side)


def _walk(
    flat: Tensor, base: Tensor, ox: Tensor, oy: Tensor, oz: Tensor, ix: Tensor, iy: Tensor, iz: Tensor, px: Tensor,
    py: Tensor, pz: Tensor, x: Tensor, y: Tensor, z: Tensor, axis: Tensor, code: Tensor, alive: Tensor,
    size: tuple[int, int, int], box: tuple[int, int, int],
) -> tuple[Tensor, ...]:  # fmt: skip
    """STRIDE steps of all rays; a ray that hit or left keeps its code and rests."""
    for _ in range(STRIDE):
        block = flat[base + (x * size[1] + y) * size[2] + z].int()
        hit = alive & (block != 0)
        face = 2 * axis + torch.where(axis == 0, px, torch.where(axis == 1, py, pz))  # going +x it enters face 1, -x
        code = torch.where(hit, 6 * block + face, code)
        tx, ty, tz = (x + px - ox) * ix, (y + py - oy) * iy, (z + pz - oz) * iz
        go_x = (tx <= ty) & (tx <= tz)
        go_y = ~go_x & (ty <= tz)
        axis = torch.where(go_x, 0, torch.where(go_y, 1, 2)).int()
        x = x + go_x * (2 * px - 1)
        y = y + go_y * (2 * py - 1)
        z = z + ~(go_x | go_y) * (2 * pz - 1)
        inside = (x >= 0) & (x < box[0]) & (y >= 0) & (y < box[1]) & (z >= 0) & (z < box[2])
        alive = alive & ~hit & inside
        x, y, z = x.clamp(0, box[0] - 1), y.clamp(0, box[1] - 1), z.clamp(0, box[2] - 1)
    return x, y, z, axis, code, alive


@cache
def _compiled_walk() -> Callable[..., tuple[Tensor, ...]]:
    return torch.compile(_walk, dynamic=True)


def _rays(bases: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Origins and directions [B * V * side * side, 3]; no direction has a zero."""
    batch, views = bases.shape[:2]
    at = torch.arange(side, device=bases.device, dtype=bases.dtype) + 0.5
    eye, a, b, c = (bases[:, :, None, None, i] for i in range(4))
    d = a + at[:, None] * b + at[:, None, None] * c
    d = torch.where(d == 0, 1e-12, d)
    return eye.expand(batch, views, side, side, 3).reshape(-1, 3), d.reshape(-1, 3)
