"""``voxcore train``: run a job in this process and show it: a progress bar, plain lines, or JSON."""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from voxcore.events import Checkpoint, Event, Finished, Log, Paused, Preview, Progress, Started, Trained, VoxelFrame
from voxcore.job import JobSpec, run_job

EXIT_STOPPED = 130


class StopFlag:
    """Set by the first Ctrl-C; the second one ends the process the usual way."""

    def __init__(self) -> None:
        self.is_set = False

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """Within the block SIGINT and SIGTERM ask the job to stop at its next step."""

        def ask(number: int, frame: FrameType | None) -> None:
            del number, frame
            if self.is_set:
                raise KeyboardInterrupt
            self.is_set = True

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run_and_show(
    spec: JobSpec, *, maps_root: Path, datasets_root: Path, output_dir: Path, device: str, as_json: bool
) -> int:
    """Run ``spec`` to its end; the exit code is 0, or 130 where it was interrupted.

    Raises VoxcoreError.
    """
    stop = StopFlag()
    show = _JsonLines() if as_json else _bar_or_lines()
    finished: Finished | None = None
    with stop.on_interrupt(), show:
        for event in run_job(
            spec,
            maps_root=maps_root,
            datasets_root=datasets_root,
            output_dir=output_dir,
            should_stop=lambda: stop.is_set,
            device=device,
        ):
            show.show(event)
            if isinstance(event, Finished):
                finished = event
    assert finished is not None
    if finished.stopped:
        if not as_json:
            print(f"stopped after step {finished.step}; to go on: voxcore train --resume {output_dir}", file=sys.stderr)
        return EXIT_STOPPED
    return 0


def as_json_line(event: Event) -> dict[str, Any] | None:
    """One event as plain JSON for scripts; None for those that scripts have no use for."""
    match event:
        case Started():
            return {
                "event": "started",
                "total": event.total_steps,
                "first_step": event.first_step,
                "shape": event.shape,
            }
        case Progress():
            timestep = None if math.isnan(event.timestep) else event.timestep
            return {
                "event": "progress",
                "step": event.step,
                "total": event.total,
                "losses": dict(event.losses),
                "temperature": event.temperature,
                "timestep": timestep,
                "elapsed_seconds": round(event.elapsed_seconds, 3),
                "eta_seconds": round(event.eta_seconds, 3),
                "blocks": event.active_voxels,
            }
        case Log():
            return {"event": "log", "level": event.level, "message": event.message}
        case Checkpoint():
            return {"event": "checkpoint", "step": event.step, "name": event.name}
        case Finished():
            return {
                "event": "finished",
                "step": event.step,
                "stopped": event.stopped,
                "map_id": event.map_id,
                "content_hash": event.content_hash,
                "seconds": round(event.seconds, 3),
                "blocks_before": event.stats_before.blocks,
                "blocks_after": event.stats_after.blocks,
                "grounded_share": event.stats_after.grounded_share,
            }
        case Preview() | VoxelFrame() | Trained() | Paused():
            return None


def summary(event: Finished) -> str:
    """What a person wants to know at the end, on one line."""
    where = f"maps/{event.map_id}" if event.map_id else "not exported"
    word = "stopped" if event.stopped else "done"
    return (
        f"{word}: {event.stats_after.blocks} blocks (before {event.stats_before.blocks}), "
        f"{event.stats_after.grounded_share:.1%} on the ground, {event.seconds:.1f} s, {where}"
    )


class _JsonLines:
    def __enter__(self) -> _JsonLines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event) -> None:
        line = as_json_line(event)
        if line is not None:
            print(json.dumps(line), flush=True)


class _PlainLines(_JsonLines):
    def show(self, event: Event) -> None:
        match event:
            case Progress():
                print(f"step {event.step}/{event.total}  {_losses(event)}  eta {event.eta_seconds:.0f} s", flush=True)
            case Log():
                print(f"{event.level}: {event.message}", flush=True)
            case Finished():
                print(summary(event), flush=True)
            case _:
                pass


class _BarLines(_JsonLines):
    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._bar = Bar(*columns, console=console)
        self._task = self._bar.add_task("training", total=None, note="")

    def __enter__(self) -> _BarLines:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, event: Event) -> None:
        match event:
            case Started():
                self._bar.update(self._task, total=event.total_steps, completed=event.first_step)
            case Progress():
                note = f"eta {event.eta_seconds:.0f} s  {_losses(event)}  {event.active_voxels} blocks"
                self._bar.update(self._task, completed=event.step, note=note)
            case Log():
                self._bar.console.print(f"{event.level}: {event.message}", markup=False)
            case Finished():
                self._bar.console.print(summary(event), markup=False)
            case _:
                pass


def _bar_or_lines() -> _JsonLines:
    console = Console()
    return _BarLines(console) if console.is_terminal else _PlainLines()


def _losses(event: Progress) -> str:
    shown = {name: value for name, value in event.losses.items() if name == "total" or value != 0.0}
    return "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
