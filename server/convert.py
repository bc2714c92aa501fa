"""Messages to core values and back: specs, settings, jobs. Imports no gRPC."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from typing import Any, Final

from vox.v1 import jobs_pb2 as pb
from vox.v1 import training_pb2, voxels_pb2

from server.jobs.event_log import Cursor, timestamp
from server.jobs.record import Record
from server.settings import Settings
from server.voxel_codec import unpack_map
from voxcore.config import MAX_KEPT_BOXES, SETTING_NAMES, Region, TrainConfig
from voxcore.errors import InvalidConfig, InvalidInput
from voxcore.maps import VoxelMap, check_id

MAX_PRIORITY: Final = 100
_REQUEST_ID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_ENUMS: Final[dict[str, tuple[Any, str]]] = {
    "teacher": (pb.Teacher, "TEACHER_"),
    "method": (pb.TrainingMethod, "TRAINING_METHOD_"),
    "init_mode": (pb.InitMode, "INIT_MODE_"),
    "variant": (pb.Variant, "VARIANT_"),
}
"""Settings that are enums on the wire: the enum and the prefix of its names."""
_PLAIN_NAMES: Final = SETTING_NAMES - {"region", "keep"}
"""Settings that are one value on the wire."""


@dataclass(frozen=True, eq=False)
class Order:
    """A checked spec: what to run, on which map (``map_id``, or ``grid`` where that is ""), how urgent it
    is, and its digest.
    """

    config: TrainConfig
    map_id: str
    grid: VoxelMap | None
    dataset_id: str
    digest: str
    priority: int = 0


def order_from_spec(spec: pb.TrainingSpec, settings: Settings) -> Order:
    """A spec within the limits of this server.

    Raises InvalidInput, InvalidConfig, ShapeError or LimitExceeded with the field at fault.
    """
    config = config_from_message(spec.prompt, spec.settings)
    if len(spec.prompt) > settings.max_prompt_chars:
        raise InvalidConfig(
            f"expected at most {settings.max_prompt_chars} characters, got {len(spec.prompt)}", field="prompt"
        )
    if config.steps > settings.max_steps:
        raise InvalidConfig(f"expected at most {settings.max_steps}, got {config.steps}", field="steps")
    if spec.dataset_id:
        check_id(spec.dataset_id, field="dataset_id")
    elif config.teacher == "photometric":
        raise InvalidConfig("expected a dataset with pictures, got none", field="dataset_id")
    grid = None
    match spec.WhichOneof("source"):
        case "map_id":
            check_id(spec.map_id, field="map_id")
        case "grid":
            grid = unpack_map(spec.grid, max_cells=settings.max_cells)
            config.check_inside(grid.shape)
        case _:
            raise InvalidInput("expected a map id or a grid, got neither", field="source")
    if abs(spec.priority) > MAX_PRIORITY:
        raise InvalidInput(f"expected {-MAX_PRIORITY} to {MAX_PRIORITY}, got {spec.priority}", field="priority")
    digest = hashlib.sha256(spec.SerializeToString(deterministic=True)).hexdigest()
    return Order(config, spec.map_id, grid, spec.dataset_id, digest, spec.priority)


def check_request_id(request_id: str) -> None:
    """Raises InvalidInput for anything but a UUID or ""."""
    if request_id and not _REQUEST_ID.fullmatch(request_id):
        raise InvalidInput(f"expected a UUID, got {request_id[:40]!r}", field="request_id")


def config_from_message(prompt: str, settings: pb.TrainSettings) -> TrainConfig:
    """The config of a prompt and the settings that were given. Raises InvalidConfig."""
    given: dict[str, Any] = {}
    for name in _PLAIN_NAMES - _ENUMS.keys():
        if settings.HasField(name):  # type: ignore[arg-type]
            given[name] = getattr(settings, name)
    for name, (enum, prefix) in _ENUMS.items():
        value = getattr(settings, name)
        if value and value not in enum.values():
            raise InvalidConfig(f"expected one of the enum's values, got {value}", field=name)
        given[name] = enum.Name(value).removeprefix(prefix).lower() if value else None
    if settings.HasField("region"):
        given["region"] = _box(settings.region, "region")
    given["keep"] = tuple(_box(box, f"keep[{i}]") for i, box in enumerate(settings.keep[: MAX_KEPT_BOXES + 1]))
    return TrainConfig.create(prompt, **given)


def settings_message(config: TrainConfig) -> pb.TrainSettings:
    """Every setting of ``config``."""
    values: dict[str, Any] = {name: getattr(config, name) for name in _PLAIN_NAMES}
    for name, (enum, prefix) in _ENUMS.items():
        values[name] = enum.Value(prefix + values[name].upper())
    message = pb.TrainSettings(**values)
    if config.region is not None:
        message.region.CopyFrom(_box_message(config.region))
    message.keep.extend(map(_box_message, config.keep))
    return message


def _box(message: pb.Region, field: str) -> Region:
    low, high = message.low, message.high
    return Region((low.x, low.y, low.z), (high.x, high.y, high.z), field)


def _box_message(box: Region) -> pb.Region:
    return pb.Region(low=dimensions(box.low), high=dimensions(box.high))


def dimensions(shape: tuple[int, int, int]) -> voxels_pb2.Dimensions:
    """(x, y, z) as a message."""
    return voxels_pb2.Dimensions(x=shape[0], y=shape[1], z=shape[2])


def job_message(record: Record, *, queue_position: int, eta_seconds: float, last_seq: int) -> pb.Job:
    """A job as clients see it."""
    job = pb.Job(
        job_id=record.job_id,
        state=record.state,
        queue_position=queue_position,
        prompt=record.config.prompt,
        map_id=record.map_id,
        dataset_id=record.dataset_id,
        settings=settings_message(record.config),
        create_time=timestamp(record.created),
        step=record.step,
        total_steps=record.config.steps,
        last_seq=last_seq,
        result=record.result,
        resumed_from=record.resumed_from,
        priority=record.priority,
        eta_millis=millis(eta_seconds),
        restarts=record.restarts,
        owner=record.owner,
    )
    if record.started:
        job.start_time.CopyFrom(timestamp(record.started))
    if record.ended:
        job.end_time.CopyFrom(timestamp(record.ended))
    return job


def cursor_from_request(
    request: training_pb2.WatchJobRequest | training_pb2.PollJobEventsRequest, last_seq: int
) -> Cursor:
    """Where the watcher wants to begin. Raises InvalidInput for an after_seq that does not exist yet."""
    if request.after_seq > last_seq:
        raise InvalidInput(f"expected at most the newest seq {last_seq}, got {request.after_seq}", field="after_seq")
    cursor = cursor_from_options(request.options)
    cursor.after_seq, cursor.base_seq = request.after_seq, request.base_seq
    return cursor


def cursor_from_options(options: training_pb2.WatchOptions) -> Cursor:
    """A cursor before the first event; what the options leave out is wanted."""
    return Cursor(
        previews=options.previews or not options.HasField("previews"),
        voxel_frames=options.voxel_frames or not options.HasField("voxel_frames"),
        final_grid=options.final_grid or not options.HasField("final_grid"),
        occupancy=options.occupancy,
    )


def millis(seconds: float) -> int:
    """Whole milliseconds that fit the field; 0 for what is not known."""
    return min(max(0, round(seconds * 1000)), 2**32 - 1) if math.isfinite(seconds) else 0
