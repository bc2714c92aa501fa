"""Everything put together: from settings to a server that serves until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from vox.v1 import info_pb2, jobs_pb2, maps_pb2, training_pb2, uploads_pb2

from server.access import Access
from server.doors.connect import ConnectApp
from server.doors.listening import WebServer, tls_context
from server.doors.native import handlers
from server.doors.site import Site
from server.exporting import Exporter
from server.gate import Gate
from server.intake import Intake
from server.jobs.manager import JobManager
from server.library import Library
from server.metrics import Metrics
from server.rpc import methods_of
from server.services.info import InfoService
from server.services.jobs import JobService
from server.services.maps import MapService
from server.services.training import TrainingService
from server.services.uploads import UploadService
from server.settings import Settings, split_list
from server.side_process import SideProcess
from server.uploads import Uploads
from voxcore.errors import StorageError, VoxcoreError
from voxcore.maps.atomic import write_bytes

log = logging.getLogger(__name__)

_TRAINING: Final = training_pb2.DESCRIPTOR.services_by_name["TrainingService"]
_JOBS: Final = jobs_pb2.DESCRIPTOR.services_by_name["JobService"]
_MAPS: Final = maps_pb2.DESCRIPTOR.services_by_name["MapService"]
_UPLOADS: Final = uploads_pb2.DESCRIPTOR.services_by_name["UploadService"]
_INFO: Final = info_pb2.DESCRIPTOR.services_by_name["InfoService"]
SERVICES: Final = tuple(service.full_name for service in (_TRAINING, _JOBS, _MAPS, _UPLOADS, _INFO))
UPLOADS_FOLDER: Final = "uploads"
EXPORTS_FOLDER: Final = "exports"
_GRACE_SECONDS: Final = 5.0


class App:
    """A server and its jobs. `start`, then `stop`."""

    def __init__(self, settings: Settings, jobs: JobManager, metrics: Metrics) -> None:
        self.jobs = jobs
        self.port = self.web_port = 0
        self._settings, self._is_ready = settings, False
        access = jobs.access
        library = Library(settings, access, jobs.owners)
        uploads = Uploads(settings.runs_root / UPLOADS_FOLDER, settings.max_upload_bytes)
        self._side = SideProcess()
        exporter = Exporter(settings.runs_root / EXPORTS_FOLDER, self._side, max_bytes=settings.max_export_bytes)
        intake = Intake(settings, access, jobs.owners)
        gate = Gate(access, metrics)
        methods = [
            *methods_of(_TRAINING, TrainingService(jobs, intake)),
            *methods_of(_JOBS, JobService(jobs, intake)),
            *methods_of(_MAPS, MapService(settings, library, exporter)),
            *methods_of(_UPLOADS, UploadService(settings, access, uploads, library, self._side)),
            *methods_of(_INFO, InfoService(settings)),
        ]
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
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        self._server.add_generic_rpc_handlers(tuple(handlers(methods, gate)))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        calls = ConnectApp(methods, gate, max_bytes=settings.max_message_bytes)
        self._site = Site(
            calls,
            calls.path,
            healthy=lambda: self._is_ready,
            metrics=lambda headers: metrics.text() if _is_known(access, headers) else None,
            root=settings.web_root,
            servers=split_list(settings.viewer_servers),
            origins=split_list(settings.cors_origins),
            # A token is what keeps strangers out where there is one.
            hosts=split_list(settings.web_hosts) if settings.tokens_file is None else None,
        )
        self._web: WebServer | None = None

    async def start(self) -> None:
        """Listen. Health is NOT_SERVING until `ready`. Raises StorageError where a port is taken."""
        settings = self._settings
        host, port = settings.host, settings.port
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            credentials = _credentials(settings)
            self.port = (
                self._server.add_insecure_port(address)
                if credentials is None
                else self._server.add_secure_port(address, credentials)
            )
        except RuntimeError as error:
            raise StorageError(f"cannot listen on {address}; is another server running there?", field="port") from error
        if settings.web:
            tls = None
            if settings.tls_cert is not None and settings.tls_key is not None:
                tls = tls_context(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
            self._web = WebServer(
                self._site, host, settings.web_port, max_connections=settings.max_connections, tls=tls
            )
            self.web_port = self._web.port
        await self._server.start()
        if self._web is not None:
            await self._web.start()
        _write_port(settings.web_port_file, self.web_port)
        _write_port(settings.port_file, self.port)

    async def ready(self) -> None:
        """Waits until a job would start at once, then says SERVING. Raises WorkerDied."""
        await self.jobs.ready()
        self._is_ready = True
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """NOT_SERVING; the running job keeps what it has; streams end; the ports are closed."""
        self._is_ready = False
        await self._health.enter_graceful_shutdown()
        await self.jobs.close()
        if self._web is not None:
            await self._web.stop()
        await self._server.stop(_GRACE_SECONDS)
        self._side.close()

    async def _set_health(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for service in ("", *SERVICES):
            await self._health.set(service, status)


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """TLS for the native door; None where there is none. Raises StorageError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    # What is wrong with the files, Python's own TLS says better than gRPC.
    tls_context(settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    trusted = settings.tls_client_ca.read_bytes() if settings.tls_client_ca is not None else None
    pair = (settings.tls_key.read_bytes(), settings.tls_cert.read_bytes())
    return grpc.ssl_server_credentials([pair], trusted, require_client_auth=trusted is not None)


def _is_known(access: Access, headers: dict[str, str]) -> bool:
    try:
        access.admit(headers)
    except VoxcoreError:
        return False
    return True


def _write_port(file: Path | None, port: int) -> None:
    if file is not None:
        write_bytes(file, f"{port}\n".encode())


async def serve(settings: Settings, *, entry: str = "voxcore.job") -> None:
    """Serve until SIGTERM or SIGINT; ``entry`` is the module that jobs run with.

    Raises VoxcoreError where that cannot even begin.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    metrics = Metrics()
    app = App(settings, await JobManager.open(settings, metrics, entry=entry), metrics)
    try:
        await app.start()
        print(f"listening on {settings.host}:{app.port}", flush=True)
        if app.web_port:
            scheme = "http" if settings.tls_cert is None else "https"
            print(f"web on {scheme}://{settings.host}:{app.web_port}/", flush=True)
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
