"""Writing so that a reader sees the old content or the new one, never a half.

Convention: write under a temporary name in the same folder, flush to the disk, then rename.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from voxcore.errors import StorageError

TEMPORARY_PREFIX: Final = ".tmp-"
"""Names that start with this belong to a write in progress (or to one that a crash cut short)."""

_REASONS: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than the system allows",
    errno.EACCES: "no permission to write there",
    errno.EPERM: "no permission to write there",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "the folder does not exist",
    errno.ENOTDIR: "its parent is not a folder",
    errno.EISDIR: "it is a folder",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns an OSError inside the block into StorageError with one sentence about ``path``."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or "unknown error")
        raise StorageError(f"cannot write {path}: {reason}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Replaces the file at ``path`` by ``data``, all or nothing.

    Raises StorageError; no temporary file remains, and the file is as it was before, unless the
    disk refused only the last step, the flush of the folder: then it is the new one.
    """
    with staged_bytes(path, data) as temporary, storage_errors(path):
        os.rename(temporary, path)
        sync_folder(path.parent)


@contextmanager
def staged_bytes(path: Path, data: bytes) -> Iterator[Path]:
    """``data`` on the disk under a temporary name beside ``path``, for the caller to rename.

    What the caller did not rename is removed. Raises StorageError.
    """
    temporary = temporary_name(path)
    try:
        with storage_errors(path):
            write_synced(temporary, data)
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that appears at ``path`` with all its files when the block ends, or not at all.

    Yields a temporary folder beside ``path``; write its files with `write_synced`. ``path`` must
    not exist. Raises StorageError; an exception inside the block removes everything and goes on.
    """
    temporary = temporary_name(path)
    try:
        with storage_errors(path):
            temporary.mkdir()
        yield temporary
        with storage_errors(path):
            for folder, _, _ in os.walk(temporary):
                sync_folder(Path(folder))
            if path.exists():
                raise StorageError(f"cannot write {path}: it exists already")
            os.rename(temporary, path)
            try:
                sync_folder(path.parent)
            except BaseException:
                remove_folder(path)
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Takes the folder ``path`` away, at once for every reader where the disk allows a rename.

    Raises StorageError where it cannot be removed.
    """
    temporary = temporary_name(path)
    try:
        os.rename(path, temporary)
    except OSError:
        temporary = path
    with storage_errors(path):
        shutil.rmtree(temporary)


def remove_leftovers(folder: Path) -> None:
    """Removes what a crash cut short left in ``folder``; call it only while nobody else writes there."""
    for entry in folder.glob(TEMPORARY_PREFIX + "*"):
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with suppress(OSError):
                entry.unlink()


def temporary_name(path: Path) -> Path:
    """A fresh name beside ``path`` that no reader takes for content."""
    return path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}-{path.name[:64]}")


def write_synced(path: Path, data: bytes) -> None:
    """Creates the file ``path`` with ``data`` and waits until the disk has it. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Waits until the names in the folder ``path`` are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
