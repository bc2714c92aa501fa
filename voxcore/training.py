"""The training loop: one job from its inputs to its last event.

A generator of typed events (`voxcore.events`) that knows nothing of files but its checkpoint, and
nothing of who listens. Randomness comes from the seed and the step number alone, so a run that goes
on from a checkpoint equals one that was never interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from voxcore.cameras import Camera
from voxcore.checkpoint import BLOCKS, NAME, CheckpointData, save_checkpoint
from voxcore.config import TrainConfig
from voxcore.datasets import Dataset
from voxcore.devices import checked_device, device_memory
from voxcore.distill import Distillation
from voxcore.errors import DeviceMemoryError, TeacherError
from voxcore.events import Checkpoint, Event, Log, Preview, Progress, Started, Trained, VoxelFrame
from voxcore.guidance.teachers import make_teacher, prior_task
from voxcore.maps import INITIAL_WORLDS, VoxelMap
from voxcore.opening import OPENING, draw_opening, opening_in
from voxcore.prior.reading import remarks
from voxcore.prior.tiles import tiles
from voxcore.render import hard_image, lit_colors
from voxcore.sampling import Sampling
from voxcore.stepper import GridStats, Stepper
from voxcore.views import three_quarter_view
from voxcore.workspace import Workspace

Blocks = NDArray[np.uint8]
PREVIEW_WIDTH = 480


def train(
    config: TrainConfig,
    source: VoxelMap,
    *,
    dataset: Dataset | None = None,
    device: torch.device | str = "cpu",
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint: CheckpointData | None = None,
    checkpoint_folder: Path | None = None,
    job: dict[str, Any] | None = None,
    model_folder: Path | None = None,
) -> Iterator[Event]:
    """Run one job.

    Args:
        source: the map that the job is about; nothing in it is changed.
        dataset: cameras, and pictures for the photometric teacher.
        should_stop: asked before every step; True ends the run with what has been reached.
        checkpoint: where to go on from; it must come from the same job.
        checkpoint_folder: where checkpoints go; None writes none.
        job: stored with every checkpoint, for whoever resumes.
        model_folder: the image model's, for the sdxl teacher.

    Yields:
        Started first, Trained last, the others as they come.

    Raises:
        VoxcoreError: the inputs do not fit, the teacher failed, the device's memory was not enough, or
            the disk refused. Every checkpoint that was announced is then still there, and one of
            the last step that was done.
    """
    place = checked_device(device)
    start: Blocks | None
    if config.init_mode != "prior":
        start = INITIAL_WORLDS[config.init_mode](source)
    elif checkpoint:
        start = opening_in(checkpoint, source.shape)
    else:
        start = source.blocks
    space = Workspace.of(config, source, start)
    camera = _preview_camera(source, dataset)
    first = checkpoint.step if checkpoint else 0
    yield Started(config.steps, first, source.shape, source.palette, source.world_scale, str(place))
    began = time.monotonic()
    if not first:
        yield VoxelFrame(0, space.initial)
    if config.asks_prior:
        for remark in remarks(config.prompt):
            yield Log(remark.level, remark.message)
    stopped = False
    if not first and config.init_mode == "prior":
        start = yield from draw_opening(config, source, place, should_stop)
        if start is None:
            stopped = True
        else:
            space = Workspace.of(config, source, start)
            yield VoxelFrame(0, space.initial)
    inputs = space.inputs(dataset, place, model_folder)
    stepper: Stepper
    if config.method == "sample":
        stepper = Sampling(config, prior_task(inputs), initial=inputs.initial, fixed=inputs.fixed)
    else:
        with device_memory(place):
            teacher = make_teacher(inputs)
        stepper = Distillation(
            config,
            teacher,
            initial=inputs.initial,
            fixed=inputs.fixed,
            palette=source.palette,
            world_scale=source.world_scale,
            views=dataset.cameras if dataset else (),
            device=place,
        )
    if checkpoint:
        stepper.load_state(checkpoint.tensors)
    if config.asks_prior:
        yield from _remarks_on_place(space)

    def world() -> Blocks:
        return space.world(stepper.blocks())

    def save(done: int) -> Iterator[Event]:
        if checkpoint_folder is not None:
            tensors = stepper.state() | {BLOCKS: torch.from_numpy(world())}
            if config.init_mode == "prior":
                tensors[OPENING] = torch.from_numpy(space.initial)
            save_checkpoint(checkpoint_folder, CheckpointData(done, tensors, job or {}))
            yield Checkpoint(done, NAME)

    lit = lit_colors(source.palette)
    done = saved = first
    while done < config.steps and not stopped:
        if should_stop():
            stopped = True
            break
        due = _due(done + 1, config.log_every, config.steps)
        try:
            with device_memory(place):
                report = stepper.advance(done, measure=due)
        except (DeviceMemoryError, TeacherError):
            # The grid is still what the last step left: whoever mends the cause goes on from there.
            if done > saved:
                yield from save(done)
            raise
        done += 1
        draw = _due(done, config.image_every, config.steps)
        if due or draw:
            blocks = world()
        if due:
            elapsed = time.monotonic() - began
            occupancy = stepper.occupancy()
            yield Progress(
                step=done,
                total=config.steps,
                losses=report.losses,
                temperature=report.temperature,
                timestep=report.timestep,
                elapsed_seconds=elapsed,
                eta_seconds=elapsed / (done - first) * (config.steps - done),
                camera_index=0,
                grid=GridStats.of(blocks, occupancy, source.palette.names),
            )
            yield VoxelFrame(done, blocks, partial(space.soft_world, occupancy))
        if draw:
            yield Preview(done, 0, hard_image(blocks, lit, camera, world_scale=source.world_scale))
        if config.checkpoint_every and done % config.checkpoint_every == 0 and done < config.steps:
            yield from save(done)
            saved = done
    if stopped and done > saved:
        yield from save(done)

    blocks = world()
    if config.clean:
        tidy = space.cleaned(blocks)
        blocks = tidy.blocks
        yield Log(
            "info",
            f"cleaned up: {tidy.dropped} floating blocks dropped, {tidy.settled} settled, {tidy.restored} put back",
        )
        yield VoxelFrame(done, blocks)
    yield Trained(done, stopped, blocks, time.monotonic() - began)


def _due(done: int, every: int, total: int) -> bool:
    """Whether something that happens ``every`` so many steps (0: never) happens after step ``done``;
    it also does after the first step and the last.
    """
    return every > 0 and (done % every == 0 or done in (1, total))


def _preview_camera(source: VoxelMap, dataset: Dataset | None) -> Camera:
    """The dataset's first view, or one from above a corner, at preview size."""
    if dataset is None:
        return three_quarter_view(source, width=PREVIEW_WIDTH, height=round(PREVIEW_WIDTH * 0.8))
    first = dataset.cameras[0]
    return first.resized(PREVIEW_WIDTH, max(1, round(PREVIEW_WIDTH / first.aspect)))


def _remarks_on_place(space: Workspace) -> Iterator[Event]:
    """Where the prior looks, if that is not simply the whole map at once."""
    window, shape = space.window, space.source.shape
    if space.config.teacher == "prior":
        low, high = [s.start for s in space.box], [s.stop for s in space.box]
    else:
        low, high = list(window.low), list(window.high)
    if tuple(high[i] - low[i] for i in range(3)) != shape:
        yield Log("info", f"the map is larger than what the prior works on: {low} to {high}")
    passes = len(tiles(window.size))
    if passes > 1:
        yield Log("info", f"the prior covers this place with {passes} overlapping tiles, and takes as much longer")
