"""The editor's map.json: reading and writing.

Reading accepts the present shape and two older ones (no ``worldConfig``: the grid is the blocks'
extent, at least 64x48x64; ``worldScale`` only at the top). Whatever is not understood is kept and
written back: unknown keys at every level, unknown keys of single blocks, custom blocks' raw JSON,
names that no palette defines. Blocks are written in the editor's fill order: y outermost, then z,
then x.

The editor's menus print three names with a space ("Alpine Rock"); read as a block type, these mean
the block without the space, unless the palette has a block of exactly that name, and are written
back without it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxcore.errors import MapFormatError
from voxcore.json_io import (
    JsonObject,
    find_file,
    get_integer,
    get_list,
    get_number,
    get_object,
    get_text,
    parse_object,
    read_limited,
    shown,
)
from voxcore.maps.atomic import write_bytes
from voxcore.maps.custom_blocks import missing_entries, with_custom_blocks, with_unknown_names
from voxcore.maps.voxel_map import DEFAULT_WORLD_SCALE, MAX_WORLD_SCALE, BlockExtra, Cell, MapLimits, Shape, VoxelMap
from voxcore.palette import AIR, EDITOR, Palette

FILE_NAME: Final = "map.json"
SMALLEST_DERIVED: Final[Shape] = (64, 48, 64)
"""The least grid of a map that does not state its dimensions."""

MENU_NAMES: Final = {"Alpine Rock": "AlpineRock", "Alpine Grass": "AlpineGrass", "Glacier Ice": "GlacierIce"}

MAX_COORDINATE: Final = 2**31
"""Positions beyond this are refused before any arithmetic."""

_ENTRY_KEYS: Final = ("position", "blockType")


def load_map(path: Path, *, palette: Palette = EDITOR, limits: MapLimits = MapLimits()) -> VoxelMap:
    """The map in ``path``, a map.json or a folder with one.

    Raises:
        NotFound: there is no such file.
        MapFormatError: the file does not follow the format; the message names the key.
        LimitExceeded: the file or its grid is above ``limits``; nothing was allocated for it.
        StorageError: the file cannot be read.
    """
    data = read_limited(find_file(path, [FILE_NAME]), limits.max_file_bytes)
    return parse_map(data, palette=palette, limits=limits)


def parse_map(data: bytes, *, palette: Palette = EDITOR, limits: MapLimits = MapLimits()) -> VoxelMap:
    """The map in the bytes of a map.json. Raises MapFormatError or LimitExceeded as `load_map`."""
    document = parse_object(data, MapFormatError, what=FILE_NAME)
    entries = get_list(document, "blocks", MapFormatError)
    positions, names = _columns(entries)
    stated = _stated_shape(document)
    shape = stated or _derived_shape(positions)
    limits.check_shape(shape, field="worldConfig.dimensions" if stated else "blocks")
    palette = with_custom_blocks(palette, document)
    index_of = dict(palette.index_by_name)
    index_of |= {menu: index_of[name] for menu, name in MENU_NAMES.items() if menu not in index_of and name in index_of}
    unknown = [name for name in dict.fromkeys(names) if name not in index_of]
    palette = with_unknown_names(palette, unknown)
    index_of |= {name: palette.index_by_name[name] for name in unknown}

    cells = _flat_cells(positions, shape)
    blocks = np.zeros(shape, dtype=np.uint8)
    blocks.ravel()[cells] = np.fromiter(map(index_of.__getitem__, names), dtype=np.uint8, count=len(names))
    extras = _extras(entries, positions, palette, blocks)
    document["blocks"] = []
    return VoxelMap(blocks, palette, _world_scale(document), _sequence(document), _seed(document), document, extras)


def save_map(voxel_map: VoxelMap, path: Path) -> None:
    """Writes ``voxel_map`` to the file ``path``, all or nothing.

    Raises StorageError where the disk refuses, and MapFormatError where the map's document holds
    what JSON cannot (it then never came from `load_map`).
    """
    write_bytes(path, dump_map(voxel_map))


def dump_map(voxel_map: VoxelMap) -> bytes:
    """The bytes of a map.json, one block a line. Raises MapFormatError as `save_map`."""
    document = _updated_document(voxel_map)
    try:
        members = [
            f"{_json(key)}: " + (_block_lines(voxel_map) if key == "blocks" else _json(value))
            for key, value in document.items()
        ]
    except (TypeError, ValueError, RecursionError) as error:
        raise MapFormatError(f"expected a document of plain JSON values: {error}") from error
    return ("{\n" + ",\n".join(members) + "\n}\n").encode()


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


# --- reading ------------------------------------------------------------------------------------


def _columns(entries: list[Any]) -> tuple[NDArray[np.int64], list[str]]:
    """Positions [N, 3] and block names of all entries; every check here runs in C over whole columns."""
    try:
        rows = list(map(itemgetter("position"), entries))
        names = list(map(itemgetter("blockType"), entries))
        kinds = set(map(type, chain.from_iterable(rows)))
        good = set(map(type, rows)) <= {list} and set(map(len, rows)) <= {3}
        good = good and kinds <= {int, float} and set(map(type, names)) <= {str}
        dtype = np.float64 if float in kinds else np.int64
        numbers = np.fromiter(chain.from_iterable(rows), dtype=dtype, count=3 * len(rows)) if good else np.zeros(0)
        good = good and bool(((numbers == np.floor(numbers)) & (abs(numbers) <= MAX_COORDINATE)).all())
    except (TypeError, KeyError, ValueError, OverflowError):
        good = False
    if not good:
        raise _first_wrong_entry(entries)
    return numbers.astype(np.int64).reshape(-1, 3), names


def _first_wrong_entry(entries: list[Any]) -> MapFormatError:
    for i, entry in enumerate(entries):
        where = f"blocks[{i}]"
        if not isinstance(entry, dict):
            return MapFormatError(f"expected an object, got {shown(entry)}", field=where)
        try:
            get_text(entry, "blockType", MapFormatError, where=where + ".")
            position = get_list(entry, "position", MapFormatError, where=where + ".")
            for axis, value in zip("xyz", position, strict=False):
                number = get_integer({axis: value}, axis, MapFormatError, where=where + ".position.")
                if abs(number) > MAX_COORDINATE:
                    return MapFormatError(f"expected a cell of the grid, got {shown(value)}", field=where + ".position")
        except MapFormatError as error:
            return error
        if len(position) != 3:
            return MapFormatError(f"expected [x, y, z], got {len(position)} numbers", field=where + ".position")
    raise AssertionError("unreachable: the columns were refused, so some entry is wrong")


def _flat_cells(positions: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    """Flat cell of each position. Raises MapFormatError outside the grid or where two share a cell."""
    outside = ((positions < 0) | (positions >= np.array(shape))).any(axis=1)
    if outside.any():
        i = int(outside.argmax())
        raise MapFormatError(
            f"expected a position inside the grid {list(shape)}, got {positions[i].tolist()}",
            field=f"blocks[{i}].position",
        )
    cells = (positions[:, 0] * shape[1] + positions[:, 1]) * shape[2] + positions[:, 2]
    taken = np.zeros(shape[0] * shape[1] * shape[2], dtype=np.bool_)
    taken[cells] = True
    if np.count_nonzero(taken) != len(cells):
        _, first = np.unique(cells, return_index=True)
        i = int(np.setdiff1d(np.arange(len(cells)), first)[0])
        raise MapFormatError(
            f"expected every position once, got {positions[i].tolist()} again", field=f"blocks[{i}].position"
        )
    return cells


def _extras(
    entries: Sequence[JsonObject], positions: NDArray[np.int64], palette: Palette, blocks: NDArray[np.uint8]
) -> dict[Cell, BlockExtra]:
    if sum(map(len, entries)) == 2 * len(entries):
        return {}
    extras: dict[Cell, BlockExtra] = {}
    for entry, (x, y, z) in zip(entries, positions.tolist(), strict=True):
        if len(entry) > 2:
            keys = {key: value for key, value in entry.items() if key not in _ENTRY_KEYS}
            extras[x, y, z] = BlockExtra(palette.names[blocks[x, y, z]], keys)
    return extras


def _world_config(document: JsonObject) -> JsonObject:
    return {} if document.get("worldConfig") is None else get_object(document, "worldConfig", MapFormatError)


def _stated_shape(document: JsonObject) -> Shape | None:
    config = _world_config(document)
    if config.get("dimensions") is None:
        return None
    dimensions = get_object(config, "dimensions", MapFormatError, where="worldConfig.")
    x, y, z = (get_integer(dimensions, axis, MapFormatError, where="worldConfig.dimensions.") for axis in "xyz")
    if min(x, y, z) < 1:
        raise MapFormatError(f"expected at least 1 on every axis, got {[x, y, z]}", field="worldConfig.dimensions")
    return x, y, z


def _derived_shape(positions: NDArray[np.int64]) -> Shape:
    extent = positions.max(axis=0, initial=-1) + 1
    x, y, z = np.maximum(extent, SMALLEST_DERIVED).tolist()
    return x, y, z


def _world_scale(document: JsonObject) -> float:
    # The newer place wins where both are there.
    config = _world_config(document)
    if config.get("worldScale") is not None:
        holder, where = config, "worldConfig."
    elif document.get("worldScale") is not None:
        holder, where = document, ""
    else:
        return DEFAULT_WORLD_SCALE
    value = get_number(holder, "worldScale", MapFormatError, where=where)
    if not 0.0 < value <= MAX_WORLD_SCALE:
        raise MapFormatError(
            f"expected a number above 0 and up to {MAX_WORLD_SCALE:g}, got {value}", field=where + "worldScale"
        )
    return value


def _sequence(document: JsonObject) -> int | None:
    return None if document.get("sequence") is None else get_integer(document, "sequence", MapFormatError)


def _seed(document: JsonObject) -> int | None:
    config = _world_config(document)
    return None if config.get("seed") is None else get_integer(config, "seed", MapFormatError, where="worldConfig.")


# --- writing ------------------------------------------------------------------------------------


def _updated_document(voxel_map: VoxelMap) -> JsonObject:
    """The map's document with the typed values in it; what already reads the same is left as it was."""
    is_new = not voxel_map.document
    document = dict(voxel_map.document)
    if is_new:
        document = {"sequence": voxel_map.sequence, "worldScale": voxel_map.world_scale}
    config = dict(_world_config(document))
    stated = _stated_shape(document)
    if is_new or (stated or _derived_shape(np.argwhere(voxel_map.blocks))) != voxel_map.shape:
        x, y, z = voxel_map.shape
        config.setdefault("worldScale", voxel_map.world_scale)
        config["dimensions"] = {**(config.get("dimensions") or {}), "x": x, "y": y, "z": z}
        document["worldConfig"] = config
    if _seed(document) != voxel_map.seed:
        document["worldConfig"] = config = config | {"seed": voxel_map.seed}
    if _sequence(document) != voxel_map.sequence:
        document["sequence"] = voxel_map.sequence
    if _world_scale(document) != voxel_map.world_scale:
        document["worldScale"] = voxel_map.world_scale
        if "worldScale" in config:
            document["worldConfig"] = config | {"worldScale": voxel_map.world_scale}
    entries = missing_entries(voxel_map.palette, document)
    document.setdefault("blocks", [])
    if entries or is_new:
        document["customBlocks"] = [*(document.get("customBlocks") or ()), *entries]
    return document


def _block_lines(voxel_map: VoxelMap) -> str:
    # Transposed, so that nonzero walks in the order of the file: y, then z, then x.
    layers = voxel_map.blocks.transpose(1, 2, 0)
    ys, zs, xs = np.nonzero(layers)
    if not len(ys):
        return "[]"
    tails = ["]" + f', "blockType": {_json(name)}}}' for name in voxel_map.palette.names]
    indices = layers[ys, zs, xs].tolist()
    lines = [
        f'{{"position": [{x}, {y}, {z}{tails[i]}'
        for x, y, z, i in zip(xs.tolist(), ys.tolist(), zs.tolist(), indices, strict=True)
    ]
    if voxel_map.extras:
        _put_extras(lines, voxel_map, xs, ys, zs)
    return "[\n" + ",\n".join(lines) + "\n]"


def _put_extras(
    lines: list[str], voxel_map: VoxelMap, xs: NDArray[np.intp], ys: NDArray[np.intp], zs: NDArray[np.intp]
) -> None:
    names = voxel_map.palette.names
    row_of = np.full(voxel_map.shape, -1, dtype=np.int64)
    row_of[xs, ys, zs] = np.arange(len(lines))
    for cell, extra in voxel_map.extras.items():
        row = int(row_of[cell])
        if row >= 0 and names[voxel_map.blocks[cell]] == extra.name != names[AIR]:
            lines[row] = lines[row][:-1] + ", " + _json(dict(extra.keys))[1:]
