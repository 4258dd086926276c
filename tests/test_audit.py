"""The whole journal read again: damage is found where it lies, on both databases, and people's acts are listed"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.audit import Flaw, audit, services
from deployer.evacuation import spool
from deployer.events import SERVICE, AbortAsked, Approved, Frozen, Lifted, LockBroken, Overrode, Taken
from deployer.journal import Journal
from deployer.lock import Lock
from deployer.report.people import acts
from deployer.store import open_store
from deployer.store.rows import Mark, Store
from tests.store import samples
from tests.store.databases import postgres, postgres_url, url

__all__ = ["postgres", "postgres_url", "url"]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


def now() -> float:
    return 1_000_000.0


def written(store: Store, service: str = "shop") -> None:
    journal = Journal(store, service, now)
    journal.append("r1", samples.planned(), Taken("ann@ctl", 1), epoch=None)
    journal.append("r1", samples.begun(1), samples.done(1), epoch=None)
    journal.append("r2", samples.planned(), samples.begun(1), epoch=None)
    journal.append(SERVICE, Frozen("eve@ctl", "payments are down"), epoch=None)


def test_a_sound_journal(store: Store) -> None:
    written(store)
    found = audit(store, "shop", now)
    assert (found.flaw, len(found.records), found.head.seq) == (None, 7, 7)
    assert audit(store, "nothing", now).records == ()


def _flip(seq: int) -> str:
    return f"UPDATE deployer_journal SET body = replace(body, 'web1', 'web3') WHERE service = 'shop' AND seq = {seq}"


@pytest.mark.parametrize(
    ("change", "flaw", "hold"),
    [
        (_flip(3), Flaw(3, "r1", "it was changed: its hash does not follow from the record before"), 2),
        (_flip(5), Flaw(5, "r2", "it was changed: its hash does not follow from the record before"), 4),
        ("DELETE FROM deployer_journal WHERE service = 'shop' AND seq = 4", Flaw(4, "", "it is missing"), 3),
        (
            "DELETE FROM deployer_journal WHERE service = 'shop' AND seq > 5",
            Flaw(6, "", "it is missing, though record 7 was acknowledged"),
            5,
        ),
        (
            "DELETE FROM deployer_journal WHERE service = 'shop'",
            Flaw(1, "", "it is missing, though record 7 was acknowledged"),
            0,
        ),
        (
            "UPDATE deployer_head SET hash = 'ab' WHERE service = 'shop'",
            Flaw(7, SERVICE, "it is not the record 7 that was acknowledged last"),
            7,
        ),
    ],
)
def test_the_first_broken_place_is_named(store: Store, change: str, flaw: Flaw, hold: int) -> None:
    written(store)
    written(store, "blog")
    store.write("shop", lambda rows: rows.do(change))
    found = audit(store, "shop", now)
    assert (found.flaw, len(found.records)) == (flaw, hold)
    assert audit(store, "blog", now).flaw is None
    assert services(store) == ("blog", "shop"), "also one that lost every record"


def test_each_bit_that_is_flipped_anywhere_is_noticed(store: Store) -> None:
    written(store)
    for column in ("run", "kind", "hash", "body"):
        for seq in range(1, 8):
            text = _get(store, column, seq)
            place = len(text) // 2
            flipped = text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :]
            _set(store, column, seq, flipped)
            flaw = audit(store, "shop", now).flaw
            assert flaw is not None, (column, seq)
            assert flaw.seq == seq
            _set(store, column, seq, text)
    assert audit(store, "shop", now).flaw is None


def _get(store: Store, column: str, seq: int) -> str:
    ((text,),) = store.read(lambda rows: rows.ask(f"SELECT {column} FROM deployer_journal WHERE seq = ?", seq))
    assert isinstance(text, str)
    return text


def _set(store: Store, column: str, seq: int, text: str) -> None:
    store.write("shop", lambda rows: rows.do(f"UPDATE deployer_journal SET {column} = ? WHERE seq = ?", text, seq))


def test_a_chain_that_was_written_anew_does_not_hold_a_head_that_was_noted_down(store: Store) -> None:
    written(store)
    known = audit(store, "shop", now).head
    Journal(store, "shop", now).append(SERVICE, Lifted("eve@ctl"), epoch=None)
    assert audit(store, "shop", now, known).flaw is None, "it went on from there"
    flaw = audit(store, "shop", now, Mark(known.seq, "00" * 32)).flaw
    assert flaw is not None
    assert "that was noted down" in flaw.what
    assert audit(store, "shop", now, Mark(99, known.hash)).flaw is not None


def test_what_people_did(store: Store) -> None:
    written(store)
    journal = Journal(store, "shop", now)
    journal.append("r1", Approved(0, 6, "bob (jenkins@a1)", "CHG-1"), AbortAsked("carl@ctl", "errors"), epoch=None)
    journal.append("r1", Taken("dora@ctl", 2), epoch=None)
    journal.append("r2", Overrode("ann@ctl", "bob", "it mends it", "record 7"), epoch=None)
    journal.append(SERVICE, LockBroken("eve@ctl", "agent died", "ann@ctl", "r2"), Lifted("eve@ctl", "back"), epoch=None)
    told = [(act.run, act.who, act.what, act.why) for act in acts(audit(store, "shop", now).records)]
    assert told == [
        ("r1", "ann@ctl", "began rolling, shop 1.1.0", "release day"),
        ("r2", "ann@ctl", "began rolling, shop 1.1.0", "release day"),
        ("*", "eve@ctl", "froze releases", "payments are down"),
        ("r1", "bob (jenkins@a1)", "approved step 6", "CHG-1"),
        ("r1", "carl@ctl", "asked to go back", "errors"),
        ("r1", "dora@ctl", "took the run up again, epoch 2", ""),
        ("r2", "ann@ctl and bob", "overrode a freeze (record 7)", "it mends it"),
        ("*", "eve@ctl", "freed the lock of ann@ctl for run r2", "agent died"),
        ("*", "eve@ctl", "lifted the freeze", "back"),
    ]


def test_what_was_spooled_while_the_journal_was_away_is_in_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYER_STATE", str(tmp_path))
    written(store)
    evacuated = samples.planned()
    spool.put(
        "shop",
        "r3",
        9,
        (type(evacuated)("ann@ctl", evacuated.plan, evacuated.picture, "dc1 burns"), Taken("ann@ctl", 9)),
    )
    assert spool.merge("shop", Journal(store, "shop", now), Lock(store, "shop", now)) == ("r3",)
    found = audit(store, "shop", now)
    assert found.flaw is None
    assert [(act.run, act.who, act.why) for act in acts(found.records)][-1] == ("r3", "ann@ctl", "dc1 burns")
