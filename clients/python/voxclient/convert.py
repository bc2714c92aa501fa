"""Messages of the contract to plain values, and settings to messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from vox.v1 import errors_pb2, jobs_pb2, maps_pb2
from vox.v1 import training_pb2 as pb

from voxclient import events
from voxclient.errors import InvalidRequest
from voxclient.grid import Grid, GridAssembler, block_kind

_FIELDS: Final = jobs_pb2.TrainSettings.DESCRIPTOR.fields_by_name
SETTING_NAMES: Final = tuple(_FIELDS)
_FLOATS: Final = (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT)
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def spec_message(
    prompt: str, *, map_id: str | None, grid: Grid | None, dataset_id: str, settings: Mapping[str, Any]
) -> jobs_pb2.TrainingSpec:
    """The spec of a job. Raises InvalidRequest for a setting that does not exist or has the wrong type."""
    spec = jobs_pb2.TrainingSpec(prompt=prompt, dataset_id=dataset_id, settings=settings_message(settings))
    if (map_id is None) == (grid is None):
        raise InvalidRequest("expected either a map id or a grid", field="source")
    if map_id is not None:
        spec.map_id = map_id
    elif grid is not None:
        spec.grid.CopyFrom(grid.to_message())
    return spec


def settings_message(settings: Mapping[str, Any]) -> jobs_pb2.TrainSettings:
    """Settings by name; None means the teacher's default. Raises InvalidRequest."""
    message = jobs_pb2.TrainSettings()
    for name, value in settings.items():
        field = _FIELDS.get(name)
        if field is None:
            raise InvalidRequest(f"no setting {name}; known are {', '.join(sorted(SETTING_NAMES))}", field=name)
        if value is None:
            continue
        try:
            if field.enum_type is not None:
                setattr(message, name, _enum_value(field.enum_type, value))
            elif field.is_repeated:
                for box in value:
                    _fill_box(message.keep.add(), box)
            elif field.message_type is not None:
                _fill_box(message.region, value)
            else:
                setattr(message, name, value)
        except (TypeError, ValueError) as error:
            raise InvalidRequest(f"{name}: {value!r} cannot be used: {error}", field=name) from error
    return message


def _fill_box(message: jobs_pb2.Region, value: Any) -> None:
    for corner, cell in zip((message.low, message.high), value, strict=True):
        corner.x, corner.y, corner.z = cell


def _enum_value(enum: EnumDescriptor, name: str) -> int:
    known = {_short(v.name, enum.values[0].name): v.number for v in enum.values[1:]}
    if name not in known:
        raise ValueError(f"expected one of {', '.join(known)}")
    return known[name]


def parse_setting(text: str) -> tuple[str, Any]:
    """``name=value`` from a command line, the value of the setting's type. Raises InvalidRequest."""
    name, equals, value = text.partition("=")
    field = _FIELDS.get(name)
    if not equals or field is None:
        raise InvalidRequest(
            f"expected name=value, got {text!r}; names are {', '.join(sorted(SETTING_NAMES))}", field=name
        )
    try:
        if field.is_repeated:
            return name, tuple(map(_box, value.split(";")))
        if field.message_type is not None:
            return name, _box(value)
        if field.enum_type is not None:
            return name, value
        if field.type == FieldDescriptor.TYPE_BOOL:
            return name, _BOOLEANS[value.lower()]
        return name, float(value) if field.type in _FLOATS else int(value)
    except (ValueError, KeyError) as error:
        expected = "x,y,z:x,y,z" if field.message_type is not None else "a value of its type"
        raise InvalidRequest(f"{name}: expected {expected}, got {value!r}", field=name) from error


def _box(text: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    low, high = text.split(":")
    return _cell(low), _cell(high)


def _cell(text: str) -> tuple[int, int, int]:
    x, y, z = map(int, text.split(","))
    return x, y, z


def settings_values(message: jobs_pb2.TrainSettings) -> dict[str, Any]:
    """Every setting that is there, by name."""
    values: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.enum_type is not None:
            values[field.name] = _short(field.enum_type.values_by_number[value].name, field.enum_type.values[0].name)
        elif field.is_repeated:
            values[field.name] = [_box_values(box) for box in value]
        elif field.message_type is not None:
            values[field.name] = _box_values(value)
        else:
            values[field.name] = value
    return values


def _box_values(box: jobs_pb2.Region) -> list[list[int]]:
    return [[c.x, c.y, c.z] for c in (box.low, box.high)]


def _short(name: str, zero_name: str) -> str:
    return name.removeprefix(zero_name.removesuffix("UNSPECIFIED")).lower()


def state_name(state: jobs_pb2.JobState.ValueType) -> str:
    """ "running" for JOB_STATE_RUNNING."""
    return _short(jobs_pb2.JobState.Name(state), "JOB_STATE_UNSPECIFIED")


def job(message: jobs_pb2.Job) -> events.Job:
    """A job."""
    ended = message.HasField("result")
    return events.Job(
        job_id=message.job_id,
        state=state_name(message.state),
        queue_position=message.queue_position,
        prompt=message.prompt,
        map_id=message.map_id,
        dataset_id=message.dataset_id,
        settings=settings_values(message.settings),
        created=_time(message.create_time),
        step=message.step,
        total_steps=message.total_steps,
        last_seq=message.last_seq,
        result=_result(message.result, message.job_id, message.last_seq) if ended else None,
        resumed_from=message.resumed_from,
        priority=message.priority,
        eta_seconds=message.eta_millis / 1000,
        restarts=message.restarts,
        owner=message.owner,
    )


def stored(message: maps_pb2.MapSummary | maps_pb2.DatasetSummary) -> events.Stored:
    """A map or dataset."""
    name = message.map_id if isinstance(message, maps_pb2.MapSummary) else message.dataset_id
    return events.Stored(name, message.file_bytes, _time(message.change_time), message.version, message.owner)


def job_events(event: pb.JobEvent, grids: GridAssembler) -> Iterator[events.Event]:
    """The events that ``event`` makes: none for heartbeats and for parts of a grid but the last.

    Raises DataError.
    """
    ids: dict[str, Any] = {"job_id": event.job_id, "seq": event.seq}
    match event.WhichOneof("event"):
        case "accepted":
            yield events.Accepted(**ids, job=job(event.accepted.job))
        case "state":
            yield events.StateChanged(
                **ids, state=state_name(event.state.state), queue_position=event.state.queue_position
            )
        case "started":
            yield _started(event.started, ids)
        case "progress":
            yield _progress(event.progress, ids)
        case "preview":
            p = event.preview
            yield events.Preview(
                **ids, step=p.step, camera_index=p.camera_index, width=p.width, height=p.height, png=p.png
            )
        case "keyframe":
            grid = grids.add_part(event.keyframe.grid, event.keyframe.frame_seq)
            if grid is not None:
                yield events.Voxels(**ids, step=event.keyframe.step, final=event.keyframe.final, grid=grid)
        case "delta":
            yield events.Voxels(**ids, step=event.delta.step, final=event.delta.final, grid=grids.apply(event.delta))
        case "log":
            level = "warning" if event.log.level == pb.LOG_LEVEL_WARNING else "info"
            yield events.Log(**ids, level=level, message=event.log.message)
        case "checkpoint":
            yield events.Checkpoint(**ids, step=event.checkpoint.step)
        case "gap":
            yield events.Gap(
                **ids, first_missing_seq=event.gap.first_missing_seq, last_missing_seq=event.gap.last_missing_seq
            )
        case "result":
            yield _result(event.result, event.job_id, event.seq)
        case _:
            # A heartbeat, or a kind that a newer server knows and this client does not.
            pass


def _started(message: pb.JobStarted, ids: dict[str, Any]) -> events.Started:
    return events.Started(
        **ids,
        total_steps=message.total_steps,
        first_step=message.first_step,
        dims=(message.dims.x, message.dims.y, message.dims.z),
        palette=tuple(map(block_kind, message.palette)),
        world_scale=message.world_scale,
        device=message.device,
    )


def _preview(message: pb.PreviewImage, ids: dict[str, Any]) -> events.Preview:
    return events.Preview(
        **ids,
        step=message.step,
        camera_index=message.camera_index,
        width=message.width,
        height=message.height,
        png=message.png,
    )


def _progress(message: pb.Progress, ids: dict[str, Any]) -> events.Progress:
    return events.Progress(
        **ids,
        step=message.step,
        total=message.total,
        elapsed_seconds=message.elapsed_millis / 1000,
        eta_seconds=message.eta_millis / 1000,
        losses=dict(message.losses),
        temperature=message.temperature,
        timestep=message.timestep if message.HasField("timestep") else None,
        active_voxels=message.active_voxels,
        occupancy_mean=message.occupancy_mean,
    )


def _result(message: jobs_pb2.JobResult, job_id: str, seq: int) -> events.Result:
    error = None
    if message.HasField("error"):
        reason = errors_pb2.ErrorReason.Name(message.error.reason).removeprefix("ERROR_REASON_")
        error = events.JobError(reason, message.error.message, message.error.field)
    return events.Result(
        job_id=job_id,
        seq=seq,
        state=state_name(message.state),
        error=error,
        step=message.step,
        map_id=message.map_id,
        sha256=message.sha256.hex(),
        elapsed_seconds=message.elapsed_millis / 1000,
        blocks_before=dict(message.before.blocks),
        blocks_after=dict(message.after.blocks),
        checkpoint_step=message.checkpoint_step,
    )


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
