"""Voxel maps: files, initial worlds, statistics, exports, and what lies under a folder of maps."""

from voxcore.maps.components import Components, find_components
from voxcore.maps.export import ExportedMap, check_exportable, export_training, find_export
from voxcore.maps.initial import INITIAL_WORLDS
from voxcore.maps.library import (
    LibraryEntry,
    check_id,
    list_datasets,
    list_maps,
    resolve_dataset_id,
    resolve_map_id,
)
from voxcore.maps.map_json import dump_map, load_map, parse_map, save_map
from voxcore.maps.registry import Registry, RegistryEntry, read_registry
from voxcore.maps.stats import HeightProfile, MapStats, exposed_faces, map_stats
from voxcore.maps.voxel_map import BlockExtra, MapLimits, VoxelMap

__all__ = [
    "INITIAL_WORLDS",
    "BlockExtra",
    "Components",
    "ExportedMap",
    "HeightProfile",
    "LibraryEntry",
    "MapLimits",
    "MapStats",
    "Registry",
    "RegistryEntry",
    "VoxelMap",
    "check_exportable",
    "check_id",
    "dump_map",
    "export_training",
    "exposed_faces",
    "find_components",
    "find_export",
    "list_datasets",
    "list_maps",
    "load_map",
    "map_stats",
    "parse_map",
    "read_registry",
    "resolve_dataset_id",
    "resolve_map_id",
    "save_map",
]
