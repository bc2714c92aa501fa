"""Every teacher by name, and how each is made for a job. The one place that wires them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from voxcore.config import TeacherName, TrainConfig
from voxcore.datasets import Dataset
from voxcore.errors import InvalidConfig
from voxcore.guidance.base import Teacher
from voxcore.guidance.noise import NoiseTeacher
from voxcore.guidance.photometric import PhotometricTeacher
from voxcore.guidance.prior import PriorTeacher
from voxcore.maps import VoxelMap
from voxcore.prior.model import shipped_prior
from voxcore.prior.task import PriorTask
from voxcore.prior.window import Window
from voxcore.prior.words import word_table

Blocks = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class JobInputs:
    """What a teacher may know of a job.

    ``source``, ``initial`` [X, Y, Z] and ``fixed`` [X, Y, Z] are the part of the map that is worked
    on: as it is, as training starts, and which cells must stay.
    """

    config: TrainConfig
    source: VoxelMap
    initial: Blocks
    fixed: NDArray[np.bool_]
    dataset: Dataset | None
    device: torch.device


def prior_task(inputs: JobInputs) -> PriorTask:
    """The prior's view of the job. The map is its condition where it is to be edited (``from_map``, or
    a region of it); otherwise it builds freely, ground included.
    """
    prior = shipped_prior(str(inputs.device))
    c = inputs.config
    edits = bool(inputs.initial.any()) and (c.init_mode == "from_map" or c.region is not None)
    return PriorTask(
        prior,
        prior.read(word_table().tokenize(c.prompt)),
        inputs.source.palette,
        Window.place(inputs.initial),
        existing=inputs.initial if edits else None,
        source=inputs.source.blocks,
        fixed=inputs.fixed,
    )


def _prior(inputs: JobInputs) -> Teacher:
    return PriorTeacher(inputs.config, prior_task(inputs))


def _photometric(inputs: JobInputs) -> Teacher:
    if inputs.dataset is None:
        raise InvalidConfig("expected a dataset with pictures, got none", field="dataset_id")
    _check_renders(inputs)
    return PhotometricTeacher(inputs.config, inputs.dataset, inputs.source.palette)


def _noise(inputs: JobInputs) -> Teacher:
    _check_renders(inputs)
    return NoiseTeacher(inputs.config)


def _check_renders(inputs: JobInputs) -> None:
    """Teachers that look at pictures need the renderer, which runs on the CPU."""
    if inputs.device.type != "cpu":
        name = inputs.config.teacher
        raise InvalidConfig(f"expected cpu for the {name} teacher, got {inputs.device}", field="device")


TEACHERS: Final[dict[TeacherName, Callable[[JobInputs], Teacher]]] = {
    "prior": _prior,
    "photometric": _photometric,
    "noise": _noise,
}
