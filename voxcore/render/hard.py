"""The exact hard picture: what the editor draws for a map, pixel for pixel."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from voxcore.cameras import Camera
from voxcore.errors import InvalidInput, ShapeError
from voxcore.palette import FACE_NORMALS
from voxcore.render import kernels
from voxcore.render.output import RenderOutput, to_uint8
from voxcore.render.rays import check_world_scale, grid_from_world
from voxcore.render.shading import SKY
from voxcore.render.threads import deck, run_team

Array = NDArray[np.float64]
Blocks = NDArray[np.uint8]
_ROWS: Final = 16
"""Rows per kernel call."""


def render_hard(blocks: Blocks, lit: Array, camera: Camera, *, world_scale: float) -> RenderOutput:
    """The picture of a map: nearest face between air and a solid block, flat colour, sky behind.

    Back faces are culled and faces between two solid blocks are not drawn, so a camera inside a
    solid run of blocks sees through it until its ray has been in air. Nothing nearer than
    ``camera.clip_near`` or farther than ``camera.far`` is drawn. No antialiasing: one ray per
    pixel centre. Not differentiable.

    Args:
        blocks: [X, Y, Z] uint8 palette indices, 0 = Air.
        lit: [M, 6, 3] from `lit_colors`, M at least the largest index in ``blocks``.
        camera: the view.
        world_scale: side of a block in world units.

    Returns:
        RenderOutput with leading shape [H, W], float32; ``alpha`` is 0 or 1.

    Raises:
        ShapeError: ``blocks`` or ``lit`` has another shape or dtype.
        InvalidInput: ``world_scale`` is not positive, or ``blocks`` has an index without a colour.
    """
    code, depth, cell = _cast(blocks, lit, camera, world_scale)
    colors = torch.from_numpy(_color_by_code(lit).astype(np.float32))
    normals = torch.from_numpy(_normal_by_code(len(lit)))
    block_id, index = code // 6, code.astype(np.int64)
    return RenderOutput(
        rgb=colors[index],
        square=(colors**2).sum(dim=-1)[index],
        depth=torch.from_numpy(depth),
        normal=normals[index],
        alpha=torch.from_numpy((code > 0).astype(np.float32)),
        block_id=torch.from_numpy(block_id.astype(np.int64)),
        cell=torch.from_numpy(cell.astype(np.int64)),
    )


def hard_image(blocks: Blocks, lit: Array, camera: Camera, *, world_scale: float) -> NDArray[np.uint8]:
    """`render_hard`'s colours only, as an 8-bit picture [H, W, 3]; arguments and errors as there."""
    code, _, _ = _cast(blocks, lit, camera, world_scale)
    image: NDArray[np.uint8] = to_uint8(_color_by_code(lit)).take(code, axis=0)
    return image


def seen_cells(blocks: Blocks, camera: Camera, *, world_scale: float) -> NDArray[np.bool_]:
    """Which solid cells [X, Y, Z] at least one pixel of ``camera`` hits. Errors as `render_hard`."""
    lit = np.zeros((255, 6, 3))
    _, _, cell = _cast(blocks, lit, camera, world_scale)
    seen = np.zeros(blocks.size, dtype=np.bool_)
    seen[cell[cell >= 0]] = True
    return seen.reshape(blocks.shape)


def _cast(
    blocks: Blocks, lit: Array, camera: Camera, world_scale: float
) -> tuple[NDArray[np.uint16], NDArray[np.float32], NDArray[np.int32]]:
    """Per pixel [H, W]: 6 * block + face (0 for sky), depth (far for sky), flat cell (-1 for sky)."""
    if blocks.ndim != 3 or blocks.dtype != np.uint8:
        raise ShapeError(f"expected uint8 [X, Y, Z], got {blocks.dtype} {list(blocks.shape)}", field="blocks")
    if lit.ndim != 3 or lit.shape[1:] != (6, 3):
        raise ShapeError(f"expected [M, 6, 3], got {list(lit.shape)}", field="lit")
    if blocks.size and int(blocks.max()) > len(lit):
        raise InvalidInput(f"expected palette indices up to {len(lit)}, got {int(blocks.max())}", field="blocks")
    check_world_scale(world_scale)
    basis = grid_from_world(camera.ray_basis(), blocks.shape, world_scale)
    size = (camera.height, camera.width)
    code = np.zeros(size, dtype=np.uint16)
    depth = np.full(size, camera.far, dtype=np.float32)
    cell = np.full(size, -1, dtype=np.int32)
    box = _solid_box(blocks)
    grid = np.ascontiguousarray(blocks)

    if box is not None:
        rows = deck(camera.height, _ROWS)

        def work(*_: object) -> None:
            for start, stop in rows:
                kernels.cast_hard(grid, basis, camera.clip_near, camera.far, box, start, stop, code, depth, cell)

        run_team(work, -(-camera.height // _ROWS))
    return code, depth, cell


def _solid_box(blocks: Blocks) -> NDArray[np.int64] | None:
    """Smallest box that holds every solid cell: low x, y, z and high x, y, z (exclusive)."""
    solid = blocks != 0
    spans = [np.flatnonzero(solid.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    if spans[0].size == 0:
        return None
    return np.array([s[0] for s in spans] + [s[-1] + 1 for s in spans], dtype=np.int64)


def _color_by_code(lit: Array) -> Array:
    """Colour [6 * M + 6, 3] of each code; the first six, which stand for Air, are SKY."""
    return np.concatenate([np.broadcast_to(SKY, (6, 3)), lit.reshape(-1, 3)])


def _normal_by_code(materials: int) -> NDArray[np.float32]:
    """Outward normal [6 * M + 6, 3] of each code; 0 for Air."""
    normals = np.tile(FACE_NORMALS, (materials + 1, 1))
    normals[:6] = 0.0
    return normals.astype(np.float32)
