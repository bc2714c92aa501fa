"""The web port: calls, the viewer's files, /healthz and /metrics, and who may ask from where."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any, Final

from server.doors.files import ViewerFiles

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_BODY_SECONDS: Final = 60.0
_ASKED_HEADERS: Final = (
    "authorization, content-type, connect-protocol-version, connect-timeout-ms, grpc-timeout, x-grpc-web, x-user-agent"
)
_SHOWN_HEADERS: Final = "grpc-status, grpc-message, grpc-status-details-bin"


class Site:
    """An ASGI application.

    Args:
        calls: answers paths below ``calls_path``.
        healthy: whether a job would start at once.
        metrics: the text of /metrics; it gets the request's headers and may say None: not for you.
        root: the viewer's files; where there is none, / says so.
        servers: web origins of other servers that the viewer may call.
        origins: web origins besides this site's own whose pages may call.
        hosts: names besides this machine's own under which the site may be asked; None allows any.
            A page of a stranger's whose name resolves to this machine is stopped here.
    """

    def __init__(
        self,
        calls: App,
        calls_path: str,
        *,
        healthy: Callable[[], bool],
        metrics: Callable[[dict[str, str]], bytes | None],
        root: Path | None,
        servers: Iterable[str] = (),
        origins: Iterable[str] = (),
        hosts: Iterable[str] | None = (),
    ) -> None:
        self._calls, self._calls_path = calls, calls_path
        self._healthy, self._metrics = healthy, metrics
        self._files = ViewerFiles(root, servers)
        self._origins = frozenset(origins)
        self._hosts = None if hosts is None else _LOCAL_NAMES | frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            headers = {key.decode("ascii"): value.decode("ascii") for key, value in scope["headers"]}
        except UnicodeDecodeError:
            await _text(send, 400, "expected ASCII headers")
            return
        host = headers.get("host", "")
        if self._hosts is not None and _without_port(host) not in self._hosts:
            await _text(send, 421, "not a name of this server; --web-hosts lists more")
            return
        origin = headers.get("origin")
        if origin is None or origin == f"{scope['scheme']}://{host}":
            await self._route(scope, headers, receive, send)
        elif origin in self._origins:
            await self._for_origin(scope, headers, origin, receive, send)
        else:
            await _text(send, 403, "this origin may not call; --cors-origins lists those that may")

    async def _for_origin(
        self, scope: Scope, headers: dict[str, str], origin: str, receive: Receive, send: Send
    ) -> None:
        extra = [(b"access-control-allow-origin", origin.encode()), (b"vary", b"Origin")]
        if scope["method"] == "OPTIONS":
            extra += [
                (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
                (b"access-control-allow-headers", _ASKED_HEADERS.encode()),
                (b"access-control-max-age", b"7200"),
            ]
            await _respond(send, 204, b"", extra)
            return
        extra.append((b"access-control-expose-headers", _SHOWN_HEADERS.encode()))

        async def send_with(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self._route(scope, headers, receive, send_with)

    async def _route(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(self._calls_path):
            content = headers.get("content-type", "")
            if content.startswith("application/grpc") and not content.startswith("application/grpc-web"):
                await _text(send, 415, "native gRPC has a port of its own; here it is gRPC-Web, Connect or JSON")
            else:
                await self._calls(scope, _in_time(receive), send)
        elif scope["method"] not in ("GET", "HEAD"):
            await _text(send, 405, "expected GET")
        elif path == "/healthz":
            await (_text(send, 200, "ok") if self._healthy() else _text(send, 503, "not serving"))
        elif path == "/metrics":
            found = self._metrics(headers)
            if found is None:
                await _text(send, 401, "expected a token", [(b"www-authenticate", b"Bearer")])
            else:
                await _respond(send, 200, found, [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")])
        else:
            await self._file(path, headers, send, head=scope["method"] == "HEAD")

    async def _file(self, path: str, headers: dict[str, str], send: Send, *, head: bool) -> None:
        found = await asyncio.to_thread(self._files.answer, path, headers)
        if found is None:
            here = "the viewer is not built (make viewer)" if path == "/" else "nothing here"
            await _text(send, 404, f"{here}; calls go to /vox.v1.<Service>/<Method>")
        else:
            await _respond(send, found.status, b"" if head else found.body, found.headers, length=len(found.body))


def _in_time(receive: Receive) -> Receive:
    """``receive``, but a body that does not come to its end in time counts as a client that left."""
    deadline = asyncio.get_running_loop().time() + _BODY_SECONDS
    complete = False

    async def call() -> MutableMapping[str, Any]:
        nonlocal complete
        try:
            async with asyncio.timeout_at(None if complete else deadline):
                message = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        complete = not message.get("more_body", False)
        return message

    return call


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


async def _text(send: Send, status: int, text: str, more: Iterable[tuple[bytes, bytes]] = ()) -> None:
    plain = ((b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff"))
    await _respond(send, status, f"{text}\n".encode(), [*plain, *more])


async def _respond(
    send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]], *, length: int | None = None
) -> None:
    size = len(body) if length is None else length
    sized = [*headers, *([(b"content-length", str(size).encode())] if status not in (204, 304) else [])]
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})
