"""Rays of whole cameras or of single pixels, and the step from world space to grid space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcore.cameras import Camera
from voxcore.errors import InvalidInput, ShapeError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rays:
    """R rays in world space; t in ``origin + t * direction`` is the distance along the viewing axis.

    Args:
        origin, direction: [R, 3] float64, world units; directions are not of unit length.
        near, far: [R] float64, the range of t that is drawn.

    Raises:
        ShapeError: the arrays do not fit together.
        InvalidInput: a value is not finite, a direction is zero, or not 0 <= near < far.
    """

    origin: Array
    direction: Array
    near: Array
    far: Array

    def __post_init__(self) -> None:
        for name in ("origin", "direction", "near", "far"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=np.float64))
        count = len(self.origin)
        for name, shape in (("origin", (count, 3)), ("direction", (count, 3)), ("near", (count,)), ("far", (count,))):
            value = getattr(self, name)
            if value.shape != shape:
                raise ShapeError(f"expected {list(shape)}, got {list(value.shape)}", field=f"rays.{name}")
            if not np.isfinite(value).all():
                raise InvalidInput("expected finite numbers, got NaN or infinity", field=f"rays.{name}")
        x, y, z = self.direction.T
        if ((x == 0.0) & (y == 0.0) & (z == 0.0)).any():
            raise InvalidInput("expected directions other than zero", field="rays.direction")
        if not ((self.near >= 0.0) & (self.near < self.far)).all():
            raise InvalidInput("expected 0 <= near < far", field="rays.near")

    def __len__(self) -> int:
        return len(self.origin)


@dataclass(frozen=True, eq=False)
class Views:
    """All pixels of V cameras of one picture size, ordered [V, H, W], not written out ray by ray.

    Args:
        basis: [V, 4, 3] float64, `Camera.ray_basis` of each camera: the ray of pixel (row, column)
            starts at ``basis[v, 0]`` and goes along basis[v, 1] + (column + 0.5) basis[v, 2] +
            (row + 0.5) basis[v, 3].
        near, far: [V] float64, the range of t that is drawn.
    """

    basis: Array
    near: Array
    far: Array
    width: int
    height: int

    @classmethod
    def of(cls, cameras: Sequence[Camera]) -> Views:
        """Raises ShapeError where the cameras differ in picture size, InvalidInput where there is none."""
        width, height = picture_size(cameras)
        basis = np.stack([camera.ray_basis() for camera in cameras])
        near, far = np.array([c.clip_near for c in cameras]), np.array([c.far for c in cameras])
        return cls(basis, near, far, width, height)

    def __len__(self) -> int:
        return len(self.basis) * self.height * self.width

    def rays(self) -> Rays:
        """Each of them."""
        origin, direction = (np.empty((len(self.basis), self.height, self.width, 3)) for _ in range(2))
        eye, a, b, c = np.moveaxis(self.basis, 1, 0)[:, :, None, None, :]
        in_row = a + (np.arange(self.width)[:, None] + 0.5) * b
        in_column = (np.arange(self.height)[:, None, None] + 0.5) * c
        for axis in range(3):  # numpy is slow where the last axis is short
            origin[..., axis] = eye[..., axis]
            np.add(in_row[..., axis], in_column[..., axis], out=direction[..., axis])
        near, far = (np.repeat(value, self.height * self.width) for value in (self.near, self.far))
        return Rays(origin.reshape(-1, 3), direction.reshape(-1, 3), near, far)


def camera_rays(cameras: Sequence[Camera]) -> Rays:
    """One ray per pixel of every camera, ordered [V, H, W]. Errors as in `Views.of`."""
    return Views.of(cameras).rays()


def written_out(rays: Rays | Views) -> Rays:
    """Single rays in any case."""
    return rays.rays() if isinstance(rays, Views) else rays


def pixel_rays(
    cameras: Sequence[Camera], view: NDArray[np.integer], row: NDArray[np.integer], column: NDArray[np.integer]
) -> Rays:
    """The rays through single pixels: ``cameras[view[i]]``, pixel (row[i], column[i]), all [R].

    Cameras may differ in picture size. Raises ShapeError where the three differ in shape and
    InvalidInput where a pixel is outside its picture or there is no camera.
    """
    if not cameras:
        raise InvalidInput("expected at least one camera", field="cameras")
    if not (view.shape == row.shape == column.shape and view.ndim == 1):
        shapes = f"{list(view.shape)}, {list(row.shape)} and {list(column.shape)}"
        raise ShapeError(f"expected three arrays [R], got {shapes}", field="pixels")
    if view.size and not (view.min() >= 0 and view.max() < len(cameras)):
        raise InvalidInput(f"expected camera indices from 0 to {len(cameras) - 1}", field="pixels.view")
    heights, widths = np.array([c.height for c in cameras]), np.array([c.width for c in cameras])
    inside = (row >= 0) & (row < heights[view]) & (column >= 0) & (column < widths[view])
    if not inside.all():
        raise InvalidInput("expected rows and columns inside the pictures", field="pixels")
    basis = np.stack([camera.ray_basis() for camera in cameras])[view]
    direction = basis[:, 1] + (column[:, None] + 0.5) * basis[:, 2] + (row[:, None] + 0.5) * basis[:, 3]
    near, far = np.array([c.clip_near for c in cameras]), np.array([c.far for c in cameras])
    return Rays(basis[:, 0], direction, near[view], far[view])


def picture_size(cameras: Sequence[Camera]) -> tuple[int, int]:
    """The common width and height. Raises ShapeError where they differ, InvalidInput for no camera."""
    if not cameras:
        raise InvalidInput("expected at least one camera", field="cameras")
    sizes = {(camera.width, camera.height) for camera in cameras}
    if len(sizes) > 1:
        raise ShapeError(f"expected cameras of one picture size, got {sorted(sizes)}", field="cameras")
    return sizes.pop()


def grid_from_world(rows: Array, shape: tuple[int, ...], world_scale: float) -> Array:
    """World space to grid space: row 0 of ``rows`` [K, 3] is a point, the others are vectors."""
    out = np.asarray(rows, dtype=np.float64) / world_scale
    out[0] += _grid_offset(shape)
    return out


def grid_rays(rays: Rays, shape: tuple[int, ...], world_scale: float) -> tuple[Array, Array]:
    """Origins and directions [R, 3] in grid space, where cell (x, y, z) spans x..x+1 and so on."""
    origin = rays.origin / world_scale
    for axis, offset in enumerate(_grid_offset(shape)):  # numpy is slow where the last axis is short
        origin[:, axis] += offset
    return origin, rays.direction / world_scale


def check_world_scale(world_scale: float) -> None:
    """Raises InvalidInput unless ``world_scale`` is a positive finite number."""
    if not (np.isfinite(world_scale) and world_scale > 0.0):
        raise InvalidInput(f"expected a positive number, got {world_scale}", field="world_scale")


def _grid_offset(shape: tuple[int, ...]) -> Array:
    """The grid is centred in x and z and stands on y = 0."""
    return np.array([shape[0] / 2.0, 0.0, shape[2] / 2.0])
