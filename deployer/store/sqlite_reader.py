"""Looking into a SQLite store without touching it: no file is created, no writer waits

Each reading opens the file anew, so it also sees a store that was created, or came to rest, meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from deployer.errors import DeployerError, Refused
from deployer.store import schema
from deployer.store.anchor import Anchors
from deployer.store.empty import read_empty
from deployer.store.rows import Mark, Rows
from deployer.store.sqlite import SqliteRows, connect, translated

T = TypeVar("T")
TRIES = 5


class SqliteReader:
    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path
        self._anchors = Anchors(path)

    def write(self, service: str, work: Callable[[Rows], T]) -> T:  # noqa: ARG002 - nothing is done
        raise Refused(f"the store was opened for reading only, {service} writes nothing", where=self.where)

    def read(self, work: Callable[[Rows], T]) -> T:
        """A database at rest (no WAL) is read as it lies, since SQLite would create the WAL's index otherwise.

        It may be written to during the reading, so then what was read is thrown away, and read again.
        """
        for _ in range(TRIES):
            before = self._state()
            try:
                result = self._once(work, at_rest=before[0])
            except DeployerError:
                if not before[0] or self._state() == before:
                    raise
            else:
                if not before[0] or self._state() == before:
                    return result
        return self._once(work, at_rest=False)

    def promised(self, service: str) -> Mark:
        return self._anchors.of(service).read()

    def promise(self, service: str, mark: Mark) -> None:
        """Readers promise nothing."""

    def close(self) -> None:
        self._anchors.close()

    def _state(self) -> tuple[bool, int, int]:
        """Whether the database is at rest, and what changes when it is written to."""
        if not self._path.exists():
            return True, 0, 0
        stat = self._path.stat()
        return not self._path.with_name(f"{self._path.name}-wal").exists(), stat.st_mtime_ns, stat.st_size

    def _once(self, work: Callable[[Rows], T], *, at_rest: bool) -> T:
        if not self._path.exists():
            return read_empty(work)
        how = "mode=ro&immutable=1" if at_rest else "mode=ro"
        with translated(self._path), closing(connect(self._path, how)) as connection:
            rows = SqliteRows(connection)
            connection.execute("BEGIN")
            if not rows.ask("SELECT 1 FROM sqlite_master WHERE name = 'deployer_lease'"):
                return read_empty(work)
            schema.check(rows, self.where)
            return work(rows)
