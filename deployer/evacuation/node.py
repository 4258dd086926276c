"""One edge node: looked at, emptied of a site in one fenced command, and read back over a fresh connection"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployer.errors import StepFailed
from deployer.fence import act, reading
from deployer.machines import EdgeNode
from deployer.model import WHOLE, Standing
from deployer.ssh import Ssh
from deployer.traffic import stat
from deployer.traffic.runtime import API, refused
from deployer.traffic.stat import Row
from deployer.world import Order

NOBODY = "0 none"
LOOK, ACT = 6.0, 10.0
"""Seconds for an answer; HAProxy itself answers in milliseconds."""
_MARK = "deployer-reads-back"


@dataclass(frozen=True, slots=True)
class Site:
    """What a node sends to one site. `rate` is requests in the last second, `total` since its start; `open` are
    those under way or waiting; `up` is false where every server fails its checks; `sticky`: cookies tie users to it.
    """

    site: str
    weights: tuple[tuple[str, int], ...]
    up: bool
    rate: int
    total: int
    open: int
    sticky: bool
    maint: bool

    @property
    def weight(self) -> int:
        return 0 if self.maint else sum(weight for _, weight in self.weights)


@dataclass(frozen=True, slots=True)
class Seen:
    """A node as it was looked at; `last` is who changed it last, as `epoch run`."""

    node: str
    last: str
    sites: tuple[Site, ...]

    @property
    def epoch(self) -> int:
        first = self.last.split()[0]
        return int(first) if first.isdigit() else 0

    def of(self, site: str) -> Site | None:
        return next((one for one in self.sites if one.site == site), None)

    @property
    def shares(self) -> tuple[tuple[str, int], ...]:
        """Hundredths of a percent; empty where nobody gets anything."""
        whole = sum(one.weight for one in self.sites)
        found = [(one.site, round(one.weight * WHOLE / whole)) for one in self.sites] if whole else []
        if found:
            most = max(range(len(found)), key=lambda n: found[n][1])
            found[most] = (found[most][0], found[most][1] + WHOLE - sum(share for _, share in found))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Node:
    """An edge node with what it takes to understand it: `site_of` a server's name, "" for a stranger."""

    edge: EdgeNode
    service: str
    ssh: Ssh
    site_of: Callable[[str], str]

    def look(self) -> Seen:
        """Raises Unreachable, StepFailed."""
        answer = self.ssh.ask(self.edge.name, "sh", self._looking(), timeout=LOOK)
        return self._seen(answer.out)

    def empty(self, site: str, seen: Seen, order: Order, raised: int = 0) -> Seen:
        """The site's weight is 0 here; `raised` > 0 is the weight that all others get first. As it was read back.

        Raises:
            Moved: somebody else acted since it was `seen`; nothing was changed.
            Overtaken, StepFailed, Unreachable: as the fence and HAProxy say.
        """
        others = [one for one in seen.sites if one.site != site and raised]
        up = [(server, raised) for one in others for server, _ in one.weights]
        down = [(server, 0) for one in seen.sites if one.site == site for server, _ in one.weights]
        return self._set([*up, *down], seen.last, order)

    def put_back(self, before: Seen, order: Order) -> Seen:
        """The weights as they were, unless somebody else has acted since."""
        return self._set([pair for one in before.sites for pair in one.weights], f"{order.epoch} {order.run}", order)

    def bar(self, site: str, seen: Seen, order: Order) -> Seen:
        """Nobody is sent there any more, whatever his cookie says."""
        found = seen.of(site)
        names = [
            f"set server {self.edge.backend}/{server} state maint" for server, _ in (found.weights if found else ())
        ]
        return self._told(names, "", order)

    def _set(self, weights: Sequence[tuple[str, int]], last: str, order: Order) -> Seen:
        seen = self._told(
            [f"set server {self.edge.backend}/{server} weight {weight}" for server, weight in weights], last, order
        )
        now = dict(pair for one in seen.sites for pair in one.weights)
        wrong = [f"{server} {now.get(server)}" for server, weight in weights if now.get(server) != weight]
        if wrong:
            raise StepFailed(f"it reports {', '.join(wrong)}", where=self.edge.name, remedy="deployer traffic")
        return seen

    def _told(self, commands: Sequence[str], last: str, order: Order) -> Seen:
        socket = shlex.quote(self.edge.socket)
        script = f"""{API}
printf '%s\\n' {shlex.quote(";".join(commands))} | api {socket} 2>&1
echo {_MARK}
{self._stat()}"""
        answer = act(self.ssh, self.edge, self.service, order, script, last, timeout=ACT)
        said, _, stats = answer.out.partition(_MARK)
        if said.strip():
            raise refused(self.edge, ";".join(commands), said)
        return self._seen(f"{order.epoch} {order.run}\n{stats}")

    def _looking(self) -> str:
        return f"{API}\n{reading(self.edge, self.service)}\n{self._stat()}"

    def _stat(self) -> str:
        command = shlex.quote(f"show stat {self.edge.backend} 6 -1")
        return f"printf '%s\\n' {command} | api {shlex.quote(self.edge.socket)} 2>&1"

    def _seen(self, said: str) -> Seen:
        first = said.lstrip().partition("\n")[0]
        found = stat.rows(said)
        rows = [row for row in found if row.server]
        if not rows:
            words = " / ".join(said.split("\n")[-3:]).strip() or "no answer"
            raise StepFailed(
                f"HAProxy does not tell of backend {self.edge.backend}: {words}",
                where=self.edge.name,
                remedy="deployer doctor",
            )
        sites = dict.fromkeys(site for row in rows if (site := self.site_of(row.server)))
        tied = any(row.cookie for row in found if not row.server)
        last = NOBODY if first.startswith("#") else first
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
        )
