"""One act on named hosts: planned, proved, shown, confirmed, walked"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from deployer.cli import papers
from deployer.cli.intent import Wishes, intent
from deployer.cli.options import Acting, Ground
from deployer.cli.proposing import Proposal, propose_by_hand
from deployer.cli.workplace import workplace
from deployer.model import Intent, Picture, Release
from deployer.plan import Plan
from deployer.report import words


@dataclass(frozen=True, slots=True)
class ByHand:
    """`name` is the verb; `draw` makes its plan."""

    name: str
    draw: Callable[[Intent, Picture], Plan]
    hosts: tuple[str, ...]
    min_in_service: str


def act(ground: Ground, what: ByHand, acting: Acting) -> int:
    papers.check(acting.papers)
    with workplace(ground) as work:
        work.books.refuse_while_held()
        hosts = work.limited_to(",".join(what.hosts))
        picture = work.world.eyes.look()
        wishes = Wishes(only=hosts, min_in_service=what.min_in_service, strategy=what.name)
        wanted = intent(work.settings, work.estate, Release(running(picture, hosts)), wishes)
        plan = what.draw(wanted, picture)
        done = words.hosts(hosts)
        why = acting.reason or f"{what.name} {done}"
        proposal = Proposal(f"{what.name} {done} at", why, f"{done}: so it is already", acting)
        return propose_by_hand(work, plan, picture, proposal)


def running(picture: Picture, hosts: tuple[str, ...]) -> str:
    """What most of these hosts run; an act by hand names a release only for people."""
    found = Counter(seen.release for seen in picture.hosts.values() if seen.host in hosts and seen.release)
    return found.most_common(1)[0][0] if found else "unknown"
