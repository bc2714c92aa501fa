"""One server for one folder of jobs."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from voxcore.errors import StorageError


def hold(runs_root: Path) -> int:
    """Hold ``runs_root``, made if it is missing, against other servers until the descriptor that this
    returns is closed. Raises StorageError.
    """
    try:
        runs_root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(runs_root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StorageError(f"cannot use {runs_root}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StorageError(f"another server uses {runs_root}; give this one its own --runs-root") from error
    return descriptor
