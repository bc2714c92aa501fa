"""Showing a job's events: a progress bar on a terminal, plain lines elsewhere, JSON lines for scripts."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
import time
from typing import Any, TextIO

from voxclient.events import (
    Accepted,
    Event,
    Gap,
    Log,
    Preview,
    Progress,
    Result,
    Started,
    StateChanged,
    Voxels,
)

_BAR = 24


class Display:
    """Plain lines, one an event that says something; the base of the other two."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self._began = time.monotonic()
        self._first_frame: float | None = None

    def show(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Voxels) and self._first_frame is None:
            self._first_frame = time.monotonic() - self._began
        text = self._text(event)
        if text:
            self._line(text)

    def close(self) -> None:
        """Leave the terminal tidy."""

    def _line(self, text: str) -> None:
        print(text, file=self.out, flush=True)

    def _text(self, event: Event) -> str:
        match event:
            case Accepted():
                return f"job {event.job_id}"
            case StateChanged(state="queued") if event.queue_position:
                return f"queued, {event.queue_position} ahead"
            case Started() if event.first_step:
                return f"goes on after step {event.first_step}"
            case Progress():
                return f"step {event.step}/{event.total}  {_facts(event)}"
            case Log():
                return f"{event.level}: {event.message}"
            case Gap():
                return f"events {event.first_missing_seq} to {event.last_missing_seq} are no longer kept"
            case Result():
                return self._summary(event)
            case _:
                return ""

    def _summary(self, result: Result) -> str:
        if result.error is not None:
            hint = f"; to go on: voxclient resume {result.job_id}" if result.checkpoint_step else ""
            return f"failed after step {result.step}: {result.error.message}{hint}"
        lines = [f"{result.state} after step {result.step}"]
        if result.map_id:
            before, after = sum(result.blocks_before.values()), sum(result.blocks_after.values())
            lines[0] += f": map {result.map_id}, {after} blocks (before {before})"
        if result.state != "succeeded" and result.checkpoint_step:
            lines.append(f"to go on: voxclient resume {result.job_id}")
        first = f"first frame after {self._first_frame:.1f} s, " if self._first_frame is not None else ""
        lines.append(f"{first}{time.monotonic() - self._began:.1f} s in all")
        return "\n".join(lines)


class BarDisplay(Display):
    """One line that is drawn over and over; everything else goes above it."""

    _bar = ""

    def show(self, event: Event) -> None:
        """Show one event."""
        if not isinstance(event, Progress):
            super().show(event)
            return
        filled = _BAR * event.step // event.total
        text = f"[{'#' * filled}{'.' * (_BAR - filled)}] {event.step}/{event.total}  {_facts(event)}"
        self._draw(text[: shutil.get_terminal_size().columns - 1])

    def close(self) -> None:
        """End the bar's line."""
        if self._bar:
            self.out.write("\n")
            self._bar = ""

    def _draw(self, bar: str) -> None:
        self.out.write(f"\r\x1b[K{bar}")
        self.out.flush()
        self._bar = bar

    def _line(self, text: str) -> None:
        self.out.write("\r\x1b[K")
        super()._line(text)
        if self._bar:
            self._draw(self._bar)


class JsonDisplay(Display):
    """One JSON object a line: every field of the event but pictures and cells."""

    def show(self, event: Event) -> None:
        """Show one event."""
        print(json.dumps(as_json(event)), file=self.out, flush=True)


def as_json(event: Event) -> dict[str, Any]:
    """An event as plain JSON types, with its name as "event"."""
    name = "state" if isinstance(event, StateChanged) else type(event).__name__.lower()
    if isinstance(event, Voxels):
        data: dict[str, Any] = {
            "job_id": event.job_id,
            "seq": event.seq,
            "step": event.step,
            "final": event.final,
            "dims": event.grid.dims,
            "sha256": event.grid.sha256().hex(),
        }
    elif isinstance(event, Preview):
        data = dataclasses.asdict(event)
        data["png"] = len(data["png"])
    elif isinstance(event, Accepted):
        data = {"job_id": event.job_id, "seq": event.seq, "settings": dict(event.job.settings)}
    else:
        data = dataclasses.asdict(event)
    return {"event": name} | data


def choose_display(*, as_json_lines: bool) -> Display:
    """The display that fits where standard output goes."""
    if as_json_lines:
        return JsonDisplay(sys.stdout)
    return BarDisplay(sys.stdout) if sys.stdout.isatty() else Display(sys.stdout)


def _facts(event: Progress) -> str:
    shown = {name: value for name, value in event.losses.items() if name == "total" or value}
    losses = "  ".join(f"{name} {value:.4f}" for name, value in sorted(shown.items()))
    return f"eta {event.eta_seconds:.0f} s  {losses}  {event.active_voxels} blocks"
