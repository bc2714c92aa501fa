"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Iterator
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


class VoxClient:
    """A connection to a voxcore service. Threads may share it. Use it in a ``with``, or `close` it.

    Every method raises VoxError. ``timeout`` is for calls with one answer, in seconds; a stream that
    breaks is taken up again for up to ``patience_seconds``. ``token`` goes with every call; ``ca_file`` has the
    certificates (PEM) to trust and makes the connection TLS.
    """

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
            grpc.insecure_channel(address, options=calls.CHANNEL_OPTIONS)
            if trusted is None
            else grpc.secure_channel(address, grpc.ssl_channel_credentials(trusted), options=calls.CHANNEL_OPTIONS)
        )
        self._stubs = calls.Stubs(self._channel, metadata)
        self._timeout = timeout
        self._connect_seconds, self._patience_seconds = connect_seconds, patience_seconds

    def __enter__(self) -> VoxClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; running jobs go on."""
        self._channel.close()

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
    ) -> Iterator[Event]:
        """Start a job on a map of the server (``map_id``) or on ``grid``; yields its events, a Result last.

        ``settings`` are the contract's TrainSettings by name (``steps=80, seed=7, teacher="prior"``).
        A broken connection is taken up again; leaving the iteration does not stop the job.
        """
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
    ) -> Iterator[Event]:
        """The events of a job after ``after_seq``, to its Result."""
        request = calls.watch_request(job_id, after_seq=after_seq, previews=previews, voxel_frames=voxel_frames)
        return self._follow(request)

    def replay(self, job_id: str, *, after_seq: int = 0) -> Iterator[Event]:
        """A job's past, running or ended: a `Voxels` for every moment after ``after_seq`` that the server keeps."""
        grids = GridAssembler()
        request = training_pb2.ReplayJobRequest(job_id=job_id, after_seq=after_seq)
        try:
            for response in self._stubs.training.ReplayJob(request, metadata=self._stubs.metadata):
                yield from job_events(response.event, grids)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error

    def job(self, job_id: str) -> Job:
        """Where a job stands."""
        return self._call(calls.get_job(job_id))

    def jobs(self, limit: int = 50) -> list[Job]:
        """The newest jobs, newest first."""
        return self._call(calls.jobs(limit))

    def cancel(self, job_id: str) -> Job:
        """Stop a job; what it has reached is kept as a map."""
        return self._call(calls.cancel(job_id))

    def pause(self, job_id: str) -> Job:
        """Hold a job until `resume`; a running one finishes its present step first."""
        return self._call(calls.pause(job_id))

    def delete(self, job_id: str) -> None:
        """Forget an ended job; its map stays."""
        self._call(calls.delete(job_id))

    def resume(self, job_id: str) -> Job:
        """A paused job goes on; a stopped one is continued by a new job. Then `watch` the one returned."""
        return self._call(calls.resume(job_id))

    def maps(self, limit: int = 1000) -> list[Stored]:
        """Maps on the server."""
        return self._call(calls.maps(limit))

    def datasets(self, limit: int = 1000) -> list[Stored]:
        """Datasets on the server."""
        return self._call(calls.datasets(limit))

    def put_map(self, map_id: str, grid: Grid, *, expected_version: str = "") -> Stored:
        """Store ``grid`` as a map; with the ``version`` of a `Stored` it replaces that one and no other."""
        return self._call(calls.put_map(map_id, grid, expected_version))

    def delete_map(self, map_id: str, *, expected_version: str) -> None:
        """Delete exactly that version of a map."""
        self._call(calls.delete_map(map_id, expected_version))

    def upload(self, kind: transfers.UploadKind, target_id: str, data: bytes, *, expected_version: str = "") -> Stored:
        """Bring a map.json or a dataset's metadata.json to the server, in parts. After a broken connection
        call it again: what is there already is not sent twice.
        """
        steps = transfers.upload(kind, target_id, data, expected_version)
        answer = None
        while True:
            try:
                call = steps.send(answer)
            except StopIteration as end:
                stored: Stored = end.value
                return stored
            answer = self._call(call)

    def export_map(self, map_id: str, format_name: str = "map_json") -> bytes:
        """A map as the bytes of a file; `info` lists the formats that the server writes."""
        download = transfers.Download()
        request = transfers.export_request(map_id, format_name)
        try:
            for response in self._stubs.maps.ExportMap(request, timeout=self._timeout, metadata=self._stubs.metadata):
                download.add(response.part)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        return download.data()

    def info(self) -> info_pb2.GetServerInfoResponse:
        """What the server is and takes; the contract's own message."""
        return self._call(calls.info())

    def get_map(self, map_id: str) -> Grid:
        """The grid of a map on the server."""
        grids = GridAssembler()
        try:
            for response in self._stubs.maps.GetMap(
                maps_pb2.GetMapRequest(map_id=map_id), timeout=self._timeout, metadata=self._stubs.metadata
            ):
                grids.add_part(response.grid)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        if grids.grid is None:
            raise DataError("the map did not come whole")
        return grids.grid

    def _call(self, call: calls.Call[Answer]) -> Answer:
        try:
            return call.convert(
                call.method(self._stubs)(call.request, timeout=self._timeout, metadata=self._stubs.metadata)
            )
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error

    def _follow(self, request: StreamRequest) -> Iterator[Event]:
        following = Following(request, connect_seconds=self._connect_seconds, patience_seconds=self._patience_seconds)
        while not following.finished:
            stream = self._stubs.stream(following.request())
            try:
                for response in stream:
                    yield from following.take(response.event)
                wait = following.after_break(None)
            except grpc.RpcError as error:
                wait = following.after_break(error)
            finally:
                stream.cancel()
            time.sleep(wait)
