"""What is known of a job, and its ``job.json``."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format
from vox.v1 import jobs_pb2 as pb

from voxcore.config import TrainConfig
from voxcore.errors import InvalidInput, VoxcoreError
from voxcore.json_io import get_integer, get_number, get_object, get_text, parse_object, read_limited
from voxcore.maps.atomic import storage_errors, write_bytes

log = logging.getLogger(__name__)

FILE: Final = "job.json"
GRID_FILE: Final = "source.json"
MAX_BYTES: Final = 2**20
MAX_RECORDS: Final = 10_000
ENDS: Final = frozenset({pb.JOB_STATE_SUCCEEDED, pb.JOB_STATE_CANCELLED, pb.JOB_STATE_FAILED, pb.JOB_STATE_INTERRUPTED})


@dataclass(frozen=True)
class Record:
    """One job. Times are seconds since 1970, 0 for what has not happened.

    ``digest`` is the digest of the spec that came with ``request_id``. ``map_id`` is "" for a job
    that brought its own grid: that lies beside the record as GRID_FILE. ``final_frame`` is the hash of
    the artifact that holds the events of the last preview and voxel frame, "" where there is none.
    """

    job_id: str
    request_id: str
    digest: str
    config: TrainConfig
    map_id: str
    dataset_id: str
    resumed_from: str
    created: float
    started: float = 0.0
    ended: float = 0.0
    state: pb.JobState.ValueType = pb.JOB_STATE_QUEUED
    step: int = 0
    checkpoint_step: int = 0
    last_seq: int = 0
    result: pb.JobResult | None = None
    owner: str = ""
    priority: int = 0
    restarts: int = 0
    final_frame: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the job is in one of its four ends."""
        return self.state in ENDS


class RecordFiles:
    """The records under ``root``, one folder a job."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, job_id: str) -> Path:
        """The job's folder."""
        return self.root / job_id

    def save(self, record: Record) -> None:
        """Write the job's record, all or nothing. Raises StorageError."""
        folder = self.folder(record.job_id)
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / FILE, record_text(record).encode())

    def load_all(self) -> list[Record]:
        """Every record, oldest first; one that is damaged is logged and left out. Raises StorageError."""
        with storage_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            # Ids begin with their time, so the newest are the last.
            folders = sorted(path for path in self.root.iterdir() if (path / FILE).is_file())[-MAX_RECORDS:]
        records = []
        for folder in folders:
            try:
                document = parse_object(read_limited(folder / FILE, MAX_BYTES), InvalidInput, what=FILE)
                record = _from_json(document)
                if record.job_id != folder.name:
                    raise InvalidInput(f"expected {folder.name}, got {record.job_id}", field="job_id")
                records.append(record)
            except VoxcoreError as error:
                log.warning("left out the damaged record %s: %s", folder / FILE, error)
        return sorted(records, key=lambda r: (r.created, r.job_id))


def state_name(state: pb.JobState.ValueType) -> str:
    """For people: "running"."""
    return pb.JobState.Name(state).removeprefix("JOB_STATE_").lower()


def record_text(record: Record) -> str:
    """The JSON of a record."""
    return json.dumps(_as_json(record), indent=1) + "\n"


def parse_record(text: str) -> Record | None:
    """The inverse of `record_text`; None, and a line in the log, for a damaged one."""
    try:
        return _from_json(parse_object(text.encode(), InvalidInput, what=FILE))
    except VoxcoreError as error:
        log.error("left out a damaged record: %s", error)
        return None


def _as_json(record: Record) -> dict[str, Any]:
    data = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    data["config"] = record.config.as_dict() | {"seed": str(record.config.seed)}
    data["state"] = pb.JobState.Name(record.state)
    data["result"] = json_format.MessageToDict(record.result) if record.result else None
    return data


def _from_json(data: dict[str, Any]) -> Record:
    bad = InvalidInput
    config = dict(get_object(data, "config", bad))
    state = get_text(data, "state", bad)
    if state not in pb.JobState.keys():  # noqa: SIM118 (an enum wrapper is no dict)
        raise InvalidInput(f"expected a job state, got {state[:40]!r}", field="state")
    try:
        config["seed"] = int(get_text(config, "seed", bad))
        stored = data.get("result")
        result = json_format.ParseDict(stored, pb.JobResult()) if stored is not None else None
    except (ValueError, TypeError, json_format.ParseError) as error:
        raise InvalidInput(f"expected a stored job: {error}", field="result") from error
    stored_fields: dict[str, Any] = {name: get_text(data, name, bad) for name in _TEXTS}
    stored_fields |= {name: get_number(data, name, bad) for name in _TIMES}
    stored_fields |= {name: get_integer(data, name, bad) for name in _COUNTS}
    # Not in records of earlier versions.
    stored_fields |= {name: get_text(data, name, bad) for name in _LATER_TEXTS if name in data}
    stored_fields |= {name: get_integer(data, name, bad) for name in _LATER_COUNTS if name in data}
    return Record(config=TrainConfig.from_dict(config), state=pb.JobState.Value(state), result=result, **stored_fields)


_TEXTS: Final = ("job_id", "request_id", "digest", "map_id", "dataset_id", "resumed_from")
_TIMES: Final = ("created", "started", "ended")
_COUNTS: Final = ("step", "checkpoint_step", "last_seq")
_LATER_TEXTS: Final = ("owner", "final_frame")
_LATER_COUNTS: Final = ("priority", "restarts")
