"""MapService: maps and datasets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from vox.v1 import maps_pb2 as pb

from server.exporting import OWN_FORMAT, Exporter, format_name
from server.library import Library, Stored
from server.paging import page
from server.rpc import Caller
from server.settings import Settings
from server.voxel_codec import unpack_map
from voxcore.maps import LibraryEntry


class MapService:
    """See maps.proto."""

    def __init__(self, settings: Settings, library: Library, exporter: Exporter) -> None:
        self._settings, self._library, self._exporter = settings, library, exporter

    async def ListMaps(self, request: pb.ListMapsRequest, caller: Caller) -> pb.ListMapsResponse:
        entries, token = page(await self._library.maps(caller), _id_of, request, usual=200, most=1000)
        maps = [map_summary(await self._library.describe(entry, is_map=True)) for entry in entries]
        return pb.ListMapsResponse(maps=maps, next_page_token=token)

    async def GetMap(self, request: pb.GetMapRequest, caller: Caller) -> AsyncGenerator[pb.GetMapResponse]:
        stored, parts = await self._library.packed(request.map_id, caller)
        yield pb.GetMapResponse(grid=parts[0], version=stored.version, map_id=stored.id)
        for part in parts[1:]:
            yield pb.GetMapResponse(grid=part)

    async def PutMap(self, request: pb.PutMapRequest, caller: Caller) -> pb.PutMapResponse:
        found = await asyncio.to_thread(unpack_map, request.grid, max_cells=self._settings.max_cells, where="grid")
        stored = await self._library.put_map(request.map_id, found, request.expected_version, caller)
        return pb.PutMapResponse(map=map_summary(stored))

    async def DeleteMap(self, request: pb.DeleteMapRequest, caller: Caller) -> pb.DeleteMapResponse:
        await self._library.delete_map(request.map_id, request.expected_version, caller)
        return pb.DeleteMapResponse()

    async def ExportMap(self, request: pb.ExportMapRequest, caller: Caller) -> AsyncGenerator[pb.ExportMapResponse]:
        name = format_name(request.format)
        stored = await self._library.find_map(request.map_id, caller)
        self._library.check_seen(stored, request.version)
        file = stored.file if name == OWN_FORMAT else await self._exporter.file(stored, name)
        async with aclosing(self._library.parts(file, request.offset, stored.version)) as parts:
            async for part in parts:
                yield pb.ExportMapResponse(part=part)

    async def ListDatasets(self, request: pb.ListDatasetsRequest, caller: Caller) -> pb.ListDatasetsResponse:
        entries, token = page(await self._library.datasets(caller), _id_of, request, usual=200, most=1000)
        datasets = [dataset_summary(await self._library.describe(entry, is_map=False)) for entry in entries]
        return pb.ListDatasetsResponse(datasets=datasets, next_page_token=token)

    async def ExportDataset(
        self, request: pb.ExportDatasetRequest, caller: Caller
    ) -> AsyncGenerator[pb.ExportDatasetResponse]:
        stored = await self._library.find_dataset(request.dataset_id, caller)
        self._library.check_seen(stored, request.version)
        async with aclosing(self._library.parts(stored.file, request.offset, stored.version)) as parts:
            async for part in parts:
                yield pb.ExportDatasetResponse(part=part)


def map_summary(stored: Stored) -> pb.MapSummary:
    """A map as lists have it."""
    return pb.MapSummary(
        map_id=stored.id,
        file_bytes=stored.file.size,
        change_time=stored.changed,
        version=stored.version,
        owner=stored.owner,
    )


def dataset_summary(stored: Stored) -> pb.DatasetSummary:
    """A dataset as lists have it."""
    return pb.DatasetSummary(
        dataset_id=stored.id,
        file_bytes=stored.file.size,
        change_time=stored.changed,
        version=stored.version,
        owner=stored.owner,
    )


def _id_of(entry: LibraryEntry) -> str:
    return entry.id
