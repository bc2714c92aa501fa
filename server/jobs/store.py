"""Jobs and their events in the database, and what else of a job lies in its folder."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.jobs.database import Database, open_database
from server.jobs.event_log import KEPT_FACTS
from server.jobs.film import FILE as FILM_FILE
from server.jobs.film import Film, FilmFrame, last_frame, prune_films, read_film
from server.jobs.record import GRID_FILE, Record, RecordFiles, parse_record, record_text
from server.metrics import Metrics
from voxcore.errors import VoxcoreError
from voxcore.json_io import read_limited
from voxcore.maps import VoxelMap, save_map
from voxcore.maps.atomic import remove_folder, storage_errors, write_bytes

log = logging.getLogger(__name__)

DATABASE_FILE: Final = "jobs.sqlite"
_ARTIFACT: Final = "artifact-"
_MAX_ARTIFACT_BYTES: Final = 2**28

Row = tuple[int, bytes]
"""An event: its seq and the response that holds it."""


@dataclass(frozen=True)
class Page:
    """Some jobs, newest first, and whether there are more."""

    records: Sequence[Record]
    more: bool


@dataclass(frozen=True)
class FilmLimits:
    """Bytes of one job's film, and of all films together."""

    one: int
    all: int


class JobStore:
    """The jobs under ``runs_root``.

    The database is the truth. A job's folder holds its record as it was made and as it ended, so that
    a lost database costs the events and nothing else.
    """

    def __init__(self, root: Path, database: Database, limits: FilmLimits) -> None:
        self.root, self.database, self._limits = root, database, limits
        self._files = RecordFiles(root)

    @classmethod
    async def open(cls, root: Path, metrics: Metrics, limits: FilmLimits) -> tuple[JobStore, list[Record]]:
        """The store, and the records that a new database took from the folders. Raises StorageError."""
        database, is_new = await asyncio.to_thread(open_database, root / DATABASE_FILE, metrics.storage_errors.inc)
        store = cls(root, database, limits)
        found = await asyncio.to_thread(store._files.load_all) if is_new else []
        if found:
            log.warning("%d jobs were taken from their folders", len(found))

            def work(connection: sqlite3.Connection) -> None:
                for record in found:
                    _insert(connection, record)

            await database.write(work)
        return store, found

    def folder(self, job_id: str) -> Path:
        """The job's folder."""
        return self._files.folder(job_id)

    async def add(self, record: Record, first: Row, grid: VoxelMap | None) -> None:
        """Store a new job with its first event. Raises StorageError; nothing of it is left then."""
        try:
            await asyncio.to_thread(self._make_folder, record, grid)

            def work(connection: sqlite3.Connection) -> None:
                _insert(connection, record)
                _insert_event(connection, record.job_id, first)

            await self.database.write(work)
        except BaseException:
            shutil.rmtree(self.folder(record.job_id), ignore_errors=True)
            raise

    def update(self, record: Record, *events: Row) -> asyncio.Future[None]:
        """Store the present record and more events, in one commit; tried until the disk takes it."""
        text = record_text(record)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE jobs SET state = ?, is_over = ?, data = ? WHERE job_id = ?",
                (record.state, record.is_over, text, record.job_id),
            )
            for event in events:
                _insert_event(connection, record.job_id, event)

        return self.database.write(work, patient=True)

    def add_event(self, job_id: str, event: Row) -> asyncio.Future[None]:
        """Store one more event; tried until the disk takes it."""
        return self.database.write(lambda connection: _insert_event(connection, job_id, event), patient=True)

    async def end(self, record: Record, *events: Row) -> None:
        """Store the end of a job: in its folder, then in the database with its last events."""
        try:
            await asyncio.to_thread(self._files.save, record)
        except VoxcoreError:
            log.exception("the end of job %s is in the database only", record.job_id)
        await self.update(record, *events)

    async def delete(self, job_id: str) -> None:
        """Forget an ended job. Raises StorageError."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM events WHERE job_id = ?", (job_id,))
            connection.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))

        await self.database.write(work)
        if self.folder(job_id).exists():
            await asyncio.to_thread(remove_folder, self.folder(job_id))

    async def find(self, job_id: str) -> Record | None:
        """The job by its id. Raises StorageError."""
        return await self._one("SELECT data FROM jobs WHERE job_id = ?", job_id)

    async def find_request(self, owner: str, request_id: str) -> Record | None:
        """The job that a request of ``owner`` made. Raises StorageError."""
        return await self._one("SELECT data FROM jobs WHERE owner = ? AND request_id = ?", owner, request_id)

    async def unfinished(self) -> list[Record]:
        """Jobs that have not ended, oldest first. Raises StorageError."""
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT data FROM jobs WHERE is_over = 0 ORDER BY no").fetchall()
        )
        return [record for (text,) in rows if (record := parse_record(text)) is not None]

    async def page(self, owner: str | None, before: str, states: Sequence[int], count: int) -> Page | None:
        """``count`` jobs that are older than ``before`` ("": the newest); None where there is no such job.

        ``owner`` None means everybody's. Raises StorageError.
        """

        def work(connection: sqlite3.Connection) -> Page | None:
            conditions, values = ["1"], list[object]()
            if owner is not None:
                conditions.append("owner = ?")
                values.append(owner)
            if before:
                row = connection.execute("SELECT no FROM jobs WHERE job_id = ?", (before,)).fetchone()
                if row is None:
                    return None
                conditions.append("no < ?")
                values.append(row[0])
            if states:
                conditions.append(f"state IN ({','.join('?' * len(states))})")
                values.extend(states)
            # Conditions are this function's own words; values are bound.
            query = f"SELECT data FROM jobs WHERE {' AND '.join(conditions)} ORDER BY no DESC LIMIT ?"
            rows = connection.execute(query, (*values, count + 1)).fetchall()
            records = [record for (text,) in rows[:count] if (record := parse_record(text)) is not None]
            return Page(records, len(rows) > count)

        return await self.database.read(work)

    async def events(self, job_id: str) -> list[Row]:
        """The newest events of a job that are kept, in order. Raises StorageError."""
        query = "SELECT seq, data FROM events WHERE job_id = ? ORDER BY seq DESC LIMIT ?"
        rows = await self.database.read(lambda connection: connection.execute(query, (job_id, KEPT_FACTS)).fetchall())
        return rows[::-1]

    async def prune(self, keep: int) -> None:
        """Forget the oldest ended jobs above ``keep`` in number. Raises StorageError."""
        query = "SELECT job_id FROM jobs WHERE is_over = 1 ORDER BY no DESC LIMIT 100 OFFSET ?"
        rows = await self.database.read(lambda connection: connection.execute(query, (keep,)).fetchall())
        for (job_id,) in rows:
            await self.delete(job_id)

    def film(self, job_id: str) -> Film:
        """What writes the job's film."""
        return Film(self.folder(job_id) / FILM_FILE, self._limits.one)

    def film_frames(self, job_id: str, after_seq: int) -> Iterator[FilmFrame]:
        """The job's kept frames after ``after_seq``, oldest first, read from the disk one by one."""
        return read_film(self.folder(job_id) / FILM_FILE, after_seq)

    def last_film_frame(self, job_id: str) -> FilmFrame | None:
        """The newest of the job's kept frames."""
        return last_frame(self.folder(job_id) / FILM_FILE)

    def prune_films(self) -> None:
        """Let films go, oldest jobs first, until all together fit."""
        prune_films(self.root, self._limits.all)

    def save_artifact(self, job_id: str, data: bytes) -> str:
        """Keep ``data`` in the job's folder; returns the hash by which it is found again. Raises StorageError."""
        digest = hashlib.sha256(data).hexdigest()
        write_bytes(self.folder(job_id) / f"{_ARTIFACT}{digest}", data)
        return digest

    def artifact(self, job_id: str, digest: str) -> bytes | None:
        """What was kept by that hash; None where it is gone or damaged."""
        try:
            data = read_limited(self.folder(job_id) / f"{_ARTIFACT}{digest}", _MAX_ARTIFACT_BYTES)
        except VoxcoreError:
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None

    def _make_folder(self, record: Record, grid: VoxelMap | None) -> None:
        self._files.save(record)
        folder = self.folder(record.job_id)
        if grid is not None:
            save_map(grid, folder / GRID_FILE)
        elif record.resumed_from and not record.map_id:
            with storage_errors(folder / GRID_FILE):
                os.link(self.folder(record.resumed_from) / GRID_FILE, folder / GRID_FILE)

    async def _one(self, query: str, *values: str) -> Record | None:
        row = await self.database.read(lambda connection: connection.execute(query, values).fetchone())
        return parse_record(row[0]) if row is not None else None


def _insert(connection: sqlite3.Connection, record: Record) -> None:
    connection.execute(
        "INSERT INTO jobs (job_id, owner, request_id, state, is_over, data) VALUES (?, ?, ?, ?, ?, ?)",
        (record.job_id, record.owner, record.request_id, record.state, record.is_over, record_text(record)),
    )


def _insert_event(connection: sqlite3.Connection, job_id: str, event: Row) -> None:
    connection.execute("INSERT INTO events (job_id, seq, data) VALUES (?, ?, ?)", (job_id, *event))
