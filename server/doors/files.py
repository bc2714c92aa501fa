"""The viewer's files as HTTP answers: types, tags, how long they keep, what the page may do, gzip. Nothing else
is ever served: paths are resolved and must lie below the root.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

Headers = list[tuple[bytes, bytes]]

INDEX: Final = "index.html"
MAX_BYTES: Final = 64 * 2**20
_MOST_PACKED: Final = 8 * 2**20
_LEAST_PACKED: Final = 512
"""Below it, packing saves no packet."""

# Listed and not asked of the system: what a machine's own table says differs from one to the next.
TYPES: Final[dict[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wgsl": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
_ANY_TYPE: Final = "application/octet-stream"
_PACKED_SUFFIXES: Final = frozenset(TYPES) - {".png", ".jpg", ".webp", ".woff2"}
_HASHED: Final = re.compile(r"/assets/[^/]+-[A-Za-z0-9_-]{8}\.[a-z0-9.]+")
"""What the viewer's build calls a file whose name changes with its content."""

# Scripts, styles and workers of the viewer's own; pictures and workers it makes itself (blob:); calls to this
# server, and to those that the operator lists. WebGPU needs no permission. Nothing inline, nothing of another
# origin, no frames, no forms.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self' blob:{servers}",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS: Final[Headers] = [
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"accept-encoding"),
]


@dataclass(frozen=True)
class FileAnswer:
    """``status`` 200 or 304, headers without a length, and the bytes."""

    status: int
    headers: Headers
    body: bytes


class ViewerFiles:
    """The files below ``root``; none where that is None or does not exist.

    ``servers`` are the origins besides its own that the page may call.
    """

    def __init__(self, root: Path | None, servers: Iterable[str] = ()) -> None:
        self._root = root.resolve() if root is not None else None
        policy = _POLICY.format(servers="".join(f" {server}" for server in servers))
        # A browser that kept the page asks anew where the policy is another one.
        self._state = f"{zlib.crc32(policy.encode()):x}"
        self._always: Headers = [(b"content-security-policy", policy.encode()), *_ALWAYS]

    def answer(self, path: str, headers: Mapping[str, str]) -> FileAnswer | None:
        """What a GET of ``path`` (decoded, with its leading slash) gets; None where there is no such file. Reads."""
        try:
            file = self._find(path)
            if file is None:
                return None
            stat = file.stat()
            if stat.st_size > MAX_BYTES:
                return None
            packed = (
                file.suffix in _PACKED_SUFFIXES
                and _LEAST_PACKED <= stat.st_size <= _MOST_PACKED
                and _takes_gzip(headers.get("accept-encoding", ""))
            )
            tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}-{self._state}{"-gz" if packed else ""}"'
            lasting = "public, max-age=31536000, immutable" if _HASHED.fullmatch(path) else "no-cache"
            more: Headers = [*self._always, (b"etag", tag.encode()), (b"cache-control", lasting.encode())]
            if _names(headers.get("if-none-match", ""), tag):
                return FileAnswer(304, more, b"")
            more.append((b"content-type", TYPES.get(file.suffix, _ANY_TYPE).encode()))
            if packed:
                more.append((b"content-encoding", b"gzip"))
                return FileAnswer(200, more, _pack(file, tag))
            return FileAnswer(200, more, file.read_bytes())
        except (OSError, ValueError):
            return None

    def _find(self, path: str) -> Path | None:
        # Hidden files are nobody's business, wherever they come from.
        if self._root is None or "\0" in path or "/." in path:
            return None
        file = (self._root / path.lstrip("/")).resolve()
        file = file / INDEX if file == self._root else file
        return file if file.is_relative_to(self._root) and file.is_file() else None


@lru_cache(maxsize=64)
def _pack(file: Path, tag: str) -> bytes:
    """``file`` packed, once for each of its states."""
    del tag
    return gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", parameters)
    return False


def _names(if_none_match: str, tag: str) -> bool:
    tags = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return tag in tags or "*" in tags
