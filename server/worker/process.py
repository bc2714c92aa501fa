"""The training process: waits for a job, runs it, says what happens. Imports torch, never gRPC."""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType, ModuleType

import numpy as np
from vox.v1 import jobs_pb2
from vox.v1 import training_pb2 as pb

from server import logs
from server.reasons import BUG, reason_of, told
from server.worker.messages import (
    Fact,
    FromWorker,
    JobFailed,
    Ready,
    RunJob,
    ShowOccupancy,
    StopJob,
    ToWorker,
    WorkerSetup,
)
from voxcore.config import TrainConfig
from voxcore.errors import VoxcoreError
from voxcore.guidance.model_folder import model_in
from voxcore.maps import VoxelMap, load_map

log = logging.getLogger(__name__)

CHECKPOINT_FILE = "checkpoint.safetensors"


class _GatewayGone(Exception):
    """The other end of the pipe is closed: there is nobody to work for."""


class _Inbox:
    """Messages of the gateway. SIGTERM counts as a request to stop and leave."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._waiting = False
        self._leave = False
        self.keep = False
        self.occupancy = False
        # Ctrl-C reaches the whole foreground group; the gateway decides what it means.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_sigterm)

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._leave = True
        if self._waiting:
            raise _GatewayGone

    def next_job(self) -> RunJob:
        """Waits for the next job. Raises _GatewayGone."""
        while True:
            if self._leave:
                raise _GatewayGone
            self._waiting = True
            try:
                message: ToWorker = self._pipe.recv()
            except (EOFError, OSError) as error:
                raise _GatewayGone from error
            finally:
                self._waiting = False
            self.keep = self.occupancy = False
            if isinstance(message, RunJob):
                return message

    def should_stop(self, job_id: str) -> bool:
        """Whether the gateway asked to stop ``job_id``, or is gone; ``keep`` says what to leave."""
        try:
            while not self._leave and self._pipe.poll():
                message: ToWorker = self._pipe.recv()
                if isinstance(message, ShowOccupancy) and message.job_id == job_id:
                    self.occupancy = message.wanted
                if isinstance(message, StopJob) and message.job_id == job_id:
                    self.keep = message.keep
                    return True
        except (EOFError, OSError):
            self._leave = True
        return self._leave


def main(pipe: Connection, setup: WorkerSetup) -> None:
    """The process's whole life. It ends when the gateway closes the pipe."""
    logs.set_up(as_json=setup.log_json)
    inbox = _Inbox(pipe)
    if setup.threads:
        # Read when the libraries are imported, which happens only now.
        os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(setup.threads)
    try:
        module = importlib.import_module(setup.entry)
        if setup.warm_up:
            _warm_up(module, setup.device)
        pipe.send(Ready())
        while True:
            job = inbox.next_job()
            logs.job_in_hand.set(job.job_id)
            stopped = False

            def should_stop(job_id: str = job.job_id) -> bool:
                nonlocal stopped
                stopped = stopped or inbox.should_stop(job_id)
                return stopped

            _run(module, setup, job, should_stop, inbox, pipe.send)
    except (_GatewayGone, BrokenPipeError, ConnectionResetError):
        pass


def _warm_up(module: ModuleType, device: str) -> None:
    """Run jobs of one step on a scratch folder, so that the first real one finds all compiled and loaded."""
    blocks = np.zeros((64, 48, 64), dtype=np.uint8)
    blocks[:, 0] = 1
    for teacher in ("noise", "prior"):
        spec = module.JobSpec(
            TrainConfig.create("a house", teacher=teacher, steps=1, teacher_calls=1),
            source=VoxelMap(blocks=blocks),
            export=False,
        )
        try:
            with tempfile.TemporaryDirectory(prefix="voxcore-warm-up-") as scratch:
                folder = Path(scratch)
                events = module.run_job(
                    spec,
                    maps_root=folder,
                    datasets_root=folder,
                    output_dir=folder,
                    should_stop=lambda: False,
                    device=device,
                )
                for _ in events:
                    pass
        except VoxcoreError as error:
            # A job that needs what is missing here will say so itself.
            log.warning("warm-up of the %s teacher failed: %s", teacher, error)


def _run(
    module: ModuleType,
    setup: WorkerSetup,
    job: RunJob,
    should_stop: Callable[[], bool],
    inbox: _Inbox,
    send: Callable[[FromWorker], None],
) -> None:
    # Imported here, since it imports torch: a module of the gateway may import this file.
    from server.worker.outgoing import Outgoing

    outgoing = Outgoing(setup.frames_per_second, lambda: inbox.occupancy)
    try:
        resume_from = job.resume_from
        if resume_from == job.output_dir and (problem := _damage(job.output_dir)):
            # Steps depend on the seed alone: from the first one again leads to the same result.
            line = pb.LogLine(level=pb.LOG_LEVEL_WARNING, message=f"{problem}; the job starts from its first step")
            send(Fact(pb.JobEvent(log=line).SerializeToString()))
            resume_from = None
        elif resume_from is not None and resume_from != job.output_dir:
            _take_over_records(resume_from, job.output_dir)
        spec = module.JobSpec(
            job.config,
            map_id=job.map_id if job.grid_file is None else None,
            source=load_map(job.grid_file) if job.grid_file is not None else None,
            dataset_id=job.dataset_id or None,
            resume_from=resume_from,
            job_id=job.job_id,
            owner=job.owner,
            model_folder=model_in(setup.models_root, job.config.model) if job.config.teacher == "sdxl" else None,
        )
        for event in module.run_job(
            spec,
            maps_root=setup.maps_root,
            datasets_root=setup.datasets_root,
            output_dir=job.output_dir,
            should_stop=should_stop,
            keep_partial=lambda: inbox.keep,
            device=setup.device,
        ):
            for message in outgoing.pack(event):
                send(message)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except VoxcoreError as error:
        send(_failed(error, told(error), error.field))
    except MemoryError as error:
        send(_failed(error, "the server's memory was not enough for this job", ""))
    except Exception as error:
        log.error("job %s failed\n%s", job.job_id, traceback.format_exc())
        send(_failed(error, BUG, ""))


def _damage(folder: Path) -> str:
    """What is wrong with the job's own checkpoint, "" where it can be read."""
    from voxcore.checkpoint import load_checkpoint

    try:
        load_checkpoint(folder)
    except VoxcoreError as error:
        return str(error)
    return ""


def _take_over_records(old: Path, new: Path) -> None:
    """The earlier run's log, pictures and checkpoint: the new folder tells the whole job, and a job
    that dies before its own first checkpoint can be resumed too.
    """
    new.mkdir(parents=True, exist_ok=True)
    for name in (CHECKPOINT_FILE, "train.jsonl"):
        if (old / name).is_file():
            shutil.copyfile(old / name, new / name)
    if (old / "images").is_dir():
        shutil.copytree(old / "images", new / "images", dirs_exist_ok=True)


def _failed(error: BaseException, message: str, field: str) -> JobFailed:
    return JobFailed(
        jobs_pb2.JobError(reason=reason_of(error), message=message[:4000], field=field).SerializeToString()
    )
