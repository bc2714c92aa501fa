"""Finds out before a job is queued whether its map and dataset can be used at all."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Final

from vox.v1 import jobs_pb2

from server.access import Access
from server.convert import Order, order_from_spec
from server.owners import Owners, dataset_key
from server.rpc import Caller
from server.settings import Settings
from server.voxel_codec import check_sendable
from voxcore.config import TrainConfig
from voxcore.errors import NotFound
from voxcore.guidance.model_folder import check_model_folder, model_in
from voxcore.maps import load_map, resolve_dataset_id, resolve_map_id
from voxcore.maps.map_json import FILE_NAME

Shape = tuple[int, int, int]
_REMEMBERED: Final = 256


class Intake:
    """Turns specs into orders. Remembers the shape of maps that did not change since they were read."""

    def __init__(self, settings: Settings, access: Access, owners: Owners) -> None:
        self._settings, self._access, self._owners = settings, access, owners
        self._shapes: OrderedDict[tuple[Path, int, int], Shape] = OrderedDict()

    async def order(self, spec: jobs_pb2.TrainingSpec, caller: Caller) -> Order:
        """A checked spec whose map, dataset and image model exist, the map intact and within the limits.

        Raises as `order_from_spec`; NotFound, MapFormatError or LimitExceeded for a stored map; NotFound or
        ModelFormatError for an image model; QuotaExceeded.
        """
        quota = self._access.quota(caller)
        order = await asyncio.to_thread(order_from_spec, spec, self._settings)
        quota.check("max_steps", order.config.steps)
        if order.grid is None:
            if not self._owners.may_see(order.map_id, caller):
                raise NotFound(f"{order.map_id} does not exist", field="map_id")
            shape = await asyncio.to_thread(self._shape, order.map_id)
            check_sendable(shape, max_cells=self._settings.max_cells, field="map_id")
            order.config.check_inside(shape)
        else:
            shape = order.grid.shape
        quota.check("max_cells", shape[0] * shape[1] * shape[2])
        quota.check("max_bytes", self._owners.bytes_of(caller.name))
        if order.config.teacher == "sdxl":
            await asyncio.to_thread(self._check_model, order.config)
        if order.dataset_id:
            resolve_dataset_id(self._settings.datasets_root, order.dataset_id)
            if not self._owners.may_see(dataset_key(order.dataset_id), caller):
                raise NotFound(f"{order.dataset_id} does not exist", field="dataset_id")
        return order

    def _check_model(self, config: TrainConfig) -> None:
        folder = model_in(self._settings.models_root, config.model)
        check_model_folder(folder, tiny_encoder=config.tiny_encoder)

    def _shape(self, map_id: str) -> Shape:
        path = resolve_map_id(self._settings.maps_root, map_id) / FILE_NAME
        stat = path.stat()
        key = (path, stat.st_mtime_ns, stat.st_size)
        if key not in self._shapes:
            self._shapes[key] = load_map(path).shape
            while len(self._shapes) > _REMEMBERED:
                self._shapes.popitem(last=False)
        return self._shapes[key]
