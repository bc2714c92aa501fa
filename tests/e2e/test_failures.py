"""What is left when processes die or are told to stop."""

import functools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from typing import Any

import grpc
import pytest
from live_server import LONG, QUICK, Server, is_gone, only, started_job, until, wait_for
from vox.v1 import training_pb2, training_pb2_grpc
from voxclient import Checkpoint, Log, NotFound, Progress, Refused, Started, Unreachable, VoxClient
from voxclient.errors import from_rpc_error


def cli(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voxclient", "--address", address, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


SETTINGS = {"teacher": "noise", "steps": 60, "seed": 3, "log_every": 2, "checkpoint_every": 8, "image_every": 0}


@pytest.fixture(scope="module")
def uninterrupted(server: Server) -> bytes:
    """The map file of the job that the tests below disturb, left alone."""
    with VoxClient(server.address) as client:
        result = list(client.train("x", map_id="1", **SETTINGS))[-1]
        assert result.state == "succeeded"
    return map_file(server, result.map_id)


def map_file(server: Server, map_id: str) -> bytes:
    return (server.folder / "maps" / map_id / "map.json").read_bytes()


def after_checkpoint(client: VoxClient, **settings) -> str:
    """Id of a job that has made a checkpoint and a few steps more."""
    events = client.train("x", map_id="1", **(SETTINGS | settings))
    next(event for event in events if isinstance(event, Checkpoint))
    event = next(event for event in events if isinstance(event, Progress))
    events.close()
    return event.job_id


def test_job_of_a_killed_process_goes_on_to_the_very_same_map(own_server: Server, uninterrupted: bytes):
    own_server.start()
    with VoxClient(own_server.address) as client:
        job_id = after_checkpoint(client)
        os.kill(own_server.worker_pid(), signal.SIGKILL)
        events = list(client.watch(job_id))
        result = events[-1]
        assert result.state == "succeeded"
        assert client.job(job_id).restarts == 1
        first, again = only(Started, events)
        assert first.first_step == 0
        assert again.first_step >= 8
        assert map_file(own_server, result.map_id) == uninterrupted
        assert len([m for m in client.maps() if m.id.startswith("trained")]) == 1
    assert own_server.stop() == 0


def test_job_of_a_killed_server_goes_on_to_the_very_same_map(own_server: Server, uninterrupted: bytes):
    own_server.start()
    worker = own_server.worker_pid()
    with VoxClient(own_server.address) as client:
        job_id = after_checkpoint(client)
        queued = next(client.train("later", map_id="1", **QUICK)).job_id
        seen = [
            event for event, _ in zip(client.watch(job_id, voxel_frames=False, previews=False), range(8), strict=False)
        ]
    own_server.stop(signal.SIGKILL)
    until(lambda: is_gone(worker))
    own_server.start()
    with VoxClient(own_server.address) as client:
        events = list(client.watch(job_id, voxel_frames=False, previews=False))
        assert events[: len(seen)] == seen
        assert map_file(own_server, events[-1].map_id) == uninterrupted
        rest = list(client.watch(job_id, after_seq=seen[-1].seq, voxel_frames=False, previews=False))
        assert rest == events[len(seen) :]
        assert list(client.watch(queued))[-1].state == "succeeded"


def test_stopped_server_ends_streams_and_goes_on_at_its_next_start(own_server: Server, uninterrupted: bytes):
    own_server.start()
    with VoxClient(own_server.address) as client:
        job_id = after_checkpoint(client)
    with grpc.insecure_channel(own_server.address) as channel:
        stub = training_pb2_grpc.TrainingServiceStub(channel)
        responses = stub.WatchJob(training_pb2.WatchJobRequest(job_id=job_id))
        assert next(responses).event.HasField("accepted")
        assert own_server.stop(signal.SIGINT) == 0
        with pytest.raises(grpc.RpcError) as caught:
            for _ in responses:
                pass
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert from_rpc_error(caught.value).reason == "SERVER_STOPPING"
        assert "resume after seq" in caught.value.details()
    server_log = own_server.log.read_text()
    assert "Traceback" not in server_log, server_log
    assert not list((own_server.folder / "maps").glob("trained*"))
    own_server.start()
    with VoxClient(own_server.address) as client:
        result = list(client.watch(job_id))[-1]
        assert result.state == "succeeded"
        assert map_file(own_server, result.map_id) == uninterrupted


def test_paused_job_stays_paused_over_a_restart_and_goes_on_to_the_very_same_map(own_server, uninterrupted: bytes):
    own_server.start()
    with VoxClient(own_server.address) as client:
        job_id = after_checkpoint(client)
        client.pause(job_id)
        wait_for(client, job_id, "paused")
        assert list(client.train("another", map_id="1", **QUICK))[-1].state == "succeeded"
    assert own_server.stop() == 0
    own_server.start()
    with VoxClient(own_server.address) as client:
        assert client.job(job_id).state == "paused"
        assert client.resume(job_id).job_id == job_id
        result = list(client.watch(job_id))[-1]
        assert map_file(own_server, result.map_id) == uninterrupted
        client.delete(job_id)
        with pytest.raises(NotFound):
            client.job(job_id)


def test_damaged_checkpoint_costs_time_and_nothing_else(own_server: Server, uninterrupted: bytes):
    own_server.start()
    worker = own_server.worker_pid()
    with VoxClient(own_server.address) as client:
        job_id = after_checkpoint(client)
    own_server.stop(signal.SIGKILL)
    until(lambda: is_gone(worker))
    file = own_server.folder / "runs" / job_id / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    own_server.start()
    with VoxClient(own_server.address) as client:
        events = list(client.watch(job_id))
        assert "starts from its first step" in only(Log, events)[-1].message
        assert map_file(own_server, events[-1].map_id) == uninterrupted


def test_job_that_had_made_its_map_when_its_process_died_makes_no_second_one(own_server: Server):
    own_server.start()
    with VoxClient(own_server.address) as client:
        first = list(client.train("x", map_id="1", **QUICK))[-1]
    own_server.stop(signal.SIGKILL)
    database = own_server.folder / "runs" / "jobs.sqlite"
    # As if it had died between the map and the note that there is one.
    connection = sqlite3.connect(database, isolation_level=None)
    data = json.loads(connection.execute("SELECT data FROM jobs").fetchone()[0])
    data |= {"state": "JOB_STATE_RUNNING", "result": None}
    connection.execute("UPDATE jobs SET state = 2, is_over = 0, data = ?", (json.dumps(data),))
    connection.execute("DELETE FROM events WHERE seq >= ?", (first.seq - 1,))
    connection.close()
    own_server.start()
    with VoxClient(own_server.address) as client:
        again = list(client.watch(first.job_id))[-1]
        assert (again.state, again.map_id, again.sha256) == ("succeeded", first.map_id, first.sha256)
        assert len([m for m in client.maps() if m.id.startswith("trained")]) == 1


def test_client_follows_its_job_through_a_restart_of_the_server(own_server: Server, uninterrupted: bytes):
    own_server.start()
    restarted = threading.Event()

    def restart() -> None:
        own_server.stop()
        own_server.start(own_server.port)
        restarted.set()

    with VoxClient(own_server.address, patience_seconds=120) as client:
        events = []
        thread = threading.Thread(target=restart)
        for event in client.train("x", map_id="1", voxel_frames=False, previews=False, **SETTINGS):
            events.append(event)
            if len(only(Progress, events)) == 3 and not thread.is_alive() and not restarted.is_set():
                thread.start()
        thread.join(60)
        assert restarted.is_set()
        assert events[-1].state == "succeeded"
        assert map_file(own_server, events[-1].map_id) == uninterrupted


def test_second_server_on_the_same_port_or_runs_is_refused(server: Server, tmp_path):
    def refused(*flags: str) -> str:
        command = [sys.executable, "-m", "server", f"--maps-root={tmp_path}", "--web-port=0", *flags]
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert found.returncode == 1
        assert "Traceback" not in found.stderr
        return found.stderr

    assert "cannot listen" in refused(f"--port={server.port}", f"--runs-root={tmp_path / 'runs'}")
    assert "another server" in refused("--port=0", f"--runs-root={server.folder / 'runs'}")


def test_wrong_settings_end_with_2_and_a_sentence():
    found = subprocess.run(
        [sys.executable, "-m", "server", "--host", "0.0.0.0"], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 2
    assert "--insecure" in found.stderr


def test_command_line_trains_saves_and_lists(server: Server, tmp_path):
    settings = [part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")]
    out = tmp_path / "map.json"
    found = cli(server.address, "train", "a castle", "--map", "1", "--out", str(out), *settings)
    assert found.returncode == 0, found.stderr
    assert "step 6/6" in found.stdout
    assert "first frame after" in found.stdout
    assert out.is_file()
    assert "succeeded" in cli(server.address, "jobs").stdout
    assert "large" in cli(server.address, "maps").stdout
    assert "teacher noise" in cli(server.address, "info").stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["train", "x", "--map", "unknown"], 2),
        (["train", "x", "--map", "1", "--steps", "0"], 2),
        (["train", "x", "--map", "1", "--set", "nothing=1"], 2),
        (["train", "x", "--map", "1", "--out", "/nowhere/map.json"], 2),
        (["train", "x"], 2),
        (["watch", "unknown"], 2),
    ],
)
def test_command_line_says_what_is_wrong(server: Server, arguments, code):
    found = cli(server.address, *arguments)
    assert found.returncode == code
    assert found.stderr
    assert "Traceback" not in found.stderr


def test_command_line_without_a_server_ends_with_3():
    found = cli("127.0.0.1:1", "train", "x", "--map", "1")
    assert found.returncode == 3
    assert "no answer from 127.0.0.1:1" in found.stderr


def test_ctrl_c_cancels_keeps_the_map_and_says_how_to_go_on(server: Server):
    command = [sys.executable, "-m", "voxclient", "--address", server.address, "train", "x", "--map", "1"]
    settings = [part for name, value in LONG.items() for part in ("--set", f"{name}={value}")]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # Tests that a shell runs in the background inherit that Ctrl-C is ignored.
    attentive = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen([*command, *settings], preexec_fn=attentive, **pipes) as process:
        while "step 10/" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "cancelled after step" in out
    assert "voxclient resume" in out
    assert "map trained_map_1_" in out
    job_id = out.rpartition("voxclient resume ")[2].split()[0]
    assert cli(server.address, "watch", job_id).returncode == 4


def test_client_raises_where_nobody_answers():
    with VoxClient("127.0.0.1:1", connect_seconds=0.5) as client:
        with pytest.raises(Unreachable):
            next(client.train("x", map_id="1"))
        with pytest.raises(Unreachable):
            client.jobs()


def test_failed_job_is_a_result_and_no_exception(server: Server, client: VoxClient):
    # The map is there when the job is accepted and gone when its turn comes.
    blocker = started_job(client)
    folder = server.folder / "maps" / "fleeting"
    folder.mkdir()
    (folder / "map.json").write_bytes((server.folder / "maps" / "1" / "map.json").read_bytes())
    events = client.train("x", map_id="fleeting", **QUICK)
    next(events)
    (folder / "map.json").unlink()
    client.cancel(blocker)
    result = list(events)[-1]
    assert result.state == "failed"
    assert (result.error.reason, result.error.field) == ("NOT_FOUND", "map_id")
    assert cli(server.address, "watch", result.job_id).returncode == 1
    with pytest.raises(Refused):
        client.resume(result.job_id)


def test_client_saves_a_map_in_the_format_that_the_file_name_says(server, tmp_path):
    for name, more in (("castle.vox", ()), ("castle.GLB", ()), ("castle.schem", ("--format", "schem_v3"))):
        done = cli(server.address, "export", "1", "--out", str(tmp_path / name), *more)
        assert done.returncode == 0, done.stderr
        assert f"saved {tmp_path / name}" in done.stdout
    assert (tmp_path / "castle.GLB").read_bytes().startswith(b"glTF")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["castle.GLB", "castle.schem", "castle.vox"]
    for arguments, word in (
        (("1", "--out", str(tmp_path / "castle.txt")), ".vox"),
        (("nowhere", "--out", str(tmp_path / "a.vox")), "does not exist"),
        (("1", "--out", str(tmp_path / "a"), "--format", "obj"), "expected one of"),
    ):
        done = cli(server.address, "export", *arguments)
        assert done.returncode == 2
        assert word in done.stderr
        assert done.stderr.count("\n") == 1
