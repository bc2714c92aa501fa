"""Bytes that are no message, at every method; benchmarks/service/hostile.py does it a hundred thousand times."""

import http.client
import socket
from contextlib import suppress

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_server import Server
from vox.v1 import info_pb2, jobs_pb2, maps_pb2, training_pb2, uploads_pb2

METHODS = [
    (f"/{service.full_name}/{method.name}", method.server_streaming)
    for pb in (info_pb2, jobs_pb2, maps_pb2, training_pb2, uploads_pb2)
    for service in pb.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
FEW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(method=st.sampled_from(METHODS), data=st.binary(min_size=1, max_size=60))
def test_bytes_that_are_no_message_are_the_callers_fault(server: Server, method: tuple[str, bool], data: bytes):
    path, streams = method
    with grpc.insecure_channel(server.address) as channel:
        try:
            if streams:
                next(channel.unary_stream(path)(data, timeout=20))
            else:
                channel.unary_unary(path)(data, timeout=20)
            code = grpc.StatusCode.OK
        except grpc.RpcError as error:
            code = error.code()
    codes = grpc.StatusCode
    assert code not in (codes.INTERNAL, codes.UNKNOWN, codes.UNAVAILABLE, codes.DEADLINE_EXCEEDED)


@FEW
@given(method=st.sampled_from(METHODS), flags=st.sampled_from([0, 1, 2, 3, 0x80, 0xFF]), data=st.binary(max_size=60))
def test_envelopes_that_are_none_are_the_callers_fault(
    server: Server, method: tuple[str, bool], flags: int, data: bytes
):
    path, streams = method
    connection = http.client.HTTPConnection(server.web.rpartition("/")[2], timeout=20)
    try:
        body = bytes([flags]) + len(data).to_bytes(4, "big") + data
        connection.request(
            "POST", path, body, {"content-type": "application/connect+proto" if streams else "application/proto"}
        )
        response = connection.getresponse()
        answer = response.read(4096)
        assert response.status < 500 or response.status == 501
        assert b'"internal"' not in answer
        assert b'"unknown"' not in answer
    finally:
        connection.close()


@pytest.mark.parametrize(
    "noise", [b"\0" * 100, b"GET", b"POST / HTTP/9.9\r\n\r\n", b"A" * 100_000, b"\x16\x03\x01\x02"]
)
def test_what_is_no_http_leaves_the_server_as_it_was(server: Server, noise: bytes):
    port = int(server.web.rpartition(":")[2])
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1024)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_connections_above_the_limit_are_closed_and_nothing_else_suffers(tmp_path):
    server = Server(tmp_path, "--max-connections=4", "--no-warm-up").start()
    port = int(server.web.rpartition(":")[2])
    for _ in range(3):
        many = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(12)]
        for each in many:
            each.close()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(50):
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b"ok\n"
            break
        connection.close()
    else:
        pytest.fail("no connection was let in again")
    connection.close()
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()
