"""Voxel maps: files, initial worlds, statistics, exports."""

from voxcore.maps.map_json import dump_map, load_map, parse_map, save_map
from voxcore.maps.voxel_map import BlockExtra, MapLimits, VoxelMap

__all__ = ["BlockExtra", "MapLimits", "VoxelMap", "dump_map", "load_map", "parse_map", "save_map"]
