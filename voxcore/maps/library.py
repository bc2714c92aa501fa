"""Which maps and datasets lie under a folder, and from a caller's id to a path that is safe to open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxcore.errors import InvalidInput, NotFound, StorageError
from voxcore.maps.map_json import FILE_NAME

ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
DATASET_FILES: Final = ("metadata.json", "transforms.json")
"""What makes a folder a dataset; the first one that is there is read."""


@dataclass(frozen=True)
class LibraryEntry:
    """One map or dataset: its id, its folder and the size of its main file in bytes."""

    id: str
    path: Path
    file: str
    file_bytes: int


def check_id(identifier: str, *, field: str) -> None:
    """Raises InvalidInput for anything but 1 to 64 letters, digits, ``_`` and ``-``: ids are never paths."""
    if not ID_PATTERN.fullmatch(identifier):
        raise InvalidInput(f"expected 1 to 64 letters, digits, _ or -, got {identifier[:70]!r}", field=field)


def resolve_map_id(root: Path, map_id: str) -> Path:
    """The folder of map ``map_id`` under ``root``. Raises InvalidInput, NotFound or StorageError."""
    return _resolve(root, map_id, (FILE_NAME,), "map_id")


def resolve_dataset_id(root: Path, dataset_id: str) -> Path:
    """The folder of dataset ``dataset_id`` under ``root``. Raises InvalidInput, NotFound or StorageError."""
    return _resolve(root, dataset_id, DATASET_FILES, "dataset_id")


def list_maps(root: Path) -> tuple[LibraryEntry, ...]:
    """Every map under ``root``, shorter ids first; none where ``root`` is missing. Raises StorageError."""
    return _entries(root, (FILE_NAME,))


def list_datasets(root: Path) -> tuple[LibraryEntry, ...]:
    """Every dataset under ``root``, shorter ids first; none where ``root`` is missing. Raises StorageError."""
    return _entries(root, DATASET_FILES)


def _resolve(root: Path, identifier: str, files: tuple[str, ...], field: str) -> Path:
    check_id(identifier, field=field)
    folder = root / identifier
    try:
        there = any((folder / file).is_file() for file in files)
    except OSError as error:
        raise StorageError(f"cannot read {folder}: {error.strerror}") from error
    if not there:
        raise NotFound(f"{identifier} does not exist", field=field)
    return folder


def _entries(root: Path, files: tuple[str, ...]) -> tuple[LibraryEntry, ...]:
    found = []
    try:
        folders = sorted(root.iterdir(), key=lambda p: (len(p.name), p.name)) if root.is_dir() else []
        for folder in folders:
            file = next((f for f in files if (folder / f).is_file()), None)
            if file is not None and ID_PATTERN.fullmatch(folder.name):
                found.append(LibraryEntry(folder.name, folder, file, (folder / file).stat().st_size))
    except OSError as error:
        raise StorageError(f"cannot list {root}: {error.strerror}") from error
    return tuple(found)
