"""An evacuation from beginning to end: look, judge, ask, act on every edge node, measure, say what to type next"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.cli import say
from deployer.cli.confirm import confirm
from deployer.cli.options import Ground
from deployer.cli.person import new_run, person
from deployer.clock import WallClock
from deployer.edge.node import Node
from deployer.edge.seen import Seen
from deployer.errors import DeployerError, Unreachable
from deployer.evacuation import contest, judgement, leaving, reading
from deployer.evacuation.card import Card
from deployer.evacuation.ledger import Ledger
from deployer.evacuation.outcome import Evacuated, events
from deployer.evacuation.plan import plan
from deployer.evacuation.sweep import Emptied, Sweep
from deployer.machines import Balancer, EdgeNode
from deployer.model import Picture, Split
from deployer.report import words
from deployer.ssh import Ssh
from deployer.traffic.aftermath import Aftermath
from deployer.traffic.behind import Behind
from deployer.world import Order

if TYPE_CHECKING:
    from deployer.evacuation.rest import Rest

LOOKING = 20.0
"""Seconds for the first node to answer."""


@dataclass(frozen=True, slots=True)
class Wish:
    site: str
    reason: str
    emergency: bool = False
    check: bool = False
    yes: bool = False


def evacuate(ground: Ground, wish: Wish) -> Evacuated | None:
    """None: only checked. People are told when it is over: nothing comes before the users.

    Raises:
        UsageError, Refused: nothing was touched.
        Taken: another evacuation won; this one was taken back where it had acted.
    """
    found = _evacuate(ground, wish)
    if found is not None:
        from deployer.cli.noticing import tell

        tell(ground, found.records)
    return found


def _evacuate(ground: Ground, wish: Wish) -> Evacuated | None:
    card, warning = reading.card(ground.inventory, ground.asking)
    card = replace(card, hooks=replace(card.hooks, arguments=ground.asking.arguments()))
    if warning:
        say.story(f"warning  {warning}")
    judgement.known(card, wish.site)
    machines: tuple[EdgeNode | Balancer, ...] = (*card.edges, *card.balancers)
    ssh = Ssh((one.name, one.login.sudo_with(ground.become_password)) for one in machines)
    nodes = tuple(Node(edge, card.service, ssh, card.site_of) for edge in card.edges)
    sweep = Sweep(nodes)
    sweep.start()
    ledger = Ledger(card.state, card.service, time.time)
    rest = _rest(card, wish.site, ssh)
    try:
        seen = _judged(card, wish, sweep)
        if rest is not None and any(found.weight for one in seen if (found := one.of(wish.site))):
            _large_enough(card, wish, ground, rest(), sum(site.rate for one in seen for site in one.sites))
        before = judgement.split(seen)
        assert before is not None  # noqa: S101 - somebody gets users on each node, or it was refused
        if wish.check:
            say.story("checked: nothing was changed")
            return None
        confirm(f"lead everybody away from {wish.site}", wish.site, yes=wish.yes)
        return _act(card, wish, nodes, sweep, ledger, seen, before)
    finally:
        sweep.stop()
        ledger.close()


def _judged(card: Card, wish: Wish, sweep: Sweep) -> tuple[Seen, ...]:
    """Every node that answered, each found fit."""
    looked = sweep.looked(LOOKING)
    seen = tuple(one for one in looked.values() if isinstance(one, Seen))
    wrong = [one for one in looked.values() if isinstance(one, DeployerError)]
    if not seen:
        raise Unreachable(
            "no edge node answers: " + "; ".join(f"{one.where}: {one.what}" for one in wrong or [Unreachable("?")]),
            where=card.service,
            remedy=wrong[0].remedy if wrong else "deployer doctor",
        )
    for one in seen:
        judgement.raising(one, wish.site, emergency=wish.emergency)
        rates = ", ".join(f"{site.site} {site.rate}/s" for site in one.sites)
        shares = ", ".join(f"{site} {share / 100:g} %" for site, share in one.shares)
        say.story(f"  {one.node:<12} {shares}   now {rates}")
    for name in (node.name for node in card.edges):
        found = looked.get(name)
        if not isinstance(found, Seen):
            say.story(f"  {name:<12} {found.what if found else 'no answer yet'}")
    return seen


def _rest(card: Card, site: str, ssh: Ssh) -> Callable[[], Rest] | None:
    """What is left without the site; None where nobody knows what a host carries."""
    if not card.allowed:
        return None
    from deployer.evacuation.rest import asking

    others = [one for one in card.balancers if one.site != site]
    return asking(ssh, others, [(host, its) for host, its in card.hosts if its != site])


def _large_enough(card: Card, wish: Wish, ground: Ground, rest: Rest, load: float) -> None:
    hosts = f"{words.count(len(rest.serving), 'host')} may be given {rest.carried(dict(card.allowed)):.0f}/s"
    silent = f"; {', '.join(rest.silent)} did not answer" if rest.silent else ""
    say.story(f"  {'the rest':<12} {hosts}, users ask for {load}/s{silent}")
    if not wish.emergency:
        rest.refuse(
            wish.site, load, dict(card.allowed), f"deployer evacuate {wish.site} --readmit-first -i {ground.inventory}"
        )


def _act(  # noqa: PLR0917
    card: Card, wish: Wish, nodes: tuple[Node, ...], sweep: Sweep, ledger: Ledger, seen: tuple[Seen, ...], before: Split
) -> Evacuated:
    run = new_run(time.time())
    reason = wish.reason or f"evacuate {wish.site}"
    drawn = plan(card.service, card.sites, before, wish.site)
    highest = max(one.epoch for one in seen)
    told = [time.monotonic()]
    epoch = ledger.begin(run, person(), reason, drawn, Picture({}, {"edge": before}), highest, emergency=wish.emergency)
    if ledger.away:
        say.story(f"warning  the journal does not answer, acting without it: {ledger.away}")
    order = Order(run, epoch, "0-1", _teller(told), lambda: False)

    def empty(node: Node, looked: Seen) -> Seen:
        raised = judgement.raising(looked, wish.site, emergency=wish.emergency)
        own = replace(order, epoch=max(epoch, looked.epoch + 1)) if ledger.away else order
        return node.empty(wish.site, looked, own, raised)

    begun = time.monotonic()
    sweep.go(empty)
    changed, missing = _swept(sweep, card, wish.site)
    contest.settle(nodes, changed, missing, order, empty)
    seconds = time.monotonic() - begun
    after = _aftermath(card, nodes)
    after.begin(before, judgement.without(before, wish.site), run)
    by_name = {node.edge.name: node for node in nodes}
    left = leaving.until_gone(
        [by_name[name] for name in changed], wish.site, order, WallClock(), card.grace, card.settle
    )
    followed = after.wait(card.dns.within if card.dns else 0.0, order.tell)
    found = Evacuated(wish.site, run, before, changed, missing, left, seconds, ledger.away, followed, after.missing)
    ledger.write(*events(found))
    return replace(found, away=ledger.away, records=ledger.records)


def _aftermath(card: Card, nodes: tuple[Node, ...]) -> Aftermath:
    def edge() -> Split | None:
        seen = [node.look() for node in nodes]
        split = judgement.split(seen)
        return split if all(one.shares == split.shares for one in seen if split) else None

    dns = Behind(card.dns, WallClock(), edge) if card.dns else None
    return Aftermath(dns, card.hooks)


def _swept(sweep: Sweep, card: Card, site: str) -> tuple[dict[str, Emptied], dict[str, DeployerError]]:
    changed: dict[str, Emptied] = {}
    missing: dict[str, DeployerError] = {}
    for name, one in sweep.ended(card.settle):
        if isinstance(one, Emptied):
            changed[name] = one
            say.story(f"  {name:<12} {site} 0 %, read back")
            if one.after.fleeting:
                say.story(f"warning  a restart of {name} forgets it: {one.after.fleeting}")
        else:
            missing[name] = one
    return changed, missing


def _teller(last: list[float]) -> Callable[[str], None]:
    def tell(line: str) -> None:
        if time.monotonic() - last[0] >= 1.0:
            last[0] = time.monotonic()
            say.story(f"  {line}")

    return tell
