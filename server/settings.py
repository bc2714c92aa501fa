"""What the operator chooses: flags before environment before file before defaults."""

from __future__ import annotations

import argparse
import dataclasses
import ipaddress
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from voxcore.config import MAX_PROMPT_CHARS, MAX_STEPS
from voxcore.errors import InvalidConfig

ENVIRONMENT_PREFIX: Final = "VOXCORE_"
CONFIG_VARIABLE: Final = "VOXCORE_CONFIG"


@dataclass(frozen=True)
class Settings:
    """Frozen, and checked at birth.

    Args:
        host: address to listen on. Others than this machine's own need tokens, and TLS or --insecure.
        port, web_port: of the native door and of HTTP/1.1; 0 takes a free one.
        port_file, web_port_file: file that gets the port once the server listens.
        web: serve HTTP/1.1 as well: gRPC-Web, Connect, JSON, the viewer, /healthz and /metrics.
        web_root: the viewer's files.
        web_hosts: names, separated by commas, besides this machine's own under which it is asked.
        cors_origins: web origins, separated by commas, whose pages may call.
        viewer_servers: web origins, separated by commas, of other servers that this server's page may call
            (its ?server=); each of them has to list this one in its cors_origins.
        max_connections: HTTP/1.1 connections that may be open at once.
        insecure: allow other addresses although nothing is encrypted.
        tokens_file: TOML file of tokens (see `server.access`); addresses other than this machine's own need
            one. None asks nobody who they are.
        tls_cert, tls_key: certificate and key (PEM) of both doors; None leaves them unencrypted.
        tls_client_ca: clients must show a certificate that one of these (PEM) signed.
        log_json: log one JSON object a line.
        maps_root: maps by id; trained ones are put there too.
        datasets_root: datasets by id.
        models_root: image diffusion models by name, for the sdxl teacher: the folders (or links to them) in
            here are all that a job can name.
        runs_root: the jobs' database, uploads in progress, and a folder a job with its log and checkpoint.
        device: what jobs run on, as PyTorch names it.
        max_message_bytes: longest request.
        max_cells: cells of one grid, sent or stored.
        max_upload_bytes: longest file that is uploaded.
        max_views: views of an uploaded dataset.
        max_export_bytes: longest file that a map is exported to in a format other than its own.
        max_steps: steps of one job.
        max_prompt_chars: characters of one prompt.
        max_queue: jobs that may wait.
        workers: jobs that run at once: on "cuda" each has a GPU of its own, else its share of the cores.
        max_kept_jobs: ended jobs that are kept; the oldest above that are forgotten (not their maps).
        max_film_bytes: voxel frames that are kept of one job's whole run, thinned to fit; what a page that comes
            late can scrub through. 0 keeps none.
        max_films_bytes: such frames of all jobs together; those of the oldest jobs go first.
        max_stream_seconds: how long a stream may be open before its client has to ask again.
        max_watchers: streams that may be open at once.
        frames_per_second: voxel frames, and previews, that a job may show.
        warm_up: run a tiny job at the start, so that the first real one finds all compiled and loaded.
        stop_seconds: how long a running job has to stop before its process is ended.
    """

    host: str = "127.0.0.1"
    port: int = 50051
    port_file: Path | None = None
    web: bool = True
    web_port: int = 50080
    web_port_file: Path | None = None
    web_root: Path = Path("clients/web/dist")
    web_hosts: str = ""
    cors_origins: str = ""
    viewer_servers: str = ""
    max_connections: int = 1024
    insecure: bool = False
    tokens_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    log_json: bool = False
    maps_root: Path = Path("maps")
    datasets_root: Path = Path("datasets")
    models_root: Path = Path("models")
    runs_root: Path = Path("runs")
    device: str = "cpu"
    max_message_bytes: int = 4 * 2**20
    max_cells: int = 2**24
    max_upload_bytes: int = 64 * 2**20
    max_views: int = 1024
    max_export_bytes: int = 256 * 2**20
    max_steps: int = 20_000
    max_prompt_chars: int = MAX_PROMPT_CHARS
    workers: int = 1
    max_queue: int = 256
    max_kept_jobs: int = 10_000
    max_film_bytes: int = 8 * 2**20
    max_films_bytes: int = 2**31
    max_stream_seconds: float = 3600.0
    max_watchers: int = 64
    frames_per_second: float = 4.0
    warm_up: bool = True
    stop_seconds: float = 60.0

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InvalidConfig("expected a certificate and its key, got one of the two", field="tls_cert")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise InvalidConfig("expected a certificate of the server's own as well", field="tls_client_ca")
        if not is_loopback(self.host):
            if self.tls_cert is None and not self.insecure:
                raise InvalidConfig(
                    f"got {self.host}: other addresses than this machine's own need --tls-cert and --tls-key, or "
                    "--insecure",
                    field="host",
                )
            if self.tokens_file is None:
                raise InvalidConfig(
                    f"got {self.host}: other addresses than this machine's own need --tokens-file", field="host"
                )
        for origin in split_list(self.viewer_servers):
            # These become part of a header, and of what the browser enforces: an origin and nothing else.
            if not _ORIGIN.fullmatch(origin):
                raise InvalidConfig(
                    f"expected origins as https://host or https://host:port, got {origin[:80]!r}",
                    field="viewer_servers",
                )
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise InvalidConfig(f"expected {low:g} to {high:g}, got {value}", field=name)


RANGES: Final[dict[str, tuple[float, float]]] = {
    "port": (0, 65535),
    "web_port": (0, 65535),
    "max_connections": (1, 65536),
    "max_message_bytes": (2**16, 2**30),
    "max_cells": (1, 2**26),
    "max_upload_bytes": (1, 2**30),
    "max_views": (1, 4096),
    "max_export_bytes": (1, 2**30),
    "max_steps": (1, MAX_STEPS),
    "max_prompt_chars": (1, MAX_PROMPT_CHARS),
    "max_queue": (1, 10_000),
    "workers": (1, 64),
    "max_kept_jobs": (1, 1_000_000),
    "max_film_bytes": (0, 2**30),
    "max_films_bytes": (0, 2**40),
    "max_stream_seconds": (1, 86_400),
    "max_watchers": (1, 10_000),
    "frames_per_second": (0.01, 1000),
    "stop_seconds": (0.1, 3600),
}


_ORIGIN: Final = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def split_list(text: str) -> list[str]:
    """The parts of ``text`` between its commas, empty ones left out."""
    return [part.strip() for part in text.split(",") if part.strip()]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Settings from the command line, ``VOXCORE_*`` variables and the TOML file that either names.

    Raises InvalidConfig. Exits, as argparse does, for flags that do not exist and for --help.
    """
    parser = argparse.ArgumentParser(prog="python -m server", description="The voxcore service.")
    parser.add_argument("--config", metavar="FILE", help=f"TOML file of settings (or {CONFIG_VARIABLE})")
    for field in dataclasses.fields(Settings):
        flag = "--" + field.name.replace("_", "-")
        if field.type == "bool":
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None)
        else:
            parser.add_argument(flag, metavar=field.name.upper(), help=f"default: {field.default}")
    flags = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    file = flags.pop("config", environment.get(CONFIG_VARIABLE))
    names = {field.name for field in dataclasses.fields(Settings)}
    variables = {
        name: environment[ENVIRONMENT_PREFIX + name.upper()]
        for name in names
        if ENVIRONMENT_PREFIX + name.upper() in environment
    }
    given = (_read_file(Path(file)) if file else {}) | variables | flags
    unknown = sorted(given.keys() - names)
    if unknown:
        raise InvalidConfig(f"no such setting; known are {', '.join(sorted(names))}", field=unknown[0])
    types = {field.name: str(field.type) for field in dataclasses.fields(Settings)}
    return Settings(**{name: _typed(name, value, types[name]) for name, value in given.items()})


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidConfig(f"cannot read {path}: {error}", field="config") from error


def _typed(name: str, value: Any, kind: str) -> Any:
    """``value``, a string or a TOML value, as the type that the setting has."""
    try:
        match kind:
            case "bool":
                return value if isinstance(value, bool) else _BOOLEANS[value.lower()]
            case "int" if not isinstance(value, bool | float):
                return int(value)
            case "float" if not isinstance(value, bool):
                return float(value)
            case "Path" | "Path | None" if isinstance(value, str) and value:
                return Path(value)
            case "str" if isinstance(value, str):
                return value
    except (ValueError, KeyError, AttributeError, TypeError):
        pass
    expected = {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(kind, "text")
    raise InvalidConfig(f"expected {expected}, got {value!r}", field=name)


_BOOLEANS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
