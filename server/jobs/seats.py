"""Training processes, each with a place for the one job it does at a time."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Final

from server.jobs.job import Job
from server.reasons import WorkerDied
from server.settings import Settings
from server.worker.handle import Worker
from server.worker.messages import WorkerSetup

log = logging.getLogger(__name__)

MAX_DEATHS: Final = 5
"""So many deaths in a row without a new checkpoint or a new furthest step end a job: whatever kills it is in it."""


class Seat:
    """A training process and the job it has. A process that died is replaced by a new one."""

    def __init__(self, setup: WorkerSetup, stop_seconds: float) -> None:
        self.worker = Worker(setup)
        self.job: Job | None = None
        self._setup, self._stop_seconds = setup, stop_seconds
        self._runs = 0

    def take(self, job: Job) -> None:
        """``job`` has this seat from now on."""
        self.job = job
        self._runs += 1

    def stop_step(self, *, keep: bool) -> None:
        """Ask the job to stop after its present step; one that does not in time has its process ended."""
        assert self.job is not None
        job, run = self.job, self._runs
        self.worker.stop_job(job.record.job_id, keep=keep)

        def end_by_force() -> None:
            if self.job is job and self._runs == run:
                log.warning("job %s did not stop in time; its process is ended", job.record.job_id)
                self.worker.kill()

        asyncio.get_running_loop().call_later(self._stop_seconds, end_by_force)

    async def warm(self) -> None:
        """Waits until jobs start at once. Raises WorkerDied where it dies again and again before."""
        for deaths in range(1, MAX_DEATHS + 1):
            try:
                return await self.worker.ready()
            except WorkerDied as error:
                log.warning("%s before it was ready", error)
                if deaths == MAX_DEATHS:
                    raise
                if self.job is None:
                    await self.renew()
        return None

    async def renew(self) -> None:
        """A new process in place of the present one."""
        await self.worker.close()
        self.worker = Worker(self._setup)


def worker_setups(settings: Settings, entry: str) -> list[WorkerSetup]:
    """One for each worker: each has a GPU of its own, or its share of the processor's cores. ``entry`` is the
    module that jobs run with.
    """
    on_gpu = settings.device == "cuda" and settings.workers > 1
    threads = 0 if on_gpu or settings.workers == 1 else max(1, (os.cpu_count() or 1) // settings.workers)
    return [
        WorkerSetup(
            entry=entry,
            maps_root=settings.maps_root,
            datasets_root=settings.datasets_root,
            models_root=settings.models_root,
            device=f"cuda:{i}" if on_gpu else settings.device,
            frames_per_second=settings.frames_per_second,
            warm_up=settings.warm_up,
            threads=threads,
            log_json=settings.log_json,
        )
        for i in range(settings.workers)
    ]
