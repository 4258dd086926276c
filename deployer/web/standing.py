"""How things stand between runs: the tiers of traffic, capacity, the lock"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.responses import Response

from deployer.frozen import freezes
from deployer.model import Split
from deployer.report.standing import freeze_text, lock_lines
from deployer.web import pages
from deployer.web.acts import new_number
from deployer.web.asked import Asked
from deployer.web.desk import Desk
from deployer.web.glance import Part, parts
from deployer.web.remembered import RUNS, Remembered, Share, capacities, remembered


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier of traffic, from the user inwards; `share` None: no run has set or seen it."""

    name: str
    what: str
    share: Share | None
    split: tuple[Part, ...]


def traffic(desk: Desk, asked: Asked) -> Response:
    tiers = tuple(_tiers(desk, _known(desk)))
    return pages.shown(desk, asked, "traffic", tiers=tiers, number=new_number(desk.now()))


def capacity(desk: Desk, asked: Asked) -> Response:
    known = _known(desk)
    sites = capacities(known, desk.settings.capacity, tuple(desk.settings.sites))
    return pages.shown(desk, asked, "capacity", sites=sites, known=known, values=desk.settings.capacity)


def lock(desk: Desk, asked: Asked) -> Response:
    status = desk.lock.status()
    windows, now = desk.settings.rules.windows, desk.now()
    found = freezes(desk.journal.word(), windows, now)
    text = freeze_text(desk.service, found, windows.next(now))
    lines = tuple(lock_lines(status, now))
    return pages.shown(desk, asked, "lock", lock=status, lines=lines, frozen=bool(found), freeze=text)


def _known(desk: Desk) -> Remembered:
    return remembered(desk.journal.latest(RUNS))


def _tiers(desk: Desk, known: Remembered) -> Iterator[Tier]:
    settings = desk.settings
    if settings.dns:
        yield Tier("DNS", f"{settings.dns.name} follows the edge, slowly", None, ())
    if settings.edge:
        yield _tier("edge", f"{settings.edge.kind}: which site a user is sent to", known)
    for site in settings.sites:
        yield _tier(site, f"{settings.balancers.kind}: which release a user gets there", known)


def _tier(scope: str, what: str, known: Remembered) -> Tier:
    share = known.shares.get(scope)
    return Tier(scope, what, share, tuple(parts(share.split, _newest(share.split))) if share else ())


def _newest(split: Split) -> str:
    """The one named last: a split names the former release first."""
    return split.shares[-1][0] if len(split.shares) > 1 else ""
