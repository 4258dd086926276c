"""What must be true of everything that happened: N1 to N5 over journal, load, samples and a look from outside

Pure: values in, sentences out. An empty answer means that nothing was lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from deployer.events import AbortAsked, Begun, Done, Ended, Planned, Record, Taken
from deployer.lab.load.control import Seen
from deployer.progress import fold
from deployer.report.account import account
from deployer.steps import Ask, Verify

Run = tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A host seen from outside: which release it answers with (None: it does not), which balancers send it users."""

    release: str | None
    up: frozenset[str]


@dataclass(frozen=True, slots=True)
class History:
    """`runs` oldest first; `found` per host; `balancers` per site; `floor` per site; `lost` requests that may fail."""

    runs: tuple[Run, ...]
    seen: Seen
    found: Mapping[str, Found]
    balancers: Mapping[str, frozenset[str]]
    floor: Mapping[str, int]
    lost: int = 0


def broken(history: History) -> tuple[str, ...]:
    """Every promise that was not kept, in words."""
    return (
        *_requests(history),
        *_hosts(history),
        *_capacity(history),
        *_balancers(history),
        *_journal(history),
    )


def lost(seen: Seen) -> int:
    """Failed requests, without those for assets of a release that --limit kept from the host which was asked."""
    return seen.failed - seen.failures.get("asset-404", 0)


def repeated(run: Run) -> tuple[str, ...]:
    """More than one acting step done again after the orchestrator was taken up: one line for each time.

    Asking again (Verify, Ask) changes nothing and costs nobody anything.
    """
    plans = fold(run).lines
    begun: set[tuple[int, int]] = set()
    told, again = [], 0
    for record in run:
        if isinstance(record.event, Taken):
            again = 0
        if not isinstance(record.event, Begun):
            continue
        step = (record.event.line, record.event.number)
        acting = not isinstance(plans[step[0]].steps[step[1] - 1], Verify | Ask)
        again += acting and step in begun
        begun.add(step)
        if acting and again > 1:
            told.append(f"record {record.seq}: step {step[1]} of line {step[0]} is one repeated step too many")
    return tuple(told)


def _requests(history: History) -> Iterator[str]:
    seen = history.seen
    if seen.failed > history.lost:
        yield f"N1: {seen.failed} requests failed: {dict(seen.failures)}"
    if seen.mixed_pages:
        yield f"N1: {seen.mixed_pages} pages mix releases"
    if seen.requests < 1 or seen.pages < 1:
        yield "N1: there was no load to see anything"


def _hosts(history: History) -> Iterator[str]:
    """The last run's word on each host, against the look from outside."""
    read = account(history.runs[-1])
    for host in read.hosts:
        found = history.found.get(host.host)
        if found is None:
            yield f"N2: nobody looked at {host.host}"
            continue
        up = found.up == history.balancers[host.site]
        if host.release is not None and found.release != host.release:
            yield f"N2: {host.host} serves {found.release}, the journal says {host.release}"
        if up != host.in_service:
            yield f"N2: {host.host} is {'in' if up else 'out of'} service, the journal says the opposite"


def _capacity(history: History) -> Iterator[str]:
    for site, floor in history.floor.items():
        lowest = history.seen.lowest_in_service.get(site, 0)
        if lowest < floor:
            yield f"N3: {site} had {lowest} hosts in service, the floor is {floor}"
        for run in history.runs:
            told = {one.site: one.lowest for one in account(run).sites}[site]
            if told < floor:
                yield f"N3: {run[0].run} took {site} down to {told} by its journal, the floor is {floor}"
    if not history.seen.all.get("samples"):
        yield "N3: nobody took samples"


def _balancers(history: History) -> Iterator[str]:
    """In the end every balancer of a site says the same of a host."""
    sites = {host.host: host.site for host in account(history.runs[-1]).hosts}
    for host, found in history.found.items():
        missing = history.balancers[sites[host]] - found.up
        if found.up and missing:
            yield f"N4: {', '.join(sorted(missing))} shows {host} out, {', '.join(sorted(found.up))} shows it up"


def _journal(history: History) -> Iterator[str]:
    records = sorted((record for run in history.runs for record in run), key=lambda record: record.seq)
    for before, after in pairwise(records):
        if after.seq != before.seq + 1 or after.at < before.at:
            yield f"N5: record {after.seq} does not follow record {before.seq}"
    for run in history.runs:
        yield from _run(run)


def _run(run: Run) -> Iterator[str]:
    name = run[0].run
    if not isinstance(run[0].event, Planned) or Counter(type(record.event) for record in run)[Planned] != 1:
        yield f"N5: {name} does not begin with its one plan"
    told = [record.event for record in run if not isinstance(record.event, AbortAsked)]
    if not isinstance(told[-1], Ended):
        yield f"N5: {name} has no end"
    epochs = [event.epoch for event in told if isinstance(event, Taken)]
    if epochs != sorted(set(epochs)):
        yield f"N5: the epochs of {name} do not grow: {epochs}"
    begun: set[tuple[int, int]] = set()
    for event in told:
        if isinstance(event, Begun):
            begun.add((event.line, event.number))
        elif isinstance(event, Done) and (event.line, event.number) not in begun:
            yield f"N5: step {event.number} of {name} is done and never began"
    for line in repeated(run):
        yield f"N5: {line}"
