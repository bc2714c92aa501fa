"""A whole job: read the map, train, export. What the command line and the server both run."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import voxcore
from voxcore.checkpoint import CheckpointData, load_checkpoint
from voxcore.config import TrainConfig
from voxcore.datasets import Dataset, load_dataset
from voxcore.devices import checked_device
from voxcore.errors import CheckpointError, InvalidConfig, InvalidInput, StorageError
from voxcore.events import Event, Finished, Log, Paused, Started, Trained
from voxcore.guidance.model_folder import check_model_folder
from voxcore.maps import MapStats, VoxelMap, load_map, map_stats
from voxcore.maps.export import ExportedMap, check_exportable, export_training, find_export
from voxcore.maps.library import resolve_dataset_id, resolve_map_id
from voxcore.maps.map_json import FILE_NAME
from voxcore.recorder import FINAL_MAP, LOG_NAME, Recorder
from voxcore.training import train
from voxcore.wire_order import content_hash

INLINE_SOURCE = "inline"
"""The source id of a map that came with the job instead of from the library."""


@dataclass(frozen=True)
class JobSpec:
    """One job.

    Args:
        map_id: a map of the library, or None where ``source`` is given.
        source: the map itself.
        dataset_id: a dataset of the library, or None.
        model_folder: the image model that ``config.model`` names, for the sdxl teacher.
        resume_from: output folder of an earlier run of the same job, to go on from its checkpoint.
        export: store the result as a new map of the library.
        job_id: the job's name with whoever runs it. It goes into the map's metadata, and a job that is
            run again by the same name and in the same output folder leaves one map, not two.
        owner: whose the map is that the job leaves; "" for everybody's.

    Raises:
        InvalidConfig: not exactly one of ``map_id`` and ``source``, or what the teacher needs is missing.
    """

    config: TrainConfig
    map_id: str | None = None
    source: VoxelMap | None = None
    dataset_id: str | None = None
    resume_from: Path | None = None
    export: bool = True
    job_id: str = ""
    owner: str = ""
    model_folder: Path | None = None

    def __post_init__(self) -> None:
        if (self.map_id is None) == (self.source is None):
            raise InvalidConfig("expected either a map id or a map, got both or neither", field="map_id")
        if self.config.teacher == "photometric" and self.dataset_id is None:
            raise InvalidConfig("expected a dataset with pictures, got none", field="dataset_id")
        if self.config.tiled_views and self.dataset_id is not None:
            raise InvalidConfig("expected no dataset, whose views are not a quarter turn apart", field="tiled_views")
        if self.config.teacher == "sdxl" and self.model_folder is None:
            raise InvalidConfig("expected the folder of an image diffusion model, got none", field="model")

    @property
    def source_id(self) -> str:
        """The id under which the result is numbered."""
        return self.map_id if self.map_id is not None else INLINE_SOURCE


@dataclass(frozen=True)
class JobFiles:
    """A job's inputs, read and checked."""

    source: VoxelMap
    dataset: Dataset | None
    checkpoint: CheckpointData | None


def read_job(spec: JobSpec, *, maps_root: Path, datasets_root: Path) -> JobFiles:
    """Read everything a job names. Raises VoxcoreError with the field at fault; writes nothing."""
    source = spec.source
    if source is None:
        assert spec.map_id is not None
        source = load_map(resolve_map_id(maps_root, spec.map_id) / FILE_NAME)
    spec.config.check_inside(source.shape)
    dataset = None
    if spec.dataset_id is not None:
        dataset = load_dataset(resolve_dataset_id(datasets_root, spec.dataset_id))
        if spec.config.teacher == "photometric" and None in dataset.pictures:
            raise InvalidConfig("expected a picture for every view", field="dataset_id")
    if spec.config.teacher == "sdxl" and spec.model_folder is not None:
        check_model_folder(spec.model_folder, tiny_encoder=spec.config.tiny_encoder)
    checkpoint = load_checkpoint(spec.resume_from) if spec.resume_from is not None else None
    if checkpoint is not None and checkpoint.job != _fingerprint(spec, source):
        raise CheckpointError("expected one of this very job; its settings or its map differ", field="resume_from")
    return JobFiles(source, dataset, checkpoint)


def resumed_job(folder: Path, find_model: Callable[[str], Path]) -> JobSpec:
    """The job whose checkpoint lies in ``folder``, to go on from there; ``find_model`` says where the image
    model of a name is.

    Raises NotFound or CheckpointError; InvalidInput where its map came with the job, since only
    maps of the library can be found again.
    """
    stored = load_checkpoint(folder).job
    try:
        config, map_id, dataset_id = TrainConfig.from_dict(stored["config"]), stored["source_id"], stored["dataset_id"]
    except KeyError as error:
        raise CheckpointError(f"expected the job's {error}", field="checkpoint") from error
    if map_id == INLINE_SOURCE:
        raise InvalidInput("expected a job on a map of the library, got one that brought its own", field="resume_from")
    model_folder = find_model(config.model) if config.teacher == "sdxl" else None
    return JobSpec(config, map_id=map_id, dataset_id=dataset_id, resume_from=folder, model_folder=model_folder)


def run_job(
    spec: JobSpec,
    *,
    maps_root: Path,
    datasets_root: Path,
    output_dir: Path,
    should_stop: Callable[[], bool] = lambda: False,
    keep_partial: Callable[[], bool] = lambda: True,
    device: str = "cpu",
) -> Iterator[Event]:
    """Run ``spec``; everything on the way goes into ``output_dir``.

    Yields Started first and Finished last. A job that ``should_stop`` ended is exported as far as
    it got, and Finished, or Paused where ``keep_partial`` then says False; either way its checkpoint
    is kept in ``output_dir``. Raises VoxcoreError; nothing is exported then.
    """
    checked_device(device)
    files = read_job(spec, maps_root=maps_root, datasets_root=datasets_root)
    source = files.source
    if spec.export:
        check_exportable(maps_root, spec.source_id)
    first = files.checkpoint.step if files.checkpoint else 0
    was_complete = (output_dir / FINAL_MAP).is_file()
    recorder = Recorder(output_dir, spec.config, source, first)
    events = train(
        spec.config,
        source,
        dataset=files.dataset,
        device=device,
        should_stop=should_stop,
        checkpoint=files.checkpoint,
        checkpoint_folder=output_dir,
        job=_fingerprint(spec, source),
        model_folder=spec.model_folder,
    )
    trained: Trained | None = None
    warnings: list[str] = []
    for event in events:
        recorder.record(event)
        if isinstance(event, Trained):
            trained = event
            continue
        yield event
        if isinstance(event, Log) and event.level == "warning":
            warnings.append(event.message)
        if isinstance(event, Started) and source.unknown_blocks():
            kept = ", ".join(f"{name} ({count})" for name, count in source.unknown_blocks().items())
            warnings.append(f"blocks that no palette knows are kept as they are: {kept}")
            yield Log("warning", warnings[-1])
    assert trained is not None
    if trained.stopped and not keep_partial():
        yield Paused(trained.step)
        return
    names = source.palette.names
    before, after = map_stats(source.blocks, source.palette), map_stats(trained.blocks, source.palette)
    digest = content_hash(trained.blocks, names)
    exported: ExportedMap | None = None
    if spec.export and spec.job_id and was_complete:
        exported = find_export(maps_root, spec.source_id, spec.job_id)
    if spec.export and exported is None:
        try:
            exported = export_training(
                maps_root,
                spec.source_id,
                source.with_blocks(trained.blocks),
                metadata=_metadata(spec, trained, before, after, digest, device) | {"warnings": warnings},
                train_log=output_dir / LOG_NAME,
                images=recorder.sample_images(),
                owner=spec.owner,
            )
        except StorageError as error:
            raise StorageError(f"{error}; the result is kept in the job's output folder") from error
    yield Finished(
        step=trained.step,
        stopped=trained.stopped,
        blocks=trained.blocks,
        palette=source.palette,
        content_hash=digest,
        stats_before=before,
        stats_after=after,
        map_id=exported.id if exported else "",
        seconds=trained.seconds,
    )


def _fingerprint(spec: JobSpec, source: VoxelMap) -> dict[str, Any]:
    """What makes a checkpoint belong to a job: its settings, its map's content, its dataset."""
    facts = {
        "config": spec.config.as_dict(),
        "source": content_hash(source.blocks, source.palette.names),
        "source_id": spec.source_id,
        "dataset_id": spec.dataset_id,
    }
    stored: dict[str, Any] = json.loads(json.dumps(facts))
    return stored


def _metadata(
    spec: JobSpec, trained: Trained, before: MapStats, after: MapStats, digest: str, device: str
) -> dict[str, Any]:
    config = spec.config
    return {
        "jobId": spec.job_id,
        "prompt": config.prompt,
        "steps": trained.step,
        "stopped": trained.stopped,
        "seed": str(config.seed),
        "guidance": {"teacher": config.teacher, "method": config.method, "cfg_scale": config.cfg_scale},
        "settings": config.as_dict() | {"seed": str(config.seed)},
        "datasetId": spec.dataset_id,
        "device": device,
        "software": {
            "voxcore": voxcore.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "seconds": round(trained.seconds, 3),
        "contentHash": digest,
        "blocksBefore": before.counts,
        "blocksAfter": after.counts,
        "statsBefore": before.as_dict(),
        "statsAfter": after.as_dict(),
    }
