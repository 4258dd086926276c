"""The safety rules on the live picture, right before each step"""

from __future__ import annotations

from collections.abc import Collection
from threading import RLock

from deployer.errors import StepFailed, UnsafePlan
from deployer.model import HostSeen, Intent, Picture, Split
from deployer.safety import Pool, breaches, shortage
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, verb
from deployer.world import Eyes

NOTHING = Picture({})


class Guard:
    """Knows the pool as it is, for all lanes.

    Hosts on their way out, and those in `doubt`, do not count as in service, whatever a balancer still shows:
    their health file may be away already.
    """

    def __init__(self, eyes: Eyes, picture: Picture, intent: Intent, doubt: Collection[str] = frozenset()) -> None:
        self._eyes = eyes
        self._pool = Pool.of(picture, intent)
        self._leaving = set(doubt)
        self._out = frozenset(doubt) | {seen.host for seen in picture.hosts.values() if not seen.in_service}
        self._lock = RLock()

    def check(self, step: Step, known: frozenset[str] = frozenset()) -> tuple[HostSeen, ...]:
        """Look, then judge by the rules. Hosts in `known` need not be probed again: how they were is written down.

        Returns:
            The step's hosts as they are (empty for verbs that change nothing a host shows).

        Raises:
            UnsafePlan: the step would break a rule now.
        """
        with self._lock:
            seen, picture = self._look(step, known)
            broken = breaches(self._pool, step)
            if broken:
                few, remedy = shortage(step, picture)
                raise UnsafePlan("; ".join((*broken, *few)), where=verb(step), remedy=remedy)
            if isinstance(step, Drain):
                self._leaving.update(step.hosts)
            return seen

    def serving(self, step: Drain) -> bool:
        """Some of these hosts may receive requests."""
        with self._lock:
            return any(host in self._pool.busy for host in step.hosts)

    def were_out(self, hosts: Collection[str]) -> bool:
        """When the line began none of these was in service: to leave them out costs no capacity."""
        return self._out.issuperset(hosts)

    def split(self, scope: str) -> Split | None:
        return self._pool.splits.get(scope)

    def became_true(self, step: Step) -> None:
        with self._lock:
            self._pool.apply(step)
            if isinstance(step, Drain | Readmit):
                self._leaving.difference_update(step.hosts)

    def _look(self, step: Step, known: frozenset[str]) -> tuple[tuple[HostSeen, ...], Picture]:
        match step:
            case Drain():
                return self._seen(step.site, step.hosts, frozenset())
            case Deploy():
                return self._seen(step.site, step.hosts, known)
            case Readmit():  # its own stage looked before, unless it is done by hand
                strange = tuple(host for host in step.hosts if host not in known)
                return self._seen(step.site, strange, frozenset()) if strange else ((), NOTHING)
            case Shift(scope="edge"):
                return (), self._sites(step.split)
            case Shift():
                return (), self._glance(step.scope, ())
            case Fetch() | Verify() | Ask():
                return (), NOTHING

    def _sites(self, split: Split) -> Picture:
        """Every site that shall get users, as it is now."""
        seen = [self._glance(site, ()) for site, share in split.shares if share]
        hosts = {name: host for picture in seen for name, host in picture.hosts.items()}
        return Picture(hosts, seen[-1].splits if seen else {})

    def _seen(self, site: str, hosts: tuple[str, ...], known: frozenset[str]) -> tuple[tuple[HostSeen, ...], Picture]:
        picture = self._glance(site, tuple(host for host in hosts if host not in known))
        gone = [host for host in hosts if host not in picture.hosts]
        if gone:
            raise StepFailed(f"{', '.join(gone)} not in the inventory any more", where=site, remedy="put it back there")
        return tuple(self._remembered(picture.hosts[host]) for host in hosts), picture

    def _glance(self, site: str, hosts: tuple[str, ...]) -> Picture:
        picture = self._eyes.glance(site, hosts)
        self._pool.splits.update(picture.splits)
        for seen in picture.hosts.values():
            self._pool.see(seen)
        for host in self._leaving:
            self._pool.discount(host)
        return picture

    def _remembered(self, seen: HostSeen) -> HostSeen:
        release = seen.release or self._pool.release.get(seen.host)
        return HostSeen(seen.host, seen.site, release, seen.healthy, seen.views)
