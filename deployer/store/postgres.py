"""The only door to psycopg: one store for several operators, CI agents and pages"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from threading import RLock
from time import monotonic, sleep
from typing import Any, TypeVar
from zlib import crc32

import psycopg

from deployer.errors import DeployerError, Refused, SettingsError
from deployer.store import schema
from deployer.store.empty import read_empty
from deployer.store.place import without_password
from deployer.store.rows import NOTHING, Mark, Row, Rows, StoreUnavailable

T = TypeVar("T")
PATIENCE = 20.0
"""Seconds to come back after a lost connection, and to wait for another writer."""

SESSION = """
SET synchronous_commit TO on;
SET idle_in_transaction_session_timeout TO '10s';
SET lock_timeout TO '20s';
SET statement_timeout TO '60s'
"""
"""A paused writer must not hold up the others for ever, and a commit is on disk, whatever the role's defaults are."""


class PostgresStore:
    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.where = without_password(url)
        self._url = url
        self._read_only = read_only
        self._lock = RLock()
        self._connection: psycopg.Connection | None = None
        with _translated(self.where):
            self._connection = self._connect()
            if not read_only and not self._created(_PostgresRows(self._connection)):
                self._transact("BEGIN", "deployer", schema.create)
            if self._created(_PostgresRows(self._connection)):
                schema.check(_PostgresRows(self._connection), self.where)

    def write(self, service: str, work: Callable[[Rows], T]) -> T:
        if self._read_only:
            raise Refused(f"the store was opened for reading only, {service} writes nothing", where=self.where)
        return self._persist(lambda: self._transact("BEGIN", service, work))

    def read(self, work: Callable[[Rows], T]) -> T:
        return self._persist(
            lambda: self._transact("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "", self._if_any(work))
        )

    def promised(self, service: str) -> Mark:  # noqa: ARG002 - the server keeps its own tail
        return NOTHING

    def promise(self, service: str, mark: Mark) -> None:
        """The head row is promise enough."""

    def close(self) -> None:
        with self._lock, suppress(psycopg.Error):
            if self._connection:
                self._connection.close()

    def _persist(self, act: Callable[[], T]) -> T:
        """A lost connection is opened again; how far the lost transaction came is for its work to find out."""
        deadline = monotonic() + PATIENCE
        with self._lock:
            while True:
                try:
                    with _translated(self.where):
                        if self._connection is None or self._connection.closed:
                            self._connection = self._connect()
                        return act()
                except StoreUnavailable:
                    lost = self._connection is None or self._connection.closed
                    if not lost or monotonic() > deadline:
                        raise
                    sleep(0.2)

    def _transact(self, begin: str, service: str, work: Callable[[Rows], T]) -> T:
        """Writers of one service stand in a queue: each sees what the one before committed."""
        connection = self._connection
        assert connection  # noqa: S101 - for the type checker
        rows = _PostgresRows(connection)
        connection.execute(begin)
        try:
            if service:
                connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (0x6465706C, _number(service)))
            result = work(rows)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            raise
        return result

    def _connect(self) -> psycopg.Connection:
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=15000,
            application_name="deployer",
        )
        connection.execute(SESSION)
        return connection

    def _if_any(self, work: Callable[[Rows], T]) -> Callable[[Rows], T]:
        """A store opened for reading may not have been created yet."""
        return lambda rows: work(rows) if not self._read_only or self._created(rows) else read_empty(work)

    def _created(self, rows: Rows) -> bool:
        return rows.ask("SELECT to_regclass('deployer_lease')") != [(None,)]


class _PostgresRows:
    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def ask(self, sql: str, *values: object) -> Sequence[Row]:
        return self._connection.execute(_placed(sql), values).fetchall()

    def do(self, sql: str, *values: object) -> int:
        return self._connection.execute(_placed(sql), values).rowcount

    def add(self, sql: str, rows: Sequence[Row]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_placed(sql), rows)


@cache
def _placed(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()


def _number(service: str) -> int:
    """The service as a signed 32-bit lock number; two that share one only wait for each other."""
    number = crc32(service.encode("utf-8", "surrogatepass"))
    return number - (1 << 32) if number >= 1 << 31 else number


@contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _ours(error, where) from error


def _ours(error: psycopg.Error, where: str) -> DeployerError:
    what = " ".join(str(error).split()) or type(error).__name__
    state: Any = error.sqlstate or ""
    if state.startswith(("28", "3D", "42")) or isinstance(error, psycopg.ProgrammingError):
        return SettingsError(f"PostgreSQL refuses: {what}", where=where, remedy=f"psql '{where}' -c 'select 1'")
    if state == "53100":
        return StoreUnavailable(f"no space left for the journal: {what}", where=where, remedy="df -h on its server")
    return StoreUnavailable(f"PostgreSQL: {what}", where=where, remedy=f"psql '{where}' -c 'select 1'")
