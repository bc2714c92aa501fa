"""A real server, a real client, a small map and the teacher that needs nothing."""

import asyncio
import time
from collections.abc import Iterator
from itertools import pairwise
from uuid import uuid4

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from live_server import QUICK, only, started_job, wait_for
from vox.v1 import jobs_pb2, jobs_pb2_grpc, training_pb2, training_pb2_grpc, voxels_pb2
from voxclient import (
    Accepted,
    AsyncVoxClient,
    Checkpoint,
    Event,
    InvalidRequest,
    NotFound,
    Preview,
    Progress,
    Refused,
    Result,
    Started,
    Voxels,
)

from voxcore.config import SETTING_NAMES
from voxcore.maps import load_map
from voxcore.wire_order import content_hash


def test_job_streams_everything_and_leaves_a_map(server, client):
    events = list(client.train("a castle", map_id="1", seed=7, **QUICK))
    assert [e.seq for e in events] == sorted({e.seq for e in events})
    assert isinstance(events[0], Accepted)
    assert events[0].job.settings["seed"] == 7
    (started,) = only(Started, events)
    assert (started.dims, started.total_steps, started.device) == ((16, 12, 16), 6, "cpu")
    assert [p.step for p in only(Progress, events)] == [1, 2, 4, 6]
    assert only(Progress, events)[-1].losses["total"] > 0
    assert only(Preview, events)[0].png.startswith(b"\x89PNG")
    assert [c.step for c in only(Checkpoint, events)] == [4]
    (result,) = only(Result, events)
    assert result is events[-1]
    assert (result.state, result.step) == ("succeeded", 6)
    final = only(Voxels, events)[-1]
    assert final.final
    stored = load_map(server.folder / "maps" / result.map_id / "map.json")
    assert final.grid.sha256().hex() == result.sha256 == content_hash(stored.blocks, stored.palette.names)
    assert client.get_map(result.map_id).cells == final.grid.cells
    assert sum(result.blocks_after.values()) == (stored.blocks > 0).sum()
    assert result.map_id in [m.id for m in client.maps()]


def test_large_grid_comes_in_parts_to_stream_poll_and_map(server, client):
    events = list(client.train("x", map_id="large", **(QUICK | {"steps": 1})))
    final = only(Voxels, events)[-1]
    assert final.grid.dims == (128, 64, 128)
    assert client.get_map(events[-1].map_id) == final.grid
    with grpc.insecure_channel(server.address) as channel:
        poll = training_pb2_grpc.TrainingServiceStub(channel).PollJobEvents
        after, parts, finished = 0, [], False
        while not finished:
            answer = poll(training_pb2.PollJobEventsRequest(job_id=final.job_id, after_seq=after), timeout=10)
            parts += [e.keyframe.grid.part_index for e in answer.events if e.HasField("keyframe")]
            after, finished = answer.events[-1].seq, answer.finished
    assert parts == [0, 1]


def test_grid_of_the_caller_is_trained_and_watched_with_asyncio(server, client):
    grid = client.get_map("1")

    async def main() -> list:
        async with AsyncVoxClient(server.address) as aio:
            events = [e async for e in aio.train("x", grid=grid, previews=False, voxel_frames=False, **QUICK)]
            again = [e async for e in aio.watch(events[0].job_id, after_seq=events[-1].seq - 1)]
            assert [type(e) for e in again] == [Result]
            assert (await aio.job(events[0].job_id)).result.map_id == events[-1].map_id
            assert await aio.get_map("1") == grid
            with pytest.raises(NotFound):
                await aio.cancel("unknown")
            assert {m.id for m in await aio.maps()} >= {"1", "large"}
            assert {d.id for d in await aio.datasets()} <= {"pictures"}
            assert (await aio.jobs(limit=1))[0].job_id == events[0].job_id
            return events

    events = asyncio.run(main())
    assert [e.final for e in only(Voxels, events)] == [True]
    assert only(Preview, events) == []
    assert events[-1].map_id.startswith("trained_map_inline_")


def test_two_jobs_wait_for_each_other_and_each_gets_its_own_events(client):
    first = started_job(client)
    second = client.train("second", map_id="1", **QUICK)
    accepted, queued = next(second), next(second)
    assert (queued.state, queued.queue_position) == ("queued", 1)
    client.cancel(first)
    events = list(second)
    assert {e.job_id for e in events} == {accepted.job_id}
    assert events[-1].state == "succeeded"
    assert client.job(first).state == "cancelled"


def test_cancelled_job_keeps_its_map_and_goes_on_where_it_was(server, client):
    job_id = started_job(client, steps=2000)
    client.cancel(job_id)
    cancelled = list(client.watch(job_id))[-1]
    assert cancelled.state == "cancelled"
    assert 0 < cancelled.step < 2000
    assert (server.folder / "maps" / cancelled.map_id / "map.json").is_file()
    assert cancelled.checkpoint_step == cancelled.step
    new = client.resume(job_id)
    events = client.watch(new.job_id)
    started = next(e for e in events if isinstance(e, Started))
    assert started.first_step == cancelled.step
    assert (new.resumed_from, new.prompt) == (job_id, "a long job")
    progress = next(e for e in events if isinstance(e, Progress))
    assert progress.step > cancelled.step
    events.close()
    with pytest.raises(Refused) as caught:
        client.resume(new.job_id)
    assert caught.value.reason == "WRONG_JOB_STATE"


def test_client_that_leaves_does_not_stop_the_job(client):
    job_id = started_job(client)
    step = client.job(job_id).step
    while client.job(job_id).step <= step:
        time.sleep(0.02)
    assert client.job(job_id).state == "running"


def test_client_that_leaves_stops_the_job_where_it_asked_for_that(client):
    job_id = started_job(client, cancel_on_disconnect=True)
    assert wait_for(client, job_id, "cancelled") == "cancelled"


def test_client_that_leaves_in_the_queue_takes_its_job_along(client):
    started_job(client)
    events = client.train("x", map_id="1", cancel_on_disconnect=True, **QUICK)
    job_id = next(events).job_id
    events.close()
    assert wait_for(client, job_id, "cancelled") == "cancelled"


def test_abandoned_streams_free_their_seats(client):
    job_id = started_job(client, log_every=1)

    def seat() -> Iterator[Event]:
        # The server learns a moment later of those who left.
        for _ in range(500):
            try:
                next(stream := client.watch(job_id))
                return stream
            except Refused:
                time.sleep(0.02)
        pytest.fail("the seats were not freed")

    for _ in range(3):
        streams = [seat() for _ in range(8)]
        with pytest.raises(Refused) as caught:
            next(client.watch(job_id))
        assert caught.value.reason == "TOO_MANY_WATCHERS"
        with pytest.raises(Refused):
            next(client.train("refused", map_id="1", **QUICK))
        assert "refused" not in [job.prompt for job in client.jobs()]
        for stream in streams:
            stream.close()


def test_reader_that_stalls_does_not_hold_up_others(server, client):
    job_id = started_job(client, log_every=1)
    with grpc.insecure_channel(server.address) as channel:
        stalled = training_pb2_grpc.TrainingServiceStub(channel).WatchJob(training_pb2.WatchJobRequest(job_id=job_id))
        next(iter(stalled))
        seen = []
        for event in client.watch(job_id, after_seq=client.job(job_id).last_seq):
            seen.append(event)
            if len(only(Progress, seen)) >= 40:
                break
        stalled.cancel()
    steps = [p.step for p in only(Progress, seen)]
    assert all(b == a + 1 for a, b in pairwise(steps))


def test_late_joiner_gets_the_facts_and_a_whole_grid(client):
    job_id = started_job(client)
    early = client.watch(job_id)
    next(e for e in early if isinstance(e, Voxels) and e.step > 1)
    early.close()
    events = client.watch(job_id)
    seen = []
    while not only(Voxels, seen):
        seen.append(next(events))
    events.close()
    assert isinstance(seen[0], Accepted)
    assert only(Progress, seen)[0].step == 1
    assert seen[-1].step > 1


def test_an_ended_jobs_past_is_replayed_by_both_clients(server, client):
    events = list(client.train("a castle", map_id="1", seed=7, **QUICK))
    job_id = events[-1].job_id
    kept = list(client.replay(job_id))
    live = {e.step: e.grid for e in only(Voxels, events)}
    assert len(kept) > 1
    assert only(Voxels, kept) == kept
    assert [e.step for e in kept] == sorted({e.step for e in kept})
    assert all(live[e.step].cells == e.grid.cells for e in kept)
    assert list(client.replay(job_id, after_seq=kept[0].seq)) == kept[1:]

    async def again() -> list[Event]:
        async with AsyncVoxClient(server.address) as aio:
            return [event async for event in aio.replay(job_id)]

    assert asyncio.run(again()) == kept
    with pytest.raises(NotFound):
        next(client.replay("none"))


def test_queue_that_is_full_says_so(client):
    started_job(client)
    for _ in range(3):
        next(client.train("x", map_id="1", **QUICK))
    with pytest.raises(Refused) as caught:
        next(client.train("x", map_id="1", **QUICK))
    assert caught.value.reason == "QUEUE_FULL"


def test_same_request_is_the_same_job(client):
    request_id = str(uuid4())
    first = list(client.train("x", map_id="1", request_id=request_id, **QUICK))
    again = list(client.train("x", map_id="1", request_id=request_id, **QUICK))
    assert again[-1] == first[-1]
    with pytest.raises(Refused) as caught:
        next(client.train("y", map_id="1", request_id=request_id, **QUICK))
    assert (caught.value.reason, caught.value.field) == ("REQUEST_ID_REUSED", "request_id")


@pytest.mark.parametrize(
    ("call", "error", "field"),
    [
        ({"prompt": "", "teacher": "prior"}, InvalidRequest, "prompt"),
        ({"prompt": "x" * 10_000}, InvalidRequest, "prompt"),
        ({"steps": 0}, InvalidRequest, "steps"),
        ({"steps": 99_999}, InvalidRequest, "steps"),
        ({"lr": float("nan")}, InvalidRequest, "lr"),
        ({"region": ((0, 0, 0), (17, 1, 1))}, InvalidRequest, "region"),
        ({"map_id": "unknown"}, NotFound, "map_id"),
        ({"map_id": "../maps/1"}, InvalidRequest, "map_id"),
        ({"map_id": "damaged"}, InvalidRequest, "blocks[0].blockType"),
        ({"teacher": "photometric"}, InvalidRequest, "dataset_id"),
        ({"dataset_id": "unknown"}, NotFound, "dataset_id"),
        ({"request_id": "no uuid"}, InvalidRequest, "request_id"),
    ],
)
def test_unusable_request_is_refused_before_the_stream_starts(client, call, error, field):
    before = len(client.jobs(limit=100))
    with pytest.raises(error) as caught:
        next(client.train(**({"prompt": "x", "map_id": "1"} | QUICK | call)))
    assert caught.value.field == field
    assert caught.value.reason
    assert len(client.jobs(limit=100)) == before


def test_grid_of_a_billion_cells_is_refused(server):
    spec = jobs_pb2.TrainingSpec(prompt="x", grid=voxels_pb2.VoxelGrid(raw_length=10**9))
    spec.grid.dims.CopyFrom(voxels_pb2.Dimensions(x=1000, y=1000, z=1000))
    with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError) as caught:
        jobs_pb2_grpc.JobServiceStub(channel).CreateJob(jobs_pb2.CreateJobRequest(spec=spec), timeout=10)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_message_above_the_limit_is_refused(server):
    spec = jobs_pb2.TrainingSpec(prompt="x", grid=voxels_pb2.VoxelGrid(data=bytes(5 * 2**20)))
    with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError) as caught:
        jobs_pb2_grpc.JobServiceStub(channel).CreateJob(jobs_pb2.CreateJobRequest(spec=spec), timeout=10)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_unknown_job_is_not_found_by_any_call(client):
    for call in (client.job, client.cancel, client.resume, lambda job: next(client.watch(job))):
        with pytest.raises(NotFound):
            call("unknown")


def test_conventional_path_creates_and_then_watches(server, client):
    with grpc.insecure_channel(server.address) as channel:
        spec = jobs_pb2.TrainingSpec(prompt="x", map_id="1")
        spec.settings.CopyFrom(jobs_pb2.TrainSettings(teacher=jobs_pb2.TEACHER_NOISE, steps=2))
        job = jobs_pb2_grpc.JobServiceStub(channel).CreateJob(jobs_pb2.CreateJobRequest(spec=spec), timeout=10).job
    assert list(client.watch(job.job_id))[-1].state == "succeeded"


def test_server_says_what_it_is_and_what_it_takes(client):
    info = client.info()
    assert {s.name for s in info.settings} == SETTING_NAMES
    assert [t.name for t in info.teachers] == ["prior", "photometric", "sdxl", "noise"]
    assert info.teachers[0].defaults.steps > 0
    assert [e.name for e in info.palettes[0].entries][:2] == ["Air", "Grass"]
    assert (info.limits.max_watchers, info.limits.max_queue) == (8, 3)


def test_reflection_lists_the_services(server):
    with grpc.insecure_channel(server.address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=10)
    names = {service.name for service in answer.list_services_response.service}
    assert names >= {f"vox.v1.{n}Service" for n in ("Training", "Job", "Map", "Info")} | {"grpc.health.v1.Health"}


def test_who_asks_sees_how_full_the_cells_are_before_each_frame(server, client):
    job_id = started_job(client, log_every=1)
    try:
        with grpc.insecure_channel(server.address) as channel:
            options = training_pb2.WatchOptions(occupancy=True)
            request = training_pb2.WatchJobRequest(job_id=job_id, options=options)
            seen: list[training_pb2.JobEvent] = []
            for response in training_pb2_grpc.TrainingServiceStub(channel).WatchJob(request, timeout=60):
                event = response.event
                if event.WhichOneof("event") in ("occupancy", "keyframe", "delta"):
                    seen.append(event)
                if len([e for e in seen if e.HasField("occupancy")]) == 3:
                    break
        first = next(i for i, e in enumerate(seen) if e.HasField("occupancy"))
        (soft, frame), cells = seen[first : first + 2], 16 * 12 * 16
        assert soft.occupancy.step == (frame.delta.step if frame.HasField("delta") else frame.keyframe.step)
        assert (soft.occupancy.raw_length, soft.occupancy.part_count) == (cells, 1)
    finally:
        client.cancel(job_id)
        wait_for(client, job_id, "cancelled")
