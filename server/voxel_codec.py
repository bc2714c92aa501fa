"""Grids and their differences as messages. Imports no gRPC: the training process packs its own frames."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from vox.v1 import voxels_pb2 as pb

from server.face_textures import TextureReader, textures
from voxcore.errors import InvalidInput, LimitExceeded, ShapeError
from voxcore.maps import VoxelMap
from voxcore.maps.voxel_map import DEFAULT_WORLD_SCALE, MAX_WORLD_SCALE
from voxcore.palette import EDITOR, UNKNOWN_COLOR, Block, FaceTiles, Palette
from voxcore.wire_order import content_hash, from_bytes, to_bytes

Blocks = NDArray[np.uint8]
Occupancy = NDArray[np.float32]
Shape = tuple[int, int, int]

PART_BYTES: Final = 2**19
"""Unpacked bytes of one part. zlib adds at most a few bytes to noise, so every message stays below 1 MiB."""
_LEVEL: Final = 1


def palette_entries(palette: Palette, *, with_textures: bool = False) -> list[pb.PaletteEntry]:
    """Air, then the palette's blocks: entry i is palette index i."""
    pictures = textures(palette) if with_textures else {}
    blocks = [
        pb.PaletteEntry(
            name=b.name,
            editor_id=b.editor_id,
            top=_rgb(b.top),
            bottom=_rgb(b.bottom),
            side=_rgb(b.side),
            textures=pictures.get(b.name),
        )
        for b in palette.blocks
    ]
    return [pb.PaletteEntry(name="Air"), *blocks]


def _color(rgb: pb.Rgb) -> tuple[float, float, float]:
    # A colour travels as float32; six digits are what that holds.
    return round(rgb.red, 6), round(rgb.green, 6), round(rgb.blue, 6)


def _rgb(color: tuple[float, float, float]) -> pb.Rgb:
    return pb.Rgb(red=color[0], green=color[1], blue=color[2])


def check_sendable(shape: Shape, *, max_cells: int, field: str) -> None:
    """Raises ShapeError for an empty axis, LimitExceeded for a grid too large to keep or to send."""
    x, y, z = shape
    if min(shape) < 1:
        raise ShapeError(f"expected at least 1 cell on every axis, got {list(shape)}", field=field)
    if x * y * z > max_cells:
        raise LimitExceeded(f"expected at most {max_cells} cells, got {x * y * z}", field=field)
    if x * y > PART_BYTES:
        raise LimitExceeded(f"expected at most {PART_BYTES} cells in a layer of constant z, got {x * y}", field=field)


def pack_grid(
    blocks: Blocks, palette: Palette, world_scale: float, *, with_textures: bool = False
) -> list[pb.VoxelGrid]:
    """``blocks`` [X, Y, Z] as one message, or as several where one would be too long.

    Raises LimitExceeded where a layer of constant z is longer than a part may be.
    """
    digest = bytes.fromhex(content_hash(blocks, palette.names))
    entries = palette_entries(palette, with_textures=with_textures)
    return [
        pb.VoxelGrid(palette=entries if part["part_index"] == 0 else (), world_scale=world_scale, sha256=digest, **part)
        for part in _slabs(blocks)
    ]


def pack_occupancy(occupancy: Occupancy) -> list[pb.VoxelOccupancy]:
    """How full each cell is, [X, Y, Z] in 0..1, as one message or several; ``step`` is left to the caller.

    Rounded to 16 levels: finer ones cannot be told apart on a screen and would not compress. Raises as
    `pack_grid`.
    """
    levels = (np.clip(occupancy, 0.0, 1.0) * 15.0 + 0.5).astype(np.uint8) * np.uint8(17)
    return [pb.VoxelOccupancy(**part) for part in _slabs(levels)]


def _slabs(cells: Blocks) -> Iterator[dict[str, Any]]:
    """``cells`` [X, Y, Z] packed in slabs of constant z: the fields that every message of a part has.

    Raises LimitExceeded where a layer of constant z is longer than a part may be.
    """
    x, y, z = cells.shape
    check_sendable((x, y, z), max_cells=cells.size, field="grid")
    layers = max(1, PART_BYTES // (x * y))
    raw = to_bytes(cells)
    starts = range(0, z, layers)
    for index, start in enumerate(starts):
        piece = raw[start * x * y : (start + layers) * x * y]
        encoding, data = _packed(piece)
        yield {
            "dims": pb.Dimensions(x=x, y=y, z=z),
            "encoding": encoding,
            "raw_length": len(piece),
            "data": data,
            "z_start": start,
            "z_count": len(piece) // (x * y),
            "part_index": index,
            "part_count": len(starts),
        }


def pack_delta(before: Blocks, after: Blocks, names: tuple[str, ...]) -> pb.VoxelDelta | None:
    """What changed between two grids [X, Y, Z] of one shape, or None where that is too long for one message.

    ``base_seq``, ``frame_seq``, ``step`` and ``final`` are left to the caller.
    """
    old, new = before.ravel(order="F"), after.ravel(order="F")
    cells = np.flatnonzero(old != new)
    raw = varints(np.diff(cells, prepend=0)) + new[cells].tobytes()
    if len(raw) > PART_BYTES:
        return None
    encoding, data = _packed(raw)
    return pb.VoxelDelta(
        changed=len(cells),
        encoding=encoding,
        raw_length=len(raw),
        data=data,
        sha256=bytes.fromhex(content_hash(after, names)),
    )


def _packed(raw: bytes) -> tuple[pb.VoxelEncoding.ValueType, bytes]:
    small = zlib.compress(raw, _LEVEL)
    return (pb.VOXEL_ENCODING_ZLIB, small) if len(small) < len(raw) else (pb.VOXEL_ENCODING_RAW, raw)


def varints(values: NDArray[np.int64]) -> bytes:
    """Non-negative ``values`` [N] below 2**28 as base-128 varints (lowest 7 bits first)."""
    groups = (values[:, None] >> np.array([0, 7, 14, 21])) & 0x7F
    used = np.stack([np.ones(len(values), dtype=bool), values >= 1 << 7, values >= 1 << 14, values >= 1 << 21], axis=1)
    more = np.concatenate([used[:, 1:], np.zeros((len(values), 1), dtype=bool)], axis=1)
    return bytes((groups | (more * 0x80)).astype(np.uint8)[used].tobytes())


def unpack_map(grid: pb.VoxelGrid, *, max_cells: int, where: str = "source.grid") -> VoxelMap:
    """The map that a request brought in its field ``where``, whole. Nothing is unpacked before every size
    is checked.

    Raises:
        InvalidInput: a palette, encoding, index or length that does not fit.
        ShapeError: dims with an empty axis.
        LimitExceeded: more than ``max_cells``, or a layer that could not be sent back.
    """
    shape = (grid.dims.x, grid.dims.y, grid.dims.z)
    check_sendable(shape, max_cells=max_cells, field=f"{where}.dims")
    cells = shape[0] * shape[1] * shape[2]
    if grid.part_count > 1:
        raise InvalidInput(f"expected the whole grid, got part 1 of {grid.part_count}", field=f"{where}.part_count")
    if grid.raw_length != cells:
        raise InvalidInput(f"expected {cells} for these dims, got {grid.raw_length}", field=f"{where}.raw_length")
    palette = _palette(grid, where)
    blocks = from_bytes(_unpacked(grid.data, grid.encoding, cells, where), shape)
    if grid.sha256 and grid.sha256.hex() != content_hash(blocks, palette.names):
        raise InvalidInput("expected the content hash of these cells, got another", field=f"{where}.sha256")
    if (highest := int(blocks.max())) > len(palette):
        raise InvalidInput(f"expected palette indices up to {len(palette)}, got {highest}", field=f"{where}.data")
    world_scale = grid.world_scale or DEFAULT_WORLD_SCALE
    if not 0.0 < world_scale <= MAX_WORLD_SCALE:
        raise InvalidInput(
            f"expected a number above 0 and up to {MAX_WORLD_SCALE:g}, got {world_scale}", field=f"{where}.world_scale"
        )
    return VoxelMap(blocks=blocks, palette=palette, world_scale=world_scale)


def _unpacked(data: bytes, encoding: int, length: int, where: str) -> bytes:
    if encoding in (pb.VOXEL_ENCODING_UNSPECIFIED, pb.VOXEL_ENCODING_RAW):
        raw = data
    elif encoding == pb.VOXEL_ENCODING_ZLIB:
        try:
            # One byte more than announced, so that a longer stream shows and a bomb does not go off.
            raw = zlib.decompressobj().decompress(data, length + 1)
        except zlib.error as error:
            raise InvalidInput(
                f"expected a zlib stream, got one that is none: {error}", field=f"{where}.data"
            ) from error
    else:
        raise InvalidInput(f"expected raw or zlib, got encoding {encoding}", field=f"{where}.encoding")
    if len(raw) != length:
        got = f"{len(raw)}" if len(raw) < length else "more"
        raise InvalidInput(f"expected {length} bytes, got {got}", field=f"{where}.data")
    return raw


def _palette(grid: pb.VoxelGrid, where: str) -> Palette:
    if not grid.palette or grid.palette[0].name != "Air":
        first = repr(grid.palette[0].name[:40]) if grid.palette else "no entry"
        raise InvalidInput(f"expected a palette whose entry 0 is Air, got {first}", field=f"{where}.palette")
    if len(grid.palette) > 256:
        raise LimitExceeded(f"expected at most 256 entries, got {len(grid.palette)}", field=f"{where}.palette")
    reader = TextureReader(f"{where}.palette")
    return Palette("request", tuple(_block(entry, reader.read(i, entry)) for i, entry in enumerate(grid.palette) if i))


def _block(entry: pb.PaletteEntry, tiles: FaceTiles | None) -> Block:
    index = EDITOR.index_by_name.get(entry.name, 0)
    if index and tiles is None and not (entry.HasField("top") or entry.HasField("bottom") or entry.HasField("side")):
        return EDITOR.blocks[index - 1]
    colors = [
        _color(c) if c is not None else UNKNOWN_COLOR
        for c in (
            entry.top if entry.HasField("top") else None,
            entry.bottom if entry.HasField("bottom") else None,
            entry.side if entry.HasField("side") else None,
        )
    ]
    top, bottom, side = colors
    return Block(entry.name, entry.editor_id, top, bottom, side, known=entry.HasField("top"), tiles=tiles)
