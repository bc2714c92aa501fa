"""PNG pictures: the size is read from the header before anything is decoded.

A PNG of a few kilobytes can unpack to gigabytes, so nothing reaches the decoder whose header does
not state an acceptable size.
"""

from __future__ import annotations

import io
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from voxcore.errors import DatasetFormatError, LimitExceeded, ShapeError

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
HEADER_BYTES: Final = 24
"""Signature, then the IHDR chunk's length, name, width and height."""
MAX_SIDE: Final = 8192
MAX_PIXELS: Final = 2**25

Picture = NDArray[np.uint8]


def png_size(header: bytes, *, field: str) -> tuple[int, int]:
    """(width, height) from a PNG's first 24 bytes.

    Raises DatasetFormatError where this is no PNG and LimitExceeded for a size above the limits.
    """
    if len(header) < HEADER_BYTES or not header.startswith(SIGNATURE) or header[12:16] != b"IHDR":
        raise DatasetFormatError("expected a PNG picture, got something else", field=field)
    width, height = struct.unpack(">II", header[16:24])
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise LimitExceeded(
            f"expected at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all, got {width} x {height}", field=field
        )
    return width, height


def decode_png(data: bytes, *, field: str) -> Picture:
    """The picture [H, W, 3] uint8; what is transparent shows the sky, as in every rendered picture.

    Raises DatasetFormatError for damaged data or 16-bit pictures, LimitExceeded as `png_size`.
    """
    width, height = png_size(data[:HEADER_BYTES], field=field)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.size != (width, height) or image.mode.startswith(("I", "F")):
                raise DatasetFormatError(
                    f"expected {width} x {height} pixels of 8 bits, got {image.size} {image.mode}", field=field
                )
            if image.mode == "RGB" and "transparency" not in image.info:
                return np.array(image)
            rgba = image.convert("RGBA")
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise DatasetFormatError(f"expected an intact PNG: {error}", field=field) from error
    # Imported here: rendering needs torch, which whoever only writes pictures does without.
    from voxcore.render.shading import SKY

    r, g, b = (round(255 * c) for c in SKY.tolist())
    return np.array(Image.alpha_composite(Image.new("RGBA", rgba.size, (r, g, b, 255)), rgba).convert("RGB"))


def encode_png(image: Picture) -> bytes:
    """The bytes of a PNG of ``image`` [H, W, 3] uint8. The same picture gives the same bytes.

    Raises ShapeError.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ShapeError(f"expected [H, W, 3] uint8, got {list(image.shape)} {image.dtype}", field="image")
    out = io.BytesIO()
    Image.fromarray(image).save(out, format="PNG", compress_level=9)
    return out.getvalue()
