"""gRPC-Web, Connect and Connect-JSON as an ASGI application; the only file that knows `connectrpc`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final

from connectrpc.code import Code
from connectrpc.codec import Codec
from connectrpc.errors import ConnectError, ErrorDetail
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.request import RequestContext
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf import json_format
from google.protobuf.message import Message
from protobuf.wkt import Any as WireAny

from server.doors.json_requests import parse_json
from server.errors import code_name
from server.gate import CallFailed, Gate, Request
from server.rpc import Method, Packed
from voxcore.errors import InvalidInput

_COMPRESSED: Final = 0x01
_NO_SUCH_FLAG: Final = 0x40
_HEAD_BYTES: Final = 5
_CODES: Final = {"CANCELLED": Code.CANCELED}


class ConnectApp(ConnectASGIApplication[None]):
    """Answers ``methods``; requests above ``max_bytes``, packed or unpacked, are refused."""

    def __init__(self, methods: Sequence[Method], gate: Gate, *, max_bytes: int) -> None:
        endpoints: dict[str, Any] = {method.path: _endpoint(method, gate) for method in methods}
        # No compression: grids are packed already, and a compressed request could be a bomb.
        super().__init__(
            service=None,
            endpoints=lambda _: endpoints,
            read_max_bytes=max_bytes,
            compressions=(),
            codecs=[_ProtoCodec(), _JsonCodec()],
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__(scope, _without_compression(scope, receive), send)

    @property
    def path(self) -> str:
        """Every service of the package is below it."""
        return "/vox.v1."


# Codecs hand on what cannot be read as it is: the gate says what is wrong, as it does at the other door.


class _ProtoCodec(Codec[Packed, bytes]):
    def name(self) -> str:
        return "proto"

    def encode(self, message: Packed) -> bytes:
        return message.data

    def decode(self, data: bytes | bytearray, message_class: type[Any]) -> bytes:
        return bytes(data)


class _JsonCodec(Codec[Packed, Message | InvalidInput]):
    def name(self) -> str:
        return "json"

    def encode(self, message: Packed) -> bytes:
        return json_format.MessageToJson(message.kind.FromString(message.data), indent=None).encode()

    def decode(self, data: bytes | bytearray, message_class: type[Any]) -> Message | InvalidInput:
        try:
            found: Message = parse_json(bytes(data), message_class)
            return found
        except InvalidInput as error:
            return error


def _without_compression(scope: Any, receive: Any) -> Any:
    """``receive``, but an envelope that says it is compressed says something that does not exist instead.

    The library calls a compressed message that nobody offered to take INTERNAL; it is the caller's error.
    """
    content_type = next((value for key, value in scope.get("headers", ()) if key == b"content-type"), b"")
    if not content_type.startswith((b"application/connect+", b"application/grpc")):
        return receive
    envelopes = _Envelopes()

    async def call() -> Any:
        message = await receive()
        body = message.get("body", b"")
        return {**message, "body": envelopes.marked(body)} if body else message

    return call


class _Envelopes:
    """Finds the flags of each envelope in a body that comes in pieces cut anywhere."""

    def __init__(self) -> None:
        self._head = 0
        """Bytes of the present envelope's head that have come: one of flags, four of length."""
        self._length = 0

    def marked(self, piece: bytes) -> bytes:
        """The next piece, with `_NO_SUCH_FLAG` wherever an envelope says that it is compressed."""
        found = bytearray(piece)
        at = 0
        while at < len(found):
            if self._head == _HEAD_BYTES:
                taken = min(self._length, len(found) - at)
                at += taken
                self._length -= taken
                if self._length == 0:
                    self._head = 0
                continue
            if self._head == 0:
                self._length = 0
                if found[at] & _COMPRESSED:
                    found[at] |= _NO_SUCH_FLAG
            else:
                self._length = self._length << 8 | found[at]
            self._head += 1
            at += 1
        return bytes(found)


def _endpoint(method: Method, gate: Gate) -> Endpoint[Any, Any]:
    info: MethodInfo[Any, Any] = MethodInfo(
        name=method.name,
        service_name=method.service,
        input=method.request,
        output=method.response,
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=StreamType.SERVER_STREAM if method.streams else StreamType.UNARY,
    )

    async def unary(request: Request, context: RequestContext[Any, Any]) -> Packed:
        try:
            return await gate.unary(method, request, dict(context.request_headers.items()))
        except CallFailed as failure:
            raise _connect_error(failure) from failure

    async def stream(request: Request, context: RequestContext[Any, Any]) -> AsyncGenerator[Packed]:
        try:
            async with aclosing(gate.stream(method, request, dict(context.request_headers.items()))) as answers:
                async for answer in answers:
                    yield answer
        except CallFailed as failure:
            raise _connect_error(failure) from failure

    return Endpoint.server_stream(info, stream) if method.streams else Endpoint.unary(info, unary)


def _connect_error(failure: CallFailed) -> ConnectError:
    status = failure.status
    name = code_name(status.code)
    details = [ErrorDetail(WireAny(type_url=d.type_url, value=d.value)) for d in status.details]
    return ConnectError(_CODES.get(name) or Code(name.lower()), status.message, details)
