"""The gateway's end of the training process: start it, talk to it, notice its death."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from server.reasons import WorkerDied
from server.worker.messages import (
    FromWorker,
    JobDone,
    JobFailed,
    JobPaused,
    Ready,
    RunJob,
    ShowOccupancy,
    StopJob,
    ToWorker,
    WorkerSetup,
)
from server.worker.process import main

log = logging.getLogger(__name__)

_LEAVE_SECONDS = 2.0


class Worker:
    """One training process. It runs job after job, so that only the first waits for imports.

    Spawned, never forked: a fork would copy gRPC's threads in whatever state they are.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=main, args=(theirs, setup), name="voxcore-worker", daemon=True)
        self._process.start()
        # Their end must be open in their process only: its end is then our end of file.
        theirs.close()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="worker-pipe")
        self._ready = asyncio.ensure_future(self._receive())
        # Nobody may be waiting when it dies; who runs a job then notices by itself.
        self._ready.add_done_callback(lambda ready: ready.cancelled() or ready.exception())

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    async def ready(self) -> None:
        """Waits until jobs start at once. Raises WorkerDied."""
        message = await asyncio.shield(self._ready)
        assert isinstance(message, Ready), message

    async def run(self, job: RunJob) -> AsyncIterator[FromWorker]:
        """Runs ``job``; yields what it says, JobDone, JobFailed or JobPaused last. Raises WorkerDied.

        One message is read at a time: a gateway that cannot follow makes the worker wait.
        """
        self._send(job)
        while True:
            message = await self._receive()
            yield message
            if isinstance(message, JobDone | JobFailed | JobPaused):
                return

    def stop_job(self, job_id: str, *, keep: bool) -> None:
        """Asks the running job to stop after its present step; ``keep`` as in StopJob."""
        with suppress(WorkerDied):
            self._send(StopJob(job_id, keep))

    def show_occupancy(self, job_id: str, wanted: bool) -> None:
        """Tells the running job whether somebody wants to see how full its cells are."""
        with suppress(WorkerDied):
            self._send(ShowOccupancy(job_id, wanted))

    def kill(self) -> None:
        """Ends the process now; whoever reads gets WorkerDied."""
        self._process.kill()

    async def close(self) -> None:
        """Ends the process, idle or not, and waits until it is gone."""
        self._process.terminate()
        await asyncio.to_thread(self._process.join, _LEAVE_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            await asyncio.to_thread(self._process.join)
        # The process is gone, so a read in the thread has ended.
        self._thread.shutdown()
        self._pipe.close()

    def _send(self, message: ToWorker) -> None:
        try:
            self._pipe.send(message)
        except OSError as error:
            raise self._died() from error

    async def _receive(self) -> FromWorker:
        try:
            message: FromWorker = await asyncio.get_running_loop().run_in_executor(self._thread, self._pipe.recv)
        except (EOFError, OSError) as error:
            raise self._died() from error
        return message

    def _died(self) -> WorkerDied:
        self._process.join(_LEAVE_SECONDS)
        code = self._process.exitcode
        how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
        return WorkerDied(f"the training process ended {how}")
