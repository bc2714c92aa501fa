"""MapService: maps and datasets, to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp
from vox.v1 import maps_pb2 as pb
from vox.v1 import voxels_pb2

from server.jobs.event_log import timestamp
from server.owners import Owners
from server.paging import page
from server.rpc import Caller
from server.settings import Settings
from server.voxel_codec import check_sendable, pack_grid
from voxcore.errors import NotFound
from voxcore.maps import LibraryEntry, list_datasets, list_maps, load_map, resolve_map_id
from voxcore.maps.map_json import FILE_NAME


class MapService:
    """See maps.proto."""

    def __init__(self, settings: Settings, owners: Owners) -> None:
        self._settings, self._owners = settings, owners

    async def ListMaps(self, request: pb.ListMapsRequest, caller: Caller) -> pb.ListMapsResponse:
        everything = await asyncio.to_thread(list_maps, self._settings.maps_root)
        found = [entry for entry in everything if self._owners.may_see(entry.id, caller)]
        entries, token = page(found, _id_of, request, usual=200, most=1000)
        maps = [pb.MapSummary(map_id=e.id, file_bytes=e.file_bytes, change_time=_changed(e)) for e in entries]
        return pb.ListMapsResponse(maps=maps, next_page_token=token)

    async def GetMap(self, request: pb.GetMapRequest, caller: Caller) -> AsyncGenerator[pb.GetMapResponse]:
        self._check_visible(request.map_id, caller)
        for grid in await asyncio.to_thread(self._pack, request.map_id):
            yield pb.GetMapResponse(grid=grid)

    async def ListDatasets(self, request: pb.ListDatasetsRequest, caller: Caller) -> pb.ListDatasetsResponse:
        found = await asyncio.to_thread(list_datasets, self._settings.datasets_root)
        entries, token = page(found, _id_of, request, usual=200, most=1000)
        datasets = [
            pb.DatasetSummary(dataset_id=e.id, file_bytes=e.file_bytes, change_time=_changed(e)) for e in entries
        ]
        return pb.ListDatasetsResponse(datasets=datasets, next_page_token=token)

    def _check_visible(self, map_id: str, caller: Caller) -> None:
        if not self._owners.may_see(map_id, caller):
            raise NotFound(f"{map_id[:64]} does not exist", field="map_id")

    def _pack(self, map_id: str) -> Sequence[voxels_pb2.VoxelGrid]:
        stored = load_map(resolve_map_id(self._settings.maps_root, map_id) / FILE_NAME)
        check_sendable(stored.shape, max_cells=self._settings.max_cells, field="map_id")
        return pack_grid(stored.blocks, stored.palette, stored.world_scale)


def _id_of(entry: LibraryEntry) -> str:
    return entry.id


def _changed(entry: LibraryEntry) -> Timestamp:
    return timestamp(Path(entry.path, entry.file).stat().st_mtime)
