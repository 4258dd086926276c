"""The safety rules on the live picture, right before each step"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.errors import UnsafePlan
from deployer.model import HostSeen, Picture, Split
from deployer.safety import Pool, breaches
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, verb
from deployer.world import Eyes


class Guard:
    """Knows the pool as it is; hosts on their way out (in any lane) already count as gone. One caller at a time."""

    def __init__(self, eyes: Eyes, picture: Picture, floor: Mapping[str, int]) -> None:
        self._eyes = eyes
        self._pool = Pool.of(picture, floor)
        self._leaving: set[str] = set()
        self._splits = dict(picture.splits)

    def check(self, step: Step, *, known: frozenset[str] = frozenset()) -> tuple[HostSeen, ...]:
        """Look, then judge by the rules. Hosts in `known` need not be probed again: how they were is written down.

        Returns:
            The step's hosts as they are (empty for verbs that change nothing a host shows).

        Raises:
            UnsafePlan: the step would break a rule now.
        """
        seen = self._look(step, known)
        broken = breaches(self._pool, step)
        if broken:
            raise UnsafePlan("; ".join(broken), where=verb(step), remedy="deployer status shows what is where")
        if isinstance(step, Drain):
            self._leaving.update(step.hosts)
        return seen

    def serving(self, step: Drain) -> bool:
        """Some of these hosts may receive requests."""
        return any(host in self._pool.busy for host in step.hosts)

    def split(self, scope: str) -> Split | None:
        return self._splits.get(scope)

    def became_true(self, step: Step) -> None:
        self._pool.apply(step)
        self.ended(step)
        if isinstance(step, Shift):
            self._splits[step.scope] = step.split

    def ended(self, step: Step) -> None:
        """The step is over, true or not."""
        if isinstance(step, Drain):
            self._leaving.difference_update(step.hosts)

    def _look(self, step: Step, known: frozenset[str]) -> tuple[HostSeen, ...]:
        match step:
            case Drain() | Deploy():
                picture = self._glance(step.site, tuple(host for host in step.hosts if host not in known))
                return tuple(self._remembered(picture.hosts[host]) for host in step.hosts)
            case Shift():
                self._glance(step.scope, ())
                return ()
            case Fetch() | Verify() | Readmit() | Ask():
                return ()

    def _glance(self, site: str, hosts: tuple[str, ...]) -> Picture:
        picture = self._eyes.glance(site, hosts)
        self._splits.update(picture.splits)
        for seen in picture.hosts.values():
            self._pool.see(seen)
        for host in self._leaving:
            self._pool.take_out(host)
        return picture

    def _remembered(self, seen: HostSeen) -> HostSeen:
        release = seen.release or self._pool.release.get(seen.host)
        return HostSeen(seen.host, seen.site, release, seen.healthy, seen.views)
