"""Voxel maps: files, initial worlds, statistics, exports."""

from voxcore.maps.components import Components, find_components
from voxcore.maps.initial import INITIAL_WORLDS
from voxcore.maps.map_json import dump_map, load_map, parse_map, save_map
from voxcore.maps.stats import HeightProfile, MapStats, exposed_faces, map_stats
from voxcore.maps.voxel_map import BlockExtra, MapLimits, VoxelMap

__all__ = [
    "INITIAL_WORLDS",
    "BlockExtra",
    "Components",
    "HeightProfile",
    "MapLimits",
    "MapStats",
    "VoxelMap",
    "dump_map",
    "exposed_faces",
    "find_components",
    "load_map",
    "map_stats",
    "parse_map",
    "save_map",
]
