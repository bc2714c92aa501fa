"""Jobs that compute nothing: what the service itself costs shows best around them.

The prompt says what a job does: "sleep=0.01 size=16 checkpoint=5" (seconds a step, side of the grid, steps
between checkpoints). It takes the place of `voxcore.job` in the training process (see `fake_server`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from voxcore.checkpoint import NAME, CheckpointData, load_checkpoint, save_checkpoint
from voxcore.errors import NotFound
from voxcore.events import Checkpoint, Event, Finished, Paused, Progress, Started, VoxelFrame
from voxcore.job import JobSpec
from voxcore.maps import map_stats
from voxcore.palette import EDITOR
from voxcore.stepper import GridStats
from voxcore.wire_order import content_hash

__all__ = ["JobSpec", "run_job"]


def run_job(
    spec: JobSpec,
    *,
    maps_root: Path,
    datasets_root: Path,
    output_dir: Path,
    should_stop: Callable[[], bool],
    device: str,
    keep_partial: Callable[[], bool] = lambda: True,
) -> Iterator[Event]:
    """As `voxcore.job.run_job`; leaves no map."""
    config = spec.config
    options = {"sleep": 0.0, "size": 4.0, "checkpoint": 0.0}
    options |= {k: float(v) for k, _, v in (word.partition("=") for word in config.prompt.split()) if k in options}
    size = int(options["size"])
    first = 0
    if spec.resume_from is not None:
        try:
            first = load_checkpoint(spec.resume_from).step
        except NotFound:
            first = 0
    blocks = np.zeros((size, size, size), dtype=np.uint8)
    yield Started(config.steps, first, blocks.shape, EDITOR, 1.0, device)
    began = time.monotonic()
    for step in range(first + 1, config.steps + 1):
        if should_stop():
            if keep_partial():
                break
            yield Paused(step - 1)
            return
        time.sleep(options["sleep"])
        blocks = blocks.copy()
        blocks.reshape(-1)[step % blocks.size] = 1 + step % 5
        if config.log_every and step % config.log_every == 0:
            elapsed = time.monotonic() - began
            left = elapsed / (step - first) * (config.steps - step)
            grid = GridStats(step, blocks.size, 0.0, 0.0, 0.0, {})
            yield Progress(step, config.steps, {"total": 1.0 / step}, 1.0, float("nan"), elapsed, left, 0, grid)
            yield VoxelFrame(step, blocks)
        if options["checkpoint"] and step % options["checkpoint"] == 0:
            save_checkpoint(output_dir, CheckpointData(step, {"blocks": torch.from_numpy(blocks)}, {}))
            yield Checkpoint(step, NAME)
    stats = map_stats(blocks, EDITOR)
    # The name of the job and its steps decide the "result", whatever happened on the way.
    digest = hashlib.sha256(f"{config.prompt} {config.steps} {config.seed}".encode()).hexdigest()
    assert content_hash(blocks, EDITOR.names)
    yield Finished(config.steps, False, blocks, EDITOR, digest, stats, stats, "", time.monotonic() - began)
