"""What is kept of a job's run: thinned to fit, on the disk, and there for who comes late."""

import numpy as np
import pytest
from fakes import ME, ORDER, done, events_of, fact, kinds, run, until, worker
from vox.v1 import jobs_pb2, voxels_pb2
from vox.v1 import training_pb2 as pb

from server.jobs import film as film_module
from server.jobs.event_log import Cursor
from server.jobs.film import FILE, Film, FilmFrame, last_frame, prune_films, read_film
from server.jobs.manager import JobManager
from server.reasons import TooManyWatchers
from server.rpc import Caller
from server.voxel_codec import pack_grid
from server.worker.messages import Frame, JobFailed, JobPaused
from voxcore.errors import NotFound
from voxcore.palette import EDITOR


def frame(step: int, size: int = 100, parts: int = 1, seq: int = 0) -> FilmFrame:
    return FilmFrame(seq or step + 1, step, tuple(bytes([step % 251]) * size for _ in range(parts)))


def steps(path) -> list[int]:
    return [kept.step for kept in read_film(path)]


def test_frames_come_back_as_they_were_from_any_seq_on(tmp_path):
    path = tmp_path / FILE
    film = Film(path, 10_000)
    frames = [frame(0, 0), frame(3, 50, parts=3), frame(9)]
    for one in frames:
        film.add(one)
    assert list(read_film(path)) == frames
    assert list(read_film(path, after_seq=frames[1].seq)) == frames[2:]
    assert last_frame(path) == frames[2]
    assert list(read_film(tmp_path / "nowhere")) == []


def test_a_full_film_keeps_moments_all_over_the_run(tmp_path):
    path = tmp_path / FILE
    film = Film(path, 4000)
    for step in range(2000):
        film.add(frame(step))
        assert path.stat().st_size <= 4000
    kept = steps(path)
    assert kept[0] == 0
    assert kept[-1] == 1999
    assert len(kept) >= 12
    assert max(np.diff(kept)) <= 2000 / 4


def test_a_film_has_a_bounded_number_of_frames(tmp_path, monkeypatch):
    monkeypatch.setattr(film_module, "MAX_FRAMES", 8)
    film = Film(tmp_path / FILE, 2**20)
    for step in range(100):
        film.add(frame(step))
        assert len(steps(tmp_path / FILE)) <= 8


def test_a_frame_that_is_too_long_is_left_out(tmp_path):
    path = tmp_path / FILE
    film = Film(path, 1000)
    for one in (frame(0), frame(1, 5000), frame(2)):
        film.add(one)
    assert steps(path) == [0, 2]
    Film(tmp_path / "none", 0).add(frame(0))
    assert not (tmp_path / "none").exists()


def test_a_run_that_went_back_replaces_what_came_after(tmp_path):
    path = tmp_path / FILE
    film = Film(path, 10_000)
    for one in (frame(0), frame(0, seq=2), frame(5, seq=6), frame(9, seq=10), frame(5, seq=20), frame(6, seq=21)):
        film.add(one)
    # The world that the run begins with and its first look are both of step 0.
    assert [(kept.step, kept.seq) for kept in read_film(path)] == [(0, 1), (0, 2), (5, 20), (6, 21)]


@pytest.mark.parametrize("damage", ["torn", "flipped", "grown"])
def test_a_crash_costs_the_torn_frame_and_nothing_else(tmp_path, damage):
    path = tmp_path / FILE
    for step in range(4):
        Film(path, 10_000).add(frame(step))
    data = bytearray(path.read_bytes())
    if damage == "torn":
        del data[-7:]
    elif damage == "flipped":
        data[-7] ^= 1
    else:
        data += b"\xff" * 60
    path.write_bytes(data)
    whole = [0, 1, 2, 3] if damage == "grown" else [0, 1, 2]
    assert steps(path) == whole
    Film(path, 10_000).add(frame(8))
    assert steps(path) == [*whole, 8]


def test_a_reader_goes_on_while_the_film_is_thinned(tmp_path):
    path = tmp_path / FILE
    film = Film(path, 4000)
    for step in range(20):
        film.add(frame(step))
    reading = read_film(path)
    assert next(reading).step == 0
    for step in range(20, 60):
        film.add(frame(step))
    assert [one.step for one in reading] == list(range(1, 20))


def test_films_of_the_oldest_jobs_go_first(tmp_path):
    for job in ("20260101-a", "20260102-b", "20260103-c"):
        (tmp_path / job).mkdir()
        Film(tmp_path / job / FILE, 10_000).add(frame(0, 1000))
    prune_films(tmp_path, 2500)
    assert sorted(path.parent.name for path in tmp_path.glob(f"*/{FILE}")) == ["20260102-b", "20260103-c"]
    # The film of a job that still runs begins anew.
    film = Film(tmp_path / "20260103-c" / FILE, 10_000)
    film.add(frame(1))
    prune_films(tmp_path, 0)
    film.add(frame(2))
    assert steps(tmp_path / "20260103-c" / FILE) == [2]


def moment(step: int, final: bool = False) -> Frame:
    blocks = np.zeros((8, 8, 8), dtype=np.uint8)
    blocks[: step % 8] = 3
    parts = [voxels_pb2.VoxelKeyframe(step=step, final=final, grid=g) for g in pack_grid(blocks, EDITOR, 2.0)]
    return Frame(tuple(part.SerializeToString() for part in parts), None)


async def replayed(manager: JobManager, job_id: str, after_seq: int = 0) -> list[pb.JobEvent]:
    stream = manager.replay(job_id, after_seq, ME)
    return [pb.ReplayJobResponse.FromString(data).event async for data in stream]


@pytest.mark.parametrize("end", ["succeeded", "cancelled", "failed"])
def test_an_ended_job_shows_its_run_also_after_a_restart(tmp_path, monkeypatch, end):
    seen, ids = [], []

    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        ids.append(job.record.job_id)
        messages = [fact(started=pb.JobStarted(total_steps=20)), *(moment(step) for step in (0, 5, 10, 15))]
        if end == "failed":
            messages.append(JobFailed(b""))
        else:
            messages += [moment(20, final=True), done(stopped=end == "cancelled")]
        for message in messages:
            worker().script.put_nowait(message)
        await events_of(manager, job)
        seen.extend(await replayed(manager, ids[0]))
        assert [event.keyframe.step for event in seen] == [0, 5, 10, 15] + ([20] if end != "failed" else [])
        assert [event.seq for event in seen] == sorted({event.keyframe.frame_seq for event in seen})
        assert await replayed(manager, ids[0], seen[1].seq) == seen[2:]

    async def after_restart(manager: JobManager) -> None:
        assert await replayed(manager, ids[0]) == seen
        watched = await events_of(manager, await manager.watchable(ids[0], ME))
        newest = [event for event in watched if event.HasField("keyframe")]
        assert newest == seen[-1:]
        assert kinds(watched)[-1] == "result"

    run(tmp_path, monkeypatch, test)
    run(tmp_path, monkeypatch, after_restart)


def test_a_paused_job_shows_where_it_is_after_a_restart(tmp_path, monkeypatch):
    ids = []

    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        ids.append(job.record.job_id)
        for message in (fact(started=pb.JobStarted(total_steps=20)), moment(4), moment(8)):
            worker().script.put_nowait(message)
        await until(lambda: bool(worker().ran))
        await manager.pause(ids[0], ME)
        worker().script.put_nowait(fact(checkpoint=pb.CheckpointSaved(step=8)))
        worker().script.put_nowait(JobPaused())
        await until(lambda: job.record.state == jobs_pb2.JOB_STATE_PAUSED)

    async def after_restart(manager: JobManager) -> None:
        job = await manager.watchable(ids[0], ME)
        stream = manager.watching.stream(job, Cursor())
        async for data in stream:
            event = pb.WatchJobResponse.FromString(data).event
            if event.HasField("keyframe"):
                assert event.keyframe.step == 8
                break
        await stream.aclose()
        assert [event.keyframe.step for event in await replayed(manager, ids[0])] == [4, 8]
        await manager.cancel(ids[0], ME)

    run(tmp_path, monkeypatch, test)
    run(tmp_path, monkeypatch, after_restart)


def test_a_replay_is_the_owners_and_takes_a_seat(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", Caller("alice", is_admin=False))
        for message in (moment(0), moment(1), moment(2, final=True), done()):
            worker().script.put_nowait(message)
        await events_of(manager, job)
        with pytest.raises(NotFound):
            await anext(manager.replay(job.record.job_id, 0, Caller("bob", is_admin=False)))
        first = manager.replay(job.record.job_id, 0, ME)
        await anext(first)
        with pytest.raises(TooManyWatchers):
            await anext(manager.replay(job.record.job_id, 0, ME))
        await first.aclose()
        assert manager.watching.count == 0
        assert len(await replayed(manager, job.record.job_id)) == 3

    run(tmp_path, monkeypatch, test, max_watchers=1)


def test_a_job_goes_on_where_its_film_cannot_be_kept(tmp_path, monkeypatch, caplog):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        (tmp_path / "runs" / job.record.job_id / FILE).mkdir()
        for message in (moment(0), moment(1, final=True), done()):
            worker().script.put_nowait(message)
        assert kinds(await events_of(manager, job))[-1] == "result"
        assert await replayed(manager, job.record.job_id) == []

    run(tmp_path, monkeypatch, test)
    assert "is not kept" in caplog.text


def test_deleting_a_job_deletes_its_film(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        job = await manager.create(ORDER, "", ME)
        for message in (moment(0, final=True), done()):
            worker().script.put_nowait(message)
        await events_of(manager, job)
        assert list((tmp_path / "runs").glob(f"*/{FILE}"))
        await manager.delete(job.record.job_id, ME)
        assert not list((tmp_path / "runs").glob(f"*/{FILE}"))

    run(tmp_path, monkeypatch, test)
