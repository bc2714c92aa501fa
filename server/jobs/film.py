"""A job's film: voxel frames of its whole run on the disk, thinned so that they fit a number of bytes.

The log of a job keeps the newest frame only; who comes late scrubs through the film. A file of
records, each a frame with its CRC, in the order of their seqs and steps. Appended to as frames come
(a crash costs a torn record at the end, which nobody reads), and replaced by a thinner one where it
is full. Frames may be lost, so nothing here waits for the disk.

The writer is `Film`, one for each job and never in two threads at once. Readers need no lock: a file
that is replaced lives on for those that have it open.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from voxcore.maps.atomic import storage_errors, write_bytes

FILE: Final = "film.bin"
MAX_FRAMES: Final = 512
"""More moments than that nobody can choose from."""
_HEAD: Final = struct.Struct("<4sIQII")
_MAGIC: Final = b"vxf1"
_MAX_PARTS: Final = 4096


@dataclass(frozen=True)
class FilmFrame:
    """A voxel frame as watchers get it: responses with a keyframe's parts; ``seq`` is that of the last."""

    seq: int
    step: int
    parts: tuple[bytes, ...]


@dataclass(frozen=True)
class _Entry:
    seq: int
    step: int
    offset: int
    length: int


class Film:
    """Writes the film at ``path``; it never has more than ``max_bytes``."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path, self._max_bytes = path, max_bytes
        self._entries: list[_Entry] = []
        self._size = -1

    def add(self, frame: FilmFrame) -> None:
        """Append the newest frame; those of its step and of later ones go, for the run has gone back.

        A frame that would fill the film by itself is left out. Raises StorageError.
        """
        record = _packed(frame)
        if len(record) > self._max_bytes:
            return
        with storage_errors(self._path):
            if self._size < 0 or self._size != _size_of(self._path):
                self._open()
            kept = [entry for entry in self._entries if entry.step < frame.step]
            if frame.step == 0 and self._entries and self._entries[0].step == 0:
                # The world that a run begins with, and what it looks like after drawing it anew.
                kept = self._entries[:1]
            length = sum(entry.length for entry in kept)
            if length + len(record) > self._max_bytes or len(kept) >= MAX_FRAMES:
                kept = _thinned(kept, (self._max_bytes - len(record)) // 2)
            if len(kept) < len(self._entries):
                self._replace(kept)
            with self._path.open("ab") as file:
                file.write(record)
            self._entries.append(_Entry(frame.seq, frame.step, self._size, len(record)))
            self._size += len(record)

    def _open(self) -> None:
        """Take over what is there, without the torn record that a crash may have left at the end."""
        self._entries, self._size = [], 0
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for frame in _frames(file):
                length = file.tell() - self._size
                self._entries.append(_Entry(frame.seq, frame.step, self._size, length))
                self._size += length
        os.truncate(self._path, self._size)

    def _replace(self, kept: Sequence[_Entry]) -> None:
        with self._path.open("rb") as file:
            records = []
            for entry in kept:
                file.seek(entry.offset)
                records.append(file.read(entry.length))
        write_bytes(self._path, b"".join(records))
        self._entries, self._size = [], 0
        for entry in kept:
            self._entries.append(_Entry(entry.seq, entry.step, self._size, entry.length))
            self._size += entry.length


def read_film(path: Path, after_seq: int = 0) -> Iterator[FilmFrame]:
    """The frames after ``after_seq``, oldest first; none where there is no film, up to the first damaged one."""
    with suppress(OSError), path.open("rb") as file:
        for frame in _frames(file):
            if frame.seq > after_seq:
                yield frame


def last_frame(path: Path) -> FilmFrame | None:
    """The newest frame of the film."""
    newest = None
    for frame in read_film(path):
        newest = frame
    return newest


def prune_films(root: Path, max_bytes: int) -> None:
    """Remove films below ``root``, those of the oldest jobs first, until all have at most ``max_bytes``."""
    # Ids of jobs begin with their time.
    films = sorted(root.glob(f"*/{FILE}"), reverse=True)
    room = max_bytes
    for film in films:
        with suppress(OSError):
            room -= film.stat().st_size
            if room < 0:
                film.unlink()


def _packed(frame: FilmFrame) -> bytes:
    sizes = struct.pack(f"<{len(frame.parts)}I", *map(len, frame.parts))
    body = sizes + b"".join(frame.parts)
    return _HEAD.pack(_MAGIC, zlib.crc32(body), frame.seq, frame.step, len(frame.parts)) + body


def _frames(file: BinaryIO) -> Iterator[FilmFrame]:
    """Each record in turn; the file is at its end when it is yielded."""
    end = os.fstat(file.fileno()).st_size
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        magic, crc, seq, step, count = _HEAD.unpack(head)
        if magic != _MAGIC or not 0 < count <= _MAX_PARTS:
            return
        sizes = file.read(4 * count)
        if len(sizes) < 4 * count:
            return
        lengths = struct.unpack(f"<{count}I", sizes)
        if sum(lengths) > end - file.tell():
            return
        parts = tuple(file.read(length) for length in lengths)
        if zlib.crc32(b"".join((sizes, *parts))) != crc:
            return
        yield FilmFrame(seq, step, parts)


def _thinned(entries: list[_Entry], max_bytes: int) -> list[_Entry]:
    """At most half of MAX_FRAMES and ``max_bytes`` of them; those that leave the smallest gaps in steps go first.

    The first and the last go last.
    """
    kept = list(entries)
    length = sum(entry.length for entry in kept)
    while kept and (length > max_bytes or len(kept) > MAX_FRAMES // 2):
        inner = range(1, len(kept) - 1)
        at = min(inner, key=lambda i: kept[i + 1].step - kept[i - 1].step, default=len(kept) - 1)
        length -= kept.pop(at).length
    return kept


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
