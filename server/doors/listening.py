"""HTTP/1.1 listening: uvicorn with bounds on connections, on slow senders and on readers that stall."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from voxcore.errors import StorageError

_FIRST_REQUEST_SECONDS: Final = 15.0
_STALL_MILLIS: Final = 60_000
_GRACE_SECONDS: Final = 5
_MAX_HEADER_BYTES: Final = 32 * 2**10


class _BoundedProtocol(H11Protocol):
    """One connection. ``max_connections`` is set on a subclass by `WebServer`."""

    max_connections = 0
    _first: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            transport.abort()
        else:
            self._first = self.loop.call_later(_FIRST_REQUEST_SECONDS, self._expect_request)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._first is not None:
            self._first.cancel()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        # Who connects and says nothing, or a header a minute, holds a place that others want.
        cycle: object = self.cycle
        if cycle is None:
            self.transport.abort()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The service decides what signals mean, for both doors at once.
        yield


class WebServer:
    """Serves an ASGI application on one address. `start`, then `stop`."""

    def __init__(
        self, app: Any, host: str, port: int, *, max_connections: int, tls: ssl.SSLContext | None = None
    ) -> None:
        protocol = type("BoundedProtocol", (_BoundedProtocol,), {"max_connections": max_connections})
        self._socket = _bind(host, port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
            ssl_context_factory=(lambda *_: tls) if tls is not None else None,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Accept connections from now on."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Take no more, let open answers end for a few seconds, close."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()


def tls_context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 and up; with ``client_ca``, clients must show a certificate that it signed. Raises StorageError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise StorageError(f"cannot use {certificate}, {key} or {client_ca}: {error}", field="tls_cert") from error
    return context


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Accepted connections inherit both: small messages leave at once, and a connection whose
            # reader makes no room for so long is ended.
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STALL_MILLIS)
            found.bind(address)
            found.listen(1024)
        except BaseException:
            found.close()
            raise
    except OSError as error:
        raise StorageError(
            f"cannot listen on {host}:{port}: {error.strerror}; is another server running there?", field="web_port"
        ) from error
    return found
