"""Shares of sites, changed at the edge: drawn, proved, shown, confirmed, walked"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from deployer.cli import papers
from deployer.cli.carrying import within
from deployer.cli.confirm import confirm
from deployer.cli.intent import Wishes, intent
from deployer.cli.options import Acting, Ground
from deployer.cli.proposing import Proposal, propose_by_hand
from deployer.cli.workplace import Workplace, workplace
from deployer.errors import Refused, UsageError
from deployer.model import NO_RELEASE, HostSeen, Intent, Picture, Release, Split, Undo
from deployer.plan import Plan
from deployer.strategies import by_hand
from deployer.strategies import restore as back


@dataclass(frozen=True, slots=True)
class Sharing:
    """`name` is the verb, `what` it says of itself; `draw` makes its plan from the intent and the picture."""

    name: str
    what: str
    draw: Callable[[Workplace, Intent, Picture], Plan]
    emergency: bool = False
    takes_over: bool = False
    """A run under way is stopped first; it can be resumed."""


def share(ground: Ground, asked: Sharing, acting: Acting) -> int:
    """The exit code. Raises Refused, UnsafePlan, UsageError: nothing was touched."""
    papers.check(acting.papers)
    if asked.emergency and not acting.reason:
        raise UsageError("an emergency needs a reason", where="--emergency", remedy="--reason 'why'")
    with workplace(ground) as work:
        if not work.estate.edges:
            raise Refused("there is no edge", where=work.settings.service, remedy="edge.group in deployer.yml")
        if asked.takes_over and not acting.check:
            confirm(f"stop what is under way, and {asked.what} at {ground.name}", ground.name, yes=acting.yes)
            work.books.free_lock(acting.reason or asked.what)
        elif not asked.takes_over:
            work.books.refuse_while_held()
        picture = work.world.eyes.look()
        wanted = intent(work.settings, work.estate, NO_RELEASE, Wishes(strategy=asked.name))
        wanted = within(work, replace(wanted, undo=Undo.ALL), emergency=asked.emergency)
        plan = asked.draw(work, wanted, picture)
        told = replace(acting, yes=acting.yes or asked.takes_over)
        proposal = Proposal(f"{asked.what} at", acting.reason or asked.what, "the edge has it so", told)
        return propose_by_hand(work, plan, picture, proposal)


def restoring(site: str) -> Callable[[Workplace, Intent, Picture], Plan]:
    def draw(work: Workplace, wanted: Intent, picture: Picture) -> Plan:
        known(work, (site,))
        values = work.settings.restore
        there = back.release(picture, site)
        wanted = replace(wanted, release=Release(there) if there else NO_RELEASE)
        return back.plan(wanted, picture, site, [round(step * 100) for step in values.steps], values.bake)

    return draw


def readmitting(site: str) -> Callable[[Workplace, Intent, Picture], Plan]:
    """Hosts of the other sites that are out come back, those that can; then everybody leaves this one."""

    def draw(work: Workplace, wanted: Intent, picture: Picture) -> Plan:
        known(work, (site,))
        out = tuple(host.host for host in picture.hosts.values() if host.site != site and _may_come_back(host))
        wanted = replace(wanted, only=out, budget=len(out), undo=Undo.NONE)
        back_first = by_hand.readmit(wanted, picture).legs if out else ()
        now = picture.splits.get("edge") or Split(((site, 10_000),))
        return Plan(wanted, (*back_first, *by_hand.shares(wanted, picture, back.split(now, site, 0)).legs))

    return draw


def _may_come_back(host: HostSeen) -> bool:
    return not host.in_service and host.release is not None and host.healthy is not False


def shifting(shares: dict[str, int]) -> Callable[[Workplace, Intent, Picture], Plan]:
    """One site may be left out: it gets the rest."""

    def draw(work: Workplace, wanted: Intent, picture: Picture) -> Plan:
        known(work, tuple(shares))
        unnamed = [site for site in work.settings.sites if site not in shares]
        if len(unnamed) > 1:
            raise UsageError(f"which share do {', '.join(unnamed)} get?", remedy="name every site but one")
        rest = 10_000 - sum(shares.values())
        given = {site: shares.get(site, rest) for site in work.settings.sites}
        return by_hand.shares(wanted, picture, Split(tuple(given.items())))

    return draw


def known(work: Workplace, sites: tuple[str, ...]) -> None:
    for site in sites:
        if site not in work.settings.sites:
            raise UsageError(f"no site {site!r}; known: {', '.join(work.settings.sites)}", where="SITE")
