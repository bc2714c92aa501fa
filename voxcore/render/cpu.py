"""The fast renderer on CPUs: compiled traversal, all cores, exact gradients, one result.

Twin: `voxcore.render.reference`. Values and gradients do not depend on the number of threads.

The materials of all cells are mixed to face colours once, rays are composited against those, their
gradients are added up per face colour, and those sums are turned into materials once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.autograd.function import once_differentiable

from voxcore.errors import InvalidInput, LimitExceeded, ShapeError
from voxcore.render import soft_kernels
from voxcore.render.lanes import LANES
from voxcore.render.output import RenderOutput, with_square
from voxcore.render.rays import Rays, Views, grid_rays, written_out
from voxcore.render.shading import SKY
from voxcore.render.threads import dealt, deck, run_team

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
MAX_CELLS: Final = 2**31 - 1
"""The index of a cell is kept in 32 bits."""
_LARGE: Final = 2**20
_MOST_COPIES: Final = 8
"""Of the gradient, see `_copies`; of a grid of more than _LARGE cells one where rays are few."""
_SKY: Final = with_square(SKY).astype(np.float32)
_BLOCK: Final = 1024
"""Rays per kernel call: enough to hide the call, few enough to share the work evenly."""
_ROWS: Final = 8192
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
    scene = _Scene(tuple(occupancy.shape), lit, written_out(rays), world_scale)
    rgb, square, depth, alpha, normal, block_id, cell = _Composite.apply(  # type: ignore[no-untyped-call]
        occupancy.reshape(-1), material_probs.reshape(-1, len(lit)), scene
    )
    return RenderOutput(rgb, square, depth, normal, alpha, block_id, cell)


class _Scene:
    """What the kernels need and no gradient flows into."""

    def __init__(self, shape: tuple[int, ...], lit: Array, rays: Rays, world_scale: float) -> None:
        self.shape = np.array(shape, dtype=np.int64)
        self.origin, self.direction = grid_rays(rays, shape, world_scale)
        self.near, self.far = rays.near, rays.far
        self.lit = with_square(lit).reshape(len(lit), 24).astype(np.float32)
        """Faces and channels of each material."""

    def arguments(self, alpha: torch.Tensor, color: Floats) -> tuple[Any, ...]:
        """The leading arguments of both kernels."""
        return (alpha.detach().numpy(), color, self.shape, self.origin, self.direction, self.near, self.far, _SKY)


class _Composite(torch.autograd.Function):
    """alpha [N] and material_probs [N, M] -> rgb, square, depth, alpha, normal, block, cell of R rays."""

    @staticmethod
    def forward(ctx: Any, alpha: torch.Tensor, material_probs: torch.Tensor, scene: _Scene) -> tuple[torch.Tensor, ...]:
        alpha, probs = alpha.contiguous(), material_probs.detach().contiguous().numpy()
        count, cells = len(scene.origin), len(probs)
        color, lit = np.empty(24 * cells, np.float32), scene.lit.reshape(-1)
        rgb, normal = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
        square, depth, opacity = (np.empty(count, np.float32) for _ in range(3))
        block, cell = np.empty(count, np.int64), np.empty(count, np.int64)
        arguments = (*scene.arguments(alpha, color), probs)
        rows, rays = deck(cells, _ROWS), deck(count, _BLOCK)

        def work(rank: int, size: int, wait: Callable[[], object]) -> None:
            for start, stop in rows:
                soft_kernels.mix(probs, lit, start, stop, color)
            wait()
            for start, stop in rays:
                soft_kernels.composite(*arguments, start, stop, rgb, square, depth, normal, opacity, block, cell)

        run_team(work, max(-(-count // _BLOCK), -(-cells // _ROWS)))
        ctx.save_for_backward(alpha)
        ctx.scene, ctx.color = scene, color
        out = tuple(map(torch.from_numpy, (rgb, square, depth, opacity, normal, block, cell)))
        ctx.mark_non_differentiable(*out[4:])
        ctx.set_materialize_grads(False)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor, None]:
        (alpha,) = ctx.saved_tensors
        scene: _Scene = ctx.scene
        count = len(scene.origin)
        g_seen = np.zeros((count, 4), np.float32)
        g_depth, g_alpha = np.zeros(count, np.float32), np.zeros(count, np.float32)
        for target, g in zip((g_seen[:, :3], g_seen[:, 3], g_depth, g_alpha), grads, strict=False):
            if g is not None:
                target[...] = g.numpy()
        cells, kinds = len(alpha), len(scene.lit)
        columns = np.pad(scene.lit.T, ((0, 0), (0, -kinds % LANES))).reshape(-1)
        grad_probs = np.empty(cells * kinds, np.float32)
        arguments = scene.arguments(alpha, ctx.color)
        copies, rows = _copies(count, scene.shape), deck(cells, _ROWS)
        grad_alpha, grad_color = np.zeros((copies, cells), np.float32), np.zeros((copies, 24 * cells), np.float32)

        def work(rank: int, size: int, wait: Callable[[], object]) -> None:
            for copy in range(rank, copies, size):
                for start, stop in dealt(count, _BLOCK, copy, copies):
                    soft_kernels.differentiate(
                        *arguments,
                        start,
                        stop,
                        g_seen.reshape(-1),
                        g_depth,
                        g_alpha,
                        grad_alpha[copy],
                        grad_color[copy],
                    )
            wait()
            for start, stop in rows:
                soft_kernels.unmix(grad_color, columns, kinds, start, stop, grad_probs)

        run_team(work, max(copies, -(-cells // _ROWS)))
        return torch.from_numpy(grad_alpha.sum(axis=0)), torch.from_numpy(grad_probs).view(cells, kinds), None


def _copies(rays: int, shape: NDArray[np.int64]) -> int:
    """How many copies of the gradient are filled side by side, to be added up at the end.

    More let more threads work, but each has to be cleared and read. It depends on nothing but the
    problem, so that every sum runs in the same order whatever the number of threads.
    """
    cells = int(shape.prod())
    worthwhile = rays * int(shape.sum()) // (24 * cells)
    most = max(1 if cells > _LARGE else 2, min(worthwhile, _MOST_COPIES))
    return int(1 << (most.bit_length() - 1))
