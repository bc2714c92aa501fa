"""Everything put together: from settings to a server that serves until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from vox.v1 import info_pb2, info_pb2_grpc, jobs_pb2, jobs_pb2_grpc, maps_pb2, maps_pb2_grpc

from server.intake import Intake
from server.jobs.manager import JobManager
from server.services import training
from server.services.info import InfoService
from server.services.jobs import JobService
from server.services.maps import MapService
from server.services.training import TrainingService
from server.settings import Settings
from voxcore.errors import StorageError
from voxcore.maps.atomic import write_bytes

log = logging.getLogger(__name__)

SERVICES: Final = (
    training.NAME,
    jobs_pb2.DESCRIPTOR.services_by_name["JobService"].full_name,
    maps_pb2.DESCRIPTOR.services_by_name["MapService"].full_name,
    info_pb2.DESCRIPTOR.services_by_name["InfoService"].full_name,
)
_GRACE_SECONDS: Final = 5.0


class App:
    """A server and its jobs. `start`, then `stop`."""

    def __init__(self, settings: Settings, jobs: JobManager) -> None:
        self.jobs = jobs
        self.port = 0
        self._settings = settings
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                # A second server on the same port is a mistake, not a load balancer.
                ("grpc.so_reuseport", 0),
                # Find out about clients that vanished without a word.
                ("grpc.keepalive_time_ms", 30_000),
                ("grpc.keepalive_timeout_ms", 10_000),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ]
        )
        intake = Intake(settings)
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        self._server.add_generic_rpc_handlers((TrainingService(jobs, intake).handler(),))
        jobs_pb2_grpc.add_JobServiceServicer_to_server(JobService(jobs, intake), self._server)
        maps_pb2_grpc.add_MapServiceServicer_to_server(MapService(settings), self._server)
        info_pb2_grpc.add_InfoServiceServicer_to_server(InfoService(settings), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)

    async def start(self) -> None:
        """Listen. Health is NOT_SERVING until `ready`. Raises StorageError where the port is taken."""
        host, port = self._settings.host, self._settings.port
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise StorageError(f"cannot listen on {address}; is another server running there?", field="port") from error
        await self._server.start()
        if self._settings.port_file is not None:
            write_bytes(self._settings.port_file, f"{self.port}\n".encode())

    async def ready(self) -> None:
        """Waits until a job would start at once, then says SERVING. Raises WorkerDied."""
        await self.jobs.ready()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """NOT_SERVING; the running job keeps what it has; streams end; the port is closed."""
        await self._health.enter_graceful_shutdown()
        await self.jobs.close()
        await self._server.stop(_GRACE_SECONDS)

    async def _set_health(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for service in ("", *SERVICES):
            await self._health.set(service, status)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises VoxcoreError where that cannot even begin."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = App(settings, await JobManager.open(settings))
    try:
        await app.start()
        print(f"listening on {settings.host}:{app.port}", flush=True)
        waiting = asyncio.ensure_future(stop.wait())
        warming = asyncio.ensure_future(app.ready())
        await asyncio.wait((waiting, warming), return_when=asyncio.FIRST_COMPLETED)
        if warming.done():
            await warming
            log.info("ready")
            await waiting
        else:
            warming.cancel()
    finally:
        log.info("stopping")
        await app.stop()
