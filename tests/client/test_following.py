"""How a client follows a job through broken connections, without a network."""

import grpc
import pytest
from vox.v1 import training_pb2 as pb
from vox.v1 import voxels_pb2
from voxclient.errors import InvalidRequest, Unreachable
from voxclient.events import Log, Result, Voxels
from voxclient.following import Following
from voxclient.grid import BlockKind, Grid


class Broken(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        self._code = code

    def code(self):
        return self._code

    def details(self):
        return "broken"

    def trailing_metadata(self):
        return ()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def start(clock: Clock | None = None) -> Following:
    request = pb.StartTrainingRequest(request_id="r", options=pb.WatchOptions(previews=False))
    return Following(request, connect_seconds=5, patience_seconds=60, clock=clock or Clock())


def log_line(seq: int) -> pb.JobEvent:
    return pb.JobEvent(job_id="j", seq=seq, log=pb.LogLine(message="hello"))


def frame(seq: int, part: int = 0, count: int = 1) -> pb.JobEvent:
    rgb = (0.0, 0.0, 0.0)
    whole = Grid((1, 1, count), (BlockKind("Air", 0, rgb, rgb, rgb),), 2.0, bytes(count)).to_message()
    whole.encoding, whole.data, whole.raw_length = voxels_pb2.VOXEL_ENCODING_RAW, b"\0", 1
    whole.z_start, whole.z_count, whole.part_index, whole.part_count = part, 1, part, count
    keyframe = pb.JobEvent(job_id="j", seq=seq)
    keyframe.keyframe.grid.CopyFrom(whole)
    keyframe.keyframe.frame_seq = seq - part + count - 1
    return keyframe


def test_start_is_repeated_as_it_was_until_the_job_is_known():
    following = start()
    first = following.request()
    following.after_break(Broken())
    assert following.request() is first


def test_known_job_is_watched_from_the_newest_event_on():
    following = start()
    assert [type(e) for e in following.take(log_line(7))] == [Log]
    following.after_break(Broken())
    request = following.request()
    assert request == pb.WatchJobRequest(job_id="j", after_seq=7, options=pb.WatchOptions(previews=False))


def test_base_is_named_only_where_a_whole_frame_is_held():
    following = start()
    assert list(following.take(frame(3, 0, 2))) == []
    assert not following.request().HasField("base_seq")
    (voxels,) = following.take(frame(4, 1, 2))
    assert isinstance(voxels, Voxels)
    assert following.request().base_seq == 4
    list(following.take(frame(5, 0, 2)))
    assert (following.request().after_seq, following.request().base_seq) == (5, 4)


def test_parts_continue_on_the_next_stream():
    following = start()
    list(following.take(frame(3, 0, 2)))
    following.after_break(Broken())
    assert following.request().after_seq == 3
    assert len(list(following.take(frame(4, 1, 2)))) == 1


def test_heartbeats_and_gaps_do_not_move_back():
    following = start()
    list(following.take(log_line(9)))
    assert list(following.take(pb.JobEvent(job_id="j", heartbeat=pb.Heartbeat(last_seq=9)))) == []
    assert following.request().after_seq == 9
    list(following.take(pb.JobEvent(job_id="j", gap=pb.Gap(first_missing_seq=10, last_missing_seq=20))))
    assert following.request().after_seq == 20


def test_waits_grow_up_to_the_patience_and_start_anew_after_an_event():
    clock = Clock()
    following = start(clock)
    list(following.take(log_line(1)))
    waits = []
    while sum(waits) <= 60:
        try:
            waits.append(following.after_break(Broken()))
        except Unreachable:
            break
        clock.now += waits[-1]
    assert waits[:6] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
    assert 50 < sum(waits) <= 60
    list(following.take(log_line(2)))
    assert following.after_break(Broken()) == 0.25


def test_before_the_first_event_patience_is_short():
    clock = Clock()
    following = start(clock)
    clock.now += 5
    with pytest.raises(Unreachable):
        following.after_break(Broken())


def test_error_that_will_not_go_away_is_raised_at_once():
    with pytest.raises(InvalidRequest, match="broken"):
        start().after_break(Broken(grpc.StatusCode.INVALID_ARGUMENT))


def test_stream_that_just_ends_is_taken_up_again():
    following = start()
    list(following.take(log_line(1)))
    assert following.after_break(None) == 0.25


def test_result_is_the_end_whatever_the_stream_says_then():
    following = start()
    (result,) = following.take(pb.JobEvent(job_id="j", seq=3, result={}))
    assert isinstance(result, Result)
    assert following.finished
    assert following.after_break(Broken(grpc.StatusCode.INTERNAL)) == 0.0
