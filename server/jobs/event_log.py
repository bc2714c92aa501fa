"""The events of one job, kept so that any number of watchers can read them at their own pace.

A watcher is a `Cursor` into the log and owns no queue. Facts are kept as a list, so each watcher
gets each of them once; of previews and voxel frames only the newest is kept, so a slow watcher gets
the newest and the memory a job takes does not depend on who watches. Every event is serialised once.

A fact is shown to watchers once it is saved, and nothing that comes after it is shown before: what a
watcher has seen is still there after a crash.

Confined to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from vox.v1 import training_pb2 as pb
from vox.v1 import voxels_pb2

from server.jobs.film import FilmFrame

KEPT_FACTS: Final = 20_000
_BATCH: Final = 64


@dataclass
class Cursor:
    """Where one watcher is: the newest seq it was sent, and the voxel frame it holds (0: none)."""

    after_seq: int = 0
    base_seq: int = 0
    previews: bool = True
    voxel_frames: bool = True
    final_grid: bool = True
    occupancy: bool = False


@dataclass(frozen=True)
class _Frame:
    """A voxel frame: keyframe parts with rising seqs that end at ``seq``, and the delta from the frame before."""

    seq: int
    final: bool
    parts: tuple[bytes, ...]
    base_seq: int
    delta: bytes | None


def timestamp(seconds: float) -> Timestamp:
    """``seconds`` since 1970 as a message."""
    return Timestamp(seconds=int(seconds), nanos=int(seconds % 1 * 1e9))


def as_response(event: pb.JobEvent) -> bytes:
    """The bytes of a response that holds ``event``.

    The responses of StartTraining, WatchJob, ReplayJob and PollJobEvents all have their event as field 1, so
    the same bytes are a message of any stream, and several of them in a row are a poll's answer.
    """
    return pb.WatchJobResponse(event=event).SerializeToString()


class EventLog:
    """Events of the job ``job_id``; the first one gets the seq after ``last_seq``."""

    def __init__(self, job_id: str, *, last_seq: int = 0, kept_facts: int = KEPT_FACTS) -> None:
        self.job_id = job_id
        self.last_seq = last_seq
        self.watchers = 0
        self.changed = asyncio.Event()
        self._kept_facts = kept_facts
        self._lost_through = last_seq
        self._seqs: list[int] = []
        self._facts: list[bytes] = []
        self._unsaved: deque[int] = deque()
        self._end_seq = 0
        self._preview: tuple[int, bytes] | None = None
        self._place: tuple[int, bytes] | None = None
        self._frame: _Frame | None = None
        self._occupancy: tuple[tuple[int, bytes], ...] = ()
        self._wishes = 0
        self._tell_wish: Callable[[bool], None] = lambda wanted: None

    @classmethod
    def restored(cls, job_id: str, facts: Sequence[tuple[int, bytes]], *, last_seq: int, ended: bool) -> EventLog:
        """A log of facts that were saved; new ones come after ``last_seq``."""
        log = cls(job_id, last_seq=last_seq)
        log._seqs, log._facts = [seq for seq, _ in facts], [data for _, data in facts]
        first = log._seqs[0] if facts else last_seq + 1
        log._lost_through = first - 1
        log._end_seq = last_seq if ended else 0
        return log

    @property
    def ended(self) -> bool:
        """Whether there is a result that watchers can see."""
        return 0 < self._end_seq <= self.visible_seq

    @property
    def unsaved(self) -> int:
        """Number of facts that are not saved yet."""
        return len(self._unsaved)

    @property
    def visible_seq(self) -> int:
        """The newest seq that watchers may see."""
        return self._unsaved[0] - 1 if self._unsaved else self.last_seq

    def append(self, event: pb.JobEvent) -> None:
        """Add a fact that need not be saved; a result ends the log."""
        seq, _ = self.add(event)
        self.saved(seq)

    def saved(self, seq: int) -> None:
        """The fact ``seq``, and all before it, are saved."""
        while self._unsaved and self._unsaved[0] <= seq:
            self._unsaved.popleft()
        self.wake()

    def add(self, event: pb.JobEvent) -> tuple[int, bytes]:
        """Add a fact that `saved` makes visible; returns what to save."""
        seq = self.last_seq + 1
        data = self._stamped(event, seq)
        self._seqs.append(seq)
        self._facts.append(data)
        self._unsaved.append(seq)
        self._place = None
        self.last_seq = seq
        if event.HasField("result"):
            self._end_seq = seq
        if len(self._seqs) > self._kept_facts:
            # A tenth at once: removing from the front of a list moves all the rest.
            dropped = self._kept_facts // 10 + 1
            self._lost_through = self._seqs[dropped - 1]
            del self._seqs[:dropped], self._facts[:dropped]
        return seq, data

    def put_preview(self, event: pb.JobEvent) -> None:
        """Replace the newest preview."""
        seq = self.last_seq + 1
        self._preview = (seq, self._stamped(event, seq))
        self._advance(seq)

    def put_place(self, event: pb.JobEvent) -> None:
        """Replace what is said of the job's place in the queue, until the next fact."""
        seq = self.last_seq + 1
        self._place = (seq, self._stamped(event, seq))
        self._advance(seq)

    def last_pictures(self) -> bytes | None:
        """The newest preview and the final frame's keyframe parts as one PollJobEventsResponse; None
        where there is no final frame yet."""
        if self._frame is None or not self._frame.final:
            return None
        preview = self._preview[1] if self._preview is not None else b""
        return preview + b"".join(self._frame.parts)

    def restore_pictures(self, data: bytes) -> None:
        """Take back what `last_pictures` gave. Raises DecodeError."""
        events = pb.PollJobEventsResponse.FromString(data).events
        previews = [event for event in events if event.HasField("preview")]
        parts = [event for event in events if event.HasField("keyframe")]
        if previews:
            self._preview = (previews[-1].seq, as_response(previews[-1]))
        if parts:
            self._frame = _Frame(parts[-1].seq, True, tuple(as_response(part) for part in parts), 0, None)

    def restore_frame(self, frame: FilmFrame) -> None:
        """Take back the newest frame of a job that has no final one."""
        self._frame = _Frame(frame.seq, False, frame.parts, 0, None)

    def put_frame(
        self,
        parts: Sequence[voxels_pb2.VoxelKeyframe],
        delta: voxels_pb2.VoxelDelta | None,
        occupancy: Sequence[voxels_pb2.VoxelOccupancy] = (),
    ) -> FilmFrame:
        """Replace the newest voxel frame; ``delta`` leads to it from the frame put before, ``occupancy`` is
        what lies behind it. Returns what to keep of it.
        """
        first = self.last_seq + 1
        self._occupancy = tuple(
            (first + i, self._stamped(pb.JobEvent(occupancy=part), first + i)) for i, part in enumerate(occupancy)
        )
        self.last_seq += len(occupancy)
        seq = self.last_seq + len(parts)
        packed = []
        for i, part in enumerate(parts):
            part.frame_seq = seq
            packed.append(self._stamped(pb.JobEvent(keyframe=part), self.last_seq + 1 + i))
        base = self._frame.seq if self._frame else 0
        packed_delta = None
        if delta is not None and base:
            delta.base_seq, delta.frame_seq = base, seq
            packed_delta = self._stamped(pb.JobEvent(delta=delta), seq)
            if len(packed_delta) >= sum(map(len, packed)):
                packed_delta = None
        self._frame = _Frame(seq, parts[0].final, tuple(packed), base, packed_delta)
        self._advance(seq)
        return FilmFrame(seq, parts[0].step, tuple(packed))

    def read(self, cursor: Cursor) -> list[tuple[int, bytes]]:
        """What comes next for the watcher at ``cursor``, as (seq, response); the cursor moves on.

        Empty where nothing is new.
        """
        out: list[tuple[int, bytes]] = []
        if cursor.after_seq < self._lost_through:
            gap = pb.Gap(first_missing_seq=cursor.after_seq + 1, last_missing_seq=self._lost_through)
            out.append((0, as_response(pb.JobEvent(job_id=self.job_id, emit_time=timestamp(time.time()), gap=gap))))
        visible = self.visible_seq
        start = bisect_right(self._seqs, max(cursor.after_seq, self._lost_through))
        end = bisect_right(self._seqs, visible)
        stop = min(start + _BATCH, end)
        found = list(zip(self._seqs[start:stop], self._facts[start:stop], strict=True))
        # Pictures that come after facts which are left for the next batch wait for that batch.
        horizon = self._seqs[stop - 1] if stop < end else visible
        if self._place and cursor.after_seq < self._place[0] <= horizon:
            found.append(self._place)
        if cursor.previews and self._preview and cursor.after_seq < self._preview[0] <= horizon:
            found.append(self._preview)
        if cursor.occupancy and self._occupancy and self._occupancy[-1][0] <= horizon:
            found.extend(part for part in self._occupancy if part[0] > cursor.after_seq)
        frame = self._frame
        if frame and cursor.after_seq < frame.seq <= horizon and self._wants(cursor, frame):
            found.extend(self._packed_frame(frame, cursor))
            cursor.base_seq = frame.seq
        found.sort(key=lambda item: item[0])
        cursor.after_seq = max(cursor.after_seq, horizon)
        return out + found

    def heartbeat(self) -> bytes:
        """A response that only says that the stream is alive."""
        beat = pb.Heartbeat(last_seq=self.last_seq)
        return as_response(pb.JobEvent(job_id=self.job_id, emit_time=timestamp(time.time()), heartbeat=beat))

    def wish_for_occupancy(self, change: int) -> None:
        """So many more watchers (or fewer, below 0) want to see how full the cells are."""
        before, self._wishes = self._wishes > 0, self._wishes + change
        if before != (self._wishes > 0):
            self._tell_wish(self._wishes > 0)

    def follow_wishes(self, tell: Callable[[bool], None]) -> None:
        """``tell`` hears whether anybody wishes for occupancy, now and whenever that changes."""
        self._tell_wish = tell
        if self._wishes > 0:
            tell(True)

    def wake(self) -> None:
        """Let every waiting watcher look again."""
        self.changed.set()
        self.changed = asyncio.Event()

    @staticmethod
    def _wants(cursor: Cursor, frame: _Frame) -> bool:
        return cursor.final_grid if frame.final else cursor.voxel_frames

    @staticmethod
    def _packed_frame(frame: _Frame, cursor: Cursor) -> list[tuple[int, bytes]]:
        first = frame.seq - len(frame.parts) + 1
        if frame.delta is not None and cursor.base_seq == frame.base_seq:
            return [(frame.seq, frame.delta)]
        parts = [(first + i, part) for i, part in enumerate(frame.parts)]
        return [item for item in parts if item[0] > cursor.after_seq]

    def _stamped(self, event: pb.JobEvent, seq: int) -> bytes:
        event.job_id = self.job_id
        event.seq = seq
        event.emit_time.CopyFrom(timestamp(time.time()))
        return as_response(event)

    def _advance(self, seq: int) -> None:
        self.last_seq = seq
        self.wake()
