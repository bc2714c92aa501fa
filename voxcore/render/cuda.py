"""The fast renderer on NVIDIA GPUs: one thread a ray, all views in one launch, exact gradients.

Twins: `voxcore.render.reference` and the CPU path, whose cells and distances these are bit for bit. The
kernels are in `walk.cu`; this is what prepares and launches them. With ``deterministic`` the gradient is
summed in whole numbers, so that it is the same bits in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_double, c_float, c_int, c_longlong
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from voxcore.errors import InvalidInput, LimitExceeded, ShapeError
from voxcore.render.nvrtc import BLOCK, Argument, Kernels, compiled, pointer
from voxcore.render.output import RenderOutput, with_square
from voxcore.render.rays import Rays, Views
from voxcore.render.shading import SKY

SOURCE: Final = Path(__file__).with_name("walk.cu")
MAX_CELLS: Final = (2**31 - 1) // 6
"""6 * cell + face is kept in 32 bits."""
TABLE_BYTES: Final = 64 * 2**20
"""Up to this size a table of every face's colour is written first (it then stays in the GPU's cache);
the colours of larger grids are mixed where a ray needs them."""
TILE: Final = (16, 8)
"""Pixels across and down that a block of threads draws."""
_SKY: Final = with_square(SKY)

KernelsFor = Callable[[torch.device, bool], Kernels]


def kernels_for(device: torch.device, deterministic: bool) -> Kernels:
    """The kernels of `walk.cu` on a GPU."""
    index = torch.cuda.current_device() if device.index is None else device.index
    return compiled(SOURCE, index, ("-DDETERMINISTIC",) if deterministic else ())


def render_cuda(
    occupancy: Tensor,
    material_probs: Tensor,
    lit: NDArray[np.float64],
    rays: Rays | Views,
    *,
    world_scale: float,
    deterministic: bool = True,
) -> RenderOutput:
    """See `voxcore.render.render_soft_rays`. float32 on a CUDA device only.

    The order of a GPU's atomic additions differs from run to run; ``deterministic`` makes gradients
    independent of it.

    Raises ShapeError for another dtype, InvalidInput for another device, LimitExceeded for a grid of
    more than MAX_CELLS cells, NotFound where NVIDIA's Python bindings are missing.
    """
    for name, value in (("occupancy", occupancy), ("material_probs", material_probs)):
        if value.device.type != "cuda":
            raise InvalidInput(f"expected a tensor on a CUDA device, got one on {value.device}", field=name)
    kernels = partial(kernels_for, occupancy.device)
    return render_with(kernels, occupancy, material_probs, lit, rays, world_scale, deterministic)


def render_with(
    kernels: Callable[[bool], Kernels],
    occupancy: Tensor,
    material_probs: Tensor,
    lit: NDArray[np.float64],
    rays: Rays | Views,
    world_scale: float,
    deterministic: bool,
    table_bytes: int = TABLE_BYTES,
) -> RenderOutput:
    """The same with anything that runs the kernels, on the tensors' device."""
    for name, value in (("occupancy", occupancy), ("material_probs", material_probs)):
        if value.dtype != torch.float32:
            raise ShapeError(f"expected float32, got {value.dtype}", field=name)
    if occupancy.numel() > MAX_CELLS:
        raise LimitExceeded(f"at most {MAX_CELLS} cells, got {occupancy.numel()}", field="occupancy")
    scene = _Scene(
        kernels, tuple(occupancy.shape), lit, rays, world_scale, deterministic, table_bytes, occupancy.device
    )
    outputs = _Draw.apply(occupancy, material_probs, scene)  # type: ignore[no-untyped-call]
    return RenderOutput(*outputs)


class _Scene:
    """What the kernels need and no gradient flows into."""

    def __init__(
        self,
        kernels: Callable[[bool], Kernels],
        shape: tuple[int, ...],
        lit: NDArray[np.float64],
        rays: Rays | Views,
        world_scale: float,
        deterministic: bool,
        table_bytes: int,
        device: torch.device,
    ) -> None:
        self.kernels, self.deterministic = kernels, deterministic
        self.shape, self.cells, self.materials = shape, int(np.prod(shape)), len(lit)
        self.world_scale, self.count = world_scale, len(rays)
        self.has_table = 96 * self.cells <= table_bytes
        colors = with_square(lit)
        self.lit = _on(device, colors.transpose(1, 0, 2), torch.float32)  # [6, M, 4]
        if isinstance(rays, Views):
            self.width, self.height = rays.width, rays.height
            source = np.concatenate([rays.basis.reshape(-1, 12), rays.near[:, None], rays.far[:, None]], axis=1)
            across, down = -(-rays.width // TILE[0]), -(-rays.height // TILE[1])
            self.blocks = len(rays.basis) * across * down
        else:
            self.width = self.height = 0
            source = np.concatenate([rays.origin, rays.direction, rays.near[:, None], rays.far[:, None]], axis=1)
            self.blocks = -(-self.count // BLOCK)
        self.source = _on(device, source, torch.float64)
        both = np.abs(np.concatenate([colors.reshape(-1, 4), _SKY[None]])).max(axis=0)
        self.most = (float(both[:3].max()), float(both[3]), float(rays.far.max(initial=0.0)))
        """Bounds on the size of colour channels, their square and of distances."""

    def leading(self, alpha: Tensor, probs: Tensor, table: Tensor | None) -> list[Argument]:
        """The arguments with which both walks begin."""
        shape: list[Argument] = [c_int(size) for size in self.shape]
        rays: list[Argument] = [pointer(self.source), c_longlong(self.count), c_int(self.width), c_int(self.height)]
        grid: list[Argument] = [
            pointer(alpha),
            pointer(probs),
            pointer(table),
            pointer(self.lit),
            c_int(self.materials),
        ]
        return [*grid, *shape, *rays, c_double(self.world_scale), *map(c_float, _SKY)]


def _on(device: torch.device, array: NDArray[np.float64], dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, dtype)


class _Draw(torch.autograd.Function):
    """occupancy [X, Y, Z] and materials [X, Y, Z, M] -> the fields of RenderOutput for R rays."""

    @staticmethod
    def forward(ctx: Any, occupancy: Tensor, materials: Tensor, scene: _Scene) -> tuple[Tensor, ...]:
        alpha, probs = occupancy.detach().contiguous(), materials.detach().contiguous()
        kernels = scene.kernels(scene.deterministic)
        table = alpha.new_empty((scene.cells, 6, 4)) if scene.has_table else None
        if table is not None:
            faces = 6 * scene.cells
            mixed: list[Argument] = [
                pointer(probs),
                pointer(scene.lit),
                c_int(scene.materials),
                c_longlong(faces),
                pointer(table),
            ]
            kernels.launch("mix", -(-faces // BLOCK), mixed)
        count = scene.count
        rgb, normal = alpha.new_empty((count, 3)), alpha.new_empty((count, 3))
        square, depth, opacity = (alpha.new_empty(count) for _ in range(3))
        cell, block_id = (torch.empty(count, dtype=torch.int64, device=alpha.device) for _ in range(2))
        state = torch.empty((count, 2), dtype=torch.int32, device=alpha.device)
        if count:
            outputs = (rgb, square, depth, normal, opacity, cell, block_id, state)
            kernels.launch("composite", scene.blocks, [*scene.leading(alpha, probs, table), *map(pointer, outputs)])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(alpha, probs, table, state)
        ctx.scene = scene
        ctx.mark_non_differentiable(normal, cell, block_id)
        return rgb, square, depth, normal, opacity, block_id, cell

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, Tensor | None, None]:
        alpha, probs, table, state = ctx.saved_tensors
        scene: _Scene = ctx.scene
        pulls = [None if g is None else g.contiguous() for g in (grads[0], grads[1], grads[2], grads[4])]
        width = -(-(scene.materials + 1) // 4) * 4
        size = (scene.cells, width)
        sums = torch.zeros(size, dtype=torch.int64 if scene.deterministic else torch.float32, device=alpha.device)
        kernels = scene.kernels(scene.deterministic)
        bound = alpha.new_zeros(1)
        count, pulled = c_longlong(scene.count), [pointer(g) for g in pulls]
        if scene.count and scene.deterministic:
            most = map(c_float, scene.most)
            kernels.launch("largest", -(-scene.count // BLOCK), [count, *pulled, *most, pointer(bound)])
        if scene.count:
            after: list[Argument] = [*pulled, pointer(state), pointer(bound), pointer(sums), c_int(width)]
            kernels.launch("differentiate", scene.blocks, [*scene.leading(alpha, probs, table), *after])
        total = sums
        if scene.deterministic:
            total = alpha.new_empty(size)
            settled: list[Argument] = [pointer(sums), c_longlong(sums.numel()), pointer(bound), count, pointer(total)]
            kernels.launch("settle", -(-sums.numel() // BLOCK), settled)
        shape = scene.shape
        return total[:, scene.materials].reshape(shape), total[:, : scene.materials].view(*shape, -1), None
