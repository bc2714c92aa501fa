"""Maps and datasets as callers may see and change them: versions, owners, shares."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from google.protobuf.timestamp_pb2 import Timestamp
from vox.v1 import maps_pb2 as pb
from vox.v1 import voxels_pb2

from server.access import Access
from server.jobs.event_log import timestamp
from server.owners import Owners, dataset_key
from server.packed_maps import PackedMaps
from server.reasons import IdTaken, PermissionDenied, VersionConflict
from server.rpc import Caller
from server.settings import Settings
from server.voxel_codec import check_sendable, pack_grid
from voxcore.errors import InvalidInput, NotFound
from voxcore.maps import (
    LibraryEntry,
    VoxelMap,
    check_id,
    dump_map,
    list_datasets,
    list_maps,
    load_map,
    resolve_dataset_id,
    resolve_map_id,
)
from voxcore.maps.atomic import new_folder, remove_folder, storage_errors, write_bytes, write_synced
from voxcore.maps.library import DATASET_FILES
from voxcore.maps.map_json import FILE_NAME
from voxcore.maps.owner import OWNER_FILE, owner_bytes
from voxcore.maps.registry import maps_lock

PART_BYTES: Final = 2**19
_REMEMBERED: Final = 4096
_OF_TRAININGS: Final = "trained_map_"


@dataclass(frozen=True)
class File:
    """A file to send: where it lies, its bytes and their SHA-256 (hex), and what to call it."""

    path: Path
    size: int
    sha256: str
    name: str


@dataclass(frozen=True)
class Stored:
    """A map or dataset. Its version is the hash of its file."""

    id: str
    file: File
    changed: Timestamp
    owner: str

    @property
    def version(self) -> str:
        """Changes with the content."""
        return self.file.sha256


class Library:
    """What lies under ``maps_root`` and ``datasets_root``, for one caller at a time."""

    def __init__(self, settings: Settings, access: Access, owners: Owners) -> None:
        self._settings, self._access, self._owners = settings, access, owners
        self._versions: OrderedDict[tuple[Path, int, int], str] = OrderedDict()
        self._packed = PackedMaps()

    async def maps(self, caller: Caller) -> list[LibraryEntry]:
        """The maps that the caller may see. Raises StorageError."""

        def work() -> list[LibraryEntry]:
            return [e for e in list_maps(self._settings.maps_root) if self._owners.may_see(e.id, caller)]

        return await asyncio.to_thread(work)

    async def datasets(self, caller: Caller) -> list[LibraryEntry]:
        """The datasets that the caller may see. Raises StorageError."""

        def work() -> list[LibraryEntry]:
            found = list_datasets(self._settings.datasets_root)
            return [e for e in found if self._owners.may_see(dataset_key(e.id), caller)]

        return await asyncio.to_thread(work)

    async def find_map(self, map_id: str, caller: Caller) -> Stored:
        """Raises InvalidInput, NotFound or StorageError."""
        return await asyncio.to_thread(self._find_map, map_id, caller)

    async def find_dataset(self, dataset_id: str, caller: Caller) -> Stored:
        """Raises InvalidInput, NotFound or StorageError."""
        return await asyncio.to_thread(self._find_dataset, dataset_id, caller)

    async def describe(self, entry: LibraryEntry, *, is_map: bool) -> Stored:
        """What is known of an entry of a list."""
        key = entry.id if is_map else dataset_key(entry.id)
        return await asyncio.to_thread(self._stored, entry.id, entry.path / entry.file, key)

    async def packed(self, map_id: str, caller: Caller) -> tuple[Stored, tuple[voxels_pb2.VoxelGrid, ...]]:
        """A map in the parts that it is sent in; "" stands for the first one that no training left, or else the
        first. Raises InvalidInput, NotFound, MapFormatError, LimitExceeded or StorageError.
        """
        stored = await self.find_map(map_id or await self._first(caller), caller)
        parts = self._packed.get(stored.version)
        if parts is None:
            parts = await asyncio.to_thread(self._pack, stored)
            # A map that was replaced while it was read is not what that version says.
            if (await self.find_map(stored.id, caller)).version == stored.version:
                self._packed.keep(stored.version, parts)
        return stored, parts

    def _pack(self, stored: Stored) -> tuple[voxels_pb2.VoxelGrid, ...]:
        loaded = load_map(stored.file.path)
        check_sendable(loaded.shape, max_cells=self._settings.max_cells, field="map_id")
        return tuple(pack_grid(loaded.blocks, loaded.palette, loaded.world_scale, with_textures=True))

    async def _first(self, caller: Caller) -> str:
        ids = [entry.id for entry in await self.maps(caller)]
        found = next((one for one in ids if not one.startswith(_OF_TRAININGS)), ids[0] if ids else None)
        if found is None:
            raise NotFound("there is no map", field="map_id")
        return found

    async def put_map(self, map_id: str, found: VoxelMap, expected_version: str, caller: Caller) -> Stored:
        """Store a map. Raises as MapService.PutMap says."""
        self._access.quota(caller).check("max_cells", found.blocks.size)

        def content(present: Path | None) -> bytes:
            if present is not None:
                old = load_map(present)
                if old.shape == found.shape and old.palette.names == found.palette.names:
                    return dump_map(old.with_blocks(found.blocks))
            return dump_map(found)

        return await self._put(map_id, content, expected_version, caller)

    async def put_map_file(self, map_id: str, file: Path, expected_version: str, caller: Caller) -> Stored:
        """Store a map.json that was checked. Raises as MapService.PutMap says."""
        return await self._put(map_id, lambda _: file.read_bytes(), expected_version, caller)

    async def put_dataset_file(self, dataset_id: str, file: Path, expected_version: str, caller: Caller) -> Stored:
        """Store a metadata.json that was checked. Raises as MapService.PutMap says, of the dataset."""
        check_id(dataset_id, field="target_id")
        root, key = self._settings.datasets_root, dataset_key(dataset_id)
        size = file.stat().st_size
        self._check_share(key, size, caller)

        def work() -> None:
            with storage_errors(root):
                root.mkdir(parents=True, exist_ok=True)
            with maps_lock(root):
                folder = root / dataset_id
                present = next((folder / name for name in DATASET_FILES if (folder / name).is_file()), None)
                if present is not None:
                    self._check_change(key, caller)
                self._check_version(dataset_id, present, expected_version, "target_id")
                owner = self._owners.owner_of(key) if present is not None else caller.name
                _replace(folder, DATASET_FILES[0], file.read_bytes(), owner, is_new=present is None)
                self._owners.note(key, owner, size)

        await asyncio.to_thread(work)
        return await self.find_dataset(dataset_id, caller)

    async def delete_map(self, map_id: str, expected_version: str, caller: Caller) -> None:
        """Raises as MapService.DeleteMap says."""
        stored = await self.find_map(map_id, caller)
        self._check_change(map_id, caller)

        def work() -> None:
            with maps_lock(self._settings.maps_root):
                self._check_version(map_id, stored.file.path, expected_version or "none", "expected_version")
                remove_folder(stored.file.path.parent)

            self._owners.forget(map_id)

        await asyncio.to_thread(work)

    async def parts(self, file: File, offset: int, version: str) -> AsyncGenerator[pb.FilePart]:
        """``file``, of that ``version`` of a map or dataset, from ``offset`` on. Raises InvalidInput, StorageError."""
        if offset > file.size:
            raise InvalidInput(f"expected at most {file.size}, got {offset}", field="offset")
        # Open from here on, so that a file which is replaced meanwhile is still read to its end.
        opened = await asyncio.to_thread(_open, file.path)
        with opened:
            first = True
            while first or offset < file.size:
                opened.seek(offset)
                data = await asyncio.to_thread(opened.read, PART_BYTES)
                yield pb.FilePart(
                    offset=offset,
                    data=data,
                    total_bytes=file.size,
                    sha256=bytes.fromhex(file.sha256),
                    version=version,
                    file_name=file.name,
                )
                if not data:
                    return
                offset += len(data)
                first = False

    @staticmethod
    def check_seen(stored: Stored, version: str) -> None:
        """Raises VersionConflict where the caller began with another ``version`` than is there."""
        if version and version != stored.version:
            raise VersionConflict(f"expected version {version[:16]}, got {stored.version[:16]}", field="version")

    async def _put(
        self, map_id: str, content: Callable[[Path | None], bytes], expected_version: str, caller: Caller
    ) -> Stored:
        check_id(map_id, field="map_id")
        root = self._settings.maps_root
        self._check_share(map_id, 0, caller)

        def work() -> None:
            with storage_errors(root):
                root.mkdir(parents=True, exist_ok=True)
            with maps_lock(root):
                folder = root / map_id
                present = folder / FILE_NAME if (folder / FILE_NAME).is_file() else None
                if present is not None:
                    self._check_change(map_id, caller)
                elif map_id.startswith(_OF_TRAININGS):
                    raise InvalidInput(f"expected no new id that begins with {_OF_TRAININGS}", field="map_id")
                self._check_version(map_id, present, expected_version, "map_id")
                data = content(present)
                self._check_share(map_id, len(data), caller)
                owner = self._owners.owner_of(map_id) if present is not None else caller.name
                _replace(folder, FILE_NAME, data, owner, is_new=present is None)
                self._owners.note(map_id, owner, len(data))

        await asyncio.to_thread(work)
        return await self.find_map(map_id, caller)

    def _check_change(self, key: str, caller: Caller) -> None:
        if not self._owners.may_change(key, caller):
            raise PermissionDenied("expected something of the caller's own, this is not")

    def _check_share(self, key: str, size: int, caller: Caller) -> None:
        others = self._owners.bytes_of(caller.name) - self._owners.size_of(key, caller.name)
        self._access.quota(caller).check("max_bytes", others + size)

    def _check_version(self, name: str, present: Path | None, expected: str, field: str) -> None:
        if present is None:
            if expected:
                raise NotFound(f"{name} does not exist", field=field)
        elif not expected:
            raise IdTaken(f"{name} exists; give the version that is to be replaced", field=field)
        elif (version := self._version(present)) != expected:
            raise VersionConflict(f"expected version {expected[:16]}, got {version[:16]}", field="expected_version")

    def _find_map(self, map_id: str, caller: Caller) -> Stored:
        file = resolve_map_id(self._settings.maps_root, map_id) / FILE_NAME
        if not self._owners.may_see(map_id, caller):
            raise NotFound(f"{map_id} does not exist", field="map_id")
        return self._stored(map_id, file, map_id)

    def _find_dataset(self, dataset_id: str, caller: Caller) -> Stored:
        folder = resolve_dataset_id(self._settings.datasets_root, dataset_id)
        if not self._owners.may_see(dataset_key(dataset_id), caller):
            raise NotFound(f"{dataset_id} does not exist", field="dataset_id")
        file = next(folder / name for name in DATASET_FILES if (folder / name).is_file())
        return self._stored(dataset_id, file, dataset_key(dataset_id))

    def _stored(self, identifier: str, file: Path, key: str) -> Stored:
        with storage_errors(file):
            stat = file.stat()
        found = File(file, stat.st_size, self._version(file), file.name)
        return Stored(identifier, found, timestamp(stat.st_mtime), self._owners.owner_of(key))

    def _version(self, file: Path) -> str:
        """SHA-256 of the file, computed anew only where it has changed."""
        with storage_errors(file):
            stat = file.stat()
            key = (file, stat.st_mtime_ns, stat.st_size)
            known = self._versions.get(key)
            if known is None:
                with file.open("rb") as opened:
                    known = hashlib.file_digest(opened, "sha256").hexdigest()
                self._versions[key] = known
                while len(self._versions) > _REMEMBERED:
                    self._versions.popitem(last=False)
            return known


def _open(file: Path) -> BinaryIO:
    with storage_errors(file):
        return file.open("rb")


def _replace(folder: Path, name: str, data: bytes, owner: str, *, is_new: bool) -> None:
    """Write ``name`` in ``folder``, all or nothing; the other files there stay. What is new is ``owner``'s from its
    first moment on. Raises StorageError.
    """
    if is_new and not folder.exists():
        with new_folder(folder) as fresh, storage_errors(folder):
            if owner:
                write_synced(fresh / OWNER_FILE, owner_bytes(owner))
            write_synced(fresh / name, data)
        return
    if is_new and owner:
        write_bytes(folder / OWNER_FILE, owner_bytes(owner))
    write_bytes(folder / name, data)
