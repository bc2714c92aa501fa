"""Files in parts, both ways: the part that both clients share. No I/O here."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import Any, Final, Literal

from vox.v1 import maps_pb2, uploads_pb2

from voxclient import convert
from voxclient.calls import Call
from voxclient.errors import DataError, InvalidRequest
from voxclient.events import Stored

_FORMAT_PREFIX: Final = "MAP_FORMAT_"
UploadKind = Literal["map", "dataset"]

_KINDS: Final = {"map": uploads_pb2.UPLOAD_KIND_MAP, "dataset": uploads_pb2.UPLOAD_KIND_DATASET}


def upload(kind: UploadKind, target_id: str, data: bytes, expected_version: str) -> Generator[Call[Any], Any, Stored]:
    """The calls that bring ``data`` to the server, from where an earlier try broke off.

    Send each one's answer back in; the generator returns what was stored.
    """
    begin = uploads_pb2.BeginUploadRequest(
        kind=_KINDS[kind],
        target_id=target_id,
        total_bytes=len(data),
        sha256=hashlib.sha256(data).digest(),
        expected_version=expected_version,
    )
    state = yield Call(lambda s: s.uploads.BeginUpload, begin, lambda r: r.upload)
    while state.received_bytes < len(data):
        piece = data[state.received_bytes : state.received_bytes + state.max_part_bytes]
        part = uploads_pb2.UploadPartRequest(
            upload_id=state.upload_id,
            offset=state.received_bytes,
            data=piece,
            sha256=hashlib.sha256(piece).digest(),
        )
        state = yield Call(lambda s: s.uploads.UploadPart, part, lambda r: r.upload)
    finish = uploads_pb2.FinishUploadRequest(upload_id=state.upload_id)
    answer = yield Call(lambda s: s.uploads.FinishUpload, finish, lambda r: r)
    return convert.stored(getattr(answer, answer.WhichOneof("stored")))


def export_request(map_id: str, format_name: str) -> maps_pb2.ExportMapRequest:
    """What `export_map` asks for. Raises InvalidRequest."""
    known = {name.removeprefix(_FORMAT_PREFIX).lower(): number for name, number in maps_pb2.MapFormat.items() if number}
    if format_name not in known:
        raise InvalidRequest(f"expected one of {', '.join(known)}, got {format_name[:40]!r}", field="format")
    return maps_pb2.ExportMapRequest(map_id=map_id, format=known[format_name])


class Download:
    """A file that comes in parts: feed `add`, then ask for `data`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._last: maps_pb2.FilePart | None = None
        self.received = 0

    @property
    def file_name(self) -> str:
        """What the server calls the file, "" before the first part."""
        return self._last.file_name if self._last is not None else ""

    @property
    def version(self) -> str:
        """The version that is being downloaded, "" before the first part: what to go on with."""
        return self._last.version if self._last is not None else ""

    def add(self, part: maps_pb2.FilePart) -> None:
        """The next part. Raises DataError where it is not the next one."""
        if part.offset != self.received or (self._last is not None and part.version != self._last.version):
            raise DataError(f"expected the bytes from {self.received} on, got those from {part.offset} on")
        self._parts.append(part.data)
        self.received += len(part.data)
        self._last = part

    def data(self) -> bytes:
        """The whole file. Raises DataError where it is not whole."""
        found = b"".join(self._parts)
        if self._last is None or len(found) != self._last.total_bytes:
            raise DataError("the file did not come whole")
        if hashlib.sha256(found).digest() != self._last.sha256:
            raise DataError("the file does not have its hash")
        return found
