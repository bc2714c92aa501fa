"""MagicaVoxel's .vox: RIFF chunks with one colour a block, a side longer than 256 cells in several models.

There z is up: our (x, y, z) is (x, -z, y) there, which turns the world and does not mirror it. A block's one
colour is that of its top. Palette indices are ours. Source: the format's own description and its extension
for scene graphs (nTRN, nGRP, nSHP).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.maps.formats.size import check_size
from voxcore.maps.voxel_map import VoxelMap
from voxcore.palette import AIR, TOP, Palette

VERSION: Final = 150
SIDE: Final = 256
"""Cells of a model along each axis, at most: positions are bytes."""
_OVERHEAD: Final = 2**16


def dump_vox(voxel_map: VoxelMap, max_bytes: int) -> bytes:
    """The bytes of a .vox of ``voxel_map``. The size of a cell is not kept.

    Raises LimitExceeded for a file above ``max_bytes``.
    """
    check_size(4 * int(np.count_nonzero(voxel_map.blocks)) + _OVERHEAD, max_bytes)
    turned = voxel_map.blocks[:, :, ::-1].transpose(0, 2, 1)
    models = list(_models(turned))
    chunks = b"".join(_model_chunks(cells) for _, cells in models)
    chunks += _scene([_center(corner, cells.shape, turned.shape) for corner, cells in models])
    chunks += _chunk(b"RGBA", _colors(voxel_map.palette))
    return struct.pack("<4si", b"VOX ", VERSION) + _chunk(b"MAIN", b"", chunks)


def _models(cells: NDArray[np.uint8]) -> Iterator[tuple[tuple[int, ...], NDArray[np.uint8]]]:
    """Boxes of at most 256 cells a side that have a block, each with its corner; one where there is no block."""
    found = False
    for corner in product(*(range(0, side, SIDE) for side in cells.shape)):
        box = cells[tuple(slice(start, start + SIDE) for start in corner)]
        if box.any() or cells.size == box.size:
            found = True
            yield corner, box
    if not found:
        yield (0, 0, 0), cells[:1, :1, :1]


def _model_chunks(cells: NDArray[np.uint8]) -> bytes:
    # z outermost, then y, then x.
    at = np.argwhere(cells.transpose(2, 1, 0) != AIR)[:, ::-1]
    voxels = np.empty((len(at), 4), dtype=np.uint8)
    voxels[:, :3] = at
    voxels[:, 3] = cells[tuple(at.T)]
    return _chunk(b"SIZE", struct.pack("<3i", *cells.shape)) + _chunk(
        b"XYZI", struct.pack("<i", len(voxels)) + voxels.tobytes()
    )


def _center(corner: tuple[int, ...], size: tuple[int, ...], whole: tuple[int, ...]) -> tuple[int, int, int]:
    """Where a model's middle is: the world is centred in x and y and stands on z = 0."""
    x, y, z = (start + side // 2 for start, side in zip(corner, size, strict=True))
    return x - whole[0] // 2, y - whole[1] // 2, z


def _scene(centers: list[tuple[int, int, int]]) -> bytes:
    """A root, a group, and a transform with a shape for each model."""
    transforms = [2 + 2 * i for i in range(len(centers))]
    chunks = _transform(0, 1, "", layer=-1)
    group = struct.pack(f"<iii{len(transforms)}i", 1, 0, len(transforms), *transforms)
    chunks += _chunk(b"nGRP", group)
    for model, (node, (x, y, z)) in enumerate(zip(transforms, centers, strict=True)):
        chunks += _transform(node, node + 1, f"{x} {y} {z}", layer=0)
        chunks += _chunk(b"nSHP", struct.pack("<5i", node + 1, 0, 1, model, 0))
    return chunks


def _transform(node: int, child: int, translation: str, *, layer: int) -> bytes:
    frame = _dictionary({"_t": translation} if translation else {})
    return _chunk(b"nTRN", struct.pack("<6i", node, 0, child, -1, layer, 1) + frame)


def _dictionary(entries: dict[str, str]) -> bytes:
    text = [word.encode() for pair in entries.items() for word in pair]
    return struct.pack("<i", len(entries)) + b"".join(struct.pack("<i", len(word)) + word for word in text)


def _colors(palette: Palette) -> bytes:
    """256 colours; the first is that of palette index 1."""
    colors = np.zeros((256, 4), dtype=np.uint8)
    colors[:, 3] = 255
    colors[: len(palette), :3] = np.round(255 * palette.colors[:, TOP])
    return colors.tobytes()


def _chunk(name: bytes, content: bytes, children: bytes = b"") -> bytes:
    return struct.pack("<4sii", name, len(content), len(children)) + content + children
