"""Looks into uploaded files; run it in a `SideProcess`. Imports no gRPC."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voxcore.json_io import read_limited
from voxcore.maps import MapLimits, parse_map

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class DatasetBounds:
    """What a dataset may have at most."""

    file_bytes: int
    views: int


def check_map(path: Path, limits: MapLimits) -> Shape:
    """The shape of a map.json. Raises what `parse_map` raises."""
    return parse_map(read_limited(path, limits.max_file_bytes), limits=limits).shape


def check_dataset(path: Path, bounds: DatasetBounds) -> int:
    """The number of views of a metadata.json. Raises what `parse_metadata` raises."""
    # Imported here: cameras need torch, which the gateway does without.
    from voxcore.datasets import DatasetLimits, parse_metadata

    limits = DatasetLimits(max_file_bytes=bounds.file_bytes, max_views=bounds.views)
    return len(parse_metadata(read_limited(path, limits.max_file_bytes), limits=limits))
