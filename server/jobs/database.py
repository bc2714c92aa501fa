"""SQLite behind one writing thread and one reading thread; writes that come together are one commit.

Convention: a write is done once its future is: on the disk, flushed. Either all of a commit's writes
are there after a crash or none. The reader sees what was committed.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from voxcore.errors import StorageError

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Work = Callable[[sqlite3.Connection], Answer]

_BATCH: Final = 500
_RETRY_SECONDS: Final = 0.5
_BUSY_SECONDS: Final = 10.0

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    is_over INTEGER NOT NULL,
    data TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS requests ON jobs (owner, request_id) WHERE request_id <> '';
CREATE INDEX IF NOT EXISTS owners ON jobs (owner, no);
CREATE INDEX IF NOT EXISTS running ON jobs (no) WHERE is_over = 0;
CREATE TABLE IF NOT EXISTS events (
    job_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (job_id, seq)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class _Write:
    work: Work[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    patient: bool

    def done(self, answer: Any) -> None:
        self.loop.call_soon_threadsafe(self._set, answer, None)

    def failed(self, error: Exception) -> None:
        self.loop.call_soon_threadsafe(self._set, None, error)

    def _set(self, answer: Any, error: Exception | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(answer)
        else:
            self.future.set_exception(error)


class Database:
    """Open it with `open_database`, close it in the end."""

    def __init__(self, path: Path, on_error: Callable[[], None] = lambda: None) -> None:
        self._path, self._on_error = path, on_error
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="database-read")
        self._reading = _connect(path)
        self._closing = False
        self._writer = threading.Thread(target=self._write_all, name="database-write", daemon=True)
        self._writer.start()

    def write(self, work: Work[Answer], *, patient: bool = False) -> asyncio.Future[Answer]:
        """Does ``work`` in the next commit. The future raises StorageError where the disk refuses;
        a ``patient`` write is tried until the disk takes it or the database is closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._writes.put(_Write(work, future, loop, patient))
        return future

    async def read(self, work: Work[Answer]) -> Answer:
        """What ``work`` finds. Raises StorageError."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, work)

    async def close(self) -> None:
        """Finish what was asked for, then close."""
        self._closing = True
        self._writes.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._reader.shutdown)
        self._reading.close()

    def _read(self, work: Work[Answer]) -> Answer:
        try:
            return work(self._reading)
        except sqlite3.Error as error:
            raise StorageError(f"cannot read {self._path}: {error}") from error

    def _write_all(self) -> None:
        connection = _connect(self._path)
        while (first := self._writes.get()) is not None:
            batch = [first]
            last = False
            while len(batch) < _BATCH:
                try:
                    more = self._writes.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                batch.append(more)
            if not self._commit(connection, batch):
                # One of them spoils the others: each by itself.
                for write in batch:
                    self._commit_alone(connection, write)
            if last:
                break
        connection.close()

    def _commit(self, connection: sqlite3.Connection, batch: list[_Write]) -> bool:
        try:
            connection.execute("BEGIN IMMEDIATE")
            answers = [write.work(connection) for write in batch]
            connection.execute("COMMIT")
        except Exception:
            _roll_back(connection)
            return False
        for write, answer in zip(batch, answers, strict=True):
            write.done(answer)
        return True

    def _commit_alone(self, connection: sqlite3.Connection, write: _Write) -> None:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                answer = write.work(connection)
                connection.execute("COMMIT")
                write.done(answer)
                return
            except sqlite3.Error as error:
                _roll_back(connection)
                self._on_error()
                log.error("cannot write %s: %s", self._path, error)
                if not write.patient or self._closing:
                    write.failed(StorageError(f"cannot write {self._path.name}: {error}"))
                    return
            except Exception as error:
                _roll_back(connection)
                write.failed(error)
                return
            time.sleep(_RETRY_SECONDS)


def open_database(path: Path, on_error: Callable[[], None] = lambda: None) -> tuple[Database, bool]:
    """The database at ``path``, made where there is none, and whether it is new.

    One that is damaged is set aside as ``<name>.damaged-<time>`` and a new one made; the caller
    fills it from the jobs' own files. Raises StorageError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        try:
            _prepare(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
            log.error("the database is damaged (%s); it is kept as %s and made anew from the jobs' files", error, aside)
            path.rename(aside)
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            _prepare(path)
            is_new = True
        return Database(path, on_error), is_new
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"cannot use {path}: {error}") from error


def _prepare(path: Path) -> None:
    connection = _connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found[0] != "ok":
            raise sqlite3.DatabaseError(found[0])
        connection.executescript(SCHEMA)
    finally:
        connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    # One thread at a time uses each connection, though not the one that made it.
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    # Every commit is flushed: what was acknowledged survives a power cut too.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
