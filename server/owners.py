"""Whose map or dataset is whose, and how many bytes each has. What nobody owns, such as what lay there before,
is everybody's.

The truth is a file in each folder (`voxcore.maps.owner`), which appears and goes with it; here it is only
remembered. A map that a job leaves is looked up when it is first asked for.
"""

from __future__ import annotations

from pathlib import Path

from server.rpc import Caller
from server.settings import Settings
from voxcore.maps import list_datasets, list_maps
from voxcore.maps.map_json import FILE_NAME
from voxcore.maps.owner import read_owner

_DATASET = "dataset:"


def dataset_key(dataset_id: str) -> str:
    """Under which a dataset's owner is kept; no map's id has a colon."""
    return f"{_DATASET}{dataset_id}"


class Owners:
    """Of everything under the two roots. Reads small files; any thread may ask."""

    def __init__(self, settings: Settings) -> None:
        self._maps_root, self._datasets_root = settings.maps_root, settings.datasets_root
        self._known: dict[str, tuple[str, int]] = {}

    @classmethod
    def load(cls, settings: Settings) -> Owners:
        """Raises StorageError."""
        owners = cls(settings)
        for entry in list_maps(settings.maps_root):
            owners._known[entry.id] = (read_owner(entry.path), entry.file_bytes)
        for entry in list_datasets(settings.datasets_root):
            owners._known[dataset_key(entry.id)] = (read_owner(entry.path), entry.file_bytes)
        return owners

    def may_see(self, key: str, caller: Caller) -> bool:
        """Whether it is there for this caller."""
        return caller.may_see(self.owner_of(key))

    def may_change(self, key: str, caller: Caller) -> bool:
        """Whether this caller may replace or delete it: its owner and administrators may, and nobody else what
        is nobody's.
        """
        return caller.is_admin or self.owner_of(key) == caller.name != ""

    def owner_of(self, key: str) -> str:
        """The owner's name, "" for none."""
        return self._find(key)[0]

    def size_of(self, key: str, owner: str) -> int:
        """Bytes where it is ``owner``'s, else 0."""
        found, size = self._find(key)
        return size if found == owner else 0

    def bytes_of(self, owner: str) -> int:
        """Bytes of all that ``owner`` has."""
        return sum(size for other, size in list(self._known.values()) if other == owner)

    def note(self, key: str, owner: str, size: int) -> None:
        """What was just stored under ``key`` is ``owner``'s and has ``size`` bytes."""
        self._known[key] = (owner, size)

    def forget(self, key: str) -> None:
        """It is gone."""
        self._known.pop(key, None)

    def _find(self, key: str) -> tuple[str, int]:
        if key not in self._known:
            folder = self._folder(key)
            if not folder.is_dir():
                return "", 0
            try:
                size = (folder / FILE_NAME).stat().st_size
            except OSError:
                size = 0
            self._known[key] = (read_owner(folder), size)
        return self._known[key]

    def _folder(self, key: str) -> Path:
        if key.startswith(_DATASET):
            return self._datasets_root / key.removeprefix(_DATASET)
        return self._maps_root / key
