"""Voxel grids as a client holds them, put together from keyframes and deltas."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vox.v1 import voxels_pb2 as pb

from voxclient.errors import DataError
from voxclient.saving import save

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class BlockKind:
    """One entry of a palette; colours are 0..1, ``textures`` PNG files for (top, bottom, side), b"" for none.

    Grids of stored maps have textures, those of voxel frames do not.
    """

    name: str
    editor_id: int
    top: Rgb
    bottom: Rgb
    side: Rgb
    textures: tuple[bytes, bytes, bytes] = field(default=(b"", b"", b""), repr=False)


@dataclass(frozen=True)
class Grid:
    """A whole grid. ``cells[x + X * (y + Y * z)]`` is an index into ``palette``; 0 is Air; y is up."""

    dims: tuple[int, int, int]
    palette: tuple[BlockKind, ...]
    world_scale: float
    cells: bytes

    def block_at(self, x: int, y: int, z: int) -> str:
        """The name of the block in a cell. Raises IndexError outside the grid."""
        size_x, size_y, size_z = self.dims
        if not (0 <= x < size_x and 0 <= y < size_y and 0 <= z < size_z):
            raise IndexError(f"({x}, {y}, {z}) is outside {self.dims}")
        return self.palette[self.cells[x + size_x * (y + size_y * z)]].name

    def counts(self) -> dict[str, int]:
        """Blocks by name, Air left out."""
        found = Counter(self.cells)
        return {kind.name: found[i] for i, kind in enumerate(self.palette) if i and found[i]}

    def sha256(self) -> bytes:
        """The content hash of the contract; equal grids have equal hashes."""
        x, y, z = self.dims
        names = "\n".join(kind.name for kind in self.palette)
        return hashlib.sha256(f"voxels {x} {y} {z}\n{names}\n\n".encode() + self.cells).digest()

    def to_message(self) -> pb.VoxelGrid:
        """This grid as the source of a job."""
        x, y, z = self.dims
        return pb.VoxelGrid(
            dims=pb.Dimensions(x=x, y=y, z=z),
            palette=[pb.PaletteEntry(name="Air"), *map(_entry, self.palette[1:])],
            world_scale=self.world_scale,
            encoding=pb.VOXEL_ENCODING_ZLIB,
            raw_length=len(self.cells),
            data=zlib.compress(self.cells),
            sha256=self.sha256(),
            z_count=z,
            part_count=1,
        )

    def save_map_json(self, path: Path) -> None:
        """Write the map editor's map.json: complete or not at all. Raises OSError."""
        size_x, size_y, size_z = self.dims
        head: dict[str, Any] = {
            "sequence": None,
            "worldScale": self.world_scale,
            "worldConfig": {
                "dimensions": {"x": size_x, "y": size_y, "z": size_z},
                "worldScale": self.world_scale,
            },
            "customBlocks": [_custom_block(kind) for kind in self.palette if kind.editor_id >= 1000],
        }
        blocks = [
            {"position": [x, y, z], "blockType": self.palette[index].name}
            for y in range(size_y)
            for z in range(size_z)
            for x in range(size_x)
            if (index := self.cells[x + size_x * (y + size_y * z)])
        ]
        save(path, json.dumps({**head, "blocks": blocks}).encode())


def _custom_block(kind: BlockKind) -> dict[str, Any]:
    colors = {"top": kind.top, "bottom": kind.bottom, "side": kind.side}
    tiles = {slot: _tile(png) for slot, png in zip(colors, kind.textures, strict=True) if png}
    return {"id": kind.editor_id, "name": kind.name, "textureLayer": None, "colors": colors, "faceTiles": tiles}


def _tile(png: bytes) -> dict[str, Any]:
    url = "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    return {"path": None, "url": url, "prompt": None, "sequence": None}


def _entry(kind: BlockKind) -> pb.PaletteEntry:
    colors = (pb.Rgb(red=r, green=g, blue=b) for r, g, b in (kind.top, kind.bottom, kind.side))
    top, bottom, side = colors
    entry = pb.PaletteEntry(name=kind.name, editor_id=kind.editor_id, top=top, bottom=bottom, side=side)
    if any(kind.textures):
        entry.textures.top, entry.textures.bottom, entry.textures.side = kind.textures
    return entry


def block_kind(entry: pb.PaletteEntry) -> BlockKind:
    """A palette entry of the contract."""
    top, bottom, side = (_color(rgb) for rgb in (entry.top, entry.bottom, entry.side))
    textures = (entry.textures.top, entry.textures.bottom, entry.textures.side)
    return BlockKind(entry.name, entry.editor_id, top, bottom, side, textures)


def _color(rgb: pb.Rgb) -> Rgb:
    # A colour travels as float32; six digits are what that holds.
    return round(rgb.red, 6), round(rgb.green, 6), round(rgb.blue, 6)


class GridAssembler:
    """Puts the parts of grids together and checks every result against its hash."""

    def __init__(self) -> None:
        self.grid: Grid | None = None
        self._name = 0
        self._parts: list[pb.VoxelGrid] = []

    def add_part(self, part: pb.VoxelGrid, name: int = 0) -> Grid | None:
        """The grid, once its last part is here. ``name`` tells one grid's parts from the next one's.

        Raises DataError.
        """
        if part.part_index == 0:
            self._name, self._parts = name, []
        elif name != self._name or part.part_index != len(self._parts):
            # The beginning of this grid was never here: what comes after it is of no use.
            self._name, self._parts = -1, []
            return None
        self._parts.append(part)
        if len(self._parts) < part.part_count:
            return None
        first, parts, self._parts = self._parts[0], self._parts, []
        cells = b"".join(unpack(p.data, p.encoding, p.raw_length) for p in parts)
        dims = (first.dims.x, first.dims.y, first.dims.z)
        if len(cells) != dims[0] * dims[1] * dims[2]:
            raise DataError(f"expected {dims} cells, got {len(cells)}")
        self.grid = _checked(Grid(dims, tuple(map(block_kind, first.palette)), first.world_scale, cells), first.sha256)
        return self.grid

    def apply(self, delta: pb.VoxelDelta) -> Grid:
        """The grid that ``delta`` makes of the present one. Raises DataError."""
        if self.grid is None:
            raise DataError("a difference came without the grid that it belongs to")
        raw = unpack(delta.data, delta.encoding, delta.raw_length)
        cells = bytearray(self.grid.cells)
        place, at = 0, 0
        values = len(raw) - delta.changed
        try:
            for i in range(delta.changed):
                distance = shift = 0
                while raw[at] & 0x80:
                    distance |= (raw[at] & 0x7F) << shift
                    at, shift = at + 1, shift + 7
                place += distance | raw[at] << shift
                at += 1
                cells[place] = raw[values + i]
        except IndexError:
            raise DataError("a difference reaches outside its grid") from None
        present = self.grid
        self.grid = _checked(Grid(present.dims, present.palette, present.world_scale, bytes(cells)), delta.sha256)
        return self.grid


def unpack(data: bytes, encoding: int, length: int) -> bytes:
    """The ``length`` bytes packed in ``data``. Raises DataError."""
    try:
        raw = zlib.decompressobj().decompress(data, length + 1) if encoding == pb.VOXEL_ENCODING_ZLIB else data
    except zlib.error as error:
        raise DataError(f"damaged voxels: {error}") from error
    if len(raw) != length:
        raise DataError(f"expected {length} bytes of voxels, got {len(raw)}")
    return raw


def _checked(grid: Grid, sha256: bytes) -> Grid:
    if grid.sha256() != sha256:
        raise DataError("the voxels do not match their hash")
    return grid
