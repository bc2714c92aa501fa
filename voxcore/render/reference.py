"""The slow twin: the same pictures in plain torch, for tests, other devices and float64.

It finds a ray's cells in another way than the kernels do (all planes at once, sorted, instead of
step by step), so the two can check each other. Autograd does the gradient.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from voxcore.palette import FACE_NORMALS
from voxcore.render.output import RenderOutput, likeliest_block, with_square
from voxcore.render.rays import Rays, Views, grid_rays, written_out
from voxcore.render.shading import SKY

_RAYS_AT_ONCE: Final = 4096


def render_reference(
    occupancy: torch.Tensor,
    material_probs: torch.Tensor,
    lit: NDArray[np.float64],
    rays: Rays | Views,
    *,
    world_scale: float,
) -> RenderOutput:
    """See `voxcore.render.render_soft_rays`. float32 or float64, any device; passes gradcheck."""
    rays, shape = written_out(rays), tuple(occupancy.shape)
    device = occupancy.device
    origin, direction = (torch.tensor(a, device=device) for a in grid_rays(rays, shape, world_scale))
    near, far = (torch.tensor(a, device=device) for a in (rays.near, rays.far))
    table = torch.tensor(with_square(lit), dtype=material_probs.dtype, device=device)
    color = torch.einsum("xyzm,mfc->xyzfc", material_probs, table).reshape(-1, 4)
    alpha = occupancy.reshape(-1)
    chunks = [
        _composite(alpha, color, shape, *(a[start : start + _RAYS_AT_ONCE] for a in (origin, direction, near, far)))
        for start in range(0, max(1, len(rays)), _RAYS_AT_ONCE)
    ]
    seen, depth, opacity, normal, cell = (torch.cat(parts) for parts in zip(*chunks, strict=True))
    block_id = likeliest_block(material_probs, cell)
    return RenderOutput(seen[:, :3], seen[:, 3], depth, normal, opacity, block_id, cell)


def _composite(
    alpha: torch.Tensor,
    color: torch.Tensor,
    shape: tuple[int, ...],
    origin: torch.Tensor,
    direction: torch.Tensor,
    near: torch.Tensor,
    far: torch.Tensor,
) -> tuple[torch.Tensor, ...]:
    """alpha [N], colour [6 * N, 4], rays [R, 3] in grid space -> rgb and square, depth, alpha, normal, cell."""
    cell, face, t, counts = visited_cells(shape, origin, direction, near, far)
    a = torch.where(counts, alpha[cell], alpha.new_zeros(()))  # [R, S]
    through = torch.cumprod(1.0 - a, dim=1)
    before = torch.cat([torch.ones_like(a[:, :1]), through[:, :-1]], dim=1)
    weight, rest = before * a, through[:, -1]
    sky = torch.tensor(with_square(SKY), dtype=alpha.dtype, device=alpha.device)
    normals = torch.tensor(FACE_NORMALS, dtype=alpha.dtype, device=alpha.device)
    seen = torch.einsum("rs,rsc->rc", weight, color[6 * cell + face]) + rest[:, None] * sky
    depth = (weight * t.to(alpha.dtype)).sum(dim=1) + rest * far.to(alpha.dtype)
    with torch.no_grad():
        normal = torch.einsum("rs,rsc->rc", weight, normals[face])
        best, step = weight.max(dim=1)
        dominant = torch.where(best >= rest, cell.gather(1, step[:, None])[:, 0], torch.full_like(step, -1))
    return seen, depth, 1.0 - rest, normal, dominant


@torch.no_grad()
def visited_cells(
    shape: tuple[int, ...], origin: torch.Tensor, direction: torch.Tensor, near: torch.Tensor, far: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The cells of each ray in order (Amanatides and Woo, 1987), all [R, S], S = X + Y + Z + 4.

    Returns the flat index of the cell, the face through which the ray enters it, the t of the
    entry, and whether the cell counts: it is in the grid, entered after ``near`` and not after
    ``far``. Where it does not count, index and face are 0.
    """
    infinity = torch.full_like(near, torch.inf)
    t_in, t_out = [], []
    for axis, size in enumerate(shape):
        o, d = origin[:, axis], direction[:, axis]
        low, high = -o * (1.0 / d), (size - o) * (1.0 / d)
        missing = (d == 0) & ~((o >= 0) & (o < size))
        t_in.append(torch.where(d == 0, torch.where(missing, infinity, -infinity), torch.minimum(low, high)))
        t_out.append(torch.where(d == 0, torch.where(missing, -infinity, infinity), torch.maximum(low, high)))
    entry, entry_axis = torch.stack(t_in).amax(dim=0), torch.stack(t_in).argmax(dim=0)  # of ties the first
    outside = entry >= near
    t0 = torch.where(outside, entry, near)
    hit = t0 < torch.stack(t_out).amin(dim=0)

    first, planes, plane_axes = [], [], []
    for axis, size in enumerate(shape):
        o, d = origin[:, axis], direction[:, axis]
        here = torch.nan_to_num(torch.floor(o + t0 * d)).clamp(0, size - 1).long()
        edge = torch.where(d > 0, 0, size - 1)
        here = torch.where(outside & (entry_axis == axis), edge, here)
        k = torch.arange(size + 1, device=o.device)
        ahead = torch.where(d[:, None] > 0, k > here[:, None], k <= here[:, None]) & (d[:, None] != 0)
        t = (k - o[:, None]) * (1.0 / d[:, None])
        planes.append(torch.where(ahead, t, torch.inf))
        plane_axes.append(torch.full_like(k, axis))
        first.append(here)
    # Planes ahead in order of t; a stable sort gives ties to x, then y, then z.
    t, order = torch.sort(torch.cat(planes, dim=1), dim=1, stable=True)
    crossed = torch.cat(plane_axes)[order]
    crossed = torch.cat([torch.where(outside, entry_axis, -1)[:, None], crossed], dim=1)
    t = torch.cat([t0[:, None], t], dim=1)

    counts = hit[:, None] & (crossed >= 0) & (t <= far[:, None])
    cell = torch.zeros_like(crossed)
    for axis, size in enumerate(shape):
        forward = torch.where(direction[:, axis] > 0, 1, -1)[:, None]
        moved = torch.cumsum((crossed[:, 1:] == axis) & torch.isfinite(t[:, 1:]), dim=1)
        at = first[axis][:, None] + forward * torch.nn.functional.pad(moved, (1, 0))
        counts &= (at >= 0) & (at < size)
        cell = cell * size + at
    towards_plus = direction.gather(1, crossed.clamp(min=0)) > 0
    face = 2 * crossed + towards_plus.long()
    return torch.where(counts, cell, 0), torch.where(counts, face, 0), torch.where(counts, t, 0.0), counts
