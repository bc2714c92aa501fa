"""The process that looks into callers' files: its errors, its memory, its end."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server.side_process import SideProcess
from voxcore.errors import InvalidInput, LimitExceeded, MapFormatError

_PROGRAM = """
import asyncio, os, sys, time
from server.side_process import SideProcess

async def main():
    side = SideProcess()
    print(await side.run(os.getpid), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def refuse(message: str, field: str) -> None:
    raise MapFormatError(message, field=field)


def fill_the_memory() -> int:
    return len(bytearray(8 * 2**30))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_errors_arrive_as_they_were_raised():
    async def main() -> None:
        side = SideProcess()
        try:
            assert await side.run(pow, 2, 10) == 1024
            for field in ("blocks", ""):
                with pytest.raises(MapFormatError) as caught:
                    await side.run(refuse, "expected this, got that", field)
                assert caught.value.field == field
                assert str(caught.value) == (f"{field}: " if field else "") + "expected this, got that"
                assert isinstance(caught.value, InvalidInput)
        finally:
            side.close()

    asyncio.run(main())


@pytest.mark.parametrize("work", [fill_the_memory, die])
def test_work_that_needs_too_much_ends_alone(work):
    async def main() -> None:
        side = SideProcess()
        try:
            with pytest.raises(LimitExceeded, match="memory"):
                await side.run(work)
            assert await side.run(pow, 2, 3) == 8
        finally:
            side.close()

    asyncio.run(main())


def test_it_does_not_outlive_the_gateway(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout is not None
        pid = int(gateway.stdout.readline())
        gateway.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not (status := Path(f"/proc/{pid}/status")).exists() or "State:\tZ" in status.read_text():
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the process is still there")
