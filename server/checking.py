"""Looks into uploaded files in a process of its own: a file that needs too much memory takes nothing along.

The gateway stays free meanwhile. Imports no gRPC.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxcore import errors
from voxcore.errors import LimitExceeded, VoxcoreError
from voxcore.json_io import read_limited
from voxcore.maps import MapLimits, parse_map

MEMORY_BYTES: Final = 4 * 2**30


@dataclass(frozen=True)
class Found:
    """What a good file is: the cells of a map, or the pictures of a dataset. Of a bad one, what is wrong."""

    shape: tuple[int, int, int] = (0, 0, 0)
    views: int = 0
    error: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class DatasetBounds:
    """What a dataset may have at most."""

    file_bytes: int
    views: int


class Checker:
    """Checks one file at a time. `close` it."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def map(self, path: Path, limits: MapLimits) -> Found:
        """The shape of a map.json. Raises what `parse_map` raises, and LimitExceeded where it takes too much memory."""
        return await self._run(_check_map, path, limits)

    async def dataset(self, path: Path, limits: DatasetBounds) -> Found:
        """The views of a metadata.json. Raises what `parse_metadata` raises, and as `map`."""
        return await self._run(_check_dataset, path, limits)

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    async def _run(self, work: object, path: Path, limits: object) -> Found:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_bound_memory)
        try:
            found: Found = await asyncio.get_running_loop().run_in_executor(self._pool, work, path, limits)  # type: ignore[arg-type]
        except (BrokenProcessPool, MemoryError) as error:
            self._pool.shutdown(wait=False)
            self._pool = None
            raise LimitExceeded(f"the file needs more than {MEMORY_BYTES} bytes of memory", field="data") from error
        if found.error is not None:
            kind, message, field = found.error
            # An error's own arguments do not survive the way between processes.
            text = message.removeprefix(f"{field}: ") if field else message
            raise getattr(errors, kind, VoxcoreError)(text, field=field)
        return found


def _bound_memory() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def _check_map(path: Path, limits: MapLimits) -> Found:
    try:
        return Found(shape=parse_map(read_limited(path, limits.max_file_bytes), limits=limits).shape)
    except VoxcoreError as error:
        return Found(error=(type(error).__name__, str(error), error.field))


def _check_dataset(path: Path, bounds: DatasetBounds) -> Found:
    # Imported here: cameras need torch, which the gateway does without.
    from voxcore.datasets import DatasetLimits, parse_metadata

    limits = DatasetLimits(max_file_bytes=bounds.file_bytes, max_views=bounds.views)
    try:
        return Found(views=len(parse_metadata(read_limited(path, limits.max_file_bytes), limits=limits)))
    except VoxcoreError as error:
        return Found(error=(type(error).__name__, str(error), error.field))
