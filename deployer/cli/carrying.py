"""What the hosts can carry against what users ask for now, where deployer.yml says what one carries"""

from __future__ import annotations

from dataclasses import replace

from deployer.cli.workplace import Workplace
from deployer.model import Capacity, Intent


def within(work: Workplace, intent: Intent, *, emergency: bool = False) -> Intent:
    """The intent with the capacity its plan must stay within."""
    values = work.settings.capacity
    if not values.requests_per_host or not work.estate.edges:
        return intent
    carries = {host.name: values.requests_per_host * values.usable for host in work.estate.hosts}
    return replace(intent, capacity=Capacity(work.traffic.load(), carries), emergency=emergency)
