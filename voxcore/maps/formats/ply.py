"""Stanford PLY, binary: a quad for each visible face, its colour at its four corners."""

from __future__ import annotations

from typing import Final

import numpy as np

from voxcore.maps.formats.faces import visible_faces
from voxcore.maps.voxel_map import VoxelMap

_VERTEX: Final = np.dtype([("position", "<f4", 3), ("color", "u1", 3)])
_FACE: Final = np.dtype([("count", "u1"), ("corners", "<i4", 4)])


def dump_ply(voxel_map: VoxelMap, max_bytes: int) -> bytes:
    """The bytes of a .ply of ``voxel_map``, y up, in world units.

    Raises InvalidInput for a map without a block, LimitExceeded for a file above ``max_bytes``.
    """
    faces = visible_faces(voxel_map, bytes_per_face=4 * _VERTEX.itemsize + _FACE.itemsize, max_bytes=max_bytes)
    count = len(faces.side)
    colors = np.round(255 * voxel_map.palette.colors).astype(np.uint8)
    vertices = np.empty(4 * count, dtype=_VERTEX)
    vertices["position"] = faces.corners.reshape(-1, 3)
    vertices["color"] = np.repeat(colors[faces.material, faces.slot], 4, axis=0)
    quads = np.empty(count, dtype=_FACE)
    quads["count"] = 4
    quads["corners"] = np.arange(4 * count, dtype=np.int32).reshape(-1, 4)
    header = (
        "ply\nformat binary_little_endian 1.0\ncomment voxcore\n"
        f"element vertex {4 * count}\nproperty float x\nproperty float y\nproperty float z\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\n"
        f"element face {count}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    return header.encode() + vertices.tobytes() + quads.tobytes()
