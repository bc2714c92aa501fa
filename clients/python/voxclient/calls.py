"""Every call that has one answer, described once for both clients: method, request, conversion."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from vox.v1 import (
    info_pb2,
    info_pb2_grpc,
    jobs_pb2,
    jobs_pb2_grpc,
    maps_pb2,
    maps_pb2_grpc,
    training_pb2_grpc,
    uploads_pb2_grpc,
)
from vox.v1 import training_pb2 as pb

from voxclient import convert
from voxclient.events import Job, Stored
from voxclient.grid import Grid

Answer = TypeVar("Answer")

CHANNEL_OPTIONS = [
    # Find out about a server that vanished without a word; heartbeats come every 15 s.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Reconnecting is this library's business: do not let gRPC wait longer than it does.
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


def secrets(token: str | None, ca_file: Path | None) -> tuple[list[tuple[str, str]], bytes | None]:
    """What goes with every call, and the certificates to trust; None for an unencrypted connection."""
    metadata = [("authorization", f"Bearer {token}")] if token else []
    return metadata, ca_file.read_bytes() if ca_file is not None else None


class Stubs:
    """The services on one channel, of either kind."""

    def __init__(self, channel: Any, metadata: Sequence[tuple[str, str]] = ()) -> None:
        self.metadata = tuple(metadata)
        self.training = training_pb2_grpc.TrainingServiceStub(channel)
        self.jobs = jobs_pb2_grpc.JobServiceStub(channel)
        self.maps = maps_pb2_grpc.MapServiceStub(channel)
        self.uploads = uploads_pb2_grpc.UploadServiceStub(channel)
        self.info = info_pb2_grpc.InfoServiceStub(channel)

    def stream(self, request: pb.StartTrainingRequest | pb.WatchJobRequest) -> Any:
        """Open the stream that ``request`` is for."""
        starts = isinstance(request, pb.StartTrainingRequest)
        call = self.training.StartTraining if starts else self.training.WatchJob
        return call(request, metadata=self.metadata)


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """A call: which method, with what, and what to make of the answer."""

    method: Callable[[Stubs], Any]
    request: Any
    convert: Callable[[Any], Answer]


def get_job(job_id: str) -> Call[Job]:
    """Where a job stands."""
    return Call(lambda s: s.jobs.GetJob, jobs_pb2.GetJobRequest(job_id=job_id), lambda r: convert.job(r.job))


def cancel(job_id: str) -> Call[Job]:
    """Stop a job."""
    return Call(lambda s: s.jobs.CancelJob, jobs_pb2.CancelJobRequest(job_id=job_id), lambda r: convert.job(r.job))


def pause(job_id: str) -> Call[Job]:
    """Hold a job."""
    return Call(lambda s: s.jobs.PauseJob, jobs_pb2.PauseJobRequest(job_id=job_id), lambda r: convert.job(r.job))


def delete(job_id: str) -> Call[None]:
    """Forget an ended job."""
    return Call(lambda s: s.jobs.DeleteJob, jobs_pb2.DeleteJobRequest(job_id=job_id), lambda _: None)


def resume(job_id: str) -> Call[Job]:
    """Go on with a paused or stopped job."""
    request = jobs_pb2.ResumeJobRequest(job_id=job_id, request_id=str(uuid.uuid4()))
    return Call(lambda s: s.jobs.ResumeJob, request, lambda r: convert.job(r.job))


def jobs(limit: int) -> Call[list[Job]]:
    """The newest jobs."""
    request = jobs_pb2.ListJobsRequest(page_size=limit)
    return Call(lambda s: s.jobs.ListJobs, request, lambda r: [convert.job(j) for j in r.jobs])


def maps(limit: int) -> Call[list[Stored]]:
    """The maps."""
    request = maps_pb2.ListMapsRequest(page_size=limit)
    return Call(lambda s: s.maps.ListMaps, request, lambda r: [convert.stored(m) for m in r.maps])


def datasets(limit: int) -> Call[list[Stored]]:
    """The datasets."""
    request = maps_pb2.ListDatasetsRequest(page_size=limit)
    return Call(lambda s: s.maps.ListDatasets, request, lambda r: [convert.stored(d) for d in r.datasets])


def put_map(map_id: str, grid: Grid, expected_version: str) -> Call[Stored]:
    """Store a grid as a map."""
    request = maps_pb2.PutMapRequest(map_id=map_id, grid=grid.to_message(), expected_version=expected_version)
    return Call(lambda s: s.maps.PutMap, request, lambda r: convert.stored(r.map))


def delete_map(map_id: str, expected_version: str) -> Call[None]:
    """Delete a map."""
    request = maps_pb2.DeleteMapRequest(map_id=map_id, expected_version=expected_version)
    return Call(lambda s: s.maps.DeleteMap, request, lambda _: None)


def info() -> Call[info_pb2.GetServerInfoResponse]:
    """What the server is."""
    return Call(lambda s: s.info.GetServerInfo, info_pb2.GetServerInfoRequest(), lambda r: r)


def start_request(
    prompt: str,
    *,
    map_id: str | None,
    grid: Grid | None,
    dataset_id: str,
    settings: Mapping[str, Any],
    previews: bool,
    voxel_frames: bool,
    cancel_on_disconnect: bool,
    request_id: str | None,
    priority: int,
) -> pb.StartTrainingRequest:
    """What `train` asks for. Raises InvalidRequest."""
    spec = convert.spec_message(prompt, map_id=map_id, grid=grid, dataset_id=dataset_id, settings=settings)
    spec.priority = priority
    return pb.StartTrainingRequest(
        request_id=request_id or str(uuid.uuid4()),
        spec=spec,
        options=watch_options(previews, voxel_frames),
        cancel_on_disconnect=cancel_on_disconnect,
    )


def watch_request(job_id: str, *, after_seq: int, previews: bool, voxel_frames: bool) -> pb.WatchJobRequest:
    """What `watch` asks for."""
    return pb.WatchJobRequest(job_id=job_id, after_seq=after_seq or None, options=watch_options(previews, voxel_frames))


def watch_options(previews: bool, voxel_frames: bool) -> pb.WatchOptions:
    """The final grid comes in any case."""
    return pb.WatchOptions(previews=previews, voxel_frames=voxel_frames)
