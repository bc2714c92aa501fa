"""Files that come in parts. What is there survives broken connections and restarts of the server.

An upload is a folder: ``upload.json`` says what it will be, ``data`` is what has come so far.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from server.reasons import WrongJobState
from server.rpc import Caller
from voxcore.errors import InvalidInput, LimitExceeded, NotFound, VoxcoreError
from voxcore.json_io import get_integer, get_text, parse_object, read_limited
from voxcore.maps import check_id
from voxcore.maps.atomic import new_folder, storage_errors, write_synced

PART_BYTES: Final = 2**20
MAX_OPEN: Final = 64
KEPT_SECONDS: Final = 24 * 3600.0
_FACTS: Final = "upload.json"
_DATA: Final = "data"
_MAX_FACTS_BYTES: Final = 2**16


@dataclass(frozen=True)
class Upload:
    """What was announced."""

    upload_id: str
    owner: str
    kind: int
    target_id: str
    total: int
    sha256: str
    expected_version: str


class Uploads:
    """The uploads under ``root``; nobody else writes there."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root, self._max_bytes = root, max_bytes
        self._found: dict[str, Upload] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            try:
                upload = _read(folder)
            except VoxcoreError:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                self._found[upload.upload_id] = upload
        self._drop_old()

    async def begin(
        self, kind: int, target_id: str, total: int, sha256: bytes, expected_version: str, caller: Caller
    ) -> Upload:
        """Begin, or take up what was begun. Raises InvalidInput, LimitExceeded or StorageError."""
        check_id(target_id, field="target_id")
        if len(sha256) != 32:
            raise InvalidInput(f"expected 32 bytes, got {len(sha256)}", field="sha256")
        if len(expected_version) > 64:
            raise InvalidInput("expected a version of this server", field="expected_version")
        if not 1 <= total <= self._max_bytes:
            raise LimitExceeded(f"expected 1 to {self._max_bytes} bytes, got {total}", field="total_bytes")
        wanted = (caller.name, kind, target_id, total, sha256.hex(), expected_version)
        for known in self._found.values():
            if (known.owner, *_facts(known)[1:]) == wanted:
                return known
        await asyncio.to_thread(self._drop_old)
        if len(self._found) >= MAX_OPEN:
            raise LimitExceeded(f"expected at most {MAX_OPEN} open uploads; finish or cancel some", field="upload")
        upload = Upload(secrets.token_hex(16), *wanted)
        self._found[upload.upload_id] = upload
        try:
            await asyncio.to_thread(self._make, upload)
        except BaseException:
            self._found.pop(upload.upload_id)
            raise
        return upload

    def get(self, upload_id: str, caller: Caller) -> Upload:
        """Raises NotFound."""
        upload = self._found.get(upload_id)
        if upload is None or not caller.may_see(upload.owner):
            raise NotFound("no such upload", field="upload_id")
        return upload

    def received(self, upload: Upload) -> int:
        """Bytes that are there. Raises StorageError."""
        path = self.data(upload)
        with storage_errors(path):
            return path.stat().st_size

    def data(self, upload: Upload) -> Path:
        """The file with what is there."""
        return self._root / upload.upload_id / _DATA

    async def add(self, upload: Upload, offset: int, data: bytes, sha256: bytes) -> None:
        """Add bytes at the end. Raises InvalidInput, LimitExceeded or StorageError."""
        if len(data) > PART_BYTES:
            raise LimitExceeded(f"expected at most {PART_BYTES} bytes, got {len(data)}", field="data")
        if sha256 and hashlib.sha256(data).digest() != sha256:
            raise InvalidInput("expected bytes with this hash, got others", field="sha256")
        async with self._locks.setdefault(upload.upload_id, asyncio.Lock()):
            there = self.received(upload)
            if offset != there:
                raise InvalidInput(f"expected {there}, which is what is there, got {offset}", field="offset")
            if there + len(data) > upload.total:
                raise InvalidInput(f"expected {upload.total} bytes in all, got more", field="data")
            await asyncio.to_thread(self._append, upload, data)

    async def complete(self, upload: Upload) -> Path:
        """The whole file. Raises WrongJobState where bytes are missing, InvalidInput for another hash."""
        there = self.received(upload)
        if there != upload.total:
            raise WrongJobState(f"expected {upload.total} bytes, got {there} so far")
        path = self.data(upload)

        def digest() -> str:
            with storage_errors(path), path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()

        if await asyncio.to_thread(digest) != upload.sha256:
            raise InvalidInput("expected a file with the announced hash, got another", field="sha256")
        return path

    async def drop(self, upload_id: str) -> None:
        """Forget an upload."""
        self._found.pop(upload_id, None)
        self._locks.pop(upload_id, None)
        await asyncio.to_thread(shutil.rmtree, self._root / upload_id, ignore_errors=True)

    def _append(self, upload: Upload, data: bytes) -> None:
        path = self.data(upload)
        before = path.stat().st_size
        try:
            with storage_errors(path), path.open("ab") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except VoxcoreError:
            with suppress(OSError):
                os.truncate(path, before)
            raise

    def _make(self, upload: Upload) -> None:
        with storage_errors(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
        with new_folder(self._root / upload.upload_id) as folder, storage_errors(folder):
            write_synced(folder / _FACTS, json.dumps(asdict(upload)).encode())
            write_synced(folder / _DATA, b"")

    def _drop_old(self) -> None:
        for upload_id, upload in list(self._found.items()):
            try:
                age = time.time() - self.data(upload).stat().st_mtime
            except OSError:
                age = KEPT_SECONDS + 1
            if age > KEPT_SECONDS:
                self._found.pop(upload_id, None)
                shutil.rmtree(self._root / upload_id, ignore_errors=True)


def _facts(upload: Upload) -> tuple[str, int, str, int, str, str]:
    return upload.owner, upload.kind, upload.target_id, upload.total, upload.sha256, upload.expected_version


def _read(folder: Path) -> Upload:
    bad = InvalidInput
    data = parse_object(read_limited(folder / _FACTS, _MAX_FACTS_BYTES), bad, what=_FACTS)
    upload = Upload(
        get_text(data, "upload_id", bad),
        get_text(data, "owner", bad),
        get_integer(data, "kind", bad),
        get_text(data, "target_id", bad),
        get_integer(data, "total", bad),
        get_text(data, "sha256", bad),
        get_text(data, "expected_version", bad),
    )
    if upload.upload_id != folder.name:
        raise InvalidInput(f"expected {folder.name}", field="upload_id")
    return upload
