"""The faces of a map that can be seen, for formats of meshes: those between a block and Air or the outside.

Convention: faces are in the order of `voxcore.palette.FACE_NORMALS`; a face's four corners go round
counter-clockwise as seen from outside. World space is the editor's: y up, x and z centred, standing on y = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import InvalidInput
from voxcore.maps.formats.size import check_size
from voxcore.maps.stats import exposed_faces
from voxcore.maps.voxel_map import VoxelMap
from voxcore.palette import AIR, FACE_NORMALS, FACE_SLOT

CORNERS: Final[NDArray[np.uint8]] = np.array(
    [
        [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]],
        [[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]],
        [[0, 1, 0], [0, 1, 1], [1, 1, 1], [1, 1, 0]],
        [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]],
        [[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]],
        [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0]],
    ],
    dtype=np.uint8,
)
"""Corners [6 faces, 4 corners, xyz] of the unit cell."""


@dataclass(frozen=True, eq=False)
class Faces:
    """``corners`` [F, 4, 3] float32 in world units, ``side`` [F] uint8 (0 to 5), ``material`` [F] uint8 (palette
    index - 1) and ``slot`` [F] uint8 (0 top, 1 bottom, 2 side).
    """

    corners: NDArray[np.float32]
    side: NDArray[np.uint8]
    material: NDArray[np.uint8]
    slot: NDArray[np.uint8]


def visible_faces(voxel_map: VoxelMap, *, bytes_per_face: int, max_bytes: int) -> Faces:
    """All of them, for a file that spends ``bytes_per_face`` on each.

    Raises InvalidInput for a map without a block, LimitExceeded before anything large is made.
    """
    blocks = voxel_map.blocks
    solid = blocks != AIR
    count = exposed_faces(solid)
    if count == 0:
        raise InvalidInput("expected a map with at least one block, got one that is all Air", field="map_id")
    check_size(count * bytes_per_face, max_bytes)
    around = np.pad(solid, 1)
    corners = np.empty((count, 4, 3), dtype=np.float32)
    side = np.empty(count, dtype=np.uint8)
    material = np.empty(count, dtype=np.uint8)
    x, y, z = voxel_map.shape
    origin = np.array([x / 2, 0, z / 2], dtype=np.float32)
    end = 0
    for i, (dx, dy, dz) in enumerate(FACE_NORMALS.astype(int).tolist()):
        beside = around[1 + dx : 1 + dx + x, 1 + dy : 1 + dy + y, 1 + dz : 1 + dz + z]
        cells = np.argwhere(solid & ~beside)
        start, end = end, end + len(cells)
        corners[start:end] = (cells[:, None, :] + CORNERS[i] - origin) * np.float32(voxel_map.world_scale)
        side[start:end] = i
        material[start:end] = blocks[tuple(cells.T)] - 1
    return Faces(corners, side, material, np.array(FACE_SLOT, dtype=np.uint8)[side])
