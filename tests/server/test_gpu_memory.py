"""GPU memory on its way from a training process to /metrics, on GPUs that are not there."""

import numpy as np
import pytest
import torch
from fakes import ME, ORDER, FakeWorker, run, until, worker

from server.jobs.manager import JobManager
from server.metrics import Metrics
from server.reasons import WorkerDied
from server.worker.gpu import gpu_bytes
from server.worker.messages import Fact, JobDone, Usage
from server.worker.outgoing import Outgoing
from voxcore.events import Finished, Progress, Started
from voxcore.maps import map_stats
from voxcore.palette import EDITOR
from voxcore.stepper import GridStats

BLOCKS = np.zeros((4, 4, 4), dtype=np.uint8)


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    # A process on "cuda:1": the current device has nothing.
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device=0: {0: 0, 1: 2**30}[device])


def test_every_gpu_of_the_process_counts(two_gpus):
    assert gpu_bytes() == 2**30


def test_no_gpu_is_no_bytes():
    assert gpu_bytes() == 0 or torch.cuda.is_available()


def test_a_job_says_so_at_once_and_not_with_every_step(two_gpus):
    outgoing = Outgoing(1000)
    sent = list(outgoing.pack(Started(9, 0, BLOCKS.shape, EDITOR, 1.0, "cuda:1")))
    assert isinstance(sent[0], Usage)
    assert sent[0].gpu_bytes == 2**30
    assert isinstance(sent[1], Fact)
    grid = GridStats(1, 64, 0.0, 0.0, 0.0, {})
    for step in range(50):
        sent += outgoing.pack(Progress(step, 50, {"total": 1.0}, 1.0, float("nan"), 1.0, 1.0, 0, grid))
    stats = map_stats(BLOCKS, EDITOR)
    sent += outgoing.pack(Finished(9, False, BLOCKS, EDITOR, "00" * 32, stats, stats, "", 1.0))
    assert sum(isinstance(message, Usage) for message in sent) <= 2
    assert isinstance(sent[-1], JobDone)


def test_without_a_gpu_nothing_is_said():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    sent = list(Outgoing(1000).pack(Started(9, 0, BLOCKS.shape, EDITOR, 1.0, "cpu")))
    assert [type(message) for message in sent] == [Fact]


def test_metrics_have_it_by_worker_until_the_process_dies(tmp_path, monkeypatch):
    async def test(manager: JobManager) -> None:
        metrics: Metrics = manager._metrics

        def shown() -> str:
            return next(line for line in metrics.text().decode().splitlines() if line.startswith("voxcore_gpu_bytes{"))

        await manager.create(ORDER, "", ME)
        await until(lambda: bool(worker().ran))
        worker().script.put_nowait(Usage(3 * 2**30))
        await until(lambda: "voxcore_gpu_bytes{" in metrics.text().decode())
        assert shown() == 'voxcore_gpu_bytes{worker="0"} 3.221225472e+09'
        worker().script.put_nowait(WorkerDied("the training process ended by signal 9"))
        await until(lambda: len(FakeWorker.made) == 2)
        assert shown() == 'voxcore_gpu_bytes{worker="0"} 0.0'

    run(tmp_path, monkeypatch, test)
