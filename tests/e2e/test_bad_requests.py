"""Bad requests at all four doors: the same code, reason, field and sentence at each, and what was expected and came."""

import http.client
import json
import struct
from base64 import b64decode
from typing import Any
from urllib.parse import unquote

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from google.rpc import code_pb2, error_details_pb2, status_pb2
from live_server import Server
from vox.v1 import info_pb2, jobs_pb2, maps_pb2, training_pb2, uploads_pb2

METHODS = {
    method.name: method
    for pb in (info_pb2, jobs_pb2, maps_pb2, training_pb2, uploads_pb2)
    for service in pb.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
NOISE = {"teacher": "TEACHER_NOISE"}
GRID = {
    "dims": {"x": 2, "y": 2, "z": 2},
    "palette": [{"name": "Air"}, {"name": "Stone"}],
    "data": "AAAAAAAAAAA=",
    "rawLength": 8,
}


def spec(settings: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"spec": {"prompt": "a tower", "mapId": "1", "settings": NOISE | (settings or {})} | more}


def grid(**more: Any) -> dict[str, Any]:
    return {"mapId": "new", "grid": GRID | more}


BAD: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("CreateJob", {}, "INVALID_ARGUMENT", "INVALID_CONFIG", "prompt"),
    ("CreateJob", spec(prompt="x" * 1001), "INVALID_ARGUMENT", "INVALID_CONFIG", "prompt"),
    ("CreateJob", spec(mapId="../1"), "INVALID_ARGUMENT", "INVALID_INPUT", "map_id"),
    ("CreateJob", spec(mapId="nowhere"), "NOT_FOUND", "NOT_FOUND", "map_id"),
    ("CreateJob", spec(mapId="damaged"), "INVALID_ARGUMENT", "MAP_FORMAT", "blocks[0].blockType"),
    ("CreateJob", spec(datasetId="nowhere"), "NOT_FOUND", "NOT_FOUND", "dataset_id"),
    ("CreateJob", spec(datasetId="a/b"), "INVALID_ARGUMENT", "INVALID_INPUT", "dataset_id"),
    ("CreateJob", spec({"teacher": "TEACHER_PHOTOMETRIC"}), "INVALID_ARGUMENT", "INVALID_CONFIG", "dataset_id"),
    ("CreateJob", spec({"steps": 0}), "INVALID_ARGUMENT", "INVALID_CONFIG", "steps"),
    ("CreateJob", spec({"steps": 20_001}), "INVALID_ARGUMENT", "INVALID_CONFIG", "steps"),
    ("CreateJob", spec({"lr": -1}), "INVALID_ARGUMENT", "INVALID_CONFIG", "lr"),
    ("CreateJob", spec({"lr": "NaN"}), "INVALID_ARGUMENT", "INVALID_CONFIG", "lr"),
    ("CreateJob", spec({"lr": "Infinity"}), "INVALID_ARGUMENT", "INVALID_CONFIG", "lr"),
    ("CreateJob", spec({"cfgScale": 1e9}), "INVALID_ARGUMENT", "INVALID_CONFIG", "cfg_scale"),
    ("CreateJob", spec({"imageSize": 2**31}), "INVALID_ARGUMENT", "INVALID_CONFIG", "image_size"),
    ("CreateJob", spec({"method": "TRAINING_METHOD_SAMPLE"}), "INVALID_ARGUMENT", "INVALID_CONFIG", "method"),
    ("CreateJob", spec({"tempStart": 0}), "INVALID_ARGUMENT", "INVALID_CONFIG", "temp_start"),
    ("CreateJob", spec({"teacher": 77}), "INVALID_ARGUMENT", "INVALID_CONFIG", "teacher"),
    (
        "CreateJob",
        spec({"region": {"low": {"x": 5}, "high": {"x": 5, "y": 5, "z": 5}}}),
        "INVALID_ARGUMENT", "INVALID_CONFIG", "region",
    ),
    (
        "CreateJob",
        spec({"region": {"low": {}, "high": {"x": 99, "y": 5, "z": 5}}}),
        "INVALID_ARGUMENT", "INVALID_CONFIG", "region",
    ),
    ("CreateJob", spec(priority=101), "INVALID_ARGUMENT", "INVALID_INPUT", "priority"),
    ("CreateJob", spec() | {"requestId": "again"}, "INVALID_ARGUMENT", "INVALID_INPUT", "request_id"),
    ("StartTraining", spec({"steps": 0}), "INVALID_ARGUMENT", "INVALID_CONFIG", "steps"),
    ("GetJob", {"jobId": "none"}, "NOT_FOUND", "NOT_FOUND", "job_id"),
    ("CancelJob", {}, "NOT_FOUND", "NOT_FOUND", "job_id"),
    ("WatchJob", {"jobId": "none"}, "NOT_FOUND", "NOT_FOUND", "job_id"),
    ("ReplayJob", {"jobId": "none"}, "NOT_FOUND", "NOT_FOUND", "job_id"),
    ("PollJobEvents", {"jobId": "none"}, "NOT_FOUND", "NOT_FOUND", "job_id"),
    ("ListJobs", {"pageToken": "x"}, "INVALID_ARGUMENT", "INVALID_INPUT", "page_token"),
    ("ListMaps", {"pageToken": "x"}, "INVALID_ARGUMENT", "INVALID_INPUT", "page_token"),
    ("GetMap", {"mapId": "%2e%2e"}, "INVALID_ARGUMENT", "INVALID_INPUT", "map_id"),
    ("GetMap", {"mapId": "nowhere"}, "NOT_FOUND", "NOT_FOUND", "map_id"),
    ("ExportMap", {"mapId": "1", "format": 99}, "INVALID_ARGUMENT", "INVALID_INPUT", "format"),
    ("ExportMap", {"mapId": "1", "offset": "9999999"}, "INVALID_ARGUMENT", "INVALID_INPUT", "offset"),
    ("ExportMap", {"mapId": "1", "version": "0"}, "ABORTED", "VERSION_CONFLICT", "version"),
    ("ExportDataset", {"datasetId": "nowhere"}, "NOT_FOUND", "NOT_FOUND", "dataset_id"),
    ("PutMap", grid(dims={"x": 0, "y": 2, "z": 2}), "INVALID_ARGUMENT", "SHAPE", "grid.dims"),
    ("PutMap", grid(dims={"x": 2**20, "y": 2**20, "z": 2**20}), "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED", "grid.dims"),
    ("PutMap", grid(data="AAAA"), "INVALID_ARGUMENT", "INVALID_INPUT", "grid.data"),
    ("PutMap", grid(data="AAAAAAAAAAk="), "INVALID_ARGUMENT", "INVALID_INPUT", "grid.data"),
    ("PutMap", grid(encoding=2), "INVALID_ARGUMENT", "INVALID_INPUT", "grid.data"),
    ("PutMap", grid(encoding=9), "INVALID_ARGUMENT", "INVALID_INPUT", "grid.encoding"),
    ("PutMap", grid(sha256="AAAA"), "INVALID_ARGUMENT", "INVALID_INPUT", "grid.sha256"),
    ("PutMap", grid(partCount=2), "INVALID_ARGUMENT", "INVALID_INPUT", "grid.part_count"),
    ("PutMap", grid(worldScale=-1), "INVALID_ARGUMENT", "INVALID_INPUT", "grid.world_scale"),
    ("PutMap", grid() | {"mapId": "1"}, "ALREADY_EXISTS", "ID_TAKEN", "map_id"),
    ("PutMap", grid() | {"mapId": "1", "expectedVersion": "0"}, "ABORTED", "VERSION_CONFLICT", "expected_version"),
    ("PutMap", grid() | {"expectedVersion": "0"}, "NOT_FOUND", "NOT_FOUND", "map_id"),
    ("DeleteMap", {"mapId": "nowhere"}, "NOT_FOUND", "NOT_FOUND", "map_id"),
    ("BeginUpload", {"targetId": "x"}, "INVALID_ARGUMENT", "INVALID_INPUT", "kind"),
    ("BeginUpload", {"kind": 1, "targetId": ".."}, "INVALID_ARGUMENT", "INVALID_INPUT", "target_id"),
    ("BeginUpload", {"kind": 1, "targetId": "x", "sha256": "AAAA"}, "INVALID_ARGUMENT", "INVALID_INPUT", "sha256"),
    ("UploadPart", {"uploadId": "x"}, "NOT_FOUND", "NOT_FOUND", "upload_id"),
]  # fmt: skip
SAYS_ENOUGH = ("does not exist", "no job", "no such upload", "exists; give")
"""Sentences about something that is not there, or is: there is nothing more to expect."""

Seen = tuple[str, str, str, str]


def seen(status: status_pb2.Status) -> Seen:
    found = {detail.type_url.rpartition("/")[2]: detail.value for detail in status.details}
    info = error_details_pb2.ErrorInfo.FromString(found["google.rpc.ErrorInfo"])
    assert info.domain == "voxcore"
    bad = error_details_pb2.BadRequest.FromString(found.get("google.rpc.BadRequest", b""))
    fields = [violation.field for violation in bad.field_violations]
    return code_pb2.Code.Name(status.code), info.reason, "".join(fields), status.message


def path_of(name: str) -> str:
    return f"/{METHODS[name].containing_service.full_name}/{name}"


def native(server: Server, name: str, data: bytes) -> Seen:
    with grpc.insecure_channel(server.address) as channel:

        def call() -> None:
            if METHODS[name].server_streaming:
                next(channel.unary_stream(path_of(name))(data, timeout=20))
            else:
                channel.unary_unary(path_of(name))(data, timeout=20)

        with pytest.raises(grpc.RpcError) as caught:
            call()
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    found = status_pb2.Status.FromString(details)
    assert (found.code, found.message) == (caught.value.code().value[0], caught.value.details())
    return seen(found)


def posted(server: Server, name: str, body: bytes, content_type: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.web.rpartition("/")[2], timeout=20)
    try:
        connection.request("POST", path_of(name), body, {"content-type": content_type})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def grpc_web(server: Server, name: str, data: bytes) -> Seen:
    body = struct.pack(">BI", 0, len(data)) + data
    status, answer = posted(server, name, body, "application/grpc-web+proto")
    assert (status, answer[0]) == (200, 0x80)
    trailers = dict(line.split(": ", 1) for line in answer[5:].decode().strip().split("\r\n"))
    found = status_pb2.Status.FromString(b64decode(trailers["grpc-status-details-bin"] + "=="))
    assert (found.code, found.message) == (int(trailers["grpc-status"]), unquote(trailers["grpc-message"]))
    return seen(found)


def connect(server: Server, name: str, data: bytes, kind: str) -> Seen:
    if METHODS[name].server_streaming:
        body = struct.pack(">BI", 0, len(data)) + data
        status, answer = posted(server, name, body, f"application/connect+{kind}")
        assert (status, answer[0]) == (200, 2)
        error = json.loads(answer[5:])["error"]
    else:
        status, answer = posted(server, name, data, f"application/{kind}")
        assert status >= 400
        error = json.loads(answer)
    code = code_pb2.Code.Value(error["code"].upper())
    found = status_pb2.Status(code=code, message=error["message"])
    for detail in error["details"]:
        found.details.add(type_url=detail["type"], value=b64decode(detail["value"] + "=="))
    return seen(found)


@pytest.mark.parametrize(("name", "message", "code", "reason", "field"), BAD)
def test_bad_request_is_the_same_error_at_every_door(server, name, message, code, reason, field):
    request = json_format.ParseDict(message, GetMessageClass(METHODS[name].input_type)())
    data = request.SerializeToString()
    found = native(server, name, data)
    assert found[:3] == (code, reason, field)
    assert grpc_web(server, name, data) == found
    assert connect(server, name, data, "proto") == found
    assert connect(server, name, json.dumps(message).encode(), "json") == found
    sentence = found[3]
    assert sentence.startswith(f"{field}: ")
    assert any(words in sentence for words in SAYS_ENOUGH) or ("expected" in sentence and "got" in sentence), sentence


@pytest.mark.parametrize("name", ["CreateJob", "GetServerInfo", "WatchJob"])
def test_bytes_that_are_no_message_are_the_same_error_at_every_binary_door(server, name):
    data = b"\xff\xff\xff"
    found = native(server, name, data)
    assert found[:3] == ("INVALID_ARGUMENT", "INVALID_INPUT", "")
    assert grpc_web(server, name, data) == connect(server, name, data, "proto") == found


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"{", ""),
        (b"[]", ""),
        (b"null", ""),
        (b'{"spec": "\xff"}', ""),
        (b'{"spec": {}, "spec": {}}', ""),
        (b"[" * 100_000, ""),
        (b'{"spec":' * 100_000, ""),
        (b'{"spec": 5}', "spec"),
        (b'{"nothing": 1}', "nothing"),
        (b'{"spec": {"settings": {"nothing": 1}}}', "spec.settings.nothing"),
        (b'{"spec": {"settings": {"steps": -1}}}', "spec.settings.steps"),
        (b'{"spec": {"settings": {"steps": "x"}}}', "spec.settings.steps"),
        (b'{"spec": {"settings": {"teacher": "TEACHER_NOBODY"}}}', "spec.settings.teacher"),
        (b'{"requestId": "\\ud800"}', "requestId"),
    ],
)
def test_json_that_is_none_names_the_field_and_the_message(server, body, field):
    for name, data in (("CreateJob", body), ("StartTraining", body)):
        code, reason, found, sentence = connect(server, name, data, "json")
        assert (code, reason, found) == ("INVALID_ARGUMENT", "INVALID_INPUT", field)
        assert f"expected a {METHODS[name].input_type.name} as a JSON object" in sentence
        assert len(sentence) < 500
