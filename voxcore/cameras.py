"""Pinhole cameras.

Convention: world space is right-handed with +Y up; a camera looks along its own -Z, +X right and
+Y up (OpenGL). ``cam_from_world`` maps a world point to camera space. Pixel (column, row) = (0, 0)
is the top left one and its centre is at (0.5, 0.5). Lengths are world units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import InvalidInput

Array = NDArray[np.float64]
MAX_IMAGE_SIDE = 8192


@dataclass(frozen=True, eq=False)
class Camera:
    """A perspective camera.

    Args:
        world_from_cam: rotation [3, 3] whose columns are the camera's right, up and backward axes
            in world space.
        position: the eye [3], world units.
        fov_y_degrees: full vertical field of view.
        width, height: picture size in pixels; the aspect ratio is ``width / height``.
        near, far: distances along the viewing direction, world units.

    Raises:
        InvalidInput: a value is not finite, the axes are not orthonormal or a size is not usable.
    """

    world_from_cam: Array
    position: Array
    fov_y_degrees: float
    width: int
    height: int
    near: float = 0.1
    far: float = 500.0

    def __post_init__(self) -> None:
        rotation = np.asarray(self.world_from_cam, dtype=np.float64)
        position = np.asarray(self.position, dtype=np.float64)
        object.__setattr__(self, "world_from_cam", rotation)
        object.__setattr__(self, "position", position)
        if rotation.shape != (3, 3) or position.shape != (3,):
            raise InvalidInput(
                f"expected shapes [3, 3] and [3], got {list(rotation.shape)} and {list(position.shape)}", field="camera"
            )
        if not (np.isfinite(rotation).all() and np.isfinite(position).all()):
            raise InvalidInput("expected finite numbers, got NaN or infinity", field="camera.pose")
        if np.abs(rotation.T @ rotation - np.eye(3)).max() > 1e-3 or np.linalg.det(rotation) < 0.0:
            raise InvalidInput("expected orthonormal right-handed axes", field="camera.pose")
        if not (np.isfinite(self.fov_y_degrees) and 0.0 < self.fov_y_degrees < 180.0):
            raise InvalidInput(
                f"expected 0 < fov < 180 degrees, got {self.fov_y_degrees}", field="camera.fov_y_degrees"
            )
        if not (0.0 < self.near < self.far < np.inf):
            raise InvalidInput(f"expected 0 < near < far, got {self.near} and {self.far}", field="camera.near")
        for name in ("width", "height"):
            side = getattr(self, name)
            if not 1 <= side <= MAX_IMAGE_SIDE:
                raise InvalidInput(f"expected 1 to {MAX_IMAGE_SIDE} pixels, got {side}", field=f"camera.{name}")

    @classmethod
    def look_at(
        cls,
        position: Array,
        target: Array,
        *,
        width: int,
        height: int,
        fov_y_degrees: float = 60.0,
        near: float = 0.1,
        far: float = 500.0,
    ) -> Camera:
        """A camera at ``position`` [3] that looks at ``target`` [3] with +Y up.

        Raises InvalidInput where the two points coincide.
        """
        eye = np.asarray(position, dtype=np.float64)
        backward = eye - np.asarray(target, dtype=np.float64)
        length = np.linalg.norm(backward)
        if not length > 1e-9:
            raise InvalidInput("expected two different points", field="camera.target")
        backward = backward / length
        # Straight up or down the world's up axis says nothing about roll: take -Z as up instead.
        up = np.array([0.0, 1.0, 0.0]) if abs(backward[1]) < 1.0 - 1e-9 else np.array([0.0, 0.0, -1.0])
        right = np.cross(up, backward)
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(backward, right), backward], axis=1)
        return cls(rotation, eye, fov_y_degrees, width, height, near, far)

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def clip_near(self) -> float:
        """Distance along the view axis before which the editor draws nothing, world units.

        The editor uses an OpenGL projection (z in -1..1) on WebGPU, which clips z to 0..1, so the
        visible range starts where the OpenGL depth is 0: at about twice ``near``.
        """
        return 2.0 * self.far * self.near / (self.far + self.near)

    @property
    def cam_from_world(self) -> Array:
        """View matrix [4, 4]."""
        out = np.eye(4)
        out[:3, :3] = self.world_from_cam.T
        out[:3, 3] = -self.world_from_cam.T @ self.position
        return out

    @property
    def clip_from_cam(self) -> Array:
        """OpenGL projection matrix [4, 4], z in -1..1."""
        f = 1.0 / np.tan(np.radians(self.fov_y_degrees) / 2.0)
        out = np.zeros((4, 4))
        out[0, 0] = f / self.aspect
        out[1, 1] = f
        out[2, 2] = (self.far + self.near) / (self.near - self.far)
        out[2, 3] = 2.0 * self.far * self.near / (self.near - self.far)
        out[3, 2] = -1.0
        return out

    def resized(self, width: int, height: int) -> Camera:
        """The same pose and vertical field of view at another picture size."""
        return Camera(self.world_from_cam, self.position, self.fov_y_degrees, width, height, self.near, self.far)

    def ray_basis(self) -> Array:
        """[4, 3]: eye, and the three vectors A, B, C of the pixel rays.

        The ray through pixel (column i, row j) is ``eye + t * (A + (i + 0.5) * B + (j + 0.5) * C)``,
        where t is the distance along the viewing direction (the direction is *not* of unit length),
        so t compares with ``clip_near`` and ``far`` directly.
        """
        half_h = np.tan(np.radians(self.fov_y_degrees) / 2.0)
        half_w = half_h * self.aspect
        right, up, backward = self.world_from_cam.T
        a = -backward - half_w * right + half_h * up
        return np.stack([self.position, a, right * (2.0 * half_w / self.width), -up * (2.0 * half_h / self.height)])


def orbit_cameras(
    count: int,
    *,
    center: Array,
    radius: float,
    elevation_degrees: tuple[float, float],
    fov_y_degrees: float,
    width: int,
    height: int,
    turn_degrees: float = 0.0,
    rng: np.random.Generator | None = None,
) -> list[Camera]:
    """``count`` cameras on a sphere of ``radius`` world units around ``center`` [3], looking at it.

    Azimuths are evenly spaced from ``turn_degrees`` on; with ``rng`` that is random instead, each gets a
    jitter of up to half a spacing, and elevations are drawn uniformly from the range, otherwise they
    alternate between its ends. Raises InvalidInput for an unusable count or range.
    """
    if count < 1:
        raise InvalidInput(f"expected at least 1 camera, got {count}", field="count")
    lo, hi = elevation_degrees
    if not -90.0 < lo <= hi < 90.0:
        raise InvalidInput(f"expected -90 < low <= high < 90, got {elevation_degrees}", field="elevation_degrees")
    turn = turn_degrees if rng is None else rng.uniform(0.0, 360.0)
    out = []
    for i in range(count):
        jitter = 0.0 if rng is None else rng.uniform(-0.5, 0.5)
        azimuth = np.radians(turn + (i + jitter) * 360.0 / count)
        elevation = np.radians((lo, hi)[i % 2] if rng is None else rng.uniform(lo, hi))
        offset = np.array([np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)])
        out.append(
            Camera.look_at(
                np.asarray(center) + radius * offset,
                np.asarray(center),
                width=width,
                height=height,
                fov_y_degrees=fov_y_degrees,
            )
        )
    return out
