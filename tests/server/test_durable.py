"""What is left of jobs and events after deaths, restarts, lost databases and full disks."""

import asyncio
import shutil
import sqlite3
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
from fakes import ME, ORDER, FakeWorker, done, events_of, fact, kinds, page_of, run, states, stopped_job, until, worker
from vox.v1 import errors_pb2, jobs_pb2, voxels_pb2
from vox.v1 import training_pb2 as pb

from server.jobs import database as database_module
from server.jobs import manager as manager_module
from server.jobs import store as store_module
from server.jobs.database import open_database
from server.jobs.event_log import Cursor
from server.jobs.manager import JobManager
from server.jobs.seats import MAX_DEATHS
from server.jobs.store import DATABASE_FILE
from server.reasons import ServerStopping, WorkerDied, WrongJobState
from server.voxel_codec import pack_grid
from server.worker.messages import Frame, JobPaused, Picture
from voxcore.errors import StorageError
from voxcore.palette import EDITOR


def progress(step: int):
    return fact(progress=pb.Progress(step=step, total=20))


def checkpoint(step: int):
    return fact(checkpoint=pb.CheckpointSaved(step=step))


def test_job_goes_on_by_itself_after_its_process_died(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        worker().script.put_nowait(checkpoint(7))
        await until(lambda: job.record.checkpoint_step == 7)
        (tmp_path / "runs" / job.record.job_id / "checkpoint.safetensors").touch()
        worker().kill()
        await until(lambda: len(FakeWorker.made) == 2 and bool(worker().ran))
        assert FakeWorker.made[0].closed
        assert worker().ran[0].resume_from == worker().ran[0].output_dir == tmp_path / "runs" / job.record.job_id
        worker().script.put_nowait(done())
        events = await events_of(manager, job)
        assert states(events) == ["QUEUED", "RUNNING", "QUEUED", "RUNNING", "SUCCEEDED"]
        (line,) = [e.log.message for e in events if e.HasField("log")]
        assert line == "the training process ended by signal 9; the job goes on from step 7"
        assert job.message().restarts == 1

    run(tmp_path, monkeypatch, test)


def test_job_whose_process_keeps_dying_fails_and_the_next_one_runs(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job, after = await manager.create(ORDER, "", ME), await manager.create(ORDER, "", ME)
        for i in range(MAX_DEATHS):
            await until(lambda i=i: len(FakeWorker.made) == i + 1 and bool(worker().ran))
            worker().script.put_nowait(progress(7))  # always the same step
            worker().kill()
        result = (await events_of(manager, job))[-1].result
        assert result.state == jobs_pb2.JOB_STATE_FAILED
        assert result.error.reason == errors_pb2.ERROR_REASON_WORKER_DIED
        await until(lambda: bool(worker().ran) and worker().ran[-1].job_id == after.record.job_id)
        worker().script.put_nowait(done())
        assert (await events_of(manager, after))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED

    run(tmp_path, monkeypatch, test)


@pytest.mark.parametrize("further", [checkpoint, progress])
def test_deaths_between_which_it_got_further_do_not_count(tmp_path, monkeypatch, further):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        for i in range(MAX_DEATHS + 2):
            await until(lambda i=i: len(FakeWorker.made) == i + 1 and bool(worker().ran))
            worker().script.put_nowait(further(i + 1))
            worker().kill()
        await until(lambda: len(FakeWorker.made) == MAX_DEATHS + 3 and bool(worker().ran))
        worker().script.put_nowait(done())
        assert (await events_of(manager, job))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED

    run(tmp_path, monkeypatch, test)


def test_paused_job_holds_no_worker_and_goes_on_when_told(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job, other = await manager.create(ORDER, "", ME), await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        job_id = job.record.job_id
        assert (await manager.pause(job_id, ME)).record.state == jobs_pb2.JOB_STATE_PAUSING
        await manager.pause(job_id, ME)
        assert worker().stopped == [(job_id, False)]
        worker().script.put_nowait(checkpoint(5))
        worker().script.put_nowait(JobPaused())
        await until(lambda: worker().ran[-1].job_id == other.record.job_id)
        assert job.record.state == jobs_pb2.JOB_STATE_PAUSED
        worker().script.put_nowait(done())
        await events_of(manager, other)
        await asyncio.sleep(0.01)
        assert len(worker().ran) == 2
        assert await manager.resume(job_id, "", ME) is job
        await until(lambda: len(worker().ran) == 3)
        worker().script.put_nowait(done())
        told = states(await events_of(manager, job))
        assert told == ["QUEUED", "RUNNING", "PAUSING", "PAUSED", "QUEUED", "RUNNING", "SUCCEEDED"]
        with pytest.raises(WrongJobState):
            await manager.pause(job_id, ME)

    run(tmp_path, monkeypatch, test)


def test_waiting_job_is_paused_at_once_and_can_be_cancelled(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        await manager.create(ORDER, "", ME)
        second, third = await manager.create(ORDER, "", ME), await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        await manager.pause(second.record.job_id, ME)
        assert second.record.state == jobs_pb2.JOB_STATE_PAUSED
        assert third.message().queue_position == 1
        await manager.cancel(second.record.job_id, ME)
        assert (await events_of(manager, second))[-1].result.state == jobs_pb2.JOB_STATE_CANCELLED

    run(tmp_path, monkeypatch, test)


def test_paused_job_that_is_cancelled_still_hands_in_its_map(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        await manager.pause(job.record.job_id, ME)
        worker().script.put_nowait(checkpoint(5))
        worker().script.put_nowait(JobPaused())
        await until(lambda: job.record.state == jobs_pb2.JOB_STATE_PAUSED)
        await manager.cancel(job.record.job_id, ME)
        await until(lambda: len(worker().ran) == 2)
        worker().script.put_nowait(fact(started=pb.JobStarted(first_step=5)))
        await until(lambda: (job.record.job_id, True) in worker().stopped)
        worker().script.put_nowait(done("partial", stopped=True, step=5))
        result = (await events_of(manager, job))[-1].result
        assert (result.state, result.map_id) == (jobs_pb2.JOB_STATE_CANCELLED, "partial")

    run(tmp_path, monkeypatch, test)


def test_urgent_jobs_go_first_and_those_of_one_priority_in_order(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        made = [await manager.create(replace(ORDER, priority=p), "", ME) for p in (0, 5, -1, 5)]
        assert [job.message().queue_position for job in made] == [3, 1, 4, 2]
        for _ in range(5):
            worker().script.put_nowait(done())
        for job in made:
            await events_of(manager, job)
        order = [r.job_id for r in worker().ran[1:]]
        assert order == [made[i].record.job_id for i in (1, 3, 0, 2)]

    run(tmp_path, monkeypatch, test)


def test_several_workers_run_several_jobs(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        jobs = [await manager.create(ORDER, "", ME) for _ in range(3)]
        await until(lambda: sum(len(w.ran) for w in FakeWorker.made) == 2)
        assert [job.message().queue_position for job in jobs] == [0, 0, 2]
        for each in FakeWorker.made:
            each.script.put_nowait(done())
            each.script.put_nowait(done())
        for job in jobs:
            assert (await events_of(manager, job))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED

    run(tmp_path, monkeypatch, test, workers=2)


def test_time_to_the_turn_comes_from_what_steps_took(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        first, second, third = [await manager.create(ORDER, "", ME) for _ in range(3)]
        worker().script.put_nowait(fact(progress=pb.Progress(step=10, total=20, eta_millis=20_000)))
        await until(lambda: first.record.step == 10)
        await manager.create(ORDER, "", ME)
        assert first.message().eta_millis == 20_000
        assert second.message().eta_millis == 20_000
        assert third.message().eta_millis == 60_000

    run(tmp_path, monkeypatch, test)


def test_ended_job_can_be_forgotten(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await stopped_job(manager)
        running = await manager.create(ORDER, "", ME)
        with pytest.raises(WrongJobState):
            await manager.delete(running.record.job_id, ME)
        await manager.delete(job.record.job_id, ME)
        assert [j.record.job_id for j in await page_of(manager)] == [running.record.job_id]
        assert not (tmp_path / "runs" / job.record.job_id).exists()

    run(tmp_path, monkeypatch, test)


def test_only_the_newest_ended_jobs_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(manager_module, "_PRUNE_EVERY", 1)

    async def test(manager: JobManager) -> None:
        for _ in range(5):
            await stopped_job(manager)
        assert len(await page_of(manager)) == 3

    run(tmp_path, monkeypatch, test, max_kept_jobs=2)


def test_events_of_an_ended_job_come_from_the_disk_with_its_last_pictures(tmp_path, monkeypatch):
    blocks = np.zeros((8, 8, 8), dtype=np.uint8)
    blocks[1] = 3
    parts = [voxels_pb2.VoxelKeyframe(step=20, final=True, grid=g) for g in pack_grid(blocks, EDITOR, 2.0)]
    frame = Frame(tuple(part.SerializeToString() for part in parts), None)
    ids, before = [], []

    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        drawn = Picture(pb.JobEvent(preview=pb.PreviewImage(step=20, png=b"png")).SerializeToString())
        for message in (fact(log=pb.LogLine(message="x")), drawn, frame, done()):
            worker().script.put_nowait(message)
        before.extend(await events_of(manager, job))
        ids.append(job.record.job_id)

    async def after_restart(manager: JobManager) -> None:
        again = await events_of(manager, await manager.watchable(ids[0], ME))
        assert again == before
        assert kinds(again) == ["accepted", "state", "state", "log", "preview", "keyframe", "state", "result"]
        later = await events_of(manager, await manager.watchable(ids[0], ME), after_seq=again[-2].seq)
        assert kinds(later) == ["result"]

    run(tmp_path, monkeypatch, test)
    run(tmp_path, monkeypatch, after_restart)


def test_shutdown_lets_the_running_job_and_the_queue_go_on_at_the_next_start(tmp_path, monkeypatch):
    ids, seen = [], []

    async def test(manager: JobManager) -> None:
        running, queued = await manager.create(ORDER, "", ME), await manager.create(ORDER, "", ME)
        ids.extend(job.record.job_id for job in (running, queued))
        await until(lambda: bool(worker().ran))
        watches = [asyncio.create_task(events_of(manager, job)) for job in (running, queued)]
        closing = asyncio.create_task(manager.close())
        await until(lambda: worker().stopped == [(ids[0], False)])
        with pytest.raises(ServerStopping):
            await manager.create(ORDER, "", ME)
        worker().script.put_nowait(checkpoint(7))
        worker().script.put_nowait(JobPaused())
        await closing
        for watch, job in zip(watches, (running, queued), strict=True):
            with pytest.raises(ServerStopping) as caught:
                await watch
            assert caught.value.resume_after_seq == job.log.last_seq
        seen.append(running.log.last_seq)

    async def after_restart(manager: JobManager) -> None:
        running, queued = [await manager.watchable(job_id, ME) for job_id in ids]
        await until(lambda: bool(worker().ran))
        assert worker().ran[0].job_id == ids[0]
        assert running.record.checkpoint_step == 7
        worker().script.put_nowait(done())
        worker().script.put_nowait(done())
        events = await events_of(manager, running, after_seq=seen[0])
        assert min(e.seq for e in events) > seen[0]
        assert states(events) == ["QUEUED", "RUNNING", "SUCCEEDED"]
        assert (await events_of(manager, queued))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED

    run(tmp_path, monkeypatch, test)
    run(tmp_path, monkeypatch, after_restart)


def copy_as_if_killed(tmp_path, to: str) -> None:
    """What is on the disk now is what a killed server leaves."""
    shutil.copytree(tmp_path / "runs", tmp_path / to / "runs")


def test_killed_server_goes_on_with_its_jobs_and_every_event_that_was_seen(tmp_path, monkeypatch):
    request_id = str(uuid4())
    seen = []

    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, request_id, ME)
        await manager.create(ORDER, "", ME)
        for message in (checkpoint(7), fact(log=pb.LogLine(message="seen")), fact(progress=pb.Progress(step=8))):
            worker().script.put_nowait(message)
        # Pictures have seqs too and are not kept.
        picture = pb.JobEvent(preview=pb.PreviewImage(step=8)).SerializeToString()
        worker().script.put_nowait(Picture(picture))
        stream = manager.watching.stream(job, Cursor())
        async for data in stream:
            seen.append(pb.WatchJobResponse.FromString(data).event)
            if seen[-1].HasField("preview"):
                break
        await stream.aclose()
        await asyncio.to_thread(copy_as_if_killed, tmp_path, "again")

    async def after_restart(manager: JobManager) -> None:
        second, first = await page_of(manager)
        assert await manager.create(ORDER, request_id, ME) is first
        worker().script.put_nowait(done())
        worker().script.put_nowait(done())
        events = await events_of(manager, await manager.watchable(first.record.job_id, ME))
        facts, (picture,) = seen[:-1], seen[-1:]
        assert events[: len(facts)] == facts
        assert "goes on from step 7" in events[len(facts)].log.message
        assert events[len(facts)].seq > picture.seq
        assert first.record.restarts == 1
        await events_of(manager, await manager.watchable(second.record.job_id, ME))

    run(tmp_path, monkeypatch, test)
    run(tmp_path / "again", monkeypatch, after_restart)


@pytest.mark.parametrize("damage", ["garbage", "half", "missing", "inside"])
def test_damaged_database_is_set_aside_and_jobs_come_from_their_folders(tmp_path, monkeypatch, caplog, damage):
    ids = []

    async def test(manager: JobManager) -> None:
        ended = await stopped_job(manager)
        waiting = [await manager.create(ORDER, "", ME) for _ in range(2)]
        ids.extend(job.record.job_id for job in (ended, *waiting))
        await until(lambda: len(worker().ran) == 2)
        await asyncio.to_thread(copy_as_if_killed, tmp_path, "again")

    async def after_restart(manager: JobManager) -> None:
        assert [job.record.job_id for job in await page_of(manager)] == ids[::-1]
        ended, first, second = [await manager.watchable(job_id, ME) for job_id in ids]
        assert ended.record.state == jobs_pb2.JOB_STATE_CANCELLED
        assert kinds(await events_of(manager, ended))[-1] == "result"
        worker().script.put_nowait(done())
        worker().script.put_nowait(done())
        events = await events_of(manager, first, after_seq=3)
        assert kinds(events)[0] == "gap"
        assert "database was lost" in events[1].log.message
        assert (await events_of(manager, second))[-1].result.state == jobs_pb2.JOB_STATE_SUCCEEDED

    run(tmp_path, monkeypatch, test)
    runs = tmp_path / "again" / "runs"
    path = runs / DATABASE_FILE
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    if damage == "garbage":
        path.write_bytes(b"no database" * 1000)
    elif damage == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "inside":
        data = bytearray(path.read_bytes())
        data[5000:9000] = b"\xff" * 4000
        path.write_bytes(data)
    else:
        path.unlink()
    run(tmp_path / "again", monkeypatch, after_restart)
    assert len(list(runs.glob("*.damaged-*"))) == (damage != "missing")


def test_full_disk_refuses_new_jobs_and_lets_the_running_one_wait_for_space(tmp_path, monkeypatch):
    is_full = False
    real = store_module._insert_event

    def insert(connection: sqlite3.Connection, job_id: str, event: tuple[int, bytes]) -> None:
        if is_full:
            raise sqlite3.OperationalError("database or disk is full")
        real(connection, job_id, event)

    monkeypatch.setattr(store_module, "_insert_event", insert)
    monkeypatch.setattr(database_module, "_RETRY_SECONDS", 0.01)

    async def test(manager: JobManager) -> None:
        nonlocal is_full
        job = await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        is_full = True
        with pytest.raises(StorageError, match="full"):
            await manager.create(ORDER, str(uuid4()), ME)
        assert len(await page_of(manager)) == 1
        worker().script.put_nowait(fact(log=pb.LogLine(message="waits")))
        worker().script.put_nowait(done())
        await until(lambda: job.record.is_over)
        before = job.log.visible_seq
        assert not job.log.ended
        await asyncio.sleep(0.05)
        assert job.log.visible_seq == before
        is_full = False
        assert kinds(await events_of(manager, job))[-3:] == ["log", "state", "result"]

    run(tmp_path, monkeypatch, test)


def test_writes_that_fail_do_not_take_others_along(tmp_path):
    async def main() -> None:
        database, is_new = open_database(tmp_path / "a" / "db")
        assert is_new

        def bad(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO nothing VALUES (1)")

        def good(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO events VALUES ('j', 1, x'00')")

        futures = [database.write(bad), database.write(good), database.write(bad)]
        found = await asyncio.gather(*futures, return_exceptions=True)
        assert [type(answer) for answer in found] == [StorageError, type(None), StorageError]
        assert await database.read(lambda c: c.execute("SELECT count(*) FROM events").fetchone()[0]) == 1
        await database.close()

    asyncio.run(main())


def test_process_that_dies_before_it_is_ready_is_replaced(tmp_path, monkeypatch):
    async def ready(self: FakeWorker) -> None:
        if len(self.made) < 3:
            raise WorkerDied("the training process ended by signal 9")

    monkeypatch.setattr(FakeWorker, "ready", ready)

    async def test(manager: JobManager) -> None:
        await manager.ready()
        assert len(FakeWorker.made) == 3

    run(tmp_path, monkeypatch, test)
