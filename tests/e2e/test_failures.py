"""What is left when processes die or are told to stop."""

import os
import signal
import subprocess
import sys
import threading
import time

import grpc
import pytest
from live_server import LONG, QUICK, Server, is_gone, only, started_job
from vox.v1 import training_pb2, training_pb2_grpc
from voxclient import Progress, Refused, Result, Unreachable, VoxClient
from voxclient.errors import from_rpc_error


def cli(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voxclient", "--address", address, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_killed_worker_fails_its_job_and_the_next_one_runs(own_server: Server):
    own_server.start()
    with VoxClient(own_server.address) as client:
        job_id = started_job(client)
        os.kill(own_server.worker_pid(), signal.SIGKILL)
        result = list(client.watch(job_id))[-1]
        assert result.state == "failed"
        assert result.error.reason == "WORKER_DIED"
        assert f"resumable from the checkpoint of step {result.checkpoint_step}" in result.error.message
        assert result.checkpoint_step >= 10
        assert list(client.train("next", map_id="1", **QUICK))[-1].state == "succeeded"
        resumed = client.resume(job_id)
        first = next(e for e in client.watch(resumed.job_id) if isinstance(e, Progress))
        assert first.step > result.checkpoint_step
    assert own_server.stop() == 0


def test_stopped_server_keeps_the_job_and_takes_it_up_again(own_server: Server):
    own_server.start()
    with VoxClient(own_server.address) as client:
        job_id = started_job(client)
        queued = next(client.train("later", map_id="1", **QUICK)).job_id
    with grpc.insecure_channel(own_server.address) as channel:
        stub = training_pb2_grpc.TrainingServiceStub(channel)
        responses = stub.WatchJob(training_pb2.WatchJobRequest(job_id=job_id))
        assert next(responses).event.HasField("accepted")
        assert own_server.stop(signal.SIGINT) == 0
        events = []
        with pytest.raises(grpc.RpcError) as caught:
            events.extend(r.event for r in responses)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert from_rpc_error(caught.value).reason == "SERVER_STOPPING"
        assert "resume after seq" in caught.value.details()
    worker_log = own_server.log.read_text()
    assert "Traceback" not in worker_log, worker_log
    own_server.start()
    with VoxClient(own_server.address) as client:
        job = client.job(job_id)
        assert job.state == "interrupted"
        assert (own_server.folder / "maps" / job.result.map_id / "map.json").is_file()
        assert job.result.checkpoint_step == job.result.step > 0
        assert isinstance(list(client.watch(job_id))[-1], Result)
        assert list(client.watch(queued))[-1].state == "succeeded"
        resumed = client.resume(job_id)
        first = next(e for e in client.watch(resumed.job_id) if isinstance(e, Progress))
        assert first.step > job.result.step


def test_killed_server_takes_its_worker_along_and_knows_its_jobs_afterwards(own_server: Server):
    own_server.start()
    worker = own_server.worker_pid()
    with VoxClient(own_server.address) as client:
        job_id = started_job(client)
    own_server.stop(signal.SIGKILL)
    for _ in range(500):
        if is_gone(worker):
            break
        time.sleep(0.02)
    assert is_gone(worker)
    own_server.start()
    with VoxClient(own_server.address) as client:
        job = client.job(job_id)
        assert job.state == "interrupted"
        assert job.result.checkpoint_step >= 10
        assert client.resume(job_id).resumed_from == job_id


def test_client_goes_on_after_the_server_was_restarted(own_server: Server):
    own_server.start()
    restarted = threading.Event()

    def restart() -> None:
        own_server.stop()
        own_server.start(own_server.port)
        restarted.set()

    with VoxClient(own_server.address) as client:
        events = []
        thread = threading.Thread(target=restart)
        for event in client.train("x", map_id="1", voxel_frames=False, previews=False, **LONG):
            events.append(event)
            if len(only(Progress, events)) == 3 and not thread.is_alive():
                thread.start()
        thread.join(30)
        assert restarted.is_set()
        assert events[-1].state == "interrupted"
        assert events[-1].checkpoint_step > 0


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
    with subprocess.Popen([*command, *settings], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
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
