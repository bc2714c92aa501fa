"""``maps/registry.json``: every map with its origin, and the numbers given to trained maps.

A number belongs to one source map, counts up from 1 and is never given again, not even after the
trained map's folder was deleted. Whoever takes a number holds `maps_lock` until the registry that
says so is on the disk, so two processes cannot take the same one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from voxcore.errors import MapFormatError
from voxcore.json_io import JsonObject, get_integer, get_list, get_object, get_text, parse_object, read_limited, shown
from voxcore.maps.atomic import storage_errors
from voxcore.maps.library import list_maps

REGISTRY_FILE: Final = "registry.json"
LOCK_FILE: Final = ".lock"
FORMAT_VERSION: Final = "1.0"
MAX_REGISTRY_BYTES: Final = 64 * 2**20
_LONGEST_LABEL: Final = 42
_TRAINED: Final = re.compile(r"trained_map_(?P<label>.+)_(?P<number>[1-9][0-9]{0,8})")

Origin = Literal["given", "trained"]


@dataclass(frozen=True)
class RegistryEntry:
    """One map. ``source``, ``number`` and ``created_at`` (ISO 8601, UTC) are for trained ones."""

    id: str
    origin: Origin
    source: str | None = None
    number: int | None = None
    created_at: str | None = None


@dataclass(frozen=True)
class Registry:
    """The maps that exist, and the highest number given so far for each source's label."""

    maps: tuple[RegistryEntry, ...] = ()
    last_numbers: Mapping[str, int] = field(default_factory=dict)

    def next_number(self, source: str) -> int:
        """The number that the next map trained from ``source`` gets."""
        return self.last_numbers.get(source_label(source), 0) + 1

    def with_trained(self, map_id: str, source: str, number: int, created_at: str) -> Registry:
        """This registry with one more map, trained from ``source``."""
        entry = RegistryEntry(map_id, "trained", source, number, created_at)
        return Registry((*self.maps, entry), {**self.last_numbers, source_label(source): number})

    def dump(self) -> bytes:
        """The bytes of a registry.json."""
        maps: list[JsonObject] = []
        for entry in self.maps:
            maps.append({"id": entry.id, "origin": entry.origin})
            if entry.origin == "trained":
                maps[-1] |= {"source": entry.source, "number": entry.number, "createdAt": entry.created_at}
        content = {"formatVersion": FORMAT_VERSION, "lastNumbers": dict(self.last_numbers), "maps": maps}
        return (json.dumps(content, indent=1) + "\n").encode()


def trained_map_id(source: str, number: int) -> str:
    """The id of the map number ``number`` trained from ``source``; itself at most 64 characters."""
    return f"trained_map_{source_label(source)}_{number}"


def source_label(source: str) -> str:
    """``source`` as it stands in the ids of maps trained from it: shortened where an id would get too long."""
    if len(source) <= _LONGEST_LABEL:
        return source
    return f"{source[: _LONGEST_LABEL - 9]}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"


@contextmanager
def maps_lock(root: Path) -> Iterator[None]:
    """Holds the maps folder ``root`` against every other process and thread. Raises StorageError."""
    with storage_errors(root):
        descriptor = os.open(root / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        with storage_errors(root):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_registry(root: Path) -> Registry:
    """The registry of the maps under ``root``, brought in line with the folders that are there.

    A map whose folder is gone is no longer listed, but its number stays taken; a folder that the
    file does not list yet (copied there, or exported just before a crash) is. Hold `maps_lock` if
    you are going to write.

    Raises:
        MapFormatError: registry.json is damaged. It is not rebuilt, since numbers could repeat.
        StorageError: it or the folder cannot be read.
    """
    file = root / REGISTRY_FILE
    stored = _parse(read_limited(file, MAX_REGISTRY_BYTES)) if file.exists() else Registry()
    known = {entry.id: entry for entry in stored.maps}
    present = [known.get(m.id) or _entry_from_folder(m.id) for m in list_maps(root)]
    last = dict(stored.last_numbers)
    for entry in present:
        if entry.source is not None and entry.number is not None:
            label = source_label(entry.source)
            last[label] = max(last.get(label, 0), entry.number)
    return replace(stored, maps=tuple(present), last_numbers=last)


def _entry_from_folder(map_id: str) -> RegistryEntry:
    match = _TRAINED.fullmatch(map_id)
    if match is None:
        return RegistryEntry(map_id, "given")
    return RegistryEntry(map_id, "trained", match["label"], int(match["number"]))


def _parse(data: bytes) -> Registry:
    document = parse_object(data, MapFormatError, what=REGISTRY_FILE)
    last = get_object(document, "lastNumbers", MapFormatError)
    numbers = {label: get_integer(last, label, MapFormatError, where="lastNumbers.") for label in last}
    maps = get_list(document, "maps", MapFormatError)
    return Registry(tuple(_entry(item, f"maps[{i}]") for i, item in enumerate(maps)), numbers)


def _entry(item: Any, where: str) -> RegistryEntry:
    if not isinstance(item, dict):
        raise MapFormatError(f"expected an object, got {shown(item)}", field=where)
    where += "."
    map_id = get_text(item, "id", MapFormatError, where=where)
    origin = get_text(item, "origin", MapFormatError, where=where)
    if origin == "given":
        return RegistryEntry(map_id, "given")
    if origin != "trained":
        raise MapFormatError(f"expected given or trained, got {shown(origin)}", field=where + "origin")
    source = get_text(item, "source", MapFormatError, where=where)
    number = get_integer(item, "number", MapFormatError, where=where)
    return RegistryEntry(map_id, "trained", source, number, _optional_text(item, "createdAt", where))


def _optional_text(item: JsonObject, key: str, where: str) -> str | None:
    return None if item.get(key) is None else get_text(item, key, MapFormatError, where=where)
