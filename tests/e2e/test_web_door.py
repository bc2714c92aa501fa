"""The web port as browsers and scripts see it: Connect, Connect-JSON, gRPC-Web, files, health, metrics."""

import gzip
import http.client
import json
import struct
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from google.rpc import error_details_pb2
from live_server import LONG, Server, started_job, wait_for
from vox.v1 import info_pb2, training_pb2

SPEC = {"prompt": "a house", "mapId": "1", "settings": {"teacher": "TEACHER_NOISE", "steps": 4, "logEvery": 2}}


class Web:
    """Requests to one server's web port, each on a connection of its own."""

    def __init__(self, server: Server) -> None:
        self.host = urlsplit(server.web).netloc
        self.connections: list[http.client.HTTPConnection] = []

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        self.connections.append(connection)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse()

    def call(self, service: str, method: str, **message: object) -> tuple[int, dict]:
        path = f"/vox.v1.{service}/{method}"
        response = self.ask("POST", path, json.dumps(message).encode(), content_type="application/json")
        return response.status, json.loads(response.read())

    def stream(self, method: str, data: bytes, content_type: str) -> http.client.HTTPResponse:
        body = struct.pack(">BI", 0, len(data)) + data
        return self.ask("POST", f"/vox.v1.TrainingService/{method}", body, content_type=content_type)


def envelopes(response: http.client.HTTPResponse) -> Iterator[tuple[int, bytes]]:
    while header := response.read(5):
        flags, length = struct.unpack(">BI", header)
        yield flags, response.read(length)


@pytest.fixture
def web(server) -> Iterator[Web]:
    found = Web(server)
    yield found
    for connection in found.connections:
        connection.close()


def test_json_calls_make_poll_and_find_a_job(web, client):
    status, answer = web.call("JobService", "CreateJob", spec=SPEC | {"settings": SPEC["settings"] | {"seed": "2"}})
    assert status == 200
    job_id = answer["job"]["jobId"]
    assert answer["job"]["settings"]["seed"] == "2"
    kinds, after, finished = [], "0", False
    while not finished:
        status, polled = web.call("TrainingService", "PollJobEvents", jobId=job_id, afterSeq=after, waitMillis=5000.0)
        assert status == 200
        for event in polled.get("events", []):
            kinds += [key for key in event if key not in ("jobId", "seq", "emitTime")]
            after = event["seq"]
        finished = polled.get("finished", False)
    assert kinds[0] == "accepted"
    assert kinds[-1] == "result"
    assert {"progress", "keyframe", "started"} <= set(kinds)
    assert wait_for(client, job_id, "succeeded") == "succeeded"


def test_json_stream_brings_the_job_to_its_end_mark(web):
    response = web.stream("StartTraining", json.dumps({"spec": SPEC}).encode(), "application/connect+json")
    assert response.status == 200
    *messages, (flags, end) = envelopes(response)
    assert flags == 2
    assert json.loads(end) == {}
    events = [json.loads(data)["event"] for _, data in messages]
    assert "accepted" in events[0]
    assert events[-1]["result"]["state"] == "JOB_STATE_SUCCEEDED"
    seqs = [int(event["seq"]) for event in events]
    assert seqs == sorted(set(seqs))


def test_binary_connect_and_grpc_web_carry_the_same_events(web, client):
    job_id = next(iter(client.train("x", map_id="1", teacher="noise", steps=3))).job_id
    wait_for(client, job_id, "succeeded")
    request = training_pb2.WatchJobRequest(job_id=job_id).SerializeToString()
    found = []
    for content_type in ("application/connect+proto", "application/grpc-web+proto"):
        *messages, (flags, end) = envelopes(web.stream("WatchJob", request, content_type))
        assert flags in (2, 0x80)
        assert end == b"{}" or b"grpc-status: 0" in end.lower()
        found.append([data for _, data in messages])
    assert found[0] == found[1]
    events = [training_pb2.WatchJobResponse.FromString(data).event for data in found[0]]
    assert events[-1].result.map_id


def test_unary_call_over_grpc_web(web):
    response = web.ask("POST", "/vox.v1.InfoService/GetServerInfo", bytes(5), content_type="application/grpc-web+proto")
    (_, data), (flags, end) = envelopes(response)
    assert info_pb2.GetServerInfoResponse.FromString(data).device == "cpu"
    assert flags == 0x80
    assert b"grpc-status: 0" in end


@pytest.mark.parametrize(
    ("service", "method", "message", "status", "code", "reason", "field"),
    [
        ("JobService", "GetJob", {"jobId": "none"}, 404, "not_found", "NOT_FOUND", "job_id"),
        ("JobService", "CreateJob", {"spec": {"mapId": "../1"}}, 400, "invalid_argument", "INVALID_CONFIG", "prompt"),
        ("MapService", "ListMaps", {"pageToken": "x"}, 400, "invalid_argument", "INVALID_INPUT", "page_token"),
    ],
)
def test_errors_have_code_reason_and_field(web, service, method, message, status, code, reason, field):
    got, answer = web.call(service, method, **message)
    assert (got, answer["code"]) == (status, code)
    details = {d["type"]: b64decode(d["value"] + "==") for d in answer["details"]}
    info = error_details_pb2.ErrorInfo.FromString(details["google.rpc.ErrorInfo"])
    assert (info.reason, info.domain) == (reason, "voxcore")
    bad = error_details_pb2.BadRequest.FromString(details["google.rpc.BadRequest"])
    assert bad.field_violations[0].field == field


def test_errors_of_streams_come_in_the_end_mark(web):
    ((flags, end),) = envelopes(web.stream("WatchJob", b'{"jobId": "none"}', "application/connect+json"))
    assert flags == 2
    assert json.loads(end)["error"]["code"] == "not_found"
    request = training_pb2.WatchJobRequest(job_id="none").SerializeToString()
    ((flags, end),) = envelopes(web.stream("WatchJob", request, "application/grpc-web+proto"))
    assert b"grpc-status: 5" in end
    assert b"grpc-status-details-bin" in end


@pytest.mark.parametrize("content_type", ["application/connect+proto", "application/grpc-web+proto"])
@pytest.mark.parametrize("flags", [(1,), (0, 1), (3,), (0, 3), (0, 0, 1)])
def test_compressed_envelope_is_the_callers_fault_wherever_it_stands(web, content_type, flags):
    data = training_pb2.WatchJobRequest(job_id="none").SerializeToString()
    body = b"".join(struct.pack(">BI", flag, len(data)) + data for flag in flags)
    response = web.ask("POST", "/vox.v1.TrainingService/WatchJob", body, content_type=content_type)
    ((_, end),) = envelopes(response)
    assert b"invalid_argument" in end or b"unimplemented" in end or b"status: 3" in end or b"status: 12" in end


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {"content_type": "application/json"}, 400),
        (b'{"nothing": 1}', {"content_type": "application/json"}, 400),
        (b"[" * 100_000, {"content_type": "application/json"}, 400),
        (b'{"pageSize": 1e99}', {"content_type": "application/json"}, 400),
        (b"\xff\xff", {"content_type": "application/proto"}, 400),
        (b"{}", {"content_type": "text/plain"}, 415),
        (b"{}", {"content_type": "application/grpc"}, 415),
        (b"{}", {"content_type": "application/json", "content_encoding": "gzip"}, 501),
        (bytes(5 * 2**20), {"content_type": "application/proto"}, 429),
        (b"{}", {"content_type": "application/json", "x_odd": "\xff"}, 400),
        (b"{}", {"content_type": "application/json", "host": "attacker.example"}, 421),
        (b"{}", {"content_type": "application/json", "origin": "https://attacker.example"}, 403),
    ],
)
def test_broken_or_foreign_requests_are_refused(web, body, headers, status):
    response = web.ask("POST", "/vox.v1.JobService/ListJobs", body, **headers)
    assert response.status == status
    assert b"Traceback" not in response.read()


def test_a_browser_that_leaves_stops_its_job_only_where_it_asked(web, client):
    for asked, state in ((False, "running"), (True, "cancelled")):
        settings = {"teacher": "TEACHER_NOISE", "steps": LONG["steps"], "logEvery": 5}
        message = {"spec": SPEC | {"settings": settings}, "cancelOnDisconnect": asked}
        response = web.stream("StartTraining", json.dumps(message).encode(), "application/connect+json")
        for _, data in envelopes(response):
            event = json.loads(data)["event"]
            if "progress" in event:
                break
        web.connections[-1].close()
        response.close()
        assert wait_for(client, event["jobId"], state) == state
        client.cancel(event["jobId"])


def test_late_joiner_in_a_browser_gets_a_keyframe(web, client):
    job_id = started_job(client)
    request = training_pb2.WatchJobRequest(job_id=job_id, after_seq=client.job(job_id).last_seq).SerializeToString()
    for _, data in envelopes(web.stream("WatchJob", request, "application/connect+proto")):
        event = training_pb2.WatchJobResponse.FromString(data).event
        assert not event.HasField("delta")
        if event.HasField("keyframe"):
            break
    assert event.keyframe.grid.raw_length == 16 * 12 * 16


def test_health_and_metrics(web):
    response = web.ask("GET", "/healthz")
    assert (response.status, response.read()) == (200, b"ok\n")
    web.call("JobService", "GetJob", jobId="none")
    text = web.ask("GET", "/metrics").read().decode()
    assert 'voxcore_calls_total{code="NOT_FOUND",method="GetJob"}' in text
    assert "voxcore_watchers 0.0" in text


OTHER = "https://other.example:444"
SCRIPT = b"export const answer = 42;\n" * 100


@pytest.fixture(scope="module")
def viewer(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("web") / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html>viewer")
    (root / "assets" / "app-DMCJ0LIt.js").write_bytes(SCRIPT)
    (root / "assets" / "plain.js").write_bytes(SCRIPT)
    (root / "assets" / "page-abcd_-12.css").write_text("a{}")
    (root / "picture.png").write_bytes(bytes(2000))
    (root / "thing.unknown").write_bytes(bytes(2000))
    (root / ".hidden").write_text("secret")
    (root.parent / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    return root


@pytest.fixture(scope="module")
def site(tmp_path_factory, viewer) -> Iterator[Web]:
    flags = (f"--web-root={viewer}", "--no-warm-up", "--cors-origins=https://game.example", f"--viewer-servers={OTHER}")
    server = Server(tmp_path_factory.mktemp("site"), *flags).start()
    found = Web(server)
    yield found
    for connection in found.connections:
        connection.close()
    assert server.stop() == 0, server.log.read_text()


def test_page_of_the_viewer_is_asked_for_every_time(site):
    response = site.ask("GET", "/")
    assert response.read() == b"<!doctype html>viewer"
    assert response.getheader("content-type") == "text/html; charset=utf-8"
    assert response.getheader("cache-control") == "no-cache"
    tag = response.getheader("etag")
    for seen in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = site.ask("GET", "/", if_none_match=seen)
        assert (again.status, again.read(), again.getheader("etag")) == (304, b"", tag)
    assert site.ask("GET", "/", if_none_match='"other"').status == 200
    assert site.ask("GET", "/index.html").read() == b"<!doctype html>viewer"


def test_page_may_do_what_the_viewer_needs_and_nothing_else(site):
    policy = dict(
        part.strip().split(" ", 1) for part in site.ask("GET", "/").getheader("content-security-policy").split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["worker-src"] == "'self' blob:"
    assert policy.pop("connect-src") == f"'self' blob: {OTHER}"
    assert "blob:" in policy["img-src"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert not any("unsafe" in value or "http" in value or "*" in value for value in policy.values())
    for path in ("/", "/assets/app-DMCJ0LIt.js", "/healthz", "/nothing"):
        assert site.ask("GET", path).getheader("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    ("path", "kind", "lasts"),
    [
        ("/assets/app-DMCJ0LIt.js", "text/javascript; charset=utf-8", True),
        ("/assets/page-abcd_-12.css", "text/css; charset=utf-8", True),
        ("/assets/plain.js", "text/javascript; charset=utf-8", False),
        ("/picture.png", "image/png", False),
        ("/thing.unknown", "application/octet-stream", False),
    ],
)
def test_files_have_their_type_and_last_where_their_name_holds_a_hash(site, path, kind, lasts):
    response = site.ask("GET", path + "?x=1")
    assert response.getheader("content-type") == kind
    assert ("immutable" in response.getheader("cache-control")) == lasts
    length = response.getheader("content-length")
    assert len(response.read()) == int(length)
    head = site.ask("HEAD", path)
    assert (head.getheader("content-length"), head.read()) == (length, b"")


def test_what_can_be_packed_is_packed_for_those_who_ask(site):
    path = "/assets/app-DMCJ0LIt.js"
    plain = site.ask("GET", path, accept_encoding="br")
    assert (plain.getheader("content-encoding"), plain.read()) == (None, SCRIPT)
    packed = site.ask("GET", path, accept_encoding="deflate, gzip;q=0.8")
    data = packed.read()
    assert packed.getheader("content-encoding") == "gzip"
    assert len(data) < len(SCRIPT) / 5
    assert gzip.decompress(data) == SCRIPT
    assert packed.getheader("vary") == "accept-encoding"
    assert packed.getheader("etag") != plain.getheader("etag")
    assert site.ask("GET", path, accept_encoding="gzip", if_none_match=packed.getheader("etag")).status == 304
    for accepted, other in (("gzip;q=0", path), ("gzip", "/picture.png"), ("gzip", "/")):
        assert site.ask("GET", other, accept_encoding=accepted).getheader("content-encoding") is None


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/link.txt",
        "/.hidden",
        "/assets/../.hidden",
        "/assets",
        "/%5c..%5csecret.txt",
        "/%00",
        "//etc/passwd",
    ],
)
def test_nothing_outside_the_viewer_is_served(site, path):
    response = site.ask("GET", path)
    assert response.status == 404
    assert b"secret\n" not in response.read()


def test_only_listed_origins_may_call(site):
    origin = "https://game.example"
    response = site.ask("OPTIONS", "/vox.v1.JobService/ListJobs", origin=origin, access_control_request_method="POST")
    assert response.status == 204
    assert response.getheader("access-control-allow-origin") == origin
    assert "connect-protocol-version" in response.getheader("access-control-allow-headers")
    call = site.ask("POST", "/vox.v1.JobService/ListJobs", b"{}", content_type="application/json", origin=origin)
    assert (call.status, call.getheader("access-control-allow-origin")) == (200, origin)
    assert site.ask("OPTIONS", "/vox.v1.JobService/ListJobs", origin="https://other.example").status == 403
    own = site.ask(
        "POST", "/vox.v1.JobService/ListJobs", b"{}", content_type="application/json", origin=f"http://{site.host}"
    )
    assert own.status == 200
