"""Files of other programs that a map can be written to, one format a file: the list of them all.

Every writer is deterministic: the same map gives the same bytes, so that a transfer can be taken up again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from voxcore.errors import InvalidInput
from voxcore.maps.formats.glb import dump_glb
from voxcore.maps.formats.magica_voxel import dump_vox
from voxcore.maps.formats.ply import dump_ply
from voxcore.maps.formats.size import check_size
from voxcore.maps.formats.sponge import dump_schem
from voxcore.maps.map_json import dump_map
from voxcore.maps.voxel_map import VoxelMap

MAX_BYTES: Final = 2**31 - 1
"""No format here can say that a part of it is longer."""


@dataclass(frozen=True)
class MapFormat:
    """A kind of file.

    Args:
        description: one line for people.
        suffix: what such a file's name ends in; of two formats that share one, the first is meant.
        dump: the file's bytes for a map and the longest that the file may be. Raises InvalidInput for a
            map that the format cannot hold, LimitExceeded for a file that would be too long.
    """

    description: str
    suffix: str
    media_type: str
    dump: Callable[[VoxelMap, int], bytes]


MAP_FORMATS: Final[dict[str, MapFormat]] = {
    "map_json": MapFormat("The editor's own map.json.", ".json", "application/json", lambda found, _: dump_map(found)),
    "vox": MapFormat("MagicaVoxel: one colour a block.", ".vox", "application/octet-stream", dump_vox),
    "glb": MapFormat("Binary glTF 2.0: visible faces in their colours.", ".glb", "model/gltf-binary", dump_glb),
    "schem_v2": MapFormat(
        "Sponge schematic 2: the nearest blocks of Minecraft 1.17 and newer, as WorldEdit reads them.",
        ".schem",
        "application/octet-stream",
        partial(dump_schem, version=2),
    ),
    "schem_v3": MapFormat(
        "Sponge schematic 3: the same for WorldEdit 7.3 and newer.",
        ".schem",
        "application/octet-stream",
        partial(dump_schem, version=3),
    ),
    "ply": MapFormat("Stanford PLY: visible faces in their colours.", ".ply", "application/octet-stream", dump_ply),
}


def export_map(voxel_map: VoxelMap, name: str, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of ``voxel_map`` as a file of the format ``name``.

    Raises:
        InvalidInput: there is no such format, or it cannot hold this map.
        LimitExceeded: the file would be longer than ``max_bytes``.
    """
    data = find_format(name).dump(voxel_map, min(max_bytes, MAX_BYTES))
    check_size(len(data), max_bytes)
    return data


def find_format(name: str) -> MapFormat:
    """The format called ``name``. Raises InvalidInput."""
    if name not in MAP_FORMATS:
        raise InvalidInput(f"expected one of {', '.join(MAP_FORMATS)}, got {name[:40]!r}", field="format")
    return MAP_FORMATS[name]


def format_of_file(file_name: str) -> str:
    """The name of the format that ``file_name`` ends in. Raises InvalidInput."""
    for name, found in MAP_FORMATS.items():
        if file_name.lower().endswith(found.suffix):
            return name
    suffixes = ", ".join(dict.fromkeys(found.suffix for found in MAP_FORMATS.values()))
    raise InvalidInput(f"expected a file name that ends in one of {suffixes}, got {file_name[-40:]!r}", field="out")
