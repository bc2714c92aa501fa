"""Every teacher by name, and how each is made for a job. The one place that wires them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from voxcore.config import TeacherName, TrainConfig
from voxcore.datasets import Dataset
from voxcore.errors import InvalidConfig
from voxcore.guidance.base import Teacher
from voxcore.guidance.beside import WithPrior
from voxcore.guidance.image_teacher import ImageTeacher
from voxcore.guidance.model_folder import missing_libraries
from voxcore.guidance.noise import NoiseTeacher
from voxcore.guidance.photometric import PhotometricTeacher
from voxcore.guidance.prior import PriorTeacher
from voxcore.maps import VoxelMap
from voxcore.palette import EDITOR
from voxcore.prior.model import GRID, shipped_prior
from voxcore.prior.reading import read_prompt
from voxcore.prior.task import PriorTask
from voxcore.prior.vocabulary import ground_named, land_around
from voxcore.prior.window import RIM, Window
from voxcore.prior.words import word_table

Blocks = NDArray[np.uint8]
SLACK = 8
"""A map that lacks so few cells of the prior's grid is a whole world with its border cut off."""


@dataclass(frozen=True, eq=False)
class JobInputs:
    """What a teacher may know of a job.

    ``source``, ``initial`` [X, Y, Z] and ``fixed`` [X, Y, Z] are the part of the map that is worked
    on: as it is, as training starts, and which cells must stay. ``window`` is where the prior looks
    in it. ``model_folder`` is the image model's, for the teacher that needs one.
    """

    config: TrainConfig
    source: VoxelMap
    initial: Blocks
    fixed: NDArray[np.bool_]
    window: Window
    dataset: Dataset | None
    device: torch.device
    model_folder: Path | None = None


def edits(config: TrainConfig, initial: Blocks) -> bool:
    """Whether the prior edits ``initial`` [X, Y, Z]; otherwise it builds freely, ground included."""
    return bool(initial.any()) and (config.init_mode in ("from_map", "prior") or config.region is not None)


def prior_window(config: TrainConfig, initial: Blocks) -> Window:
    """Where the prior looks in a map: at the region and a rim of what is around it, at the middle of
    a map that is to be edited, at all of a map that is to be built.
    """
    x, _, z = initial.shape
    if config.region is not None:
        low, high = config.region.low, config.region.high
        first = (max(0, low[0] - RIM), low[1], max(0, low[2] - RIM))
        return Window.over(initial, first, (min(x, high[0] + RIM), high[1], min(z, high[2] + RIM)))
    if edits(config, initial):
        return Window.place(initial)
    if is_small(initial):
        return Window.small((x, initial.shape[1], z))
    return Window.over(initial, (0, 0, 0), (x, 0, z))


def is_small(blocks: Blocks) -> bool:
    """Whether a map is so much smaller than the prior's grid that a world of that size would be cut off."""
    fits = all(side <= grid for side, grid in zip(blocks.shape, GRID, strict=True))
    return fits and any(side < grid - SLACK for side, grid in zip(blocks.shape, GRID, strict=True))


def prior_task(inputs: JobInputs) -> PriorTask:
    """The prior's view of the job."""
    prior, words = shipped_prior(str(inputs.device)), word_table()
    prompt = read_prompt(inputs.config.prompt).text
    existing = inputs.initial if edits(inputs.config, inputs.initial) else None
    ground = None
    if existing is None and inputs.config.region is None and is_small(inputs.initial):
        ground = EDITOR.index_by_name[ground_named(prompt)]
    return PriorTask(
        prior,
        prior.read(words.tokenize(prompt)),
        prior.read(words.tokenize(land_around(prompt))),
        inputs.source.palette,
        inputs.window,
        existing=existing,
        fixed=inputs.fixed | inputs.window.rim(inputs.source.shape),
        ground=ground,
    )


def make_teacher(inputs: JobInputs) -> Teacher:
    """The job's teacher, with the prior beside it where that was asked for.

    Raises InvalidConfig where something that the teacher needs is missing.
    """
    c = inputs.config
    teacher = TEACHERS[c.teacher](inputs)
    if c.lambda_prior == 0.0:
        return teacher
    # The prior beside another teacher keeps its own schedule: that teacher's is made for pictures.
    beside = TrainConfig.create(c.prompt, seed=c.seed, strength=c.strength)
    return WithPrior(teacher, PriorTeacher(beside, prior_task(inputs)), c.lambda_prior)


def _prior(inputs: JobInputs) -> Teacher:
    return PriorTeacher(inputs.config, prior_task(inputs))


def _photometric(inputs: JobInputs) -> Teacher:
    if inputs.dataset is None:
        raise InvalidConfig("expected a dataset with pictures, got none", field="dataset_id")
    return PhotometricTeacher(inputs.config, inputs.dataset, inputs.source.palette)


def _sdxl(inputs: JobInputs) -> Teacher:
    if inputs.model_folder is None:
        raise InvalidConfig("expected the folder of an image diffusion model, got none", field="model")
    try:
        # Seconds of imports, and an extra that most installations do without.
        from voxcore.guidance.diffusers_model import kept_model
    except ImportError as error:
        raise missing_libraries(error) from error
    c = inputs.config
    model = kept_model(inputs.model_folder, inputs.device, tiny_encoder=c.tiny_encoder, low_memory=c.low_memory)
    return ImageTeacher(c, model)


def _noise(inputs: JobInputs) -> Teacher:
    return NoiseTeacher(inputs.config)


TEACHERS: Final[dict[TeacherName, Callable[[JobInputs], Teacher]]] = {
    "prior": _prior,
    "photometric": _photometric,
    "sdxl": _sdxl,
    "noise": _noise,
}
