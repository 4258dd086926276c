"""The name behind the edge as it is shown: asked of its authoritative servers"""

from __future__ import annotations

from deployer.model import Split
from deployer.report.traffic import ShownName
from deployer.traffic.behind import Behind


def shown_name(dns: Behind | None, edge: Split | None) -> ShownName | None:
    """None where no name follows the edge."""
    if dns is None:
        return None
    answers = dns.answers()
    lag = tuple(f"DNS: {line}; deployer dns" for line in dns.lag(edge, answers)) if edge else ()
    return ShownName(dns.place.name, tuple((one.server, one.split, one.wrong) for one in answers), lag)
