"""What happens around every call, whichever door it came through: errors become statuses, calls are counted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Final

from google.protobuf.message import Message
from google.rpc import status_pb2

from server.access import Access
from server.errors import code_name, status_of
from server.metrics import Metrics
from server.rpc import Method, Packed
from voxcore.errors import InvalidInput, VoxcoreError

log = logging.getLogger(__name__)

_UNINTERRUPTED: Final = 8
"""Messages that one stream may send before others get their turn."""
Headers = Mapping[str, str]
"""Of a request, by lower-case name."""
Request = Message | bytes | InvalidInput
"""A request as a door has it: read, as it came, or what is wrong with it."""


class CallFailed(Exception):
    """A call that ends with an error: the whole truth for the client is ``status``."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(status.message)
        self.status = status


class Gate:
    """Every door asks here and nowhere else."""

    def __init__(self, access: Access, metrics: Metrics) -> None:
        self._access, self._metrics = access, metrics

    async def unary(self, method: Method, request: Request, headers: Headers) -> Packed:
        """The answer of a method with one answer. Raises CallFailed."""
        began = time.perf_counter()
        with self._call(method):
            caller = self._access.admit(headers)
            message = _read(method, request)
            answer = method.pack(await method.handler(message, caller))
        self._metrics.call_seconds.labels(method.name).observe(time.perf_counter() - began)
        return answer

    async def stream(self, method: Method, request: Request, headers: Headers) -> AsyncGenerator[Packed]:
        """The answers of a method with many. Raises CallFailed. Close it: handlers notice who left."""
        with self._call(method):
            caller = self._access.admit(headers)
            message = _read(method, request)
            async with aclosing(method.handler(message, caller)) as answers:
                sent = 0
                async for answer in answers:
                    yield method.pack(answer)
                    # A send that fits the buffer does not suspend. Without this the loop of a client
                    # that left would never be cancelled, and nothing else would run.
                    sent += 1
                    if sent % _UNINTERRUPTED == 0:
                        await asyncio.sleep(0)

    @contextmanager
    def _call(self, method: Method) -> Iterator[None]:
        code = "CANCELLED"
        try:
            yield
            code = "OK"
        except Exception as error:
            if not isinstance(error, VoxcoreError):
                log.exception("%s failed", method.name)
            status = status_of(error)
            code = code_name(status.code)
            raise CallFailed(status) from error
        finally:
            self._metrics.calls.labels(method.name, code).inc()


def _read(method: Method, request: Request) -> Message:
    if isinstance(request, InvalidInput):
        raise request
    return method.parse(request) if isinstance(request, bytes) else request
