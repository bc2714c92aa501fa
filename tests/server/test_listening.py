"""Connections at the web port: how many there may be, and what those do that are too many."""

import asyncio

import uvicorn
from uvicorn.server import ServerState

from server.doors.listening import _BoundedProtocol


class FakeTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        pass


class Protocol(_BoundedProtocol):
    max_connections = 1


def test_connection_that_is_one_too_many_is_ended_and_leaves_as_quietly_as_it_came():
    async def app(scope: object, receive: object, send: object) -> None:
        pass

    async def main() -> None:
        config, state = uvicorn.Config(app, ws="none", log_config=None), ServerState()
        first, second = (Protocol(config, state, {}, asyncio.get_running_loop()) for _ in range(2))
        transports = FakeTransport(), FakeTransport()
        first.connection_made(transports[0])
        second.connection_made(transports[1])
        assert [t.aborted for t in transports] == [False, True]
        # The first one leaves before the second is told of its own end.
        first.connection_lost(None)
        second.connection_lost(None)
        assert not state.connections

    asyncio.run(main())


def test_connection_that_says_nothing_is_ended(monkeypatch):
    monkeypatch.setattr("server.doors.listening._FIRST_REQUEST_SECONDS", 0.01)

    async def main() -> None:
        config = uvicorn.Config(lambda *_: None, ws="none", log_config=None)
        protocol = Protocol(config, ServerState(), {}, asyncio.get_running_loop())
        transport = FakeTransport()
        protocol.connection_made(transport)
        while not transport.aborted:
            await asyncio.sleep(0.01)
        protocol.connection_lost(None)

    asyncio.run(main())
