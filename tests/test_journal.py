"""The journal's promises, on SQLite and on PostgreSQL alike"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import sleep
from typing import TypeVar

import pytest

from deployer import codec
from deployer.brake import Brake
from deployer.chain import linked
from deployer.engine import Engine
from deployer.errors import DeployerError, JournalDamaged, Overtaken, Refused, UsageError
from deployer.events import SERVICE, AbortAsked, Done, End, Failed, Frozen, Lifted, Record, Taken
from deployer.journal import Journal
from deployer.lock import Lock
from deployer.store import open_store
from deployer.store.rows import Mark, Row, Rows, Store
from deployer.world import Outcome
from tests.runs import case, intent, pool
from tests.store import samples
from tests.store.databases import postgres, postgres_url, url

__all__ = ["postgres", "postgres_url", "url"]

T = TypeVar("T")
ROOT = Path(__file__).parents[1]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def journal(store: Store) -> Journal:
    ticks = count(1000)
    return Journal(store, "shop", lambda: float(next(ticks)))


def a_run(journal: Journal, run: str = "r1", epoch: int | None = None) -> tuple[Record, ...]:
    first = journal.append(run, samples.planned(), Taken("ann@ctl", 1), samples.begun(1), epoch=epoch)
    second = journal.append(run, samples.done(1), samples.begun(2), epoch=epoch)
    return first + second + journal.append(run, samples.done(2), samples.ended(), epoch=epoch)


def test_what_was_appended_is_read_back(journal: Journal, url: str) -> None:
    written = a_run(journal)
    assert [record.seq for record in written] == [1, 2, 3, 4, 5, 6, 7]
    assert {record.at for record in written} == {1000.0, 1001.0, 1002.0}
    assert journal.events("r1") == written
    again = open_store(url)
    assert Journal(again, "shop", float).events("r1") == written
    again.close()
    assert journal.verify() == 7


def test_nothing_yet(journal: Journal) -> None:
    assert journal.events("r1") == ()
    assert journal.since("r1", 0) == ()
    assert journal.runs() == ()
    assert journal.latest(5) == ()
    assert journal.last_run() is None
    assert journal.verify() == 0
    assert journal.append("r1", epoch=None) == ()


def test_since_gives_what_others_wrote_meanwhile(journal: Journal, store: Store) -> None:
    last = a_run(journal)[-1].seq
    assert journal.since("r1", last) == ()
    asked = Journal(store, "shop", lambda: 5.0).append("r1", AbortAsked("bob", "smoke"), epoch=None)
    journal.append("r2", samples.planned(), epoch=None)
    assert journal.since("r1", last) == asked
    assert journal.since("r1", 5)[-1:] == asked
    with pytest.raises(JournalDamaged):
        journal.since("r1", 1000)


def test_quiet_is_said_only_while_nobody_else_writes(journal: Journal, store: Store) -> None:
    """False says nothing (on PostgreSQL there is no anchor to ask); True must never hide a record of others."""
    other = Journal(store, "shop", lambda: 5.0)
    assert not journal.quiet()
    a_run(journal)
    journal.since("r1", 0)
    said = journal.quiet()
    assert said == bool(store.promised("shop").seq)
    other.append("r1", AbortAsked("bob"), epoch=None)
    assert not journal.quiet(), "written after ours"
    journal.append("r1", samples.begun(3), epoch=None)
    assert not journal.quiet(), "written between two of ours"
    journal.since("r1", 7)
    assert journal.quiet() == said
    journal.append("r1", samples.done(3), epoch=None)
    assert journal.quiet() == said


def test_runs_newest_first_with_their_end(journal: Journal) -> None:
    a_run(journal, "r1")
    journal.append("r1", AbortAsked("bob"), epoch=None)
    journal.append("r2", samples.planned(), samples.ended(End.SUSPENDED), epoch=None)
    journal.append("r3", samples.planned(), samples.begun(1), epoch=None)
    journal.append("r2", Taken("ann", 3), epoch=None)
    assert [(head.run, head.kind, head.end) for head in journal.runs()] == [
        ("r3", "Begun", None),
        ("r2", "Taken", None),
        ("r1", "AbortAsked", End.DONE),
    ]
    assert journal.last_run() == "r3"
    assert len(journal.runs(2)) == 2
    assert [record.event for record in journal.events("r2")][-1] == Taken("ann", 3)


def test_the_latest_runs_are_read_whole_and_in_order(journal: Journal) -> None:
    for run in ("r1", "r2"):
        a_run(journal, run)
    journal.append("r3", samples.planned(), epoch=None)
    journal.append("r1", AbortAsked("ann@ctl", "late"), epoch=None)  # its beginning lies before the latest two
    journal.append("r2", AbortAsked("ann@ctl", "late"), epoch=None)
    assert journal.latest(2) == (journal.events("r2"), journal.events("r3"))
    assert journal.latest(9) == tuple(journal.events(run) for run in ("r1", "r2", "r3"))
    assert journal.planned("r2") == journal.events("r2")[0].event
    assert journal.planned("r4") is None
    assert (journal.knows("r2"), journal.knows("r4")) == (True, False)


def test_services_share_a_store_and_nothing_else(journal: Journal, store: Store) -> None:
    other = Journal(store, "blog", lambda: 1.0)
    a_run(journal)
    assert other.last_run() is None
    assert other.append("r1", samples.planned(), epoch=None)[0].seq == 1
    assert len(journal.events("r1")) == 7


def test_all_or_none(journal: Journal) -> None:
    with pytest.raises(UsageError):
        journal.append("r1", samples.planned(), Failed(0, 1, None), epoch=None)  # type: ignore[arg-type]
    assert journal.verify() == 0


def test_an_overtaken_epoch_writes_nothing(journal: Journal, store: Store) -> None:
    lock = Lock(store, "shop", lambda: 1000.0)
    lease = lock.take("r1", "ann@ctl", "release day")
    journal.append("r1", samples.planned(), epoch=lease.epoch)
    newer = lock.take("r2", "bob@ctl", "dc1 burns", seize=True)
    with pytest.raises(Overtaken, match=r"bob@ctl took the lock over from run r1 for run r2 \(dc1 burns\)"):
        journal.append("r1", samples.begun(1), epoch=lease.epoch)
    journal.append("r1", AbortAsked("carol"), epoch=None)
    lock.release(newer)
    with pytest.raises(Overtaken, match="does not hold the lock any more"):
        journal.append("r2", samples.planned(), epoch=newer.epoch)
    with pytest.raises(Overtaken):
        journal.append("r3", samples.planned(), epoch=0)
    assert [type(record.event).__name__ for record in journal.events("r1")] == ["Planned", "AbortAsked"]


def test_a_picture_of_a_thousand_hosts(journal: Journal) -> None:
    planned = type(samples.planned())("ann", samples.plan(), samples.picture(1000))
    journal.append("r1", planned, epoch=None)
    assert journal.events("r1")[0].event == planned


def test_any_text(journal: Journal) -> None:
    event = Failed(0, 1, "\udcff \0 caf\u00e9", "web1")
    journal.append("r1", samples.planned(), event, epoch=None)
    assert journal.events("r1")[1].event == event


@pytest.mark.parametrize(
    ("change", "seq"),
    [
        ("UPDATE deployer_journal SET body = replace(body, 'web1', 'web9') WHERE seq = 4", 4),
        ("UPDATE deployer_journal SET at = at + 1 WHERE seq = 5", 5),
        ("UPDATE deployer_journal SET run = 'r2' WHERE seq = 6", 6),
        ("UPDATE deployer_journal SET kind = 'Begun' WHERE seq = 6", 6),
        ("UPDATE deployer_journal SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 2", 2),
        ("UPDATE deployer_journal SET service = 'blog' WHERE seq = 3", 3),
        ("DELETE FROM deployer_journal WHERE seq = 3", 3),
        ("DELETE FROM deployer_journal WHERE seq = 7", 7),
        ("DELETE FROM deployer_journal WHERE seq > 4", 5),
        ("DELETE FROM deployer_journal", 1),
        ("UPDATE deployer_head SET seq = 6", 7),
        ("DELETE FROM deployer_head", 7),
        ("UPDATE deployer_head SET hash = 'x'", 7),
    ],
)
def test_damage_is_noticed(journal: Journal, store: Store, change: str, seq: int) -> None:
    a_run(journal)
    store.write("shop", lambda rows: rows.do(change))
    with pytest.raises(JournalDamaged) as caught:
        journal.verify()
    assert f"record {seq}:" in str(caught.value)
    assert caught.value.remedy
    with pytest.raises(JournalDamaged):
        journal.events("r1")


def test_a_damaged_tail_is_not_written_behind(journal: Journal, store: Store) -> None:
    a_run(journal)
    store.write("shop", lambda rows: rows.do("DELETE FROM deployer_journal WHERE seq = 7"))
    with pytest.raises(JournalDamaged):
        journal.append("r1", samples.begun(3), epoch=None)


@pytest.mark.parametrize("ahead", [1, 5])
def test_a_record_that_somebody_put_behind_ours_is_not_passed_over(journal: Journal, store: Store, ahead: int) -> None:
    """Looked at where we write: by the one who was the last to write, too."""
    (begun,) = journal.append("r1", samples.begun(3), epoch=None)
    values = ("shop", begun.seq + ahead, "r1", 1.0, "Begun", "f" * 64, "{}")
    store.write("shop", lambda rows: rows.do(f"INSERT INTO deployer_journal VALUES ({', '.join('?' * 7)})", *values))
    with pytest.raises(JournalDamaged):
        journal.append("r1", samples.begun(3), epoch=None)


def test_an_event_of_a_newer_deployer_is_named(journal: Journal, store: Store) -> None:
    a_run(journal)

    def slip_in(rows: Rows) -> None:
        ((seq, digest),) = rows.ask("SELECT seq, hash FROM deployer_head")
        (line,) = linked("shop", Mark(seq, digest), "r1", 1.0, [("Teleported", "{}")])
        rows.add(
            "INSERT INTO deployer_journal (service, seq, run, at, kind, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [("shop", *line)],
        )
        rows.do("UPDATE deployer_head SET seq = ?, hash = ?", line.seq, line.hash)

    store.write("shop", slip_in)
    with pytest.raises(UsageError, match="record 8 is a 'Teleported', which this deployer does not know"):
        journal.events("r1")


def test_reading_only_writes_nothing(journal: Journal, url: str) -> None:
    written = a_run(journal)
    looking = open_store(url, read_only=True)
    reader = Journal(looking, "shop", float)
    assert reader.events("r1") == written
    newer = journal.append("r1", AbortAsked("bob"), epoch=None)
    assert reader.since("r1", 7) == newer
    with pytest.raises(Refused):
        reader.append("r1", samples.begun(3), epoch=None)
    looking.close()


def test_reading_where_nothing_was_ever_stored(url: str) -> None:
    looking = open_store(url, read_only=True)
    assert Journal(looking, "shop", float).last_run() is None
    assert Lock(looking, "shop", float).status().lease is None
    looking.close()
    store = open_store(url)
    written = a_run(Journal(store, "shop", lambda: 1.0))
    looking = open_store(url, read_only=True)
    assert Journal(looking, "shop", float).events("r1") == written
    looking.close()
    store.close()


@pytest.mark.parametrize("round_", range(4))
def test_killed_at_any_moment_the_last_acknowledged_record_is_there(url: str, round_: int) -> None:
    """SIGKILL at a random moment: opens clean, nothing acknowledged is missing, and at most one batch is more."""
    del round_
    open_store(url).close()
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", url], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert writer.stdout
    try:
        told = [writer.stdout.readline() for _ in range(random.randrange(1, 30))]
        sleep(random.random() * 0.004)
    finally:
        writer.kill()
        told += writer.communicate()[0].splitlines()
    acknowledged = max(int(line) for line in told if line.strip())
    store = open_store(url)
    journal = Journal(store, "shop", lambda: 1.0)
    assert journal.verify() in (acknowledged, acknowledged + 2)
    done = [r for r in journal.events("r1") if isinstance(r.event, Done)]
    assert journal.append("r1", AbortAsked("bob"), epoch=None)[0].seq >= acknowledged + 1
    assert len(done) * 2 + 1 == journal.verify() - 1, "a pair is written whole or not at all"
    store.close()


def test_many_writers_make_one_chain(url: str) -> None:
    open_store(url).close()
    writers = [
        subprocess.Popen([sys.executable, "-m", "tests.store.writer", url, "20"], stdout=subprocess.DEVNULL, cwd=ROOT)
        for _ in range(3)
    ]
    try:
        assert [writer.wait(100) for writer in writers] == [0, 0, 0]
    finally:
        for writer in writers:
            with suppress(ProcessLookupError):
                writer.kill()
            writer.wait()
    store = open_store(url)
    assert Journal(store, "shop", float).verify() == 3 * 41
    store.close()


def test_a_step_costs_the_same_whatever_lies_before_it(url: str) -> None:
    """Rows read by a whole run through the engine, counted: the same behind four records and behind four hundred."""
    store = Counting(open_store(url))
    journal = Journal(store, "shop", lambda: 1.0)
    read = []
    for before in (2, 200):
        for _ in range(before):
            journal.append("r0", samples.begun(1), samples.done(1), epoch=None)
        lock = Lock(store, "shop", lambda: 1.0)
        lease = lock.take(f"r{before}", "ann@ctl")
        it = case(pool(2), intent(pool(2)))
        fresh = Journal(store, "shop", lambda: 1.0)
        engine = Engine(
            it.memory.world(), fresh, Brake(), "ann@ctl", lease.epoch, lambda _record: None, lambda _step, _line: None
        )
        store.rows = 0
        assert engine.run(f"r{before}", it.plan, it.picture).end is End.DONE
        read.append(store.rows)
        lock.release(lease)
    assert read[0] == read[1]
    assert read[0] < 6 * len(it.plan.steps) + 20
    store.close()


def test_the_latest_runs_are_read_once(url: str) -> None:
    """Each run read by itself would read what came after it again and again."""
    store = Counting(open_store(url))
    journal = Journal(store, "shop", lambda: 1.0)
    for number in range(20):
        a_run(journal, f"r{number}")
    store.rows = 0
    assert len(journal.latest(20)) == 20
    assert store.rows < 20 * 7 + 20 + 10
    store.rows = 0
    assert journal.planned("r0") is not None
    assert store.rows < 10, "not what came after it"
    store.close()


class Counting:
    """A store that counts the rows it was asked for."""

    def __init__(self, store: Store) -> None:
        self.where, self.rows, self._store = store.where, 0, store
        self.promised, self.promise, self.close = store.promised, store.promise, store.close

    def write(self, service: str, work: Callable[[Rows], T]) -> T:
        return self._store.write(service, lambda rows: work(CountingRows(rows, self)))

    def read(self, work: Callable[[Rows], T]) -> T:
        return self._store.read(lambda rows: work(CountingRows(rows, self)))


class CountingRows:
    def __init__(self, rows: Rows, store: Counting) -> None:
        self.do, self.add, self._rows, self._store = rows.do, rows.add, rows, store

    def ask(self, sql: str, *values: object) -> Sequence[Row]:
        found = self._rows.ask(sql, *values)
        self._store.rows += len(found)
        return found


def test_the_body_is_plain_text(journal: Journal, store: Store) -> None:
    journal.append("r1", samples.planned(), Done(0, 1, Outcome("caf\u00e9")), epoch=None)
    ((body,),) = store.read(lambda rows: rows.ask("SELECT body FROM deployer_journal WHERE seq = 2"))
    assert body == codec.encode(Done(0, 1, Outcome("caf\u00e9")))
    assert issubclass(JournalDamaged, DeployerError)


def test_the_last_word_on_the_service_is_found_among_runs(journal: Journal) -> None:
    assert journal.word() is None
    a_run(journal)
    journal.append(SERVICE, Frozen("eve@ops", "payments are down"), epoch=None)
    a_run(journal, "r2")
    word = journal.word()
    assert word is not None
    assert word.event == Frozen("eve@ops", "payments are down")
    journal.append(SERVICE, Lifted("eve@ops"), epoch=None)
    a_run(journal, "r3")
    word = journal.word()
    assert word is not None
    assert word.event == Lifted("eve@ops")
    assert [head.run for head in journal.runs()] == ["r3", "r2", "r1"]
    assert len(journal.latest(3)) == 3


def test_a_word_that_was_changed_is_noticed(journal: Journal, store: Store) -> None:
    a_run(journal)
    (said,) = journal.append(SERVICE, Frozen("eve@ops", "payments are down"), epoch=None)
    a_run(journal, "r2")
    text = codec.encode(Frozen("eve@ops", "nothing"))
    store.write("shop", lambda rows: rows.do("UPDATE deployer_journal SET body = ? WHERE seq = ?", text, said.seq))
    with pytest.raises(JournalDamaged, match=f"record {said.seq}: it was changed"):
        journal.word()
