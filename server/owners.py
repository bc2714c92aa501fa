"""Whose map is whose. A map that nobody owns, such as those that lay there before, is everybody's."""

from __future__ import annotations

import sqlite3

from server.jobs.database import Database
from server.rpc import Caller


def dataset_key(dataset_id: str) -> str:
    """Under which a dataset's owner is kept; no map's id has a colon."""
    return f"dataset:{dataset_id}"


class Owners:
    """The owners of maps, in memory and in the database. Make it with `load`."""

    def __init__(self, database: Database, found: dict[str, tuple[str, int]]) -> None:
        self._database, self._owned = database, found

    @classmethod
    async def load(cls, database: Database) -> Owners:
        """Raises StorageError."""

        def work(connection: sqlite3.Connection) -> dict[str, tuple[str, int]]:
            rows = connection.execute("SELECT map_id, owner, bytes FROM owned_maps").fetchall()
            return {map_id: (owner, size) for map_id, owner, size in rows}

        return cls(database, await database.read(work))

    def may_see(self, map_id: str, caller: Caller) -> bool:
        """Whether the map is there for this caller."""
        return caller.may_see(self.owner_of(map_id))

    def may_change(self, map_id: str, caller: Caller) -> bool:
        """Whether this caller may replace or delete the map: its owner and administrators may, and nobody
        else what is nobody's.
        """
        return caller.is_admin or (map_id in self._owned and self.owner_of(map_id) == caller.name)

    def owner_of(self, map_id: str) -> str:
        """The owner's name, "" for none."""
        return self._owned.get(map_id, ("", 0))[0]

    def size_of(self, map_id: str, owner: str) -> int:
        """Bytes of the map where it is ``owner``'s, else 0."""
        found, size = self._owned.get(map_id, ("", 0))
        return size if found == owner else 0

    def bytes_of(self, owner: str) -> int:
        """Bytes of all maps of ``owner``."""
        return sum(size for other, size in self._owned.values() if other == owner)

    async def claim(self, map_id: str, owner: str, size: int) -> None:
        """``map_id``, of ``size`` bytes, belongs to ``owner`` from now on. Raises StorageError."""
        self._owned[map_id] = (owner, size)
        statement = "INSERT OR REPLACE INTO owned_maps (map_id, owner, bytes) VALUES (?, ?, ?)"
        row = (map_id, owner, size)
        await self._database.write(lambda connection: connection.execute(statement, row), patient=True)

    async def release(self, map_id: str) -> None:
        """The map is gone. Raises StorageError."""
        self._owned.pop(map_id, None)
        statement = "DELETE FROM owned_maps WHERE map_id = ?"
        await self._database.write(lambda connection: connection.execute(statement, (map_id,)))
