"""The only door to sqlite3: WAL, every commit on disk

The database file is never opened by anything but SQLite in this process: closing a second descriptor of it would drop
SQLite's POSIX locks, and another process would then take the WAL away under us (sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from time import monotonic, sleep
from typing import TypeVar

from deployer.errors import DeployerError, JournalDamaged, SettingsError
from deployer.store import schema
from deployer.store.anchor import Anchors
from deployer.store.rows import Mark, Row, Rows, StoreUnavailable

T = TypeVar("T")
PATIENCE = 10.0
PAGE, WAL_PAGES = 2048, 400
"""A record is small, so are the pages it touches; a log that is soon overwritten, not extended, syncs faster."""


class SqliteStore:
    """For writing; the file is created for us alone (0600) when it is not there. `patience`: seconds to wait for
    another writer.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self.where = str(path)
        self._path = path
        self._lock = RLock()
        self._anchors = Anchors(path)
        with translated(path):
            _create(path)
            self._connection = connect(path, "mode=rw", patience)
            self._rows = SqliteRows(self._connection)
            _until_free(lambda: _prepare(self._connection, path), patience)
            schema.check(self._rows, self.where)

    def write(self, service: str, work: Callable[[Rows], T]) -> T:  # noqa: ARG002 - SQLite has one writer for all
        return self._transact("BEGIN IMMEDIATE", work)

    def read(self, work: Callable[[Rows], T]) -> T:
        return self._transact("BEGIN", work)

    def promised(self, service: str) -> Mark:
        return self._anchors.of(service).read()

    def promise(self, service: str, mark: Mark) -> None:
        self._anchors.of(service).write(mark)

    def close(self) -> None:
        with self._lock, translated(self._path):
            self._anchors.close()
            self._connection.close()

    def _transact(self, begin: str, work: Callable[[Rows], T]) -> T:
        with self._lock:
            try:
                return self._whole(begin, work)
            except sqlite3.Error as error:
                raise _ours(error, self._path) from error

    def _whole(self, begin: str, work: Callable[[Rows], T]) -> T:
        self._connection.execute(begin)
        try:
            result = work(self._rows)
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite may have rolled back already, on a full disk for one
                self._connection.execute("ROLLBACK")
            raise
        return result


class SqliteRows:
    """An open transaction of one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def ask(self, sql: str, *values: object) -> Sequence[Row]:
        return self._connection.execute(sql, values).fetchall()

    def do(self, sql: str, *values: object) -> int:
        return self._connection.execute(sql, values).rowcount

    def add(self, sql: str, rows: Sequence[Row]) -> None:
        self._connection.executemany(sql, rows)


def _create(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.mknod(path, stat.S_IFREG | 0o600)  # creates without opening, whoever comes second finds it
    except OSError as error:
        raise SettingsError(
            f"cannot create the store: {error.strerror}",
            where=str(path),
            remedy=f"sudo install -d -m 700 -o $USER {path.parent}, or another path under `state:` in deployer.yml",
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA page_size={PAGE}")  # of a file that is still empty
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise SettingsError(
                f"the file system of the store cannot do write-ahead logging (SQLite stays in mode {mode!r})",
                where=str(path),
                remedy="a path on a local disk, or state: postgresql://user@host/name",
            )
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'deployer_lease'").fetchone():
        connection.execute("BEGIN IMMEDIATE")
        try:
            schema.create(SqliteRows(connection), keep="WITHOUT ROWID")
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise


def _until_free(prepare: Callable[[], None], patience: float) -> None:
    """Changing to WAL does not wait by itself when twenty start at once: SQLite's busy handler is not asked."""
    deadline = monotonic() + patience
    while True:
        try:
            return prepare()
        except sqlite3.OperationalError as error:
            if not _busy(error) or monotonic() > deadline:
                raise
            sleep(0.02)


def connect(path: Path, how: str, patience: float = PATIENCE) -> sqlite3.Connection:
    """`how` is SQLite's own words: mode=rw, mode=ro, immutable=1."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None, check_same_thread=False, timeout=patience
    )


def _busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


@contextmanager
def translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _ours(error, path) from error


def _ours(error: sqlite3.Error, path: Path) -> DeployerError:
    name = getattr(error, "sqlite_errorname", "")
    where = str(path)
    if _busy(error):
        return StoreUnavailable(
            "another process writes to the store and does not finish",
            where=where,
            remedy=f"fuser -v {path}",
        )
    if name.startswith("SQLITE_FULL"):
        return StoreUnavailable("no space left for the journal", where=where, remedy=f"df -h {path.parent}")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return JournalDamaged(
            f"the file is damaged or no SQLite database at all ({error})",
            where=where,
            remedy=f"restore it from a backup, or move it away ({path.name}*) and look at the hosts",
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return SettingsError(f"the store cannot be opened: {error}", where=where, remedy=f"ls -la {path.parent}")
    return StoreUnavailable(f"SQLite: {error} {name}".strip(), where=where, remedy=f"df -h {path.parent}; dmesg | tail")
