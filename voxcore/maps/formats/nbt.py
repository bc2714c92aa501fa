"""Minecraft's NBT, written: as much of it as a schematic needs. A tag is its kind and its payload, big-endian."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

Tag = tuple[int, bytes]


def short(value: int) -> Tag:
    """16 bits; also 0 to 65535, for readers that take them as unsigned."""
    return 2, struct.pack(">H", value & 0xFFFF)


def integer(value: int) -> Tag:
    """32 bits, signed."""
    return 3, struct.pack(">i", value)


def byte_array(data: bytes) -> Tag:
    """Bytes as they are."""
    return 7, struct.pack(">i", len(data)) + data


def text(value: str) -> Tag:
    """ASCII; NBT's own way to write other characters is not needed here. Raises UnicodeEncodeError."""
    return 8, _name(value)


def empty_list() -> Tag:
    """A list of no compounds."""
    return 9, struct.pack(">bi", 10, 0)


def compound(entries: Mapping[str, Tag]) -> Tag:
    """Named tags in the order given."""
    return 10, b"".join(bytes([kind]) + _name(name) + payload for name, (kind, payload) in entries.items()) + b"\0"


def int_array(values: Sequence[int]) -> Tag:
    """32 bits each, signed."""
    return 11, struct.pack(f">i{len(values)}i", len(values), *values)


def document(name: str, root: Tag) -> bytes:
    """A file's content, not yet compressed."""
    kind, payload = root
    return bytes([kind]) + _name(name) + payload


def _name(value: str) -> bytes:
    data = value.encode("ascii")
    return struct.pack(">H", len(data)) + data
