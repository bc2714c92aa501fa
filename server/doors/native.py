"""The native gRPC door."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, Final

import grpc
from google.rpc import status_pb2

from server.errors import DETAILS_KEY
from server.gate import CallFailed, Gate
from server.rpc import Method

Context = grpc.aio.ServicerContext[bytes, bytes]

STALL_SECONDS: Final = 60.0
"""How long a reader may take to make room for one message before its stream is ended."""

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


def handlers(methods: Sequence[Method], gate: Gate) -> list[grpc.GenericRpcHandler[Any, Any]]:
    """What to add to a gRPC server so that it answers ``methods``.

    Requests come as bytes: gRPC would answer INTERNAL for those that do not parse.
    """
    by_service: dict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]] = {}
    for method in methods:
        kind = grpc.unary_stream_rpc_method_handler if method.streams else grpc.unary_unary_rpc_method_handler
        answer = _streaming(method, gate) if method.streams else _unary(method, gate)
        by_service.setdefault(method.service, {})[method.name] = kind(answer)
    return [grpc.method_handlers_generic_handler(service, found) for service, found in by_service.items()]


def _unary(method: Method, gate: Gate) -> Any:
    async def call(request: bytes, context: Context) -> bytes:
        try:
            return (await gate.unary(method, request, _headers(context))).data
        except CallFailed as failure:
            answer: bytes = await _abort(context, failure.status)
            return answer

    return call


def _streaming(method: Method, gate: Gate) -> Any:
    async def call(request: bytes, context: Context) -> None:
        try:
            async with aclosing(gate.stream(method, request, _headers(context))) as answers:
                async for answer in answers:
                    async with asyncio.timeout(STALL_SECONDS):
                        await context.write(answer.data)
        except CallFailed as failure:
            await _abort(context, failure.status)
        except TimeoutError:
            await context.abort(grpc.StatusCode.UNAVAILABLE, f"nothing was read for {STALL_SECONDS:g} s")

    return call


def _headers(context: Context) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


async def _abort(context: Context, status: status_pb2.Status) -> Any:
    details = ((DETAILS_KEY, status.SerializeToString()),)
    return await context.abort(_CODES[status.code], status.message, details)
