"""Tokens, their shares, whose maps are whose, and TLS, at both doors."""

import hashlib
import http.client
import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
import trustme
from live_server import LONG, QUICK, Server, cancel_all
from vox.v1 import jobs_pb2, jobs_pb2_grpc
from voxclient import NotFound, Progress, Refused, Result, Started, Unreachable, VoxClient

from voxcore.cameras import orbit_cameras
from voxcore.datasets import dump_dataset, new_dataset

ALICE, BOB, ROOT, SLOW = (f"{name}-token-0123456789" for name in ("alice", "bob", "root", "slow"))


CAMERAS = orbit_cameras(
    1, center=np.array([0.0, 6.0, 0.0]), radius=40.0, elevation_degrees=(20.0, 20.0), fov_y_degrees=50.0,
    width=16, height=12,
)  # fmt: skip
DATASET = dump_dataset(new_dataset(CAMERAS, [None], capture_id="c", exported_at="2026-01-01T00:00:00Z"))


def entry(name: str, token: str, **more: object) -> str:
    lines = [f'name = "{name}"', f'sha256 = "{hashlib.sha256(token.encode()).hexdigest()}"']
    return "\n".join(["[[tokens]]", *lines, *(f"{k} = {json.dumps(v)}" for k, v in more.items())]) + "\n"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("guarded")
    tokens = folder / "tokens.toml"
    tokens.write_text(
        entry("alice", ALICE)
        + entry("bob", BOB, max_jobs=1, max_steps=50, max_cells=4000)
        + entry("slow", SLOW, calls_per_second=5)
        + entry("root", ROOT, admin=True)
    )
    server = Server(folder, f"--tokens-file={tokens}", "--no-warm-up", "--log-json").start()
    yield server
    with VoxClient(server.address, token=ROOT) as root:
        cancel_all(root)
    assert server.stop() == 0
    log = server.log.read_text()
    assert not any(token in log for token in (ALICE, BOB, ROOT))
    assert any(json.loads(line)["message"] == "ready" for line in log.splitlines() if line.startswith("{"))


@pytest.mark.parametrize("token", [None, "", "wrong", ALICE[:-1]])
def test_without_a_known_token_nothing_is_answered(guarded, token):
    with VoxClient(guarded.address, token=token) as client:
        for call in (client.jobs, client.maps, client.info, lambda: next(client.train("x", map_id="1", **QUICK))):
            with pytest.raises(Refused) as caught:
                call()
            assert caught.value.reason == "UNAUTHENTICATED"


def web(server: Server, path: str, token: str | None, body: bytes | None = None, context=None) -> tuple[int, bytes]:
    kind = http.client.HTTPConnection if context is None else http.client.HTTPSConnection
    options = {} if context is None else {"context": context}
    connection = kind(server.web.rpartition("/")[2], timeout=30, **options)
    headers = {"content-type": "application/json"} | ({"Authorization": f"bearer {token}"} if token else {})
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_web_door_asks_for_the_same_tokens(guarded):
    path = "/vox.v1.JobService/ListJobs"
    assert web(guarded, path, None, b"{}")[0] == 401
    assert web(guarded, path, "wrong", b"{}")[0] == 401
    assert web(guarded, path, ALICE, b"{}")[0] == 200
    assert web(guarded, "/metrics", None)[0] == 401
    assert web(guarded, "/metrics", ALICE)[0] == 200
    assert web(guarded, "/healthz", None)[0] == 200


def test_jobs_and_maps_are_their_owners(guarded):
    with (
        VoxClient(guarded.address, token=ALICE) as alice,
        VoxClient(guarded.address, token=BOB) as bob,
        VoxClient(guarded.address, token=ROOT) as root,
    ):
        result = list(alice.train("x", map_id="1", **QUICK))[-1]
        assert alice.job(result.job_id).owner == "alice"
        assert result.map_id in [m.id for m in alice.maps()]
        assert result.map_id not in [m.id for m in bob.maps()]
        assert bob.jobs() == []
        for call in (bob.job, bob.cancel, bob.pause, bob.resume, bob.delete, lambda j: next(bob.watch(j))):
            with pytest.raises(NotFound):
                call(result.job_id)
        with pytest.raises(NotFound):
            bob.get_map(result.map_id)
        with pytest.raises(NotFound):
            next(bob.train("x", map_id=result.map_id, **QUICK))
        pictures = alice.upload("dataset", "pictures-of-alice", DATASET)
        assert pictures.owner == "alice"
        assert pictures.id not in [d.id for d in bob.datasets()]
        with pytest.raises(NotFound):
            next(bob.train("x", map_id="1", dataset_id=pictures.id, **QUICK))
        for call in (
            lambda: bob.put_map("1", bob.get_map("1"), expected_version=bob.maps()[0].version),
            lambda: bob.upload("dataset", pictures.id, DATASET, expected_version=pictures.version),
        ):
            with pytest.raises(Refused) as caught:
                call()
            assert caught.value.reason == "PERMISSION_DENIED"
        assert root.job(result.job_id).job_id == result.job_id
        assert root.get_map(result.map_id) == alice.get_map(result.map_id)


def test_map_of_a_job_is_never_anybody_elses_not_for_a_moment(guarded):
    with VoxClient(guarded.address, token=ALICE) as alice, VoxClient(guarded.address, token=BOB) as bob:
        events = alice.train("x", map_id="1", **(QUICK | {"steps": 3}))
        seen, looks, result = set(), 0, None
        before = {m.id for m in bob.maps()}
        while result is None:
            for event in events:
                if isinstance(event, Result):
                    result = event
                if isinstance(event, Progress | Result):
                    break
            seen |= {m.id for m in bob.maps()} - before
            looks += 1
        assert looks > 2
        assert not seen
        assert next(m.owner for m in alice.maps() if m.id == result.map_id) == "alice"
        # A map that is already there when its owner's job has not yet said so.
        folder = guarded.folder / "maps" / "trained_map_1_900"
        shutil.copytree(guarded.folder / "maps" / result.map_id, folder)
        assert folder.name not in {m.id for m in bob.maps()}
        with pytest.raises(NotFound):
            bob.get_map(folder.name)
        shutil.rmtree(folder)


def test_requests_of_two_owners_do_not_collide(guarded):
    request_id = "12345678-1234-1234-1234-123456789abc"
    with VoxClient(guarded.address, token=ALICE) as alice, VoxClient(guarded.address, token=ROOT) as root:
        first = next(alice.train("x", map_id="1", request_id=request_id, **QUICK)).job_id
        assert next(alice.train("x", map_id="1", request_id=request_id, **QUICK)).job_id == first
        assert next(root.train("another", map_id="1", request_id=request_id, **QUICK)).job_id != first


def test_shares_bound_what_a_token_may_have(guarded):
    with VoxClient(guarded.address, token=BOB) as bob:

        def refused(**changes) -> str:
            with pytest.raises(Refused) as caught:
                next(bob.train("x", **({"map_id": "1", **QUICK} | changes)))
            return f"{caught.value.reason} {caught.value}"

        assert "QUOTA_EXCEEDED max_steps" in refused(steps=51)
        assert "QUOTA_EXCEEDED max_cells" in refused(map_id="large")
        job_id = next(bob.train("x", map_id="1", **(LONG | {"steps": 50, "image_every": 1}))).job_id
        assert "QUOTA_EXCEEDED max_jobs" in refused()
        bob.cancel(job_id)


def test_calls_above_the_rate_are_told_when_to_try_again(guarded):
    with grpc.insecure_channel(guarded.address) as channel:
        stub = jobs_pb2_grpc.JobServiceStub(channel)

        def many_calls() -> None:
            for _ in range(200):
                stub.ListJobs(jobs_pb2.ListJobsRequest(), metadata=[("authorization", f"Bearer {SLOW}")], timeout=10)

        with pytest.raises(grpc.RpcError) as caught:
            many_calls()
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"google.rpc.RetryInfo" in details
    assert b"RATE_LIMITED" in details


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> tuple[trustme.CA, Path]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    return authority, folder


def test_both_doors_speak_tls_and_can_ask_for_the_clients_certificate(tmp_path, certificates):
    authority, files = certificates
    flags = [
        f"--tls-cert={files / 'cert.pem'}",
        f"--tls-key={files / 'key.pem'}",
        f"--tls-client-ca={files / 'ca.pem'}",
    ]
    server = Server(tmp_path, *flags, "--no-warm-up")
    own = authority.issue_cert("client.example")
    trusted = (files / "ca.pem").read_bytes()
    server.channel_credentials = grpc.ssl_channel_credentials(
        trusted, own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes()
    )
    server.start()
    try:
        context = ssl.create_default_context(cafile=files / "ca.pem")
        own.configure_cert(context)
        assert web(server, "/vox.v1.JobService/ListJobs", None, b"{}", context)[0] == 200
        stranger = ssl.create_default_context(cafile=files / "ca.pem")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            web(server, "/vox.v1.JobService/ListJobs", None, b"{}", stranger)
        with VoxClient(server.address, ca_file=files / "ca.pem") as client, pytest.raises(Unreachable):
            client.jobs()
    finally:
        assert server.stop() == 0


def test_client_trusts_what_it_was_told_to_trust(tmp_path, certificates):
    _, files = certificates
    server = Server(tmp_path, f"--tls-cert={files / 'cert.pem'}", f"--tls-key={files / 'key.pem'}", "--no-warm-up")
    server.channel_credentials = grpc.ssl_channel_credentials((files / "ca.pem").read_bytes())
    server.start()
    try:
        with VoxClient(server.address, ca_file=files / "ca.pem") as client:
            events = list(client.train("x", map_id="1", **QUICK))
            assert any(isinstance(event, Started) for event in events)
    finally:
        assert server.stop() == 0
