"""Pictures on the faces of custom blocks: ``faceTiles.<slot>.url`` of a map.json, as a data: URL.

Other addresses lead to the editor's own server, which is not here: such faces show their plain colours, as do
those whose picture turns out to be none. Nothing is decoded while a map is loaded.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import struct
from collections.abc import Mapping
from typing import Any, Final

from PIL import Image

from voxcore.palette import FaceTiles

SLOTS: Final = ("top", "bottom", "side")
MAX_TEXT: Final = 4 * 2**20
"""Characters of one picture's address."""
MAX_ALL_TEXT: Final = 32 * 2**20
"""The same of a whole map."""
MAX_PIXELS: Final = 2**24
"""Of one picture as it is in its map."""
TILE: Final = 128
"""Side of the largest tile: what a viewer shows of a picture."""

_DATA_URL: Final = re.compile(r"data:image/(?:png|jpeg|webp|gif);base64,([A-Za-z0-9+/]+={0,2})")
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")


class TileReader:
    """Takes the pictures out of one map's custom blocks, within the limits of a whole map."""

    def __init__(self) -> None:
        self._left = MAX_ALL_TEXT

    def read(self, entry: Mapping[str, Any]) -> FaceTiles | None:
        """The picture files of a ``customBlocks`` entry; None where it has none."""
        listed = entry.get("faceTiles")
        if not isinstance(listed, dict):
            return None
        found = {slot: self._picture(listed.get(slot)) for slot in SLOTS}
        return FaceTiles(**found) if any(found.values()) else None

    def _picture(self, tile: object) -> bytes:
        url = tile.get("url") if isinstance(tile, dict) else None
        if not isinstance(url, str) or len(url) > min(MAX_TEXT, self._left):
            return b""
        match = _DATA_URL.fullmatch(url)
        if match is None:
            return b""
        self._left -= len(url)
        try:
            return base64.b64decode(match[1], validate=True)
        except binascii.Error:
            return b""


def tile_entries(tiles: FaceTiles | None) -> dict[str, Any]:
    """``faceTiles`` as the editor writes it, of PNG files."""
    if tiles is None:
        return {}
    return {
        slot: {
            "path": None,
            "url": "data:image/png;base64," + base64.b64encode(data).decode("ascii"),
            "prompt": None,
            "sequence": None,
        }
        for slot in SLOTS
        if (data := getattr(tiles, slot))
    }


def picture_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) as the file's head says, nothing decoded; None for no picture, or one above MAX_PIXELS."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return image.size if image.width * image.height <= MAX_PIXELS else None
    except _BROKEN:
        return None


def small_png(data: bytes, side: int) -> bytes | None:
    """The first picture of an image file as a PNG (RGBA, nothing else in it) of at most ``side`` pixels a side.

    Down to TILE every pixel is the nearest of the picture, so that block art stays crisp; below that pixels are
    averaged. None for what is no picture, or one above MAX_PIXELS.
    """
    if picture_size(data) is None:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            tile = image.convert("RGBA")
    except _BROKEN:
        return None
    for most, how in ((TILE, Image.Resampling.NEAREST), (side, Image.Resampling.BOX)):
        size = min(tile.width, most), min(tile.height, most)
        if size != tile.size:
            tile = tile.resize(size, how)
    out = io.BytesIO()
    Image.frombytes("RGBA", tile.size, tile.tobytes()).save(out, format="PNG", compress_level=9)
    return out.getvalue()


_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
"""What Pillow raises for damaged files."""
