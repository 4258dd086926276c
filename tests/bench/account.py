"""Where the time of a deployment went, read from its journal"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from deployer.events import Begun, Done, Ended, Planned, Record
from deployer.journal import Journal
from deployer.steps import verb
from deployer.store import open_store

PARTS = ("start, look and plan", "fetch", "drain", "deploy", "verify", "readmit", "last look", "end")


@dataclass(frozen=True, slots=True)
class Account:
    """Seconds per part of one run, in the order of PARTS."""

    parts: tuple[tuple[str, float], ...]


def last(state: Path, service: str, began: float, ended: float) -> Account:
    """The account of the newest run; the process lived from `began` to `ended` (UTC epoch seconds)."""
    store = open_store(f"sqlite:///{state}", read_only=True)
    journal = Journal(store, service, lambda: 0.0)
    run = journal.last_run()
    if run is None:
        raise SystemExit(f"bench: no run in {state}")
    return account(journal.events(run), began, ended)


def account(records: Sequence[Record], began: float, ended: float) -> Account:
    parts = dict.fromkeys(PARTS, 0.0)
    for name, seconds in _spans(records, began, ended):
        parts[name] += seconds
    return Account(tuple(parts.items()))


def _spans(records: Sequence[Record], began: float, ended: float) -> Iterator[tuple[str, float]]:
    plan = next(record.event.plan for record in records if isinstance(record.event, Planned))
    yield PARTS[0], records[0].at - began
    since: dict[int, float] = {}
    before = records[0].at
    for record in records:
        match record.event:
            case Begun(number=number):
                since[number] = record.at
            case Done(number=number):
                yield verb(plan.steps[number - 1]), record.at - since[number]
                before = record.at
            case Ended():
                yield "last look", record.at - before
                yield "end", ended - record.at
            case _:
                pass


def told(accounts: Sequence[Account]) -> str:
    """One line: the median of each part over the runs."""
    parts = [(name, median(dict(one.parts)[name] for one in accounts)) for name in PARTS]
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in parts)
