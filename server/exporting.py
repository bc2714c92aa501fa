"""Maps as files of other programs: made once in a `SideProcess`, kept while they are asked for."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections import OrderedDict
from pathlib import Path
from typing import Final

from vox.v1 import maps_pb2 as pb

from server.library import File, Stored
from server.reasons import VersionConflict
from server.side_process import SideProcess
from voxcore.errors import InvalidInput
from voxcore.json_io import read_limited
from voxcore.maps import MapLimits, parse_map
from voxcore.maps.atomic import storage_errors, write_bytes
from voxcore.maps.formats import MAP_FORMATS, export_map

KEPT_FILES: Final = 16
OWN_FORMAT: Final = "map_json"
"""What maps are stored as."""
FORMAT_NUMBERS: Final = {name: pb.MapFormat.Value(f"MAP_FORMAT_{name.upper()}") for name in MAP_FORMATS}
"""The contract's number of each of voxcore's formats."""


def format_name(number: pb.MapFormat.ValueType) -> str:
    """voxcore's name of a format; `OWN_FORMAT` where none is asked for. Raises InvalidInput."""
    if number == pb.MAP_FORMAT_UNSPECIFIED:
        return OWN_FORMAT
    for name, known in FORMAT_NUMBERS.items():
        if known == number:
            return name
    raise InvalidInput(f"expected a format of InfoService's map_formats, got {number}", field="format")


class Exporter:
    """Files of converted maps in ``folder``, which is emptied: nobody else writes there."""

    def __init__(self, folder: Path, side: SideProcess, *, max_bytes: int) -> None:
        self._folder, self._side, self._max_bytes = folder, side, max_bytes
        self._kept: OrderedDict[tuple[str, str], File] = OrderedDict()
        self._lock = asyncio.Lock()
        shutil.rmtree(folder, ignore_errors=True)

    async def file(self, stored: Stored, name: str) -> File:
        """``stored`` in the format called ``name``.

        Raises InvalidInput or LimitExceeded where that cannot be, VersionConflict where the map was replaced
        meanwhile, StorageError.
        """
        key = (stored.version, name)
        suffix = MAP_FORMATS[name].suffix
        async with self._lock:
            if key not in self._kept:
                path = self._folder / f"{stored.version}.{name}"
                size, digest = await self._side.run(
                    _convert, stored.file.path, stored.version, name, self._max_bytes, path
                )
                self._kept[key] = File(path, size, digest, path.name)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_FILES:
                # Who reads it has it open.
                _, old = self._kept.popitem(last=False)
                await asyncio.to_thread(old.path.unlink, missing_ok=True)
        found = self._kept[key]
        # Maps of the same content share a file, not a name.
        return File(found.path, found.size, found.sha256, stored.id + suffix)


def _convert(source: Path, version: str, format_name: str, max_bytes: int, target: Path) -> tuple[int, str]:
    """Writes ``target``; its size and its SHA-256."""
    data = read_limited(source, MapLimits().max_file_bytes)
    if hashlib.sha256(data).hexdigest() != version:
        raise VersionConflict("the map was replaced while it was exported; try again", field="map_id")
    made = export_map(parse_map(data), format_name, max_bytes=max_bytes)
    with storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(target, made)
    return len(made), hashlib.sha256(made).hexdigest()
