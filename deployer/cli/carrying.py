"""What the hosts can carry against what users ask for now, where deployer.yml says or `squeeze` has measured it"""

from __future__ import annotations

from dataclasses import replace

from deployer.cli.workplace import Workplace
from deployer.model import Capacity, Intent

_REMEMBERED = 50
"""So many runs back a squeeze still counts."""


def within(work: Workplace, intent: Intent, *, emergency: bool = False) -> Intent:
    """The intent with the capacity its plan must stay within."""
    values, seen = work.settings.capacity, _squeezed(work)
    known = values.requests_per_host or min(seen.values(), default=0.0)
    if not known or not work.estate.edges:
        return intent
    carries = {host.name: seen.get(host.name, known) * values.usable for host in work.estate.hosts}
    return replace(intent, capacity=Capacity(work.traffic.load(), carries), emergency=emergency)


def _squeezed(work: Workplace) -> dict[str, float]:
    """Requests/s that each squeezed host carried, as last measured."""
    found = (one.outcome for run in work.books.past(_REMEMBERED) for one in run.done.values())
    return {host: carried for outcome in found for host, carried in outcome.carries}
