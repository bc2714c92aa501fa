"""A job's events, packed for the wire in the training process, where the arrays are.

Packing here keeps voxels out of the gateway's loop: what crosses the pipe is small and final.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from vox.v1 import jobs_pb2, voxels_pb2
from vox.v1 import training_pb2 as pb

from server.convert import dimensions, millis
from server.voxel_codec import Blocks, Occupancy, pack_delta, pack_grid, pack_occupancy, palette_entries
from server.worker.gpu import gpu_bytes
from server.worker.messages import Fact, Frame, FromWorker, JobDone, JobPaused, Picture, Usage
from voxcore.events import (
    Checkpoint,
    Event,
    Finished,
    Log,
    Paused,
    Preview,
    Progress,
    Started,
    Trained,
    VoxelFrame,
)
from voxcore.maps import MapStats
from voxcore.palette import EDITOR, Palette
from voxcore.png import encode_png

_LOG_LEVELS = {"info": pb.LOG_LEVEL_INFO, "warning": pb.LOG_LEVEL_WARNING}


class Outgoing:
    """Packs the events of one job, in order; at most ``frames_per_second`` frames and previews pass.

    ``wants_occupancy`` says whether anybody wants to see how full the cells are.
    """

    def __init__(self, frames_per_second: float, wants_occupancy: Callable[[], bool] = lambda: False) -> None:
        self._wants_occupancy = wants_occupancy
        self._frame_gate, self._preview_gate = _Gate(frames_per_second), _Gate(frames_per_second)
        self._has_gpu, self._usage_gate = torch.cuda.is_available(), _Gate(1.0)
        self._palette: Palette = EDITOR
        self._world_scale = 1.0
        self._last: Blocks | None = None

    def pack(self, event: Event) -> Iterator[FromWorker]:
        """What to send for ``event``; nothing for a frame that comes too early after another."""
        # Before the event, which may be the job's last: nothing follows that.
        if self._has_gpu and self._usage_gate.opens():
            yield Usage(gpu_bytes())
        match event:
            case Started():
                self._palette, self._world_scale = event.palette, event.world_scale
                yield _fact(pb.JobEvent(started=_started(event)))
            case Progress():
                yield _fact(pb.JobEvent(progress=_progress(event)))
            case Log():
                line = pb.LogLine(level=_LOG_LEVELS[event.level], message=event.message[:4000])
                yield _fact(pb.JobEvent(log=line))
            case Checkpoint():
                yield _fact(pb.JobEvent(checkpoint=pb.CheckpointSaved(step=event.step)))
            case Preview():
                if self._preview_gate.opens():
                    yield Picture(pb.JobEvent(preview=_preview(event)).SerializeToString())
            case VoxelFrame():
                if self._frame_gate.opens():
                    yield self._frame(event.step, event.blocks, event.occupancy, final=False)
            case Trained():
                pass
            case Paused():
                yield JobPaused()
            case Finished():
                yield self._frame(event.step, event.blocks, None, final=True)
                yield JobDone(_result(event).SerializeToString(), event.stopped)

    def _frame(self, step: int, blocks: Blocks, occupancy: Callable[[], Occupancy] | None, *, final: bool) -> Frame:
        parts = pack_grid(blocks, self._palette, self._world_scale)
        delta = pack_delta(self._last, blocks, self._palette.names) if self._last is not None else None
        self._last = blocks
        if delta is not None:
            delta.step, delta.final = step, final
        return Frame(
            tuple(voxels_pb2.VoxelKeyframe(step=step, final=final, grid=part).SerializeToString() for part in parts),
            delta.SerializeToString() if delta is not None else None,
            self._occupancy(step, occupancy),
        )

    def _occupancy(self, step: int, occupancy: Callable[[], Occupancy] | None) -> tuple[bytes, ...]:
        if occupancy is None or not self._wants_occupancy():
            return ()
        parts = pack_occupancy(occupancy())
        for part in parts:
            part.step = step
        return tuple(part.SerializeToString() for part in parts)


class _Gate:
    """Opens at most ``rate`` times a second."""

    def __init__(self, rate: float) -> None:
        self._interval = 1.0 / rate
        self._last = -math.inf

    def opens(self) -> bool:
        now = time.monotonic()
        if now - self._last < self._interval:
            return False
        self._last = now
        return True


def _fact(event: pb.JobEvent) -> Fact:
    return Fact(event.SerializeToString())


def _started(event: Started) -> pb.JobStarted:
    return pb.JobStarted(
        total_steps=event.total_steps,
        first_step=event.first_step,
        dims=dimensions(event.shape),
        world_scale=event.world_scale,
        palette=palette_entries(event.palette, with_textures=True),
        device=event.device,
    )


def _progress(event: Progress) -> pb.Progress:
    message = pb.Progress(
        step=event.step,
        total=event.total,
        elapsed_millis=millis(event.elapsed_seconds),
        eta_millis=millis(event.eta_seconds),
        losses=dict(event.losses),
        temperature=event.temperature,
        active_voxels=event.active_voxels,
        occupancy_mean=event.occupancy_mean,
    )
    if not math.isnan(event.timestep):
        message.timestep = event.timestep
    return message


def _preview(event: Preview) -> pb.PreviewImage:
    height, width = np.shape(event.image)[:2]
    return pb.PreviewImage(
        step=event.step, camera_index=event.camera_index, width=width, height=height, png=encode_png(event.image)
    )


def _result(event: Finished) -> jobs_pb2.JobResult:
    return jobs_pb2.JobResult(
        step=event.step,
        map_id=event.map_id,
        sha256=bytes.fromhex(event.content_hash),
        before=_stats(event.stats_before),
        after=_stats(event.stats_after),
        elapsed_millis=millis(event.seconds),
    )


def _stats(stats: MapStats) -> jobs_pb2.GridStats:
    cells = stats.shape[0] * stats.shape[1] * stats.shape[2]
    return jobs_pb2.GridStats(total_cells=cells, solid_blocks=stats.blocks, blocks=stats.counts)
