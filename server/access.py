"""Who may call, and how much: tokens with their shares. Tokens themselves are stored nowhere, only their hashes.

``python -m server.access NAME`` makes a token and prints it with the entry for the tokens file.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import re
import secrets
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from server.reasons import QuotaExceeded, RateLimited, Unauthenticated
from server.rpc import Caller
from voxcore.errors import InvalidConfig

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SCHEME: Final = "bearer "
_BURST_SECONDS: Final = 2.0
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True)
class Quota:
    """A token's share; 0 means no limit besides the server's own.

    Args:
        max_jobs: jobs that wait or run at once.
        max_steps: steps of one job.
        max_cells: cells of one grid.
        max_bytes: bytes of the maps it has stored, those of its jobs included.
        calls_per_second: on average; twice as many at once.
    """

    max_jobs: int = 0
    max_steps: int = 0
    max_cells: int = 0
    max_bytes: int = 0
    calls_per_second: float = 0.0

    def check(self, name: str, got: int) -> None:
        """Raises QuotaExceeded where ``got`` is more than the share called ``name``."""
        most = getattr(self, name)
        if most and got > most:
            raise QuotaExceeded(f"expected at most {most} for this token, got {got}", field=name)


class _Bucket:
    """Lets ``rate`` calls a second through, twice as many at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._level, self._time = max(1.0, rate * _BURST_SECONDS), time.monotonic()

    def take(self) -> None:
        """Raises RateLimited."""
        now = time.monotonic()
        most = max(1.0, self._rate * _BURST_SECONDS)
        self._level = min(most, self._level + (now - self._time) * self._rate)
        self._time = now
        if self._level < 1.0:
            raise RateLimited((1.0 - self._level) / self._rate)
        self._level -= 1.0


class Access:
    """The tokens of a server; without a file everybody may do everything."""

    def __init__(self, callers: Mapping[str, tuple[Caller, Quota]] | None = None) -> None:
        self._callers = callers
        self._quotas = {caller.name: quota for caller, quota in (callers or {}).values()}
        self._buckets = {name: _Bucket(q.calls_per_second) for name, q in self._quotas.items() if q.calls_per_second}

    @classmethod
    def load(cls, path: Path | None) -> Access:
        """The tokens in a TOML file of ``[[tokens]]``: name, sha256 (of the token), admin, and a Quota's fields.

        Raises InvalidConfig. Nothing that could be a secret is in its message.
        """
        if path is None:
            return cls()
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InvalidConfig(f"cannot read {path}: {error}", field="tokens_file") from error
        entries = document.get("tokens")
        if document.keys() != {"tokens"} or not isinstance(entries, list) or not entries:
            raise InvalidConfig("expected [[tokens]] and nothing else", field="tokens_file")
        callers: dict[str, tuple[Caller, Quota]] = {}
        for i, entry in enumerate(entries):
            caller, digest, quota = _entry(entry, f"tokens[{i}]")
            if digest in callers or caller.name in {other.name for other, _ in callers.values()}:
                raise InvalidConfig("expected every name and token once", field=f"tokens[{i}]")
            callers[digest] = caller, quota
        return cls(callers)

    def admit(self, headers: Mapping[str, str]) -> Caller:
        """Who sent these headers (by lower-case name). Raises Unauthenticated or RateLimited."""
        if self._callers is None:
            return Caller()
        given = headers.get("authorization", "")
        token = given[len(_SCHEME) :].strip() if given[: len(_SCHEME)].lower() == _SCHEME else ""
        # Looked up by its hash: how long that takes says nothing about the tokens.
        found = self._callers.get(_digest(token))
        if not token or found is None:
            raise Unauthenticated("expected the header 'authorization: Bearer <token>' with a token of this server")
        if (bucket := self._buckets.get(found[0].name)) is not None:
            bucket.take()
        return found[0]

    def quota(self, caller: Caller) -> Quota:
        """The caller's share."""
        return self._quotas.get(caller.name, Quota())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _entry(entry: Any, where: str) -> tuple[Caller, str, Quota]:
    if not isinstance(entry, dict):
        raise InvalidConfig("expected a table", field=where)
    values = dict(entry)
    name, digest, admin = values.pop("name", ""), values.pop("sha256", ""), values.pop("admin", False)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidConfig("expected 1 to 64 letters, digits, _, . or -", field=f"{where}.name")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise InvalidConfig("expected the SHA-256 of the token, 64 hexadecimal digits", field=f"{where}.sha256")
    if not isinstance(admin, bool):
        raise InvalidConfig("expected true or false", field=f"{where}.admin")
    shares = {field.name for field in dataclasses.fields(Quota)}
    for key, value in values.items():
        if key not in shares:
            raise InvalidConfig(f"no such key; known are {', '.join(sorted(shares))}", field=f"{where}.{key}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2**53:
            raise InvalidConfig("expected a number from 0 up", field=f"{where}.{key}")
    return Caller(name, admin), digest, Quota(**values)


def main() -> None:
    """Make a token."""
    parser = argparse.ArgumentParser(prog="python -m server.access", description="Make a token.")
    parser.add_argument("name")
    name = parser.parse_args().name
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    print(f'token, to be kept secret: {token}\n\n[[tokens]]\nname = "{name}"\nsha256 = "{_digest(token)}"')


if __name__ == "__main__":
    main()
