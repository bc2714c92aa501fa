"""Where to stand to see a whole map."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.cameras import Camera, orbit_cameras
from voxcore.maps import VoxelMap

FOV_Y_DEGREES = 40.0
ORBIT_FOV_Y_DEGREES: Final = 50.0
ELEVATIONS: Final = (-5.0, 60.0)
"""Degrees above the horizon, lowest and highest of a training's views,"""
ANCHORED_ELEVATIONS: Final = (25.0, 35.0)
"""of views that stay the same for many looks, which have to show walls and roofs;"""
DISTANCES: Final = (0.8, 1.2)
"""and how far away they are, in diagonals of the grid's base."""
TILES: Final = 4
"""Views in one picture of a model of tiled views."""


def three_quarter_view(
    world: VoxelMap,
    azimuth_degrees: float = 35.0,
    elevation_degrees: float = 30.0,
    width: int = 1094,
    height: int = 881,
) -> Camera:
    """A camera that has the whole grid of ``world`` in its picture; azimuth 0 looks along -Z.

    Raises InvalidInput for an unusable picture size or angle.
    """
    size = np.array(world.shape) * world.world_scale
    azimuth, elevation = math.radians(azimuth_degrees), math.radians(elevation_degrees)
    direction = np.array(
        [math.cos(elevation) * math.sin(azimuth), math.sin(elevation), math.cos(elevation) * math.cos(azimuth)]
    )
    half = math.radians(FOV_Y_DEGREES) / 2.0
    # The ball around the grid's lower half must fit the narrower side of the picture.
    half = min(half, math.atan(math.tan(half) * width / height))
    radius = 0.5 * float(np.hypot(size[0], size[2])) / math.sin(half)
    target = np.array([0.0, 0.3 * size[1], 0.0])
    far = max(500.0, 2.0 * radius + float(size.sum()))
    return Camera.look_at(
        target + radius * direction, target, width=width, height=height, fov_y_degrees=FOV_Y_DEGREES, far=far
    )


def orbit_views(
    shape: tuple[int, int, int],
    world_scale: float,
    count: int,
    image_size: int,
    rng: np.random.Generator,
    elevations: tuple[float, float] = ELEVATIONS,
) -> list[Camera]:
    """``count`` cameras all around a grid of ``shape``, with all of it in their pictures: where a training without
    a dataset looks from. Pictures are square, ``image_size`` pixels a side.
    """
    center, distance = _middle(shape, world_scale)
    return orbit_cameras(
        count,
        center=center,
        radius=distance * rng.uniform(*DISTANCES),
        elevation_degrees=elevations,
        fov_y_degrees=ORBIT_FOV_Y_DEGREES,
        width=image_size,
        height=image_size,
        rng=rng,
    )


def quarter_views(
    shape: tuple[int, int, int],
    world_scale: float,
    count: int,
    image_size: int,
    rng: np.random.Generator,
    elevations: tuple[float, float] = ELEVATIONS,
) -> list[Camera]:
    """The same, but every TILES cameras in a row look from one height and distance, a quarter turn apart: what one
    picture of a model of tiled views shows (`voxcore.guidance.tiles`). ``count`` is a multiple of TILES.
    """
    center, distance = _middle(shape, world_scale)
    out: list[Camera] = []
    while len(out) < count:
        elevation = rng.uniform(*elevations)
        out += orbit_cameras(
            TILES,
            center=center,
            radius=distance * rng.uniform(*DISTANCES),
            elevation_degrees=(elevation, elevation),
            fov_y_degrees=ORBIT_FOV_Y_DEGREES,
            width=image_size,
            height=image_size,
            turn_degrees=rng.uniform(0.0, 360.0),
        )
    return out


def _middle(shape: tuple[int, int, int], world_scale: float) -> tuple[NDArray[np.float64], float]:
    """What views of a grid look at, and the length of its base's diagonal."""
    x, y, z = (side * world_scale for side in shape)
    return np.array([0.0, y * 0.35, 0.0]), float(np.hypot(x, z))
