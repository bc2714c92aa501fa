"""Work on callers' files in a process of its own, with bounded memory: a file that needs too much takes nothing
along, and the gateway stays free meanwhile. Imports no gRPC.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, ParamSpec, TypeVar

from voxcore.errors import LimitExceeded, VoxcoreError

MEMORY_BYTES: Final = 4 * 2**30

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Outcome(Generic[Answer]):
    """What came of the work: an error's own arguments do not survive the way between processes."""

    answer: Answer | None = None
    error: tuple[type[VoxcoreError], str, str] | None = None


class SideProcess:
    """Does one thing at a time. The process is there from the first one on; `close` it."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, work: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        """What ``work``, a function of a module, answers. All arguments and the answer must be picklable.

        Raises the VoxcoreErrors that it raises, and LimitExceeded where it takes too much memory.
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
        pool = self._pool
        try:
            outcome = await asyncio.wrap_future(pool.submit(_guarded, partial(work, *args, **kwargs)))
        except (BrokenProcessPool, MemoryError) as error:
            pool.shutdown(wait=False)
            if self._pool is pool:
                self._pool = None
            raise LimitExceeded(f"the file needs more than {MEMORY_BYTES} bytes of memory", field="data") from error
        if outcome.error is not None:
            kind, message, field = outcome.error
            raise kind(message, field=field)
        assert outcome.answer is not None
        return outcome.answer

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def _begin() -> None:
    # Ctrl-C reaches the whole foreground group; the gateway decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    threading.Thread(target=_leave_with_gateway, daemon=True).start()


def _leave_with_gateway() -> None:
    # The pool's queue has no end to read: this process holds its other end too, and would wait for ever.
    gateway = multiprocessing.parent_process()
    assert gateway is not None
    gateway.join()
    os._exit(1)


def _guarded(work: Callable[[], Answer]) -> _Outcome[Answer]:
    try:
        return _Outcome(answer=work())
    except VoxcoreError as error:
        message = str(error).removeprefix(f"{error.field}: ") if error.field else str(error)
        return _Outcome(error=(type(error), message, error.field))
