"""One edge node: looked at, changed in one fenced command, and read back over a fresh connection"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from deployer.edge import haproxy, nginx
from deployer.edge.seen import Seen, Site
from deployer.edge.wish import Wish
from deployer.errors import StepFailed
from deployer.fence import act, reading
from deployer.machines import EdgeNode
from deployer.model import Split, Standing
from deployer.ssh import Ssh
from deployer.traffic.stat import Row
from deployer.world import Order

NOBODY = "0 none"
LOOK, ACT = 6.0, 10.0
"""Seconds for an answer; the node itself needs milliseconds."""
_MARK = "deployer-looks"


class Kind(Protocol):
    """How one kind of node is asked and told: scripts for its machine, and what they answer. A module is one."""

    def look(self, edge: EdgeNode, *, probing: bool) -> str: ...
    def rows(self, edge: EdgeNode, said: str) -> tuple[Row, ...]: ...
    def weights(self, shares: Mapping[str, int], servers: Mapping[str, int]) -> Mapping[str, int]: ...
    def tell(self, edge: EdgeNode, wish: Wish) -> str: ...
    def told(self, edge: EdgeNode, wish: Wish, said: str) -> tuple[str, str]: ...


_KINDS: Mapping[str, Kind] = {"haproxy": haproxy, "nginx": nginx}


@dataclass(frozen=True, slots=True)
class Node:
    """An edge node with what it takes to understand it: `site_of` a server's name, "" for a stranger."""

    edge: EdgeNode
    service: str
    ssh: Ssh
    site_of: Callable[[str], str]

    def look(self, *, probing: bool = True) -> Seen:
        """Without `probing` nobody asks whether the sites are well, where the node does not know it by itself.

        Raises Unreachable, StepFailed.
        """
        asking = self._kind.look(self.edge, probing=probing)
        script = f"{reading(self.edge, self.service)}\necho {_MARK}\n{asking}"
        fence, _, said = self.ssh.ask(self.edge.name, "sh", script, timeout=LOOK).out.partition(_MARK)
        return self._seen(fence.strip() or NOBODY, said)

    def share(self, split: Split, order: Order) -> Seen:
        """It has this split, or as near as it can; whom a cookie tied to a site that gets users may stay there again.

        Raises:
            StepFailed: it has no server for a site that is to get users; or as below.
        """
        now = self.look()
        servers = {one.site: len(one.weights) for one in now.sites}
        missing = [site for site, share in split.shares if share and site not in servers]
        if missing:
            raise StepFailed(f"no server for {', '.join(missing)} in {self.edge.backend}", where=self.edge.name)
        each = self._kind.weights({site: split.of(site) for site in servers}, servers)
        return self.weigh({server: each[one.site] for one in now.sites for server, _ in one.weights}, order)

    def weigh(self, weights: Mapping[str, int], order: Order) -> Seen:
        """Raises Overtaken, StepFailed, Unreachable: as the fence and the node say."""
        opened = tuple(server for server, weight in weights.items() if weight)
        return self._told(Wish(tuple(weights.items()), opened=opened), "", order)

    def empty(self, site: str, seen: Seen, order: Order, raised: int = 0) -> Seen:
        """The site's weight is 0 here; `raised` > 0 is the weight that all others get first. As it was read back.

        Raises:
            Moved: somebody else acted since it was `seen`; nothing was changed.
            Overtaken, StepFailed, Unreachable: as the fence and the node say.
        """
        others = [one for one in seen.sites if one.site != site and raised]
        up = [(server, raised) for one in others for server, _ in one.weights]
        down = [(server, 0) for one in seen.sites if one.site == site for server, _ in one.weights]
        return self._told(Wish((*up, *down)), seen.last, order)

    def put_back(self, before: Seen, order: Order) -> Seen:
        """The weights as they were, unless somebody else has acted since."""
        weights = tuple(pair for one in before.sites for pair in one.weights)
        return self._told(Wish(weights), f"{order.epoch} {order.run}", order)

    def bar(self, site: str, seen: Seen, order: Order) -> Seen:
        """Nobody is sent there any more, whatever his cookie says."""
        found = seen.of(site)
        return self._told(Wish(barred=tuple(server for server, _ in (found.weights if found else ()))), "", order)

    @property
    def _kind(self) -> Kind:
        return _KINDS[self.edge.kind]

    def _told(self, wish: Wish, last: str, order: Order) -> Seen:
        script = self._kind.tell(self.edge, wish)
        said = act(self.ssh, self.edge, self.service, order, script, last, timeout=ACT).out
        rest, fleeting = self._kind.told(self.edge, wish, said)
        seen = replace(self._seen(f"{order.epoch} {order.run}", rest), fleeting=fleeting)
        now = dict(pair for one in seen.sites for pair in one.weights)
        wrong = [f"{server} {now.get(server)}" for server, weight in wish.weights if now.get(server) != weight]
        if wrong:
            raise StepFailed(f"it reports {', '.join(wrong)}", where=self.edge.name, remedy="deployer traffic")
        return seen

    def _seen(self, last: str, said: str) -> Seen:
        found = self._kind.rows(self.edge, said)
        rows = [row for row in found if row.server]
        sites = dict.fromkeys(site for row in rows if (site := self.site_of(row.server)))
        tied = any(row.cookie for row in found if not row.server)
        return Seen(self.edge.name, last, tuple(self._site(site, rows, sticky=tied) for site in sites))

    def _site(self, site: str, rows: Sequence[Row], *, sticky: bool) -> Site:
        own = [row for row in rows if self.site_of(row.server) == site]
        return Site(
            site,
            tuple((row.server, row.weight) for row in own),
            any(row.standing is not Standing.DOWN for row in own),
            sum(row.rate for row in own),
            sum(row.total for row in own),
            sum(row.sessions + row.queued for row in own),
            sticky,
            all(row.status.startswith("MAINT") for row in own),
            sum(row.answered for row in own),
            sum(row.failed for row in own),
        )
