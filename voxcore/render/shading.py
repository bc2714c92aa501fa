"""The light of the editor: one sun, one sky, six faces, and so 6 * M colours per palette.

Source: the map editor's fragment shader. A face's colour depends on its normal and its block only,
never on the camera, so every renderer reads one small table.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.palette import FACE_NORMALS, FACE_SLOT, Palette

Array = NDArray[np.float64]

SKY: Final[Array] = np.array([0.53, 0.81, 0.92])
"""Background colour, and the ambient light from above; RGB in 0..1."""
HORIZON: Final[Array] = np.array([0.18, 0.16, 0.12])
SUN_COLOR: Final[Array] = np.array([1.0, 0.97, 0.9])
SUN_DIRECTION: Final[Array] = np.array([-0.4, -0.85, -0.5]) / np.linalg.norm([-0.4, -0.85, -0.5])
"""The way sunlight travels, world space."""
AMBIENT_STRENGTH: Final = 0.55
for _constant in (SKY, HORIZON, SUN_COLOR, SUN_DIRECTION):
    _constant.setflags(write=False)


def face_light() -> Array:
    """Ambient plus diffuse light on each face [6 faces, 3 rgb]; may exceed 1."""
    up = np.clip(FACE_NORMALS[:, 1:2] * 0.5 + 0.5, 0.0, 1.0)
    ambient = AMBIENT_STRENGTH * (HORIZON * (1.0 - up) + SKY * up)
    diffuse = np.maximum(FACE_NORMALS @ -SUN_DIRECTION, 0.0)[:, None] * SUN_COLOR
    return np.asarray(ambient + diffuse, dtype=np.float64)


def lit_colors(palette: Palette) -> Array:
    """What a face of each material looks like: [M, 6 faces, 3 rgb] in 0..1.

    Row m is the material with palette index m + 1 (Air has no colour). Faces are in the order +x,
    -x, +y, -y, +z, -z. pixel = clamp(surface * (ambient + diffuse), 0, 1); no gamma step.
    """
    return np.clip(palette.colors[:, FACE_SLOT, :] * face_light(), 0.0, 1.0)
