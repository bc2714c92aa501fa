"""Where to stand to see a whole map."""

from __future__ import annotations

import math

import numpy as np

from voxcore.cameras import Camera, orbit_cameras
from voxcore.maps import VoxelMap

FOV_Y_DEGREES = 40.0


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
    shape: tuple[int, int, int], world_scale: float, count: int, image_size: int, rng: np.random.Generator
) -> list[Camera]:
    """``count`` cameras all around a grid of ``shape``, with all of it in their pictures: where a training without
    a dataset looks from. Pictures are square, ``image_size`` pixels a side.
    """
    x, y, z = (side * world_scale for side in shape)
    return orbit_cameras(
        count,
        center=np.array([0.0, y * 0.35, 0.0]),
        radius=float(np.hypot(x, z)) * rng.uniform(0.8, 1.2),
        elevation_degrees=(-5.0, 60.0),
        fov_y_degrees=50.0,
        width=image_size,
        height=image_size,
        rng=rng,
    )
