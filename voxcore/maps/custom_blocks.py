"""The ``customBlocks`` of a map.json and the palette's blocks, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from voxcore.errors import InvalidInput, MapFormatError
from voxcore.json_io import JsonObject, get_integer, get_list, get_numbers, get_object, get_text, shown
from voxcore.maps.face_tiles import TileReader, tile_entries
from voxcore.palette import EDITOR, RGB, UNKNOWN_COLOR, Block, Palette

FIRST_CUSTOM_ID: Final = 1000
DEFAULT_CUSTOM_COLOR: Final[RGB] = (0.6, 0.6, 0.6)
"""A custom block without colours (its look is a texture): neutral grey."""

_SLOTS: Final = ("top", "bottom", "side")


def with_custom_blocks(palette: Palette, document: Mapping[str, Any]) -> Palette:
    """``palette`` and the map's custom blocks behind it.

    A custom block with the name of a palette block redefines that one in place.

    Raises MapFormatError for a wrong entry or a name that two entries share.
    """
    if document.get("customBlocks") is None:
        return palette
    entries = get_list(dict(document), "customBlocks", MapFormatError)
    present = list(palette.blocks)
    added: dict[str, Block] = {}
    reader = TileReader()
    for i, entry in enumerate(entries):
        block = _block(entry, f"customBlocks[{i}]", reader)
        if block.name in added or block.name == "Air":
            raise MapFormatError(
                f"expected distinct names other than Air, got {shown(block.name)}", field=f"customBlocks[{i}].name"
            )
        added[block.name] = block
    present = [added.pop(b.name, b) for b in present]
    return Palette(palette.name, (*present, *added.values()))


def with_unknown_names(palette: Palette, names: Iterable[str]) -> Palette:
    """``palette`` with an entry for each of ``names``, marked as not known. Raises MapFormatError."""
    next_id = max([FIRST_CUSTOM_ID - 1, *(b.editor_id for b in palette.blocks)]) + 1
    blocks: list[Block] = []
    for name in names:
        check_name(name, "blocks.blockType")
        blocks.append(Block(name, next_id + len(blocks), UNKNOWN_COLOR, UNKNOWN_COLOR, UNKNOWN_COLOR, known=False))
    return palette.extended(tuple(blocks))


def check_name(name: str, where: str) -> None:
    """Raises MapFormatError for a block name that is empty, too long or not encodable as UTF-8."""
    if not 1 <= len(name) <= 128 or any("\ud800" <= c <= "\udfff" for c in name):
        raise MapFormatError(f"expected a name of 1 to 128 characters, got {shown(name)}", field=where)


def missing_entries(palette: Palette, document: Mapping[str, Any]) -> list[JsonObject]:
    """Custom block entries to add so that the editor knows every known block of ``palette``."""
    listed = {entry["name"] for entry in document.get("customBlocks") or ()}
    return [
        {
            "id": block.editor_id,
            "name": block.name,
            "textureLayer": None,
            "colors": {slot: list(getattr(block, slot)) for slot in _SLOTS},
            "faceTiles": tile_entries(block.tiles),
        }
        for block in palette.blocks
        if block.known and block.name not in listed and block not in EDITOR.blocks
    ]


def _block(entry: object, where: str, reader: TileReader) -> Block:
    if not isinstance(entry, dict):
        raise MapFormatError(f"expected an object, got {shown(entry)}", field=where)
    name = get_text(entry, "name", MapFormatError, where=where + ".")
    check_name(name, where + ".name")
    editor_id = get_integer(entry, "id", MapFormatError, where=where + ".")
    if not 0 <= editor_id < 2**31:
        raise MapFormatError(f"expected an id from 0 to 2147483647, got {editor_id}", field=where + ".id")
    top, bottom, side = _colors(entry, where)
    try:
        return Block(name, editor_id, top, bottom, side, tiles=reader.read(entry))
    except InvalidInput as error:
        raise MapFormatError(
            f"expected colours in 0..1, got {shown(str(entry['colors']))}", field=where + ".colors"
        ) from error


def _colors(entry: JsonObject, where: str) -> tuple[RGB, RGB, RGB]:
    given: dict[str, RGB] = {}
    if entry.get("colors") is not None:
        colors = get_object(entry, "colors", MapFormatError, where=where + ".")
        for slot in _SLOTS:
            if colors.get(slot) is not None:
                r, g, b = get_numbers(colors, slot, 3, MapFormatError, where=where + ".colors.")
                given[slot] = (r, g, b)
    # A block that gives only some faces looks the same on the others; the side is most of it.
    fallback = given.get("side", next(iter(given.values()), DEFAULT_CUSTOM_COLOR))
    return given.get("top", fallback), given.get("bottom", fallback), given.get("side", fallback)
