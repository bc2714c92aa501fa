"""Differentiable pictures of a soft grid: the checks and the choice of a renderer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from voxcore.cameras import Camera
from voxcore.errors import InvalidInput, ShapeError
from voxcore.render.cpu import render_cpu
from voxcore.render.cuda import render_cuda
from voxcore.render.layers import LayerOptions, render_layers
from voxcore.render.output import RenderOutput
from voxcore.render.rays import Rays, Views, check_world_scale
from voxcore.render.reference import render_reference

Backend = Literal["cpu", "cuda", "cuda_atomic", "reference", "nvdiffrast", "nvdiffrast_surface"]
Renderer = Callable[..., RenderOutput]

RENDERERS: Final[dict[Backend, Renderer]] = {
    "cpu": render_cpu,
    "cuda": render_cuda,
    "cuda_atomic": partial(render_cuda, deterministic=False),
    "reference": render_reference,
    "nvdiffrast": render_layers,
    "nvdiffrast_surface": partial(render_layers, options=LayerOptions(surface=True, antialias=True)),
}
"""Every renderer of soft grids; all take the arguments of `render_soft_rays` and agree,
but for nvdiffrast (`voxcore.render.layers`), which draws what it can of the same."""

DEFAULTS: Final[dict[str, Backend]] = {"cpu": "cpu", "cuda": "cuda"}
"""The renderer of each kind of device; on any other it is the reference."""


def backend_of(device: torch.device) -> Backend:
    """The renderer that draws grids on ``device`` unless another is asked for."""
    return DEFAULTS.get(device.type, "reference")


def render_soft(
    occupancy: torch.Tensor,
    material_probs: torch.Tensor,
    lit: NDArray[np.float64],
    cameras: Sequence[Camera],
    *,
    world_scale: float,
    backend: Backend | None = None,
) -> RenderOutput:
    """Whole pictures [V, H, W] of ``cameras``, which share one picture size.

    Arguments, meaning and errors as in `render_soft_rays`; ShapeError also where picture sizes
    differ, InvalidInput where there is no camera.
    """
    views = Views.of(cameras)
    out = render_soft_rays(occupancy, material_probs, lit, views, world_scale=world_scale, backend=backend)
    return out.reshaped((len(cameras), views.height, views.width))


def render_soft_rays(
    occupancy: torch.Tensor,
    material_probs: torch.Tensor,
    lit: NDArray[np.float64],
    rays: Rays | Views,
    *,
    world_scale: float,
    backend: Backend | None = None,
) -> RenderOutput:
    """Composites a soft grid along R rays, cell by cell, front to back.

    Per ray, T = 1 at ``near``; every cell entered after that contributes T * occupancy times the
    colour of the face entered (sum over materials of p_m * lit_m), then T *= 1 - occupancy; what
    is left at ``far`` or behind the grid sees the sky. The cell in which the ray starts, at t =
    ``near``, contributes nothing. With occupancies of 0 and 1 this *is* `render_hard`, except
    where the ray starts in a solid cell: the hard picture then skips the whole solid run.

    Args:
        occupancy: [X, Y, Z] in 0..1. Differentiable, exactly (small values are not skipped, and
            cells of occupancy 1 have the gradient that the formula has).
        material_probs: [X, Y, Z, M], sums to 1 over M. Differentiable.
        lit: [M, 6, 3] from `lit_colors`; not differentiable.
        rays: `Views` of cameras, or from `camera_rays` or `pixel_rays`; world space, not differentiable.
        world_scale: side of a cell in world units.
        backend: ``cpu`` or ``cuda`` (float32; the same input gives the same bits), ``cuda_atomic``
            (faster, and the last bits of a gradient differ from run to run), ``reference`` (any
            dtype and device, slow), or the optional ``nvdiffrast`` and ``nvdiffrast_surface``. The
            default is that of the device (`backend_of`).

    Returns:
        RenderOutput with leading shape [R], in the dtype of ``occupancy``.

    Raises:
        ShapeError: shapes or dtypes do not fit together.
        InvalidInput: occupancy is not a number in 0..1, world_scale is not positive, or the
            tensors are on a device that the backend cannot use.
        LimitExceeded: the grid has more cells than the backend can count.
        NotFound: the backend needs something that is not installed.
    """
    if occupancy.ndim != 3 or 0 in occupancy.shape:
        raise ShapeError(f"expected [X, Y, Z], got {list(occupancy.shape)}", field="occupancy")
    expected = [*occupancy.shape, len(lit)]
    if list(material_probs.shape) != expected:
        raise ShapeError(f"expected {expected}, got {list(material_probs.shape)}", field="material_probs")
    if lit.shape != (len(lit), 6, 3):
        raise ShapeError(f"expected [M, 6, 3], got {list(lit.shape)}", field="lit")
    if material_probs.dtype != occupancy.dtype:
        raise ShapeError(f"expected {occupancy.dtype}, got {material_probs.dtype}", field="material_probs")
    low, high = _range(occupancy.detach())
    if not (low >= 0.0 and high <= 1.0):
        raise InvalidInput(f"expected numbers in 0..1, got a range of {low} to {high}", field="occupancy")
    check_world_scale(world_scale)
    return RENDERERS[backend or backend_of(occupancy.device)](
        occupancy, material_probs, lit, rays, world_scale=world_scale
    )


def _range(values: torch.Tensor) -> tuple[float, float]:
    """Smallest and largest; NaN where there is one."""
    if values.device.type == "cpu":
        # Torch would wake its own threads, and they keep a core busy for a while when ours start.
        return float(values.numpy().min()), float(values.numpy().max())
    low, high = values.aminmax()
    return low.item(), high.item()
