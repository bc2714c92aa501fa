"""Maps as messages, packed once for all who look at them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from vox.v1 import voxels_pb2 as pb

MAX_BYTES: Final = 64 * 2**20


class PackedMaps:
    """The parts of the maps that were asked for lately, by version, up to ``max_bytes`` in all.

    Confined to the event loop's thread.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._parts: OrderedDict[str, tuple[tuple[pb.VoxelGrid, ...], int]] = OrderedDict()

    def get(self, version: str) -> tuple[pb.VoxelGrid, ...] | None:
        """The parts of the map of that version; None where they are not kept (any more)."""
        if version not in self._parts:
            return None
        self._parts.move_to_end(version)
        return self._parts[version][0]

    def keep(self, version: str, parts: Sequence[pb.VoxelGrid]) -> None:
        """Keep ``parts``, and forget those that were not asked for longest where they are too many."""
        size = sum(part.ByteSize() for part in parts)
        if version in self._parts or size > self._max_bytes:
            return
        self._parts[version] = (tuple(parts), size)
        self._bytes += size
        while self._bytes > self._max_bytes:
            _, (_, dropped) = self._parts.popitem(last=False)
            self._bytes -= dropped
