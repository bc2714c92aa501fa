"""The fast renderer on CPUs: compiled traversal, all cores, exact gradients, one result.

Twin: `voxcore.render.reference`. Values and gradients do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.autograd.function import once_differentiable

from voxcore.errors import InvalidInput, LimitExceeded, ShapeError
from voxcore.render import kernels
from voxcore.render.output import RenderOutput, likeliest_block, with_square
from voxcore.render.rays import Rays, Views, grid_rays, written_out
from voxcore.render.shading import SKY
from voxcore.render.threads import dealt, run_team

Array = NDArray[np.float64]
MAX_CELLS: Final = (2**31 - 1) // 6
"""6 * cell + face is kept in 32 bits."""
_RECORD_BYTES: Final = 12 * 2**20
"""Bound on the gradient records that are alive at once; about what fits into the caches."""
_SKY: Final = with_square(SKY)
_BLOCK: Final = 256
"""Rays per kernel call: enough to hide the call, few enough to share the work evenly."""
_ROWS: Final = 16384
"""Cells per kernel call."""


def render_cpu(
    occupancy: torch.Tensor, material_probs: torch.Tensor, lit: Array, rays: Rays | Views, *, world_scale: float
) -> RenderOutput:
    """See `voxcore.render.render_soft_rays`. float32 on the CPU only.

    Raises ShapeError for another dtype, InvalidInput for another device and LimitExceeded for a
    grid of more than MAX_CELLS cells.
    """
    for name, value in (("occupancy", occupancy), ("material_probs", material_probs)):
        if value.dtype != torch.float32:
            raise ShapeError(f"expected float32, got {value.dtype}", field=name)
        if value.device.type != "cpu":
            raise InvalidInput(f"expected a tensor on the CPU, got one on {value.device}", field=name)
    if occupancy.numel() > MAX_CELLS:
        raise LimitExceeded(f"at most {MAX_CELLS} cells, got {occupancy.numel()}", field="occupancy")
    shape = tuple(occupancy.shape)
    scene = _Scene(shape, written_out(rays), world_scale)
    table = with_square(lit).reshape(len(lit), 24).astype(np.float32)
    color = _FaceColors.apply(material_probs.reshape(-1, len(lit)), table).reshape(-1, 4)  # type: ignore[no-untyped-call]
    rgb, square, depth, alpha, normal, cell = _Composite.apply(occupancy.reshape(-1), color, scene)  # type: ignore[no-untyped-call]
    block_id = likeliest_block(material_probs, cell)
    return RenderOutput(rgb, square, depth, normal, alpha, block_id, cell)


class _Scene:
    """What the kernels need and no gradient flows into."""

    def __init__(self, shape: tuple[int, ...], rays: Rays, world_scale: float) -> None:
        self.shape = np.array(shape, dtype=np.int64)
        self.origin, self.direction = grid_rays(rays, shape, world_scale)
        self.near, self.far = rays.near, rays.far

    def arguments(self, alpha: torch.Tensor, color: torch.Tensor) -> tuple[Any, ...]:
        """The leading arguments of both kernels."""
        rays = (self.origin, self.direction, self.near, self.far)
        return (alpha.detach().numpy(), color.detach().numpy(), self.shape, *rays, _SKY)


class _FaceColors(torch.autograd.Function):
    """material_probs [N, M] and lit [M, 24] -> [N, 24]: sum over m of p_m * lit_m, per face and channel."""

    @staticmethod
    def forward(ctx: Any, material_probs: torch.Tensor, table: NDArray[np.float32]) -> torch.Tensor:
        ctx.table = table
        return _mix(material_probs, table)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        return _mix(grad, np.ascontiguousarray(ctx.table.T)), None


def _mix(a: torch.Tensor, b: NDArray[np.float32]) -> torch.Tensor:
    rows = a.detach().contiguous().numpy()
    out = np.empty((len(rows), b.shape[1]), np.float32)

    def work(rank: int, size: int, _: object) -> None:
        for start, stop in dealt(len(rows), _ROWS, rank, size):
            kernels.mix(rows, b, start, stop, out)

    run_team(work, -(-len(rows) // _ROWS))
    return torch.from_numpy(out)


class _Composite(torch.autograd.Function):
    """alpha [N] and face colours [6 * N, 4] -> rgb, square, depth, alpha, normal, cell of R rays."""

    @staticmethod
    def forward(ctx: Any, alpha: torch.Tensor, color: torch.Tensor, scene: _Scene) -> tuple[torch.Tensor, ...]:
        alpha, color = alpha.contiguous(), color.contiguous()
        ctx.save_for_backward(alpha, color)
        ctx.scene = scene
        count = len(scene.origin)
        rgb, normal = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
        square, depth, opacity = (np.empty(count, np.float32) for _ in range(3))
        cell = np.empty(count, np.int32)
        arguments = scene.arguments(alpha, color)

        def work(rank: int, size: int, _: object) -> None:
            for start, stop in dealt(count, _BLOCK, rank, size):
                kernels.composite(*arguments, start, stop, rgb, square, depth, normal, opacity, cell)

        run_team(work, -(-count // _BLOCK))
        values = map(torch.from_numpy, (rgb, square, depth, opacity, normal))
        out = (*values, torch.from_numpy(cell.astype(np.int64)))
        ctx.mark_non_differentiable(*out[4:])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        alpha, color = ctx.saved_tensors
        scene: _Scene = ctx.scene
        g_color = torch.cat([grads[0], grads[1][:, None]], dim=1).numpy()
        g_depth, g_alpha = (g.contiguous().numpy() for g in grads[2:4])
        grad_alpha, grad_color = np.zeros(alpha.shape, np.float32), np.zeros(color.shape, np.float32)
        arguments = scene.arguments(alpha, color)
        count, steps = len(scene.origin), int(scene.shape.sum()) + 1
        batch = max(1, min(count, _RECORD_BYTES // (12 * steps)))
        keys, counts = np.empty((batch, steps), np.int32), np.empty(batch, np.int32)
        d_alpha, weights = np.empty((batch, steps), np.float32), np.empty((batch, steps), np.float32)

        def work(rank: int, size: int, wait: Callable[[], object]) -> None:
            parts = 1 << (size.bit_length() - 1)  # a power of two: owners are found by a mask
            for first in range(0, count, batch):
                rays = min(batch, count - first)
                for start, stop in dealt(rays, _BLOCK, rank, size):
                    kernels.differentiate(
                        *arguments, first, first + start, first + stop, g_color, g_depth, g_alpha,
                        keys, d_alpha, weights, counts,
                    )  # fmt: skip
                wait()
                if rank < parts:
                    kernels.gather(
                        keys, d_alpha, weights, counts, first, rays, g_color, rank, parts - 1, grad_alpha, grad_color
                    )
                wait()

        run_team(work, -(-count // _BLOCK))
        return torch.from_numpy(grad_alpha), torch.from_numpy(grad_color), None
