"""Reading JSON that somebody else wrote: size limits, no NaN, and checked fields with their names.

Every function takes the exception class of the format at hand (`MapFormatError`,
`DatasetFormatError`), so that an error names both the file's kind and the field.
"""

from __future__ import annotations

import gc
import json
import math
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from voxcore.errors import InvalidInput, LimitExceeded, NotFound, StorageError

JsonObject = dict[str, Any]
_SHOWN: Final = 60


def find_file(path: Path, names: Sequence[str]) -> Path:
    """``path`` itself, or where it is a folder the first of ``names`` in it that exists, or the first.

    Raises StorageError where the file system does not say.
    """
    try:
        if not path.is_dir():
            return path
        return next((path / name for name in names if (path / name).exists()), path / names[0])
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def read_limited(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        NotFound: there is no such file.
        LimitExceeded: it is longer than ``max_bytes``; nothing was read.
        StorageError: it cannot be read, or is no regular file.
    """
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise StorageError(f"{path} is not a regular file")
        if info.st_size > max_bytes:
            raise LimitExceeded(f"expected at most {max_bytes} bytes, got {info.st_size}", field=path.name)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{path} does not exist") from error
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def parse_object(data: bytes, error: type[InvalidInput], *, what: str) -> JsonObject:
    """The JSON object in ``data`` (``what`` names it in messages).

    Raises ``error`` for broken JSON, for NaN or infinite numbers (JSON has none; the message names
    the key), for nesting beyond what Python's parser takes and for anything but an object.
    """
    odd: list[float] = []

    def number(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            odd.append(value)
        return value

    try:
        with _collector_paused():
            value = json.loads(data, parse_constant=number, parse_float=number)
    except json.JSONDecodeError as cause:
        where = f"line {cause.lineno} column {cause.colno}"
        raise error(f"expected JSON, got an error at {where}: {cause.msg}", field=what) from cause
    except UnicodeDecodeError as cause:
        raise error(f"expected UTF-8 text, got a bad byte at offset {cause.start}", field=what) from cause
    except ValueError as cause:
        raise error(f"expected plain numbers: {cause}", field=what) from cause
    except RecursionError as cause:
        raise error("expected less deeply nested JSON", field=what) from cause
    if not isinstance(value, dict):
        raise error(f"expected a JSON object, got {shown(value)}", field=what)
    if odd:
        raise error(f"expected finite numbers, got {odd[0]}", field=_path_of_odd(value))
    return value


def _path_of_odd(value: Any) -> str:
    """The path, like ``views[3].position[1]``, of the first number in ``value`` that is not finite."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return path
        if isinstance(item, dict):
            waiting += [(f"{path}.{key}".lstrip("."), child) for key, child in reversed(item.items())]
        elif isinstance(item, list):
            waiting += [(f"{path}[{i}]", child) for i, child in reversed([*enumerate(item)])]
    return ""  # the number stood under a key that the object has twice


@contextmanager
def _collector_paused() -> Iterator[None]:
    # Parsing makes hundreds of thousands of small objects and no cycles; the cycle collector's
    # walks over them would take two thirds of the time.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def shown(value: object) -> str:
    """``value`` for an error message, cut to a readable length."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    try:
        text = repr(value)
    except ValueError:  # an integer beyond Python's digit limit
        return "a huge number"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def get_object(parent: JsonObject, key: str, error: type[InvalidInput], *, where: str = "") -> JsonObject:
    """``parent[key]``, which must be an object. Raises ``error``."""
    value = _get(parent, key, error, where)
    if not isinstance(value, dict):
        raise error(f"expected an object, got {shown(value)}", field=where + key)
    return value


def get_list(parent: JsonObject, key: str, error: type[InvalidInput], *, where: str = "") -> list[Any]:
    """``parent[key]``, which must be a list. Raises ``error``."""
    value = _get(parent, key, error, where)
    if not isinstance(value, list):
        raise error(f"expected a list, got {shown(value)}", field=where + key)
    return value


def get_text(parent: JsonObject, key: str, error: type[InvalidInput], *, where: str = "") -> str:
    """``parent[key]``, which must be text. Raises ``error``."""
    value = _get(parent, key, error, where)
    if not isinstance(value, str):
        raise error(f"expected text, got {shown(value)}", field=where + key)
    return value


def get_number(parent: JsonObject, key: str, error: type[InvalidInput], *, where: str = "") -> float:
    """``parent[key]``, which must be a finite number. Raises ``error``."""
    value = _get(parent, key, error, where)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
        raise error(f"expected a number, got {shown(value)}", field=where + key)
    return float(value)


def get_integer(parent: JsonObject, key: str, error: type[InvalidInput], *, where: str = "") -> int:
    """``parent[key]``, which must be a whole number (64.0 counts). Raises ``error``."""
    value = _get(parent, key, error, where)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or abs(value) > 2**64:
        raise error(f"expected a whole number, got {shown(value)}", field=where + key)
    return int(value)


def get_numbers(
    parent: JsonObject, key: str, count: int, error: type[InvalidInput], *, where: str = ""
) -> tuple[float, ...]:
    """``parent[key]``, which must be a list of ``count`` finite numbers. Raises ``error``."""
    values = get_list(parent, key, error, where=where)
    good = all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= 1e300 for v in values)
    if len(values) != count or not good:
        raise error(f"expected {count} finite numbers, got {shown(str(values)[:_SHOWN])}", field=where + key)
    return tuple(float(v) for v in values)


def _get(parent: JsonObject, key: str, error: type[InvalidInput], where: str) -> Any:
    if key not in parent:
        raise error("expected this key, got none", field=where + key)
    return parent[key]
