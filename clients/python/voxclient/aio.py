"""The same client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import grpc
from vox.v1 import info_pb2, maps_pb2, training_pb2

from voxclient import calls, transfers
from voxclient.convert import job_events
from voxclient.errors import DataError, from_rpc_error
from voxclient.events import Event, Job, Stored
from voxclient.following import Following, StreamRequest
from voxclient.grid import Grid, GridAssembler

Answer = TypeVar("Answer")


class AsyncVoxClient:
    """`VoxClient` with ``async``: same methods, same arguments, same errors. Make it in a running loop."""

    def __init__(
        self,
        address: str = "127.0.0.1:50051",
        *,
        token: str | None = None,
        ca_file: Path | None = None,
        timeout: float = 30.0,
        connect_seconds: float = 5.0,
        patience_seconds: float = 60.0,
    ) -> None:
        metadata, trusted = calls.secrets(token, ca_file)
        self._channel = (
            grpc.aio.insecure_channel(address, options=calls.CHANNEL_OPTIONS)
            if trusted is None
            else grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(trusted), options=calls.CHANNEL_OPTIONS)
        )
        self._stubs = calls.Stubs(self._channel, metadata)
        self._timeout = timeout
        self._connect_seconds, self._patience_seconds = connect_seconds, patience_seconds

    async def __aenter__(self) -> AsyncVoxClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """See `VoxClient.close`."""
        await self._channel.close(grace=None)

    def train(
        self,
        prompt: str,
        *,
        map_id: str | None = None,
        grid: Grid | None = None,
        dataset_id: str = "",
        previews: bool = True,
        voxel_frames: bool = True,
        cancel_on_disconnect: bool = False,
        request_id: str | None = None,
        priority: int = 0,
        **settings: Any,
    ) -> AsyncIterator[Event]:
        """See `VoxClient.train`."""
        request = calls.start_request(
            prompt,
            map_id=map_id,
            grid=grid,
            dataset_id=dataset_id,
            settings=settings,
            previews=previews,
            voxel_frames=voxel_frames,
            cancel_on_disconnect=cancel_on_disconnect,
            request_id=request_id,
            priority=priority,
        )
        return self._follow(request)

    def watch(
        self, job_id: str, *, after_seq: int = 0, previews: bool = True, voxel_frames: bool = True
    ) -> AsyncIterator[Event]:
        """See `VoxClient.watch`."""
        request = calls.watch_request(job_id, after_seq=after_seq, previews=previews, voxel_frames=voxel_frames)
        return self._follow(request)

    async def replay(self, job_id: str, *, after_seq: int = 0) -> AsyncIterator[Event]:
        """See `VoxClient.replay`."""
        grids = GridAssembler()
        request = training_pb2.ReplayJobRequest(job_id=job_id, after_seq=after_seq)
        try:
            stream: Any = self._stubs.training.ReplayJob(request, metadata=self._stubs.metadata)
            async for response in stream:
                for event in job_events(response.event, grids):
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error

    async def job(self, job_id: str) -> Job:
        """See `VoxClient.job`."""
        return await self._call(calls.get_job(job_id))

    async def jobs(self, limit: int = 50) -> list[Job]:
        """See `VoxClient.jobs`."""
        return await self._call(calls.jobs(limit))

    async def cancel(self, job_id: str) -> Job:
        """See `VoxClient.cancel`."""
        return await self._call(calls.cancel(job_id))

    async def pause(self, job_id: str) -> Job:
        """See `VoxClient.pause`."""
        return await self._call(calls.pause(job_id))

    async def delete(self, job_id: str) -> None:
        """See `VoxClient.delete`."""
        await self._call(calls.delete(job_id))

    async def resume(self, job_id: str) -> Job:
        """See `VoxClient.resume`."""
        return await self._call(calls.resume(job_id))

    async def maps(self, limit: int = 1000) -> list[Stored]:
        """See `VoxClient.maps`."""
        return await self._call(calls.maps(limit))

    async def datasets(self, limit: int = 1000) -> list[Stored]:
        """See `VoxClient.datasets`."""
        return await self._call(calls.datasets(limit))

    async def put_map(self, map_id: str, grid: Grid, *, expected_version: str = "") -> Stored:
        """See `VoxClient.put_map`."""
        return await self._call(calls.put_map(map_id, grid, expected_version))

    async def delete_map(self, map_id: str, *, expected_version: str) -> None:
        """See `VoxClient.delete_map`."""
        await self._call(calls.delete_map(map_id, expected_version))

    async def upload(
        self, kind: transfers.UploadKind, target_id: str, data: bytes, *, expected_version: str = ""
    ) -> Stored:
        """See `VoxClient.upload`."""
        steps = transfers.upload(kind, target_id, data, expected_version)
        answer = None
        while True:
            try:
                call = steps.send(answer)
            except StopIteration as end:
                stored: Stored = end.value
                return stored
            answer = await self._call(call)

    async def export_map(self, map_id: str, format_name: str = "map_json") -> bytes:
        """See `VoxClient.export_map`."""
        download = transfers.Download()
        request = transfers.export_request(map_id, format_name)
        try:
            stream: Any = self._stubs.maps.ExportMap(request, timeout=self._timeout, metadata=self._stubs.metadata)
            async for response in stream:
                download.add(response.part)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        return download.data()

    async def info(self) -> info_pb2.GetServerInfoResponse:
        """See `VoxClient.info`."""
        return await self._call(calls.info())

    async def get_map(self, map_id: str) -> Grid:
        """See `VoxClient.get_map`."""
        grids = GridAssembler()
        try:
            stream: Any = self._stubs.maps.GetMap(
                maps_pb2.GetMapRequest(map_id=map_id), timeout=self._timeout, metadata=self._stubs.metadata
            )
            async for response in stream:
                grids.add_part(response.grid)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        if grids.grid is None:
            raise DataError("the map did not come whole")
        return grids.grid

    async def _call(self, call: calls.Call[Answer]) -> Answer:
        try:
            return call.convert(
                await call.method(self._stubs)(call.request, timeout=self._timeout, metadata=self._stubs.metadata)
            )
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error

    async def _follow(self, request: StreamRequest) -> AsyncIterator[Event]:
        following = Following(request, connect_seconds=self._connect_seconds, patience_seconds=self._patience_seconds)
        while not following.finished:
            stream = self._stubs.stream(following.request())
            try:
                async for response in stream:
                    for event in following.take(response.event):
                        yield event
                wait = following.after_break(None)
            except grpc.RpcError as error:
                wait = following.after_break(error)
            finally:
                stream.cancel()
            await asyncio.sleep(wait)
