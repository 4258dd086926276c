"""PostgreSQL's own dangers: connections that end, also between a commit and its answer"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from deployer.errors import PreflightFailed, SettingsError
from deployer.journal import Journal
from deployer.lock import Lock
from deployer.store import open_store
from deployer.store.rows import Rows, Store
from tests.store import samples
from tests.store.databases import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]


class Cutter:
    """Passes bytes to the server; when armed, cuts the line before a COMMIT passes, or after its answer came."""

    def __init__(self, folder: Path, server: str) -> None:
        self.armed = ""
        self.cuts = 0
        self._server = server
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / ".s.PGSQL.5432"))
        self._door.listen()
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _accept(self) -> None:
        try:
            while True:
                line, _ = self._door.accept()
                Thread(target=self._pass, args=(line,), daemon=True).start()
        except OSError:
            return

    def _pass(self, line: socket.socket) -> None:
        with line, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            back = Thread(target=self._back, args=(server, line), daemon=True)
            back.start()
            while data := line.recv(1 << 16):
                if self.armed == "before" and b"COMMIT" in data:
                    self._cut(line, server)
                    return
                if self.armed == "after" and b"COMMIT" in data:
                    self.armed = "answer"
                server.sendall(data)

    def _back(self, server: socket.socket, line: socket.socket) -> None:
        try:
            while data := server.recv(1 << 16):
                if self.armed == "answer" and b"COMMIT" in data:
                    self._cut(line, server)
                    return
                line.sendall(data)
        except OSError:
            return

    def _cut(self, *ends: socket.socket) -> None:
        self.armed = ""
        self.cuts += 1
        for end in ends:
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cutter(postgres: str) -> Iterator[tuple[Cutter, str]]:
    server = postgres.partition("host=")[2]
    with tempfile.TemporaryDirectory(prefix="cut", dir="/tmp") as folder:
        cutter = Cutter(Path(folder), f"{server}/.s.PGSQL.5432")
        yield cutter, folder
        cutter.close()


@pytest.fixture
def store(postgres_url: str, postgres: str, cutter: tuple[Cutter, str]) -> Iterator[Store]:
    store = open_store(postgres_url.replace(postgres.partition("host=")[2], cutter[1]))
    yield store
    store.close()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_line_cut_around_the_commit_writes_exactly_once(cutter: tuple[Cutter, str], store: Store, when: str) -> None:
    journal, lock = Journal(store, "shop", lambda: 1.0), Lock(store, "shop", lambda: 1.0)
    cutter[0].armed = when
    lease = lock.take("r1", "ann@ctl", "release day")
    assert (cutter[0].cuts, lease.epoch, lock.status().lease) == (1, 1, lease)
    cutter[0].armed = when
    records = journal.append("r1", samples.planned(), samples.begun(1), epoch=lease.epoch)
    assert cutter[0].cuts == 2
    assert journal.events("r1") == records
    cutter[0].armed = when
    assert journal.append("r1", samples.done(1), epoch=lease.epoch)[0].seq == 3
    assert (cutter[0].cuts, journal.verify()) == (3, 3)


def test_an_ended_session_is_opened_again(postgres: str, postgres_url: str) -> None:
    store = open_store(postgres_url)
    journal = Journal(store, "shop", lambda: 1.0)
    journal.append("r1", samples.planned(), epoch=None)

    def pid(rows: Rows) -> int:
        ((number,),) = rows.ask("SELECT pg_backend_pid()")
        return int(number)

    for _ in range(2):
        with psycopg.connect(postgres, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (store.read(pid),))
        journal.append("r1", samples.begun(1), epoch=None)
    assert journal.verify() == 3
    store.close()


def test_a_commit_is_on_disk_whatever_the_role_prefers(postgres_url: str) -> None:
    store = open_store(postgres_url.replace("search_path", "synchronous_commit%3Doff%20-csearch_path"))
    assert store.read(lambda rows: rows.ask("SHOW synchronous_commit")) == [("on",)]
    store.close()


def test_a_password_is_never_shown(postgres_url: str) -> None:
    store = open_store(postgres_url.replace("deployer@", "deployer:s3cret@"))
    assert "s3cret" not in store.where
    assert store.where.startswith("postgresql://deployer@/postgres?host=/tmp/")
    store.close()


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PreflightFailed) as caught:
        open_store(f"postgresql://deployer:s3cret@/postgres?host={tmp_path}")
    assert str(tmp_path) in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.remedy


def test_a_database_or_user_that_is_not_there(postgres: str) -> None:
    for wrong in (postgres.replace("/postgres?", "/shop?"), postgres.replace("deployer@", "nobody@")):
        with pytest.raises((SettingsError, PreflightFailed), match="does not exist"):
            open_store(wrong)
