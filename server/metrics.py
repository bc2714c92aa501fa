"""What is counted, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_FINE = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_COARSE = (0.01, 0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)


class Metrics:
    """The counters of one server. Labels never hold anything that a caller chose."""

    def __init__(self) -> None:
        self._registry = at = CollectorRegistry()
        self.calls = Counter("voxcore_calls", "Calls by method and gRPC code.", ["method", "code"], registry=at)
        self.call_seconds = Histogram(
            "voxcore_call_seconds", "Duration of calls with one answer.", ["method"], buckets=_FINE, registry=at
        )
        self.jobs_made = Counter("voxcore_jobs_created", "Jobs that were accepted.", registry=at)
        self.jobs_ended = Counter("voxcore_jobs_ended", "Jobs that ended, by state.", ["state"], registry=at)
        self.jobs = Gauge("voxcore_jobs", "Jobs that have not ended, by state.", ["state"], registry=at)
        self.queue_seconds = Histogram(
            "voxcore_queue_seconds", "How long jobs waited for their turn.", buckets=_COARSE, registry=at
        )
        self.step_seconds = Histogram(
            "voxcore_step_seconds", "Duration of one training step, mean between reports.", buckets=_FINE, registry=at
        )
        self.events = Counter("voxcore_events", "Events of jobs, by kind.", ["kind"], registry=at)
        self.watchers = Gauge("voxcore_watchers", "Open streams and polls.", registry=at)
        self.worker_deaths = Counter(
            "voxcore_worker_deaths", "Training processes that ended by themselves.", registry=at
        )
        self.gpu_bytes = Gauge("voxcore_gpu_bytes", "GPU memory that training processes hold.", ["worker"], registry=at)
        self.storage_errors = Counter("voxcore_storage_errors", "Writes that the disk refused.", registry=at)

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        found: bytes = generate_latest(self._registry)
        return found
