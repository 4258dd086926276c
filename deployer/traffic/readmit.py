"""Readmit: the balancers show the hosts up, requests really arrive"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployer.errors import DeployerError, StepFailed, Unreachable
from deployer.model import WHOLE, Standing
from deployer.steps import Readmit
from deployer.traffic import healthfile
from deployer.traffic.asked import read
from deployer.traffic.cut import end_our_maint
from deployer.traffic.ground import Ground, Waiting
from deployer.traffic.haproxy import Seen
from deployer.traffic.named import all_answer
from deployer.traffic.nginx.turn import turn
from deployer.world import HostOutcome, Order, Outcome

NONE, SOME = 1.0, 2.0
"""Seconds after which no request, or only some to others, is taken for an idle service."""
BUSY = 10
"""So many requests per server are enough to say that one which got none is passed by."""


def readmit(ground: Ground, step: Readmit, order: Order) -> Outcome:
    """True when every balancer sends requests to the hosts. A server that an operator took out by hand stays out.

    Hosts that do not come back are listed with ok=False.

    Raises:
        Unreachable: a balancer or host does not answer.
        Overtaken: a newer run acted on a balancer or host.
    """
    hosts = ground.hosts(step.hosts)
    if order.stopping():
        raise StepFailed("stopped before anything was readmitted", where=step.site, hosts=step.hosts)
    before = all_answer(ground, step.site, step.hosts)
    slot = step.slot or live_slot(ground, step.site, before) or "a"
    ground.fence(step.site, order)
    release = step.release.version
    ground.on_hosts(
        hosts, lambda host: healthfile.put_back(ground.ssh, host, ground.service, order, slot=slot, release=release)
    )
    end_our_maint(ground, step.site, before, step.hosts, order)
    turn(ground, step.site, step.hosts, slot, order)
    return _until_served(ground, step, order, slot)


def live_slot(ground: Ground, site: str, seen: Sequence[Seen]) -> str:
    """The half that most users get: as the maps say, else where most hosts are up. "" when nobody knows."""
    for balancer in ground.asked(site):
        maps = read(ground.ssh, balancer)
        if maps and maps.stable:
            most = maps.canary if maps.canary and 2 * maps.pct > WHOLE else maps.stable
            backend = dict(maps.releases).get(most, "")
            return backend.removeprefix(f"{balancer.pool}_") if backend else ""
    up: dict[str, int] = {}
    for one in seen:
        for server in one.servers():
            if half := one.slot(server):
                up[half] = up.get(half, 0) + 1
    return max(sorted(up), key=lambda half: up[half]) if up else ""


@dataclass(frozen=True, slots=True)
class _Count:
    """Requests counted when a host was first seen up on a balancer: to it, to its half; pid tells a reload."""

    pid: int
    host: int
    pool: int
    at: float


def _until_served(ground: Ground, step: Readmit, order: Order, slot: str) -> Outcome:
    waiting = Waiting(ground.clock, order)
    counts: dict[tuple[str, str], _Count] = {}
    done: dict[str, HostOutcome] = {}
    while True:
        left: dict[str, str] = {}
        answers = dict(zip((one.name for one in ground.asked(step.site)), ground.see(step.site), strict=True))
        for host in step.hosts:
            if host not in done or done[host].ok:
                _judge(host, slot, answers, counts, left, done, waiting)
        if not left:
            return Outcome(hosts=tuple(done[host] for host in step.hosts))
        if waiting.seconds >= ground.settings.balancers.agree_within:
            _all_must_answer(answers)
            for host, why in left.items():
                done[host] = HostOutcome(
                    host, ok=False, note=f"after {waiting.seconds:.0f} s: {why}", seconds=waiting.seconds
                )
            return Outcome(hosts=tuple(done[host] for host in step.hosts))
        waiting.linger("; ".join(left.values()))


def _all_must_answer(answers: Mapping[str, Seen | DeployerError]) -> None:
    for balancer, seen in answers.items():
        if isinstance(seen, DeployerError):
            raise Unreachable(f"{seen.what}; so it is not known who gets requests", where=balancer, remedy=seen.remedy)


def _judge(  # noqa: PLR0917
    host: str,
    slot: str,
    answers: Mapping[str, Seen | DeployerError],
    counts: dict[tuple[str, str], _Count],
    left: dict[str, str],
    done: dict[str, HostOutcome],
    waiting: Waiting,
) -> None:
    notes, waits = [], []
    for balancer, seen in answers.items():
        if isinstance(seen, DeployerError):
            left[host] = f"{balancer} to answer: {seen.what}"
            return
        by_hand = _by_hand(seen, host, slot)
        if by_hand and waiting.seconds >= 1:
            done[host] = HostOutcome(host, ok=False, note=by_hand, seconds=waiting.seconds)
            return
        if not _up(seen, host, slot):
            counts.pop((balancer, host), None)
            left[host] = f"{balancer} to show {host} up: {_shown(seen, host)}"
            return
        arrived = _arrived(seen, host, counts, waiting)
        waits += [balancer] if arrived is None else []
        notes += [arrived] if arrived else []
    if waits:
        left[host] = f"the first request at {host} through {', '.join(waits)}"
        return
    seconds = done[host].seconds if host in done else round(waiting.seconds, 3)
    done[host] = HostOutcome(host, note="; ".join(notes), seconds=seconds)


def _up(seen: Seen, host: str, slot: str) -> bool:
    halves = {seen.half(row) for row in seen.of(host) if row.standing is Standing.UP}
    return bool(halves & {slot, ""}) and not halves - {slot, ""}


def _by_hand(seen: Seen, host: str, slot: str) -> str:
    for row in seen.of(host):
        if row.by_hand and seen.half(row) in ("", slot):
            return (
                f"{seen.balancer} shows {row.backend}/{host} as {row.status}, set there by hand and left so; "
                f"`set server {row.backend}/{host} state ready` ends it"
            )
    return ""


def _shown(seen: Seen, host: str) -> str:
    return ", ".join(f"{row.backend} {row.status} {row.check}".strip() for row in seen.of(host))


def _arrived(seen: Seen, host: str, counts: dict[tuple[str, str], _Count], waiting: Waiting) -> str | None:
    """Empty when requests arrive, a note when the pool is idle, None while it is not known."""
    backends = {row.backend for row in seen.of(host) if row.standing is Standing.UP}
    total = sum(row.total for row in seen.of(host))
    pool = sum(row.total for row in seen.rows if not row.server and row.backend in backends)
    first = counts.get((seen.balancer, host))
    if first is None or first.pid != seen.pid:
        counts[seen.balancer, host] = first = _Count(seen.pid, total, pool, waiting.seconds)
    if total > first.host:
        return ""
    others, waited = pool - first.pool, waiting.seconds - first.at
    if waited < (SOME if others else NONE) or others >= BUSY * len(seen.servers()):
        return None
    return f"no request came through {seen.balancer} in {waited:.1f} s, {', '.join(backends)} had {others}"
