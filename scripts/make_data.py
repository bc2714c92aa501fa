"""Makes maps/1, datasets/1, maps/2 and datasets/2: two worlds and pictures of them.

    python scripts/make_data.py [--root .] [--check]

The same seeds give the same files, byte for byte (pictures: with the same version of Pillow).
``--check`` writes nothing and fails where a file on the disk differs from what would be written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sample_scenes import alpine_river, lake_village

from voxcore.cameras import Camera
from voxcore.datasets import METADATA_FILE, Dataset, dump_dataset, new_dataset
from voxcore.maps import VoxelMap, dump_map
from voxcore.maps.atomic import write_bytes
from voxcore.maps.map_json import FILE_NAME
from voxcore.palette import EDITOR
from voxcore.png import encode_png
from voxcore.render import hard_image, lit_colors, seen_cells

WIDTH, HEIGHT = 1094, 881
EXPORTED_AT: Final = "2025-01-01T00:00:00.000Z"
RINGS: Final = ((8, 13.0, 132.0, 22.0), (8, 31.0, 128.0, 24.0), (7, 50.0, 120.0, 26.0), (4, 72.0, 112.0, 28.0))
"""Cameras, elevation in degrees, distance and height of the aim in world units."""
CLOSE: Final = 5
"""Cameras near the ground that look across the map from its corners and its middle."""


@dataclass(frozen=True)
class Sample:
    """One pair of a map and a dataset."""

    id: str
    scene: Callable[[int], NDArray[np.uint8]]
    seed: int


SAMPLES: Final = (Sample("1", lake_village, 11), Sample("2", alpine_river, 12))


def make_map(sample: Sample) -> VoxelMap:
    return VoxelMap(sample.scene(sample.seed), EDITOR, world_scale=2.0, sequence=int(sample.id), seed=sample.seed)


def make_cameras(voxel_map: VoxelMap) -> list[Camera]:
    """Rings around the middle of the map at rising elevations, and a few views close to the ground."""
    cameras = []
    for ring, (count, elevation, distance, aim) in enumerate(RINGS):
        for i in range(count):
            turn = np.radians(360.0 * (i + 0.5 * (ring % 2)) / count + 11.0 * ring)
            tilt = np.radians(elevation)
            eye = np.array([np.cos(tilt) * np.sin(turn), np.sin(tilt), np.cos(tilt) * np.cos(turn)]) * distance
            cameras.append(_camera(eye + np.array([0.0, aim, 0.0]), np.array([0.0, aim, 0.0])))
    scale = voxel_map.world_scale
    for i in range(CLOSE):
        turn = np.radians(360.0 * i / CLOSE + 20.0)
        x, z = 46.0 * np.sin(turn), 46.0 * np.cos(turn)
        column = voxel_map.blocks[int(x / scale) + 32, :, int(z / scale) + 32]
        ground = scale * (np.flatnonzero(column)[-1] + 1)
        cameras.append(_camera(np.array([x, ground + 16.0, z]), np.array([-0.3 * x, 42.0, -0.3 * z])))
    return cameras


def _camera(eye: NDArray[np.float64], target: NDArray[np.float64]) -> Camera:
    # Rounded, so that a last bit in sine or cosine changes no file.
    return Camera.look_at(np.round(eye, 3), np.round(target, 3), width=WIDTH, height=HEIGHT)


def make_dataset(sample: Sample, voxel_map: VoxelMap) -> Dataset:
    lit = lit_colors(EDITOR)
    cameras = make_cameras(voxel_map)
    pngs = [encode_png(hard_image(voxel_map.blocks, lit, c, world_scale=voxel_map.world_scale)) for c in cameras]
    return new_dataset(cameras, pngs, capture_id=f"sample-{sample.id}", exported_at=EXPORTED_AT)


def seen_share(voxel_map: VoxelMap, dataset: Dataset) -> float:
    """Blocks that some view shows, over the blocks that touch air (or the outside, except below)."""
    solid = np.pad(voxel_map.blocks > 0, 1)
    solid[:, 0, :] = True
    buried = solid[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        for step in (1, -1):
            buried &= np.roll(solid, step, axis)[1:-1, 1:-1, 1:-1]
    surface = (voxel_map.blocks > 0) & ~buried
    seen = np.zeros(voxel_map.shape, dtype=np.bool_)
    for camera in dataset.cameras:
        seen |= seen_cells(voxel_map.blocks, camera, world_scale=voxel_map.world_scale)
    return float((seen & surface).sum() / surface.sum())


def make_files() -> dict[Path, bytes]:
    """Every file by its path under the repository."""
    files = {}
    for sample in SAMPLES:
        voxel_map = make_map(sample)
        dataset = make_dataset(sample, voxel_map)
        files[Path("maps", sample.id, FILE_NAME)] = dump_map(voxel_map)
        files[Path("datasets", sample.id, METADATA_FILE)] = dump_dataset(dataset)
        blocks = sum(voxel_map.counts().values())
        print(f"{sample.id}: {blocks} blocks, {len(dataset)} views that show {seen_share(voxel_map, dataset):.1%}")
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    differing = 0
    for name, data in make_files().items():
        path = arguments.root / name
        same = path.is_file() and path.read_bytes() == data
        differing += not same
        if not same and not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, data)
        print(f"{name}: {len(data)} bytes, {'same' if same else 'differs' if arguments.check else 'written'}")
    return 1 if arguments.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
