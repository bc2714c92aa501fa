import signal
from collections.abc import Iterator

import pytest
from live_server import Server, cancel_all
from voxclient import VoxClient


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """One server for all tests that leave it as it was."""
    found = Server(tmp_path_factory.mktemp("server"), "--max-watchers=8", "--max-queue=3", "--no-warm-up").start()
    yield found
    assert found.stop() == 0, found.log.read_text()


@pytest.fixture
def own_server(tmp_path) -> Iterator[Server]:
    """A server that a test may stop, kill and start again; not yet started."""
    found = Server(tmp_path, "--no-warm-up")
    yield found
    if found.process is not None:
        found.stop(signal.SIGKILL)


@pytest.fixture
def client(server) -> Iterator[VoxClient]:
    """A client of the shared server; the test's jobs are cancelled afterwards."""
    with VoxClient(server.address) as found:
        yield found
        cancel_all(found)
