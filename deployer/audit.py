"""The whole journal read for a later question: does its chain hold, and who did what"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deployer.events import Record
from deployer.journal import Journal
from deployer.store.rows import Mark, Rows, Store


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first place where a chain does not hold; `run` "" where no record lies there."""

    seq: int
    run: str
    what: str


@dataclass(frozen=True, slots=True)
class Audit:
    """One service's journal: the records as far as the chain holds, its head, and the first flaw."""

    service: str
    records: tuple[Record, ...]
    head: Mark
    flaw: Flaw | None


def audit(store: Store, service: str, now: Callable[[], float], known: Mark | None = None) -> Audit:
    """`known` is a head that was noted down earlier: a chain that was written anew does not hold it."""
    found = Journal(store, service, now).whole()
    flaw = Flaw(found.broken.seq, found.run, found.broken.why) if found.broken else None
    if known and flaw is None and known not in found.marks:
        flaw = Flaw(known.seq, "", f"it is not the record {known.hash[:12]}… that was noted down")
    return Audit(service, found.records, found.marks[-1], flaw)


def services(store: Store) -> tuple[str, ...]:
    """Every service that has, or had, records in this store."""

    def work(rows: Rows) -> tuple[str, ...]:
        found = rows.ask("SELECT service FROM deployer_journal UNION SELECT service FROM deployer_head ORDER BY 1")
        return tuple(service for (service,) in found)

    return store.read(work)
