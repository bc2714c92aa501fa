"""Results files: one JSON line per finished run, with the exported map packed without loss.

A map.json of 64x48x64 cells is 4 MB of text. The line keeps its blocks (xz) and its other keys; ``open_map`` writes
the very bytes of the exported file again, checks them against the SHA-256 that was taken of it, and reads them as
any map.json. Appending lines makes a run resumable; ``MAX_PART`` keeps each file small.
"""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from voxcore.errors import MapFormatError
from voxcore.maps import VoxelMap, dump_map, parse_map

MAX_PART: Final = 15 * 2**20
FILTERS: Final = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "lp": 0, "pb": 0}]


@dataclass(frozen=True)
class Record:
    """One finished run. ``facts``: prompt id, method, seed, seconds, memory, device and so on."""

    key: str
    facts: dict[str, Any]
    packed: dict[str, Any]

    def open_map(self) -> VoxelMap:
        """The exported map.json, read again. Raises MapFormatError where its bytes are not those exported."""
        shape = tuple(self.packed["shape"])
        raw = lzma.decompress(base64.b64decode(self.packed["blocks"]), lzma.FORMAT_RAW, filters=FILTERS)
        blocks = np.frombuffer(raw, dtype=np.uint8).reshape(shape)
        known = parse_map((json.dumps(self.packed["document"]) + "\n").encode())
        data = dump_map(VoxelMap(blocks, known.palette, document=known.document, world_scale=known.world_scale,
                                 sequence=known.sequence, seed=known.seed))  # fmt: skip
        if hashlib.sha256(data).hexdigest() != self.packed["sha256"]:
            raise MapFormatError("expected the bytes of the exported file, got others", field=self.key)
        return parse_map(data)


def pack(data: bytes) -> dict[str, Any]:
    """The bytes of an exported map.json, packed."""
    world = parse_map(data)
    document = dict(world.document)
    blocks = lzma.compress(world.blocks.tobytes(), lzma.FORMAT_RAW, filters=FILTERS)
    return {
        "shape": list(world.shape),
        "document": document,
        "blocks": base64.b64encode(blocks).decode(),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def parts(folder: Path) -> list[Path]:
    """The results files of a folder in the order in which they were written."""
    return sorted(folder.glob("runs-*.jsonl"), key=lambda p: int(p.stem.removeprefix("runs-")))


def read(folder: Path) -> Iterator[Record]:
    """Every complete line of a folder's results files; a last line that a kill cut off is left out."""
    for path in parts(folder):
        for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
            entry = json.loads(line)
            yield Record(entry.pop("key"), entry["facts"], entry["map"])


class Writer:
    """Appends records to the parts of ``folder``; a torn last line is cut off first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.done = {record.key for record in read(folder)}
        for path in parts(folder):
            data = path.read_bytes()
            if data and not data.endswith(b"\n"):
                path.write_bytes(data[: data.rfind(b"\n") + 1])

    def add(self, record: Record) -> None:
        """Append one record and wait for the disk."""
        line = json.dumps({"key": record.key, "facts": record.facts, "map": record.packed}) + "\n"
        existing = parts(self.folder)
        path = existing[-1] if existing else self.folder / "runs-0.jsonl"
        if path.exists() and path.stat().st_size + len(line) > MAX_PART:
            path = self.folder / f"runs-{len(existing)}.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self.done.add(record.key)
