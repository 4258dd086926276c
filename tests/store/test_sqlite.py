"""SQLite's own dangers: cut and flipped files, full disks, foreign files, permissions"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest

from deployer.errors import DeployerError, JournalDamaged, PreflightFailed, SettingsError
from deployer.events import Record
from deployer.heartbeat import Heartbeat
from deployer.journal import Journal
from deployer.lock import Lock
from deployer.store import open_store
from deployer.store.rows import StoreUnavailable
from deployer.store.sqlite import SqliteStore
from tests.store import samples


def at(path: Path) -> str:
    return f"sqlite:///{path}"


def write(journal: Journal) -> tuple[Record, ...]:
    """A run's records, the last ones each in a transaction of its own."""
    first = journal.append("r1", samples.planned(), samples.begun(1), epoch=None)
    second = journal.append("r1", samples.done(1), samples.begun(2), epoch=None)
    return first + second + journal.append("r1", samples.done(2), samples.ended(), epoch=None)


def at_rest(folder: Path) -> tuple[Path, tuple[Record, ...]]:
    """A store closed in peace: everything is in the one file, with the anchor beside it."""
    store = open_store(at(folder / "state.db"))
    records = write(Journal(store, "shop", lambda: 1.0))
    store.close()
    return folder / "state.db", records


@contextmanager
def killed(folder: Path, copy: Path) -> Iterator[tuple[Path, tuple[Record, ...]]]:
    """The files as a killed process leaves them, the records in the WAL.

    Another process copies them: opening them here would drop SQLite's locks.
    """
    store = open_store(at(folder / "state.db"))
    records = write(Journal(store, "shop", lambda: 1.0))
    copy.mkdir()
    subprocess.run(["cp", "-a", f"{folder}/.", copy], check=True)
    store.close()
    (copy / "state.db-shm").unlink()
    yield copy / "state.db", records


def seen(path: Path) -> tuple[Record, ...] | None:
    """What a reader gets, None when the damage is noticed."""
    store = open_store(at(path), read_only=True)
    try:
        return Journal(store, "shop", float).events("r1")
    except DeployerError:
        return None
    finally:
        store.close()


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x01]) + data[place + 1 :]


def test_a_bit_flipped_anywhere_in_the_last_records_is_noticed(tmp_path: Path) -> None:
    path, records = at_rest(tmp_path)
    whole = path.read_bytes()
    body = whole.index(b'{"end":"done"')
    for place in range(whole.rindex(b"shop", 0, body), whole.index(b"}", body) + 1):
        path.write_bytes(flipped(whole, place))
        assert seen(path) is None, f"flipped at {place}"
    path.write_bytes(whole)
    assert seen(path) == records


def test_a_bit_flipped_anywhere_at_all_never_tells_a_lie(tmp_path: Path) -> None:
    path, records = at_rest(tmp_path)
    whole = path.read_bytes()
    noticed = 0
    for place in [*range(0, 100, 3), *range(100, len(whole), 61)]:
        path.write_bytes(flipped(whole, place))
        now = seen(path)
        assert now in (None, records), f"flipped at {place}"
        noticed += now is None
    assert noticed > 10


def test_a_file_cut_anywhere_never_tells_a_lie(tmp_path: Path) -> None:
    path, records = at_rest(tmp_path)
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 511), len(whole) - 1]:
        path.write_bytes(whole[:length])
        assert seen(path) in (None, records), f"cut to {length} bytes"
    end = whole.index(b"}", whole.index(b'{"end":"done"'))
    path.write_bytes(whole[:end])
    assert seen(path) is None
    path.unlink()
    assert seen(path) is None, "the file is gone, its anchor is not"


def test_a_wal_cut_or_flipped_anywhere_in_its_last_frames_never_tells_a_lie(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    with killed(tmp_path / "live", tmp_path / "dead") as (path, records):
        wal = path.with_name("state.db-wal")
        whole, database = wal.read_bytes(), path.read_bytes()
        frame = 4096 + 24
        ends = range(len(whole) - 3 * frame, len(whole))
        damaged = [(f"cut to {end}", whole[:end]) for end in [*ends[::487], *ends[-3:], 0, 32]]
        damaged += [(f"flipped at {place}", flipped(whole, place)) for place in [*ends[::487], *ends[:24]]]
        noticed = 0
        for how, bytes_ in [*damaged, ("not at all", whole)]:
            path.write_bytes(database)
            wal.write_bytes(bytes_)
            now = seen(path)
            assert now in (None, records), how
            noticed += now is None
            path.with_name("state.db-shm").unlink(missing_ok=True)
        assert noticed == len(damaged), "SQLite drops such frames without a word, the anchor knows of them"
        assert now == records


def test_a_cut_tail_is_not_written_behind(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    with killed(tmp_path / "live", tmp_path / "dead") as (path, _):
        wal = path.with_name("state.db-wal")
        wal.write_bytes(wal.read_bytes()[:-1])
        store = open_store(at(path))
        with pytest.raises(JournalDamaged, match=r"record 5: it is missing, though record 6 was acknowledged"):
            Journal(store, "shop", float).append("r1", samples.begun(3), epoch=None)
        store.close()


def test_an_older_copy_put_back_is_noticed(tmp_path: Path) -> None:
    path, _ = at_rest(tmp_path)
    shutil.copy(path, tmp_path / "backup")
    store = open_store(at(path))
    Journal(store, "shop", float).append("r1", samples.begun(3), epoch=None)
    store.close()
    shutil.copy(tmp_path / "backup", path)
    store = open_store(at(path))
    with pytest.raises(JournalDamaged):
        Journal(store, "shop", float).runs()
    store.close()


def test_an_anchor_that_lags_or_is_torn_does_no_harm(tmp_path: Path) -> None:
    path, records = at_rest(tmp_path)
    anchor = tmp_path / "state.db.shop.anchor"
    whole = anchor.read_bytes()
    store = open_store(at(path))
    more = Journal(store, "shop", float).append("r1", samples.begun(3), epoch=None)
    store.close()
    for text in (whole, whole[:40], b"", flipped(whole, 5)):
        anchor.write_bytes(text)
        assert seen(path) == records + more
    anchor.unlink()
    assert seen(path) == records + more


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    """A limit on pages gives SQLite's own error of a full disk."""
    store = SqliteStore(tmp_path / "state.db")
    journal = Journal(store, "shop", lambda: 1.0)
    records = write(journal)
    ((pages,),) = store.read(lambda rows: rows.ask("PRAGMA page_count"))
    store.read(lambda rows: rows.ask(f"PRAGMA max_page_count={pages}"))
    big = type(samples.planned())("ann", samples.plan(), samples.picture(1000))
    with pytest.raises(StoreUnavailable, match="no space left for the journal"):
        journal.append("r2", big, epoch=None)
    assert journal.events("r1") == records
    store.read(lambda rows: rows.ask("PRAGMA max_page_count=1000000"))
    assert journal.append("r2", big, epoch=None)[0].seq == 7
    assert journal.verify() == 7
    store.close()


def test_a_writer_that_does_not_finish_is_said_and_readers_do_not_wait(tmp_path: Path) -> None:
    path, records = at_rest(tmp_path)
    store = SqliteStore(path, patience=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another process writes") as caught:
            Journal(store, "shop", float).append("r1", samples.begun(3), epoch=None)
        assert "fuser" in caught.value.remedy
        assert Journal(store, "shop", float).events("r1") == records
        assert seen(path) == records
    store.close()


def test_the_heart_beats_on_after_an_outage(tmp_path: Path) -> None:
    now = [1000.0]
    store = SqliteStore(tmp_path / "state.db", patience=0.02)
    lock = Lock(store, "shop", lambda: now[0])
    lease = lock.take("r1", "ann@ctl")
    with Heartbeat(lock, lease, every=0.01) as heart:
        with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            now[0] = 1100.0
            Event().wait(0.2)
            assert lock.status().stale
        for _ in range(6000):
            if not lock.status().stale:
                break
            Event().wait(0.01)
        assert not lock.status().stale
        assert heart.lost == ""
    store.close()


def test_the_store_is_ours_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(at(tmp_path / "var" / "deployer" / "state.db"))
        write(Journal(store, "shop", lambda: 1.0))
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "var" / "deployer").iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm", "state.db.shop.anchor"), 0o600)
    assert (tmp_path / "var" / "deployer").stat().st_mode & 0o777 == 0o700


def test_reading_creates_no_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    assert seen(path) == ()
    assert list(tmp_path.iterdir()) == []
    path.touch()
    assert seen(path) == (), "another process is about to fill it"
    path.unlink()
    _, records = at_rest(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert seen(path) == records
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_is_no_database(tmp_path: Path, read_only: bool) -> None:
    (tmp_path / "state.db").write_text("service: shop\n" * 100)
    with pytest.raises(JournalDamaged, match="damaged or no SQLite database"):
        Journal(open_store(at(tmp_path / "state.db"), read_only=read_only), "shop", float).runs()
    assert (tmp_path / "state.db").read_text() == "service: shop\n" * 100


def test_places_where_no_store_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "state.db", tmp_path):
        with pytest.raises((SettingsError, PreflightFailed)) as caught:
            open_store(at(path))
        assert str(path) in str(caught.value)
        assert caught.value.remedy
    for url in ("mysql://db/deployer", "sqlite:///", "state.db", ""):
        with pytest.raises(SettingsError, match="no kind of store we know"):
            open_store(url)


def test_a_relative_path_is_under_the_base(tmp_path: Path) -> None:
    open_store("sqlite:///state.db", base=tmp_path).close()
    assert (tmp_path / "state.db").exists()


def test_a_store_of_a_newer_deployer_is_refused(tmp_path: Path) -> None:
    path, _ = at_rest(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE deployer_store SET version = 2")
    with pytest.raises(SettingsError, match="tables of version 2, this deployer knows version 1"):
        open_store(at(path))


def test_every_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """A killed process does not show it, only a power cut would."""
    store = open_store(at(tmp_path / "state.db"))
    assert store.read(lambda rows: rows.ask("PRAGMA synchronous")) == [(2,)]
    assert store.read(lambda rows: rows.ask("PRAGMA journal_mode")) == [("wal",)]
    store.close()
