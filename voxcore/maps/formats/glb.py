"""Binary glTF 2.0: one mesh of the visible faces, coloured by a palette texture inside the file.

The texture has a texel for each block and slot (column: palette index - 1; rows: top, bottom, side), so that
colours come out as the editor shows them: a glTF texture is sRGB, as the numbers that the editor sends to the
screen are. Vertices are not shared between faces, since each has its normal and its texel.
Source: the Khronos glTF 2.0 specification, sections 3.6 (accessors) and 4 (GLB).
"""

from __future__ import annotations

import json
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxcore.maps.formats.faces import visible_faces
from voxcore.maps.formats.size import check_size
from voxcore.maps.voxel_map import VoxelMap
from voxcore.palette import FACE_NORMALS, Palette
from voxcore.png import encode_png

_FLOAT, _UNSIGNED_INT = 5126, 5125
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963
_NEAREST, _CLAMP = 9728, 33071
_ROWS: Final = 4
"""Three slots, and one row more for a power of two."""
_BYTES_PER_FACE: Final = 4 * (12 + 12 + 8) + 6 * 4
_QUAD: Final = np.array([0, 1, 2, 0, 2, 3], dtype=np.uint32)


def dump_glb(voxel_map: VoxelMap, max_bytes: int) -> bytes:
    """The bytes of a .glb of ``voxel_map``, y up, a world unit a metre.

    Raises InvalidInput for a map without a block, LimitExceeded for a file above ``max_bytes``.
    """
    faces = visible_faces(voxel_map, bytes_per_face=_BYTES_PER_FACE, max_bytes=max_bytes)
    count = len(faces.side)
    texture = _palette_texture(voxel_map.palette)
    texels = np.stack([faces.material, faces.slot], axis=1) + np.float32(0.5)
    uv = texels / np.array([texture.shape[1], _ROWS], dtype=np.float32)
    positions = faces.corners.reshape(-1, 3)
    normals = np.repeat(FACE_NORMALS.astype(np.float32)[faces.side], 4, axis=0)
    indices = np.arange(0, 4 * count, 4, dtype=np.uint32)[:, None] + _QUAD
    file = _Buffer()
    attributes = {
        "POSITION": file.accessor(
            positions, "VEC3", min=positions.min(axis=0).tolist(), max=positions.max(axis=0).tolist()
        ),
        "NORMAL": file.accessor(normals, "VEC3"),
        "TEXCOORD_0": file.accessor(np.repeat(uv.astype(np.float32), 4, axis=0), "VEC2"),
    }
    primitive = {"attributes": attributes, "indices": file.accessor(indices.ravel(), "SCALAR"), "material": 0}
    image = file.view(encode_png(texture))
    document = {
        "asset": {"version": "2.0", "generator": "voxcore"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "map", "mesh": 0}],
        "meshes": [{"name": "map", "primitives": [primitive]}],
        "materials": [
            {
                "name": "blocks",
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": 0},
                    "metallicFactor": 0.0,
                    "roughnessFactor": 1.0,
                },
                # Which block a column of the texture is.
                "extras": {"blocks": list(voxel_map.palette.names[1:])},
            }
        ],
        "textures": [{"sampler": 0, "source": 0}],
        "samplers": [{"magFilter": _NEAREST, "minFilter": _NEAREST, "wrapS": _CLAMP, "wrapT": _CLAMP}],
        "images": [{"bufferView": image, "mimeType": "image/png"}],
        "accessors": file.accessors,
        "bufferViews": file.views,
        "buffers": [{"byteLength": file.length}],
    }
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    return _container(text, file.parts, max_bytes)


class _Buffer:
    """The binary part, view by view; each begins at a multiple of four."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.length = 0

    def view(self, data: bytes, **more: int) -> int:
        """Adds ``data``; the number of its view."""
        self.views.append({"buffer": 0, "byteOffset": self.length, "byteLength": len(data), **more})
        self.parts.append(data + bytes(-len(data) % 4))
        self.length += len(self.parts[-1])
        return len(self.views) - 1

    def accessor(self, values: NDArray[Any], kind: str, **bounds: list[float]) -> int:
        """Adds an array; the number of its accessor."""
        is_index = values.dtype == np.uint32
        view = self.view(values.tobytes(), target=_ELEMENT_ARRAY_BUFFER if is_index else _ARRAY_BUFFER)
        component = _UNSIGNED_INT if is_index else _FLOAT
        self.accessors.append(
            {"bufferView": view, "componentType": component, "count": len(values), "type": kind, **bounds}
        )
        return len(self.accessors) - 1


def _palette_texture(palette: Palette) -> NDArray[np.uint8]:
    """Colours [4, W, 3] uint8, W the next power of two."""
    width = 1 << max(0, len(palette) - 1).bit_length()
    texture = np.zeros((_ROWS, width, 3), dtype=np.uint8)
    texture[:3, : len(palette)] = np.round(255 * palette.colors).astype(np.uint8).transpose(1, 0, 2)
    return texture


def _container(text: bytes, parts: list[bytes], max_bytes: int) -> bytes:
    """A GLB: a header of twelve bytes, the JSON chunk filled up with spaces, the binary chunk."""
    text += b" " * (-len(text) % 4)
    length = sum(map(len, parts))
    total = 12 + 8 + len(text) + 8 + length
    check_size(total, max_bytes)
    head = struct.pack("<4sII", b"glTF", 2, total)
    chunks = [head, struct.pack("<I4s", len(text), b"JSON"), text, struct.pack("<I4s", length, b"BIN\0"), *parts]
    return b"".join(chunks)
