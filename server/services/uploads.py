"""UploadService: files in parts."""

from __future__ import annotations

from vox.v1 import uploads_pb2 as pb

from server.access import Access
from server.checking import DatasetBounds, check_dataset, check_map
from server.library import Library
from server.rpc import Caller
from server.services.maps import dataset_summary, map_summary
from server.settings import Settings
from server.side_process import SideProcess
from server.uploads import PART_BYTES, Upload, Uploads
from server.voxel_codec import check_sendable
from voxcore.errors import InvalidInput, LimitExceeded
from voxcore.maps import MapLimits


class UploadService:
    """See uploads.proto."""

    def __init__(
        self, settings: Settings, access: Access, uploads: Uploads, library: Library, side: SideProcess
    ) -> None:
        self._settings, self._access = settings, access
        self._uploads, self._library, self._side = uploads, library, side
        self._map_limits = MapLimits(max_file_bytes=settings.max_upload_bytes, max_cells=settings.max_cells)
        self._dataset_limits = DatasetBounds(settings.max_upload_bytes, settings.max_views)

    async def BeginUpload(self, request: pb.BeginUploadRequest, caller: Caller) -> pb.BeginUploadResponse:
        if request.kind not in (pb.UPLOAD_KIND_MAP, pb.UPLOAD_KIND_DATASET):
            raise InvalidInput(f"expected MAP or DATASET, got {request.kind}", field="kind")
        self._access.quota(caller).check("max_bytes", request.total_bytes)
        upload = await self._uploads.begin(
            request.kind, request.target_id, request.total_bytes, request.sha256, request.expected_version, caller
        )
        return pb.BeginUploadResponse(upload=self._message(upload))

    async def UploadPart(self, request: pb.UploadPartRequest, caller: Caller) -> pb.UploadPartResponse:
        upload = self._uploads.get(request.upload_id, caller)
        await self._uploads.add(upload, request.offset, request.data, request.sha256)
        return pb.UploadPartResponse(upload=self._message(upload))

    async def GetUpload(self, request: pb.GetUploadRequest, caller: Caller) -> pb.GetUploadResponse:
        return pb.GetUploadResponse(upload=self._message(self._uploads.get(request.upload_id, caller)))

    async def FinishUpload(self, request: pb.FinishUploadRequest, caller: Caller) -> pb.FinishUploadResponse:
        upload = self._uploads.get(request.upload_id, caller)
        try:
            answer = await self._finish(upload, caller)
        except (InvalidInput, LimitExceeded):
            # It will never be anything else: the bytes are what they are.
            await self._uploads.drop(upload.upload_id)
            raise
        await self._uploads.drop(upload.upload_id)
        return answer

    async def CancelUpload(self, request: pb.CancelUploadRequest, caller: Caller) -> pb.CancelUploadResponse:
        upload = self._uploads.get(request.upload_id, caller)
        await self._uploads.drop(upload.upload_id)
        return pb.CancelUploadResponse()

    async def _finish(self, upload: Upload, caller: Caller) -> pb.FinishUploadResponse:
        file = await self._uploads.complete(upload)
        version = upload.expected_version
        if upload.kind == pb.UPLOAD_KIND_MAP:
            shape = await self._side.run(check_map, file, self._map_limits)
            check_sendable(shape, max_cells=self._settings.max_cells, field="worldConfig.dimensions")
            self._access.quota(caller).check("max_cells", shape[0] * shape[1] * shape[2])
            stored = await self._library.put_map_file(upload.target_id, file, version, caller)
            return pb.FinishUploadResponse(map=map_summary(stored))
        await self._side.run(check_dataset, file, self._dataset_limits)
        stored = await self._library.put_dataset_file(upload.target_id, file, version, caller)
        return pb.FinishUploadResponse(dataset=dataset_summary(stored))

    def _message(self, upload: Upload) -> pb.Upload:
        return pb.Upload(
            upload_id=upload.upload_id,
            received_bytes=self._uploads.received(upload),
            total_bytes=upload.total,
            max_part_bytes=min(PART_BYTES, self._settings.max_message_bytes // 2),
        )
