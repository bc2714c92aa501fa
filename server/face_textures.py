"""Pictures on the faces of custom blocks as messages: small, and bounded whatever a map holds."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from vox.v1 import voxels_pb2 as pb

from voxcore.errors import InvalidInput, LimitExceeded
from voxcore.maps.face_tiles import SLOTS, TILE, picture_size, small_png
from voxcore.palette import FaceTiles, Palette
from voxcore.png import SIGNATURE

MAX_BYTES: Final = 2**18
"""Of all pictures of a palette."""
_MAX_PIXELS: Final = 2**26
"""Of all pictures that are unpacked for one palette, as they are in its map."""


@lru_cache(maxsize=16)
def textures(palette: Palette) -> dict[str, pb.FaceTextures]:
    """The pictures of the blocks that have any, by name; do not write to them.

    As many pixels a side as all have room with in MAX_BYTES: TILE, or half of that, and so on. What is no
    picture is left out, and so is what comes after the first _MAX_PIXELS.
    """
    left = _MAX_PIXELS
    files: list[tuple[str, str, bytes]] = []
    for block in palette.blocks:
        for slot in SLOTS if block.tiles else ():
            data: bytes = getattr(block.tiles, slot)
            size = picture_size(data)
            if size is not None and size[0] * size[1] <= left:
                left -= size[0] * size[1]
                files.append((block.name, slot, data))
    side = TILE
    small = [(name, slot, small_png(data, side)) for name, slot, data in files]
    while sum(len(png) for _, _, png in small if png) > MAX_BYTES and side > 1:
        side //= 2
        small = [(name, slot, small_png(png, side) if png else None) for name, slot, png in small]
    found: dict[str, pb.FaceTextures] = {}
    for name, slot, png in small:
        if png:
            setattr(found.setdefault(name, pb.FaceTextures()), slot, png)
    return found


class TextureReader:
    """Takes the pictures of one palette out of a request, whose palette is at ``where``."""

    def __init__(self, where: str) -> None:
        self._where, self._left = where, MAX_BYTES

    def read(self, index: int, entry: pb.PaletteEntry) -> FaceTiles | None:
        """The pictures of entry ``index``; None where it has none. Raises InvalidInput or LimitExceeded."""
        if not entry.HasField("textures"):
            return None
        for slot in SLOTS:
            if data := getattr(entry.textures, slot):
                self._check(data, f"{self._where}[{index}].textures.{slot}")
        found = FaceTiles(entry.textures.top, entry.textures.bottom, entry.textures.side)
        return found if found != FaceTiles() else None

    def _check(self, data: bytes, field: str) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise LimitExceeded(f"expected pictures of at most {MAX_BYTES} bytes in all, got more", field=field)
        size = picture_size(data) if data.startswith(SIGNATURE) else None
        if size is not None and max(size) > TILE:
            raise LimitExceeded(f"expected at most {TILE} pixels a side, got {size[0]} x {size[1]}", field=field)
        if size is None or small_png(data, TILE) is None:
            raise InvalidInput("expected an intact PNG, got something else", field=field)
