"""The world that a training starts from, where the embedded prior draws it (``init_mode="prior"``)."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
import torch
from numpy.typing import NDArray

from voxcore.checkpoint import CheckpointData
from voxcore.config import TrainConfig
from voxcore.errors import CheckpointError
from voxcore.events import Event, Log, VoxelFrame
from voxcore.guidance.teachers import prior_task
from voxcore.maps import VoxelMap
from voxcore.sampling import Sampling
from voxcore.workspace import Workspace

Blocks = NDArray[np.uint8]
OPENING = "opening"
"""The tensor of a checkpoint that holds the opening [X, Y, Z] uint8: a job that goes on need not draw it again."""
_FRAME_EVERY = 5
"""Denoising steps between two frames of the opening."""


def draw_opening(
    config: TrainConfig, source: VoxelMap, device: torch.device, should_stop: Callable[[], bool]
) -> Generator[Event, None, Blocks | None]:
    """Sample the prior once, with its own default schedule, on ``source``.

    Yields frames of step 0; returns the blocks [X, Y, Z], or None where ``should_stop`` said so.
    The same seed gives the same blocks. Raises TeacherError.
    """
    yield Log("info", "the prior draws the world that the training starts from")
    own = TrainConfig.create(
        config.prompt,
        method="sample",
        seed=config.seed,
        strength=config.strength,
        region=config.region,
        keep=config.keep,
    )
    space = Workspace.of(own, source, source.blocks)
    inputs = space.inputs(None, device)
    sampling = Sampling(own, prior_task(inputs), initial=inputs.initial, fixed=inputs.fixed)
    for step in range(own.steps):
        if should_stop():
            return None
        sampling.advance(step, measure=False)
        if step % _FRAME_EVERY == 0:
            yield VoxelFrame(0, space.world(sampling.blocks()))
    return space.cleaned(space.world(sampling.blocks())).blocks


def opening_in(checkpoint: CheckpointData, shape: tuple[int, int, int]) -> Blocks:
    """The opening that a checkpoint holds. Raises CheckpointError."""
    stored = checkpoint.tensors.get(OPENING)
    if stored is None or tuple(stored.shape) != shape or stored.dtype != torch.uint8:
        raise CheckpointError(f"expected the tensor {OPENING} of shape {list(shape)}", field="checkpoint")
    blocks: Blocks = stored.numpy()
    return blocks
