"""What watchers get from a job's log, each at its own pace."""

import asyncio
from contextlib import contextmanager

import numpy as np
import pytest
from vox.v1 import jobs_pb2, voxels_pb2
from vox.v1 import training_pb2 as pb

from server.jobs.event_log import Cursor, EventLog
from server.voxel_codec import pack_delta, pack_grid, pack_occupancy
from voxcore.palette import EDITOR


def log_line(text: str) -> pb.JobEvent:
    return pb.JobEvent(log=pb.LogLine(message=text))


def read(log: EventLog, cursor: Cursor) -> list[pb.JobEvent]:
    """All that is there for the cursor now; also checks what the seqs say."""
    events = []
    while batch := log.read(cursor):
        for seq, data in batch:
            event = pb.StartTrainingResponse.FromString(data).event
            assert event.seq == seq
            assert event.job_id == log.job_id
            assert event.HasField("emit_time")
            events.append(event)
    seqs = [e.seq for e in events if e.seq]
    assert seqs == sorted(set(seqs))
    return events


def kinds(events: list[pb.JobEvent]) -> list[str]:
    return [e.WhichOneof("event") for e in events]


class Frames:
    """Puts small frames into a log, each with a delta from the one before."""

    def __init__(self, log: EventLog, shape: tuple[int, int, int] = (32, 32, 32)) -> None:
        self.log, self.step = log, 0
        self.blocks = np.random.default_rng(0).integers(0, 5, shape).astype(np.uint8)
        self.last: np.ndarray | None = None

    def put(self, *, final: bool = False, soft: bool = False) -> None:
        self.step += 1
        blocks = self.blocks.copy()
        blocks[0, 0, : self.step % 30] += 1
        parts = [
            voxels_pb2.VoxelKeyframe(step=self.step, final=final, grid=grid) for grid in pack_grid(blocks, EDITOR, 2.0)
        ]
        delta = pack_delta(self.last, blocks, EDITOR.names) if self.last is not None else None
        if delta is not None:
            delta.step, delta.final = self.step, final
        occupancy = pack_occupancy((blocks > 0).astype(np.float32)) if soft else []
        for part in occupancy:
            part.step = self.step
        self.log.put_frame(parts, delta, occupancy)
        self.last = blocks


def test_facts_come_once_and_in_order_to_everybody():
    log = EventLog("j")
    early, late = Cursor(), Cursor()
    log.append(log_line("a"))
    assert [e.log.message for e in read(log, early)] == ["a"]
    log.append(log_line("b"))
    assert [e.log.message for e in read(log, early)] == ["b"]
    assert [e.log.message for e in read(log, late)] == ["a", "b"]
    assert read(log, early) == []


def test_log_ends_with_the_result():
    log = EventLog("j")
    log.append(log_line("a"))
    assert not log.ended
    log.append(pb.JobEvent(result=jobs_pb2.JobResult(state=jobs_pb2.JOB_STATE_SUCCEEDED)))
    assert log.ended


def test_watcher_that_keeps_up_gets_a_keyframe_and_then_deltas():
    log = EventLog("j")
    frames, cursor = Frames(log), Cursor()
    seen = []
    for _ in range(4):
        frames.put()
        seen += read(log, cursor)
    assert kinds(seen) == ["keyframe", "delta", "delta", "delta"]
    assert seen[0].keyframe.frame_seq == seen[0].seq
    assert [e.delta.base_seq for e in seen[1:]] == [e.seq for e in seen[:-1]]
    assert [e.delta.frame_seq for e in seen[1:]] == [e.seq for e in seen[1:]]


def test_slow_watcher_gets_the_newest_frame_and_preview_only():
    log = EventLog("j")
    frames, slow = Frames(log), Cursor()
    frames.put()
    assert kinds(read(log, slow)) == ["keyframe"]
    for step in range(50):
        frames.put()
        log.put_preview(pb.JobEvent(preview=pb.PreviewImage(step=step)))
    log.append(log_line("fact"))
    seen = read(log, slow)
    assert kinds(seen) == ["keyframe", "preview", "log"]
    assert seen[0].keyframe.step == 51
    assert seen[1].preview.step == 49


def test_memory_does_not_grow_with_frames():
    log = EventLog("j")
    frames = Frames(log)
    for _ in range(200):
        frames.put()
    assert log._facts == []
    assert log._frame is not None
    assert len(log._frame.parts) == 1


def test_late_joiner_gets_all_facts_and_a_keyframe():
    log = EventLog("j")
    frames = Frames(log)
    for i in range(3):
        log.append(log_line(str(i)))
        frames.put()
    assert kinds(read(log, Cursor())) == ["log", "log", "log", "keyframe"]


def test_reconnecting_watcher_that_holds_the_base_gets_a_delta_and_others_a_keyframe():
    log = EventLog("j")
    frames = Frames(log)
    frames.put()
    base = log.last_seq
    frames.put()
    assert kinds(read(log, Cursor(after_seq=base, base_seq=base))) == ["delta"]
    assert kinds(read(log, Cursor(after_seq=base))) == ["keyframe"]
    assert kinds(read(log, Cursor(after_seq=base, base_seq=base - 1))) == ["keyframe"]


def test_frame_that_was_seen_is_not_sent_again():
    log = EventLog("j")
    Frames(log).put()
    assert read(log, Cursor(after_seq=log.last_seq)) == []


def test_large_frame_comes_in_parts_and_can_be_taken_up_in_the_middle():
    log = EventLog("j")
    log.append(log_line("before"))
    Frames(log, (256, 64, 100)).put()
    parts = read(log, Cursor())[1:]
    count = parts[0].keyframe.grid.part_count
    assert len(parts) == count > 2
    assert {p.keyframe.frame_seq for p in parts} == {parts[-1].seq}
    assert [p.seq for p in parts] == list(range(2, 2 + count))
    rest = read(log, Cursor(after_seq=parts[1].seq))
    assert [p.keyframe.grid.part_index for p in rest] == list(range(2, count))


def test_watch_options_leave_out_what_is_not_wanted():
    log = EventLog("j")
    frames = Frames(log)
    frames.put()
    log.put_preview(pb.JobEvent(preview=pb.PreviewImage(step=1)))
    log.append(log_line("fact"))
    assert kinds(read(log, Cursor(previews=False))) == ["keyframe", "log"]
    quiet, nothing = Cursor(previews=False, voxel_frames=False), Cursor(False, False, False, final_grid=False)
    assert kinds(read(log, quiet)) == ["log"]
    frames.put(final=True)
    (final,) = read(log, quiet)
    assert final.keyframe.final
    assert kinds(read(log, Cursor(previews=False, final_grid=False))) == ["log"]
    assert "keyframe" not in kinds(read(log, nothing))


def test_too_old_a_watcher_is_told_of_the_gap():
    log = EventLog("j", kept_facts=100)
    frames = Frames(log)
    for i in range(500):
        log.append(log_line(str(i)))
    frames.put()
    seen = read(log, Cursor(after_seq=3))
    assert kinds(seen)[0] == "gap"
    gap = seen[0].gap
    assert gap.first_missing_seq == 4
    assert seen[0].seq == 0
    assert seen[1].seq == gap.last_missing_seq + 1
    assert kinds(seen)[-1] == "keyframe"
    assert len(seen) <= 103
    assert "gap" not in kinds(read(log, Cursor(after_seq=gap.last_missing_seq)))


def test_occupancy_comes_right_before_its_frame_for_those_who_asked():
    log = EventLog("j")
    frames, soft, hard = Frames(log), Cursor(occupancy=True), Cursor()
    frames.put(soft=True)
    frames.put(soft=True)
    seen = read(log, soft)
    assert kinds(seen) == ["occupancy", "keyframe"]
    assert seen[0].occupancy.step == seen[1].keyframe.step == 2
    assert seen[1].seq == seen[0].seq + 1
    assert kinds(read(log, hard)) == ["keyframe"]
    frames.put(soft=True)
    assert kinds(read(log, soft)) == ["occupancy", "delta"]
    assert kinds(read(log, hard)) == ["delta"]
    # A frame without one leaves none behind that belongs to an earlier frame.
    frames.put(final=True)
    assert kinds(read(log, soft)) == ["delta"]
    assert kinds(read(log, Cursor(occupancy=True))) == ["keyframe"]


def test_large_occupancy_comes_whole_before_its_frame():
    log = EventLog("j")
    Frames(log, (128, 64, 128)).put(soft=True)
    seen = read(log, Cursor(occupancy=True))
    parts = [e.occupancy.part_index for e in seen if e.HasField("occupancy")]
    assert parts == list(range(seen[0].occupancy.part_count))
    assert kinds(seen)[len(parts) :] == ["keyframe"] * (len(seen) - len(parts))


def test_pictures_wait_for_the_facts_before_them():
    log = EventLog("j")
    for i in range(200):
        log.append(log_line(str(i)))
    Frames(log).put()
    log.append(log_line("last"))
    cursor = Cursor()
    first = log.read(cursor)
    assert len(first) < 200
    assert cursor.after_seq == first[-1][0]
    assert kinds(read(log, cursor))[-2:] == ["keyframe", "log"]


def test_delta_that_is_longer_than_its_keyframe_is_not_sent():
    log = EventLog("j")
    first, second = np.zeros((64, 64, 64), dtype=np.uint8), np.ones((64, 64, 64), dtype=np.uint8)
    cursor = Cursor()
    log.put_frame([voxels_pb2.VoxelKeyframe(grid=g) for g in pack_grid(first, EDITOR, 1.0)], None)
    read(log, cursor)
    delta = pack_delta(first, second, EDITOR.names)
    assert delta is not None
    delta.data += bytes(10_000)
    log.put_frame([voxels_pb2.VoxelKeyframe(grid=g) for g in pack_grid(second, EDITOR, 1.0)], delta)
    assert kinds(read(log, cursor)) == ["keyframe"]


def test_every_message_of_the_three_calls_is_the_same_bytes():
    log = EventLog("j")
    log.append(log_line("a"))
    log.append(log_line("b"))
    both = b"".join(data for _, data in log.read(Cursor()))
    assert [e.log.message for e in pb.PollJobEventsResponse.FromString(both).events] == ["a", "b"]
    assert pb.WatchJobResponse.FromString(log.heartbeat()).event.heartbeat.last_seq == 2


@contextmanager
def expect_wake(log: EventLog):
    waiting = log.changed
    yield
    assert waiting.is_set()
    assert not log.changed.is_set()


def test_everything_new_wakes_those_who_wait():
    async def main() -> None:
        log = EventLog("j")
        with expect_wake(log):
            log.append(log_line("a"))
        with expect_wake(log):
            log.put_preview(pb.JobEvent(preview=pb.PreviewImage()))
        with expect_wake(log):
            Frames(log).put()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(log.changed.wait(), 0.01)

    asyncio.run(main())
