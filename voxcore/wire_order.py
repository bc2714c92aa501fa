"""The one byte order in which voxels leave the process: x fastest, then y, then z, one byte a cell.

Every consumer (engine plugins, the viewer, the content hash) uses it; inside voxcore a grid is a
C-ordered array indexed [X, Y, Z].
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import ShapeError

Blocks = NDArray[np.uint8]


def to_bytes(blocks: Blocks) -> bytes:
    """Palette indices [X, Y, Z] as X*Y*Z bytes, x fastest. Raises ShapeError."""
    if blocks.ndim != 3 or blocks.dtype != np.uint8:
        raise ShapeError(f"expected [X, Y, Z] uint8, got {list(blocks.shape)} {blocks.dtype}", field="blocks")
    return blocks.tobytes(order="F")


def from_bytes(data: bytes, shape: tuple[int, int, int]) -> Blocks:
    """The inverse of `to_bytes`: a writable C-ordered array [X, Y, Z]. Raises ShapeError."""
    if len(data) != shape[0] * shape[1] * shape[2]:
        raise ShapeError(
            f"expected {shape[0] * shape[1] * shape[2]} bytes for {shape}, got {len(data)}", field="blocks"
        )
    return np.ascontiguousarray(np.frombuffer(data, dtype=np.uint8).reshape(shape, order="F"))


def content_hash(blocks: Blocks, names: tuple[str, ...]) -> str:
    """SHA-256 (hex) of a grid's shape, block names by palette index (Air first) and voxels."""
    header = f"voxels {blocks.shape[0]} {blocks.shape[1]} {blocks.shape[2]}\n" + "\n".join(names) + "\n\n"
    return hashlib.sha256(header.encode() + to_bytes(blocks)).hexdigest()
