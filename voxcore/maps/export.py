"""What a finished training leaves behind: ``maps/trained_map_<source>_<n>/``, all or nothing.

The folder is built under a temporary name, flushed, and renamed; then the registry that lists it
is renamed into place. Both are complete on the disk before the first rename, so a full disk shows
before anything is visible. After a power cut between the two renames the folder exists without an
entry, and `read_registry` lists it from its name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from voxcore.errors import InvalidInput, VoxcoreError
from voxcore.json_io import parse_object, read_limited
from voxcore.maps.atomic import (
    new_folder,
    remove_folder,
    remove_leftovers,
    staged_bytes,
    storage_errors,
    sync_folder,
    write_synced,
)
from voxcore.maps.library import check_id
from voxcore.maps.map_json import FILE_NAME, dump_map
from voxcore.maps.owner import OWNER_FILE, owner_bytes
from voxcore.maps.registry import REGISTRY_FILE, maps_lock, read_registry, source_label, trained_map_id
from voxcore.maps.voxel_map import VoxelMap

METADATA_FILE: Final = "training_metadata.json"
LOG_FILE: Final = "train.jsonl"
IMAGES_FOLDER: Final = "images"
MAX_LOG_BYTES: Final = 2**30
MAX_METADATA_BYTES: Final = 2**24
PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class ExportedMap:
    """A map that a training left behind: its id, its number for its source map and its folder."""

    id: str
    number: int
    path: Path


def check_exportable(root: Path, source_id: str) -> None:
    """Finds out before a training whether its result could be stored under ``root``.

    Creates ``root`` if it is missing. Raises InvalidInput for a source id that is no id,
    StorageError where the folder is not writable, MapFormatError for a damaged registry.
    """
    check_id(source_id, field="source_id")
    with storage_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    with maps_lock(root), staged_bytes(root / REGISTRY_FILE, read_registry(root).dump()):
        pass


def export_training(
    root: Path,
    source_id: str,
    voxel_map: VoxelMap,
    *,
    metadata: Mapping[str, Any],
    train_log: Path,
    images: Mapping[str, bytes],
    owner: str = "",
) -> ExportedMap:
    """Stores the result of a training as a new map under ``root`` and lists it in the registry.

    Args:
        root: the maps folder.
        source_id: id of the map that the training started from.
        voxel_map: the result.
        metadata: plain JSON values; the new map's ``mapId``, ``sourceMap``, ``number`` and
            ``createdAt`` are put in front.
        train_log: a finished train.jsonl, copied.
        images: PNG bytes by file name without ``.png``.
        owner: whose the map is; "" for everybody's.

    Raises:
        InvalidInput: a name that is no id, a picture that is no PNG, metadata that is no JSON.
        NotFound: there is no ``train_log``.
        StorageError: the disk refused. Nothing of the export remains, whatever was raised.
    """
    check_id(source_id, field="source_id")
    for name, data in images.items():
        check_id(name, field="images")
        if not data.startswith(PNG_SIGNATURE):
            raise InvalidInput("expected the bytes of a PNG", field=f"images.{name}")
    created_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    log = read_limited(train_log, MAX_LOG_BYTES)
    # A new map: the editor's number of the source is not its number.
    map_bytes = dump_map(replace(voxel_map, sequence=None))
    with maps_lock(root):
        remove_leftovers(root)
        registry = read_registry(root)
        number = registry.next_number(source_id)
        map_id = trained_map_id(source_id, number)
        registry = registry.with_trained(map_id, source_id, number, created_at)
        identity = {"mapId": map_id, "sourceMap": source_id, "number": number, "createdAt": created_at}
        files = {
            FILE_NAME: map_bytes,
            METADATA_FILE: _metadata_bytes(identity | dict(metadata) | identity),
            LOG_FILE: log,
        }
        if owner:
            files[OWNER_FILE] = owner_bytes(owner)
        files |= {f"{IMAGES_FOLDER}/{name}.png": data for name, data in images.items()}
        path, listing = root / map_id, root / REGISTRY_FILE
        with staged_bytes(listing, registry.dump()) as staged:
            with new_folder(path) as folder, storage_errors(path):
                (folder / IMAGES_FOLDER).mkdir()
                for name, data in files.items():
                    write_synced(folder / name, data)
            try:
                with storage_errors(listing):
                    os.rename(staged, listing)
            except BaseException:
                remove_folder(path)
                raise
        # The result itself is safe by now; a registry that a power cut sets back is healed on reading.
        with suppress(OSError):
            sync_folder(root)
    return ExportedMap(map_id, number, path)


def find_export(root: Path, source_id: str, job_id: str) -> ExportedMap | None:
    """The map that the job ``job_id`` has already left under ``root``, or None.

    A job that is run again, since its process died just after its export, must not leave two.
    Raises MapFormatError or StorageError for a registry that cannot be read.
    """
    for entry in reversed(read_registry(root).maps):
        if entry.origin != "trained" or entry.source not in (source_id, source_label(source_id)):
            continue
        try:
            metadata = parse_object(
                read_limited(root / entry.id / METADATA_FILE, MAX_METADATA_BYTES), InvalidInput, what=METADATA_FILE
            )
        except VoxcoreError:
            continue
        if metadata.get("jobId") == job_id and entry.number is not None:
            return ExportedMap(entry.id, entry.number, root / entry.id)
    return None


def _metadata_bytes(metadata: Mapping[str, Any]) -> bytes:
    try:
        return (json.dumps(metadata, indent=2, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"expected plain JSON values: {error}", field="metadata") from error
