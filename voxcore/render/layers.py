"""Pictures by nvdiffrast (arXiv:2011.03277): the faces of the visible shell, rasterised layer by layer.

Optional. nvdiffrast's licence allows research and evaluation only, so it is never the default and
voxcore does not bring it along; this is the one file that imports it.

It draws the same world as the other renderers in another way, which makes it a third opinion: each
peeled layer is one more face that a ray enters, composited by the occupancy of its cell, so that
geometry gets a gradient, which nvdiffrast's own surface does not give. It sees less of it than they
do: cells under FAINTEST and faces behind the last layer have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.errors import InvalidInput, NotFound, ShapeError
from voxcore.palette import FACE_NORMALS
from voxcore.render.output import RenderOutput, likeliest_block, with_square
from voxcore.render.rays import Rays, Views
from voxcore.render.shading import SKY

INSTALL: Final = (
    "the nvdiffrast renderer needs nvdiffrast, which is not installed. Its licence (NVIDIA Source Code License, "
    "1-Way Commercial) allows non-commercial use only. With CUDA's compiler: "
    "pip install --no-build-isolation git+https://github.com/NVlabs/nvdiffrast"
)
FAINTEST: Final = 1.0 / 512.0
"""Cells of less occupancy have no faces."""
OPAQUE: Final = 1.0 - 1e-4
"""A face behind a cell of more occupancy is not seen."""
_CORNERS: Final = ((0, 0), (1, 0), (1, 1), (0, 1))


@dataclass(frozen=True)
class LayerOptions:
    """How `render_layers` draws.

    Args:
        layers: faces that a ray may enter; the sky is behind the last.
        antialias: blend colours across silhouettes (nvdiffrast's ``antialias``), where the other
            renderers have hard edges.
        surface: the nearest face of the cells of occupancy above 0.5 alone, opaque, with material
            logits multiplied by occupancy: what voxcore's first renderer drew. Occupancy then moves
            colours only.
    """

    layers: int = 8
    antialias: bool = False
    surface: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.layers <= 256:
            raise InvalidInput(f"expected 1 to 256, got {self.layers}", field="layers")


@dataclass(frozen=True)
class _Shell:
    """F faces: the cell [F] that each belongs to, its side [F], and its corners [F, 4, 3] in grid space."""

    cell: Tensor
    side: Tensor
    corners: Tensor


def render_layers(
    occupancy: Tensor,
    material_probs: Tensor,
    lit: NDArray[np.float64],
    rays: Rays | Views,
    *,
    world_scale: float,
    options: LayerOptions = LayerOptions(),
    rasterizer: ModuleType | None = None,
) -> RenderOutput:
    """See `voxcore.render.render_soft_rays`. float32, whole pictures only.

    ``rasterizer`` is nvdiffrast.torch or what stands in for it.

    Raises NotFound where nvdiffrast is missing, InvalidInput for single rays, ShapeError for another dtype.
    """
    dr = rasterizer or nvdiffrast()
    if not isinstance(rays, Views):
        raise InvalidInput("expected whole pictures, got single rays", field="rays")
    if occupancy.dtype != torch.float32:
        raise ShapeError(f"expected float32, got {occupancy.dtype}", field="occupancy")
    shape, materials = tuple(occupancy.shape), material_probs
    if options.surface:
        materials = torch.softmax(occupancy[..., None] * material_probs.clamp(min=1e-12).log(), dim=-1)
    shell = _shell(occupancy.detach(), options.surface)
    table = torch.tensor(with_square(lit), dtype=torch.float32, device=occupancy.device)
    alpha = occupancy.reshape(-1)[shell.cell]
    if options.surface:
        alpha = torch.ones_like(alpha)
    color = torch.einsum("fm,fmc->fc", materials.reshape(-1, len(lit))[shell.cell], table.transpose(0, 1)[shell.side])
    views = [_draw(dr, shape, shell, alpha, color, rays, v, world_scale, options) for v in range(len(rays.basis))]
    seen, depth, opacity, normal, cell = (torch.cat(parts) for parts in zip(*views, strict=True))
    return RenderOutput(seen[:, :3], seen[:, 3], depth, normal, opacity, likeliest_block(materials, cell), cell)


@cache
def nvdiffrast() -> ModuleType:
    """nvdiffrast.torch. Raises NotFound, which says how to get it and what its licence is."""
    try:
        import nvdiffrast.torch as dr
    except ImportError as error:
        raise NotFound(INSTALL, field="backend") from error
    return dr  # type: ignore[no-any-return]


@torch.no_grad()
def _shell(occupancy: Tensor, surface: bool) -> _Shell:
    """Faces that a ray can see when it comes from outside their cell."""
    there = occupancy > (0.5 if surface else FAINTEST)
    shut = occupancy > (0.5 if surface else OPAQUE)
    cells, sides, corners = [], [], []
    for side in range(6):
        axis, plus = side // 2, side % 2 == 0
        hidden = torch.zeros_like(shut)
        near, beyond = (slice(None, -1), slice(1, None)) if plus else (slice(1, None), slice(None, -1))
        where: list[slice] = [slice(None)] * 3
        where[axis] = near
        source: list[slice] = [slice(None)] * 3
        source[axis] = beyond
        hidden[tuple(where)] = shut[tuple(source)]
        at = (there & ~hidden).nonzero()
        cells.append((at[:, 0] * occupancy.shape[1] + at[:, 1]) * occupancy.shape[2] + at[:, 2])
        sides.append(torch.full_like(cells[-1], side))
        offsets = torch.zeros(4, 3, dtype=at.dtype, device=at.device)
        offsets[:, axis] = int(plus)
        others = [i for i in range(3) if i != axis]
        offsets[:, others] = torch.tensor(_CORNERS, dtype=at.dtype, device=at.device)
        corners.append(at[:, None] + offsets)
    return _Shell(torch.cat(cells), torch.cat(sides), torch.cat(corners))


def _draw(
    dr: Any,
    shape: tuple[int, ...],
    shell: _Shell,
    alpha: Tensor,
    color: Tensor,
    views: Views,
    view: int,
    world_scale: float,
    options: LayerOptions,
) -> tuple[Tensor, ...]:
    """One picture: rgb and square [P, 4], depth, alpha, normal and cell of its P = H * W pixels."""
    device, size = alpha.device, (views.height, views.width)
    offset = np.array([shape[0] / 2.0, 0.0, shape[2] / 2.0])
    basis = views.basis[view] / world_scale
    basis[0] += offset
    near, far = float(views.near[view]), float(views.far[view])
    eye = torch.tensor(basis[0], device=device)
    axis, sign = shell.side // 2, 1.0 - 2.0 * (shell.side % 2)
    plane = shell.corners[:, 0].gather(1, axis[:, None])[:, 0].double()
    front = ((eye[axis] - plane) * sign > 0.0).nonzero()[:, 0]  # the others are seen from behind
    counts = [s + 1 for s in shape]
    grid = torch.cartesian_prod(*(torch.arange(n, device=device, dtype=torch.float64) for n in counts))
    position = (grid - eye) @ torch.tensor(
        _clip_from_grid(basis[1:], views.width, views.height, near, far), device=device
    )
    position[:, 2] -= 2.0 * far * near / (far - near)
    position = position.float()[None].contiguous()
    quad = (shell.corners[front] * torch.tensor([counts[1] * counts[2], counts[2], 1], device=device)).sum(-1).int()
    triangles = quad[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3).contiguous()

    pixels = size[0] * size[1]
    column, row = torch.arange(size[1], device=device) + 0.5, torch.arange(size[0], device=device)[:, None] + 0.5
    a, b, c = torch.tensor(basis[1:], device=device)
    direction = (a + column[..., None] * b + row[..., None] * c).reshape(-1, 3)
    sky = torch.tensor(with_square(SKY), dtype=torch.float32, device=device)
    normals = torch.tensor(FACE_NORMALS, dtype=torch.float32, device=device)
    seen, normal = color.new_zeros(pixels, 4), color.new_zeros(pixels, 3)
    depth, best = color.new_zeros(pixels), color.new_zeros(pixels)
    through, cell = color.new_ones(pixels), torch.full((pixels,), -1, device=device)
    first = None
    if len(front):
        with dr.DepthPeeler(_context(dr, device), position, triangles, size) as peeler:
            for _ in range(1 if options.surface else options.layers):
                raster = peeler.rasterize_next_layer()[0]
                first = raster if first is None else first
                number = raster[0, ..., 3].reshape(-1).long() - 1
                hit = (number >= 0).nonzero()[:, 0]
                if not len(hit):
                    break
                face = front[number[hit] // 2]
                weight = through[hit] * alpha[face]
                t = (plane[face] - eye[axis[face]]) / direction[hit].gather(1, axis[face][:, None])[:, 0]
                seen = seen.index_add(0, hit, weight[:, None] * color[face])
                depth = depth.index_add(0, hit, weight * t.float())
                through = through.index_add(0, hit, -weight)
                with torch.no_grad():
                    normal[hit] += weight[:, None] * normals[shell.side[face]]
                    more = weight > best[hit]
                    best[hit[more]], cell[hit[more]] = weight[more], shell.cell[face[more]]
    seen = seen + through[:, None] * sky
    if options.antialias and first is not None:
        seen = dr.antialias(seen.reshape(1, *size, 4).contiguous(), first, position, triangles).reshape(pixels, 4)
    cell = torch.where(best >= through.detach(), cell, -1)
    return seen, depth + through * far, 1.0 - through, normal, cell


@cache
def _context(dr: Any, device: torch.device) -> Any:
    return dr.RasterizeCudaContext(device)


def _clip_from_grid(
    basis: NDArray[np.float64], width: int, height: int, near: float, far: float
) -> NDArray[np.float64]:
    """[3, 4]: row vectors from the eye in grid space to clip coordinates, but for the constant of z.

    A point eye + t (A + u B + v C) has clip w = t, x and y from -1 to 1 across the picture with y down,
    as nvdiffrast stores rows, and z/w from -1 at ``near`` to 1 at ``far``.
    """
    t, tu, tv = np.linalg.inv(basis)[:, 0], np.linalg.inv(basis)[:, 1], np.linalg.inv(basis)[:, 2]
    z = (far + near) / (far - near) * t
    return np.stack([2.0 * tu / width - t, 2.0 * tv / height - t, z, t], axis=1)
