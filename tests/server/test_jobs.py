"""The queue and the watchers, with a training process that does what the test says."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from fakes import ME, ORDER, FakeWorker, done, events_of, fact, kinds, page_of, run, states, stopped_job, until, worker
from vox.v1 import errors_pb2, jobs_pb2, voxels_pb2
from vox.v1 import training_pb2 as pb

from server.jobs import store as store_module
from server.jobs import watching as watching_module
from server.jobs.event_log import Cursor
from server.jobs.manager import JobManager
from server.jobs.record import GRID_FILE, RecordFiles
from server.metrics import Metrics
from server.reasons import NoCheckpoint, QueueFull, RequestIdReused, TooManyWatchers, WrongJobState
from server.settings import Settings
from server.worker.messages import Fact, Frame, JobFailed
from voxcore.errors import InvalidInput, NotFound, StorageError
from voxcore.maps import VoxelMap, load_map


def test_job_runs_from_accepted_to_result(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        for message in (fact(started=pb.JobStarted(total_steps=20)), fact(progress=pb.Progress(step=20)), done()):
            worker().script.put_nowait(message)
        events = await events_of(manager, job)
        assert kinds(events) == ["accepted", "state", "state", "started", "progress", "state", "result"]
        assert states(events) == ["QUEUED", "RUNNING", "SUCCEEDED"]
        assert events[0].accepted.job.settings.steps == 20
        assert events[-1].result.map_id == "trained_map_1_1"
        assert (job.record.step, job.record.last_seq) == (20, events[-1].seq)
        (ran,) = worker().ran
        assert (ran.config, ran.map_id, ran.grid_file) == (ORDER.config, "1", None)
        assert await manager._store.find(job.record.job_id) == job.record
        assert RecordFiles(tmp_path / "runs").load_all() == [job.record]

    run(tmp_path, monkeypatch, test)


def test_jobs_wait_in_line_and_are_told_their_place(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        first, second, third = [await manager.create(ORDER, "", ME) for _ in range(3)]
        await until(lambda: bool(worker().ran))
        assert [j.message().queue_position for j in (first, second, third)] == [0, 1, 2]
        worker().script.put_nowait(done())
        await until(lambda: len(worker().ran) == 2)
        assert [j.message().queue_position for j in (second, third)] == [0, 1]
        worker().script.put_nowait(done())
        worker().script.put_nowait(done())
        events = await events_of(manager, third)
        assert [e.state.queue_position for e in events if e.HasField("state")] == [2, 0, 0]
        assert [r.job_id for r in worker().ran] == [j.record.job_id for j in (first, second, third)]
        assert [j.record.job_id for j in await page_of(manager)] == [j.record.job_id for j in (third, second, first)]

    run(tmp_path, monkeypatch, test)


def test_queue_is_bounded(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        await asyncio.gather(*(manager.create(ORDER, "", ME) for _ in range(2)))
        with pytest.raises(QueueFull):
            await manager.create(ORDER, "", ME)
        assert len(await page_of(manager)) == 3

    run(tmp_path, monkeypatch, test, max_queue=2)


def test_same_request_id_is_the_same_job(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        request_id = str(uuid4())
        jobs = await asyncio.gather(*(manager.create(ORDER, request_id, ME) for _ in range(3)))
        assert len({job.record.job_id for job in jobs}) == 1
        with pytest.raises(RequestIdReused) as caught:
            await manager.create(replace(ORDER, digest="another"), request_id, ME)
        assert caught.value.field == "request_id"
        assert await manager.create(ORDER, "", ME) is not await manager.create(ORDER, "", ME)
        with pytest.raises(InvalidInput):
            await manager.create(ORDER, "no uuid", ME)

    run(tmp_path, monkeypatch, test)


def test_queued_job_is_cancelled_at_once(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        await manager.create(ORDER, "", ME)
        second, third = await manager.create(ORDER, "", ME), await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        await manager.cancel(second.record.job_id, ME)
        assert second.record.state == jobs_pb2.JOB_STATE_CANCELLED
        assert third.queue_position == 1
        assert kinds(await events_of(manager, second))[-1] == "result"
        assert worker().stopped == []

    run(tmp_path, monkeypatch, test)


def test_running_job_is_asked_to_stop_and_keeps_its_map(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        await manager.cancel(job.record.job_id, ME)
        await manager.cancel(job.record.job_id, ME)
        assert job.record.state == jobs_pb2.JOB_STATE_STOPPING
        assert worker().stopped == [(job.record.job_id, True)]
        worker().script.put_nowait(fact(checkpoint=pb.CheckpointSaved(step=7)))
        worker().script.put_nowait(done("kept", stopped=True, step=7))
        result = (await events_of(manager, job))[-1].result
        assert result.state == jobs_pb2.JOB_STATE_CANCELLED
        assert (result.map_id, result.step, result.checkpoint_step) == ("kept", 7, 7)
        await manager.cancel(job.record.job_id, ME)
        with pytest.raises(NotFound):
            await manager.cancel("unknown", ME)

    run(tmp_path, monkeypatch, test)


def test_job_that_finished_before_it_was_stopped_has_succeeded(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        await manager.cancel(job.record.job_id, ME)
        worker().script.put_nowait(done(stopped=False))
        assert (await events_of(manager, job))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED

    run(tmp_path, monkeypatch, test)


def test_job_that_does_not_stop_is_ended_by_force(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        await manager.cancel(job.record.job_id, ME)
        assert (await events_of(manager, job))[-1].result.state == jobs_pb2.JOB_STATE_CANCELLED
        assert len(FakeWorker.made) == 2

    run(tmp_path, monkeypatch, test, stop_seconds=0.1)


def test_worker_that_died_between_jobs_is_replaced(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        worker().is_alive = False
        job = await manager.create(ORDER, "", ME)
        await until(lambda: len(FakeWorker.made) == 2)
        worker().script.put_nowait(done())
        assert (await events_of(manager, job))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED

    run(tmp_path, monkeypatch, test)


def test_failure_of_the_job_is_its_result(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        error = jobs_pb2.JobError(reason=errors_pb2.ERROR_REASON_TEACHER, message="NaN", field="lr")
        worker().script.put_nowait(JobFailed(error.SerializeToString()))
        events = await events_of(manager, job)
        assert states(events)[-1] == "FAILED"
        assert events[-1].result.error == error
        assert job.message().result.error == error

    run(tmp_path, monkeypatch, test)


def test_bug_in_the_gateway_fails_one_job_only(tmp_path, monkeypatch, caplog):
    async def test(manager: JobManager) -> None:
        job, after = await manager.create(ORDER, "", ME), await manager.create(ORDER, "", ME)
        worker().script.put_nowait(Fact(b"no message"))
        result = (await events_of(manager, job))[-1].result
        assert result.error.reason == errors_pb2.ERROR_REASON_INTERNAL
        worker().script.put_nowait(done())
        assert (await events_of(manager, after))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED
        assert "Traceback" in caplog.text

    run(tmp_path, monkeypatch, test)


def test_stopped_job_is_resumed_as_a_new_one(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        old = await stopped_job(manager)
        request_id = str(uuid4())
        new = await manager.resume(old.record.job_id, request_id, ME)
        assert await manager.resume(old.record.job_id, request_id, ME) is new
        with pytest.raises(RequestIdReused):
            await manager.create(ORDER, request_id, ME)
        await until(lambda: len(worker().ran) == 2)
        assert worker().ran[1].resume_from == tmp_path / "runs" / old.record.job_id
        assert worker().ran[1].config == old.record.config
        assert new.message().resumed_from == old.record.job_id
        worker().script.put_nowait(fact(started=pb.JobStarted(first_step=7)))
        worker().kill()
        # It died before a checkpoint of its own: it goes on from the earlier job's.
        await until(lambda: len(FakeWorker.made) == 2 and bool(worker().ran))
        assert worker().ran[0].resume_from == tmp_path / "runs" / old.record.job_id
        worker().script.put_nowait(done())
        assert (await events_of(manager, new))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED

    run(tmp_path, monkeypatch, test)


def test_only_a_stopped_job_with_a_checkpoint_can_be_resumed(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        with pytest.raises(NoCheckpoint):
            await manager.resume((await stopped_job(manager, checkpoint=0)).record.job_id, "", ME)
        with pytest.raises(NotFound):
            await manager.resume("unknown", "", ME)
        running = await manager.create(ORDER, "", ME)
        with pytest.raises(WrongJobState, match=r"running|queued"):
            await manager.resume(running.record.job_id, "", ME)
        worker().script.put_nowait(done())
        await events_of(manager, running)
        with pytest.raises(WrongJobState, match="succeeded"):
            await manager.resume(running.record.job_id, "", ME)

    run(tmp_path, monkeypatch, test)


def test_grid_of_the_request_is_kept_for_the_job_and_for_its_continuation(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        grid = VoxelMap(blocks=np.full((3, 2, 4), 5, dtype=np.uint8))
        job = await stopped_job(manager, replace(ORDER, map_id="", grid=grid))
        file = worker().ran[0].grid_file
        assert file == tmp_path / "runs" / job.record.job_id / GRID_FILE
        assert np.array_equal(load_map(file).blocks, grid.blocks)
        await manager.resume(job.record.job_id, "", ME)
        await until(lambda: len(worker().ran) == 2)
        assert worker().ran[1].grid_file != file
        assert worker().ran[1].grid_file.read_bytes() == file.read_bytes()

    run(tmp_path, monkeypatch, test)


def test_job_that_cannot_be_stored_is_refused_and_forgotten(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))

        def refuse(*_: object) -> None:
            raise StorageError("the disk is full")

        monkeypatch.setattr(store_module, "_insert", refuse)
        with pytest.raises(StorageError):
            await manager.create(ORDER, str(uuid4()), ME)
        assert len(await page_of(manager)) == 1
        monkeypatch.undo()

    run(tmp_path, monkeypatch, test)


def test_watchers_are_bounded_and_their_seats_are_freed(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        streams = [manager.watching.stream(job, Cursor()) for _ in range(2)]
        for stream in streams:
            await anext(stream)
        with pytest.raises(TooManyWatchers):
            await anext(manager.watching.stream(job, Cursor()))
        with pytest.raises(TooManyWatchers):
            await manager.watching.poll(job, Cursor(), 0)
        await streams[0].aclose()
        await anext(third := manager.watching.stream(job, Cursor()))
        await streams[1].aclose()
        await third.aclose()

    run(tmp_path, monkeypatch, test, max_watchers=2)


def test_silence_is_filled_with_heartbeats(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        monkeypatch.setattr(watching_module, "HEARTBEAT_SECONDS", 0.02)
        job = await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        stream = manager.watching.stream(job, Cursor(after_seq=job.log.last_seq))
        event = pb.WatchJobResponse.FromString(await anext(stream)).event
        assert event.heartbeat.last_seq == job.log.last_seq
        assert event.seq == 0
        await stream.aclose()

    run(tmp_path, monkeypatch, test)


def test_poll_waits_for_news_and_says_when_all_is_told(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))

        async def poll(after: int, seconds: float) -> pb.PollJobEventsResponse:
            data = await manager.watching.poll(job, Cursor(after_seq=after), seconds)
            assert len(data) < 2**20
            return pb.PollJobEventsResponse.FromString(data)

        assert kinds((await poll(0, 0)).events)[0] == "accepted"
        assert (await poll(job.log.last_seq, 0.01)).events == []
        waiting = asyncio.create_task(poll(job.log.last_seq, 10))
        await asyncio.sleep(0.01)
        worker().script.put_nowait(fact(log=pb.LogLine(message="news")))
        answer = await waiting
        assert [e.log.message for e in answer.events] == ["news"]
        assert not answer.finished
        worker().script.put_nowait(done())
        await until(lambda: job.log.ended)
        answer = await poll(0, 0)
        assert answer.finished
        assert kinds(answer.events)[-1] == "result"
        assert (await poll(job.log.last_seq, 0)).finished

    run(tmp_path, monkeypatch, test)


def test_poll_brings_a_grid_of_many_parts_in_several_answers(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        parts = [
            voxels_pb2.VoxelKeyframe(grid=voxels_pb2.VoxelGrid(data=bytes(500_000), part_index=i, part_count=9))
            for i in range(9)
        ]
        worker().script.put_nowait(Frame(tuple(p.SerializeToString() for p in parts), None))
        worker().script.put_nowait(done())
        await until(lambda: job.log.ended)
        found, after, finished, polls = [], 0, False, 0
        while not finished:
            data = await manager.watching.poll(job, Cursor(after_seq=after), 0)
            assert len(data) < 2**20
            answer = pb.PollJobEventsResponse.FromString(data)
            found += [e.keyframe.grid.part_index for e in answer.events if e.HasField("keyframe")]
            after, finished, polls = answer.events[-1].seq, answer.finished, polls + 1
        assert found == list(range(9))
        assert polls == 5

    run(tmp_path, monkeypatch, test)


def test_two_servers_cannot_share_their_runs(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        with pytest.raises(StorageError, match="another server"):
            await JobManager.open(Settings(runs_root=tmp_path / "runs"), Metrics())

    run(tmp_path, monkeypatch, test)


def test_worker_hears_whether_anybody_wants_occupancy(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        early = asyncio.ensure_future(events_of(manager, job, occupancy=True))
        await until(lambda: job.log.watchers == 1)
        assert worker().occupancy == []
        worker().script.put_nowait(fact(started=pb.JobStarted(total_steps=20)))
        await until(lambda: worker().occupancy == [True])
        late = [asyncio.ensure_future(events_of(manager, job, occupancy=wanted)) for wanted in (True, False)]
        await until(lambda: job.log.watchers == 3)
        early.cancel()
        await until(lambda: job.log.watchers == 2)
        assert worker().occupancy == [True]
        late[0].cancel()
        await until(lambda: worker().occupancy == [True, False])
        worker().script.put_nowait(done())
        await late[1]

    run(tmp_path, monkeypatch, test)
