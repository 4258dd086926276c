"""What the hosts can carry against what users ask for now, where deployer.yml says or `squeeze` has measured it"""

from __future__ import annotations

from dataclasses import replace

from deployer.cli.workplace import Workplace
from deployer.evacuation import card as cards
from deployer.model import Capacity, Intent

_REMEMBERED = 50
"""So many runs back a squeeze still counts."""


def within(work: Workplace, intent: Intent, *, emergency: bool = False) -> Intent:
    """The intent with the capacity its plan must stay within."""
    measured = squeezed(work)
    carries = work.settings.capacity.allowed((host.name for host in work.estate.hosts), measured)
    if not carries or not work.estate.edges:
        return intent
    return replace(intent, capacity=Capacity(work.traffic.load(), carries), emergency=emergency)


def squeezed(work: Workplace) -> dict[str, float]:
    """Requests/s that each squeezed host carried, as last measured; kept for an evacuation, too."""
    found = (one.outcome for run in work.books.past(_REMEMBERED) for one in run.done.values())
    measured = {host: carried for outcome in found for host, carried in outcome.carries}
    cards.measure(work.ground.inventory, work.estate, work.settings, measured)
    return measured
