"""Drain: the balancers show the hosts out, nothing is in flight"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deployer.errors import DeployerError, StepFailed, Unreachable
from deployer.model import Standing
from deployer.steps import Drain
from deployer.traffic import connections, healthfile
from deployer.traffic.asked import read
from deployer.traffic.cut import cut, send_elsewhere
from deployer.traffic.ground import Ground, Waiting
from deployer.traffic.haproxy import Seen
from deployer.traffic.named import all_answer
from deployer.traffic.nginx.turn import turn
from deployer.traffic.spare import refuse_last
from deployer.world import HostOutcome, Order, Outcome

STRANGERS = 5.0
OLD_NGINX = 10.0
"""Seconds for which an old nginx worker is waited for: it cannot be asked what it still sends where."""


def drain(ground: Ground, step: Drain, order: Order) -> Outcome:
    """True when no balancer sends requests to the hosts and the last one they had is answered.

    Raises:
        Unreachable: a balancer or host does not answer.
        StepFailed: it would be the last of the pool; a balancer does not agree in time; requests are still in flight
            at the deadline and the policy is to abort.
        Overtaken: a newer run acted on a balancer or host.
    """
    hosts = ground.hosts(step.hosts)
    if order.stopping():
        raise StepFailed("stopped before anything was drained", where=step.site, hosts=step.hosts)
    ground.ssh.soon(step.hosts)
    _can_be_spared(ground, step)
    ground.soon(step.site)
    ground.fence(step.site, order)
    ground.on_hosts(hosts, lambda host: healthfile.take_away(ground.ssh, host, ground.service, order))
    turn(ground, step.site, step.hosts, "", order)
    return _until_gone(ground, step, order)


def _can_be_spared(ground: Ground, step: Drain) -> None:
    balancers = {balancer.name: balancer for balancer in ground.asked(step.site)}
    for seen in all_answer(ground, step.site, step.hosts):
        refuse_last(seen, read(ground.ssh, balancers[seen.balancer]), step.hosts)


@dataclass(slots=True)
class _Progress:
    """Since when each host is out at all balancers, and since when nothing is in flight either (seconds).

    `silent` balancers give no answer since then; `kept` are a host's own connections, each since when.
    """

    out: dict[str, float] = field(default_factory=dict)
    gone: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    silent: dict[str, float] = field(default_factory=dict)
    kept: dict[str, dict[str, float]] = field(default_factory=dict)


def _until_gone(ground: Ground, step: Drain, order: Order) -> Outcome:
    waiting, progress = Waiting(ground.clock, order), _Progress()
    while True:
        left = _left(ground, step, order, waiting, progress)
        if not left:
            return Outcome(
                hosts=tuple(
                    HostOutcome(host, note=progress.notes.get(host, ""), seconds=round(progress.gone[host], 3))
                    for host in step.hosts
                )
            )
        _deadlines(ground, step, order, waiting, progress, left)
        waiting.pause("; ".join(left.values()))


def _left(ground: Ground, step: Drain, order: Order, waiting: Waiting, progress: _Progress) -> dict[str, str]:
    """What each host still waits for; empty when the drain is true."""
    seen = _all_or_silent(ground, step.site, waiting, progress)
    left: dict[str, str] = {}
    for host in step.hosts:
        up = [one.balancer for one in seen if one.standing(host) is Standing.UP]
        mute = list(progress.silent)
        if up or mute:
            progress.out.pop(host, None)
            shows = f"{', '.join(up)} still shows {host} up" if up else ""
            left[host] = "; ".join(part for part in (shows, f"{', '.join(mute)} to answer" if mute else "") if part)
        else:
            progress.out.setdefault(host, waiting.seconds)
            send_elsewhere(ground, step.site, seen, host, order)
    _in_flight(ground, step, seen, [host for host in step.hosts if host not in left], left, waiting, progress)
    blind = _blind(ground, step.site, waiting)
    for host in step.hosts:
        if blind and host not in left:
            left[host] = f"{host}: {blind}"
        if host in left:
            progress.gone.pop(host, None)
        else:
            progress.gone.setdefault(host, waiting.seconds)
    return left


def _blind(ground: Ground, site: str, waiting: Waiting) -> str:
    """A device without an API needs its detection time; it cannot be asked."""
    if not ground.opaque(site) or waiting.seconds >= ground.settings.balancers.detection:
        return ""
    names = ", ".join(balancer.name for balancer in ground.opaque(site))
    return f"{names} to notice, {ground.settings.balancers.detection - waiting.seconds:.0f} s more"


def _all_or_silent(ground: Ground, site: str, waiting: Waiting, progress: _Progress) -> tuple[Seen, ...]:
    answers = ground.see(site)
    found = []
    for balancer, one in zip(ground.asked(site), answers, strict=True):
        if isinstance(one, DeployerError):
            since = progress.silent.setdefault(balancer.name, waiting.seconds)
            if waiting.seconds - since >= ground.settings.balancers.agree_within:
                raise Unreachable(
                    f"{one.what}; so it is not known whether the hosts still get requests",
                    where=balancer.name,
                    remedy=one.remedy,
                )
        else:
            progress.silent.pop(balancer.name, None)
            found.append(one)
    return tuple(found)


def _in_flight(  # noqa: PLR0917
    ground: Ground,
    step: Drain,
    seen: Sequence[Seen],
    hosts: Sequence[str],
    left: dict[str, str],
    waiting: Waiting,
    progress: _Progress,
) -> None:
    """Sessions in every worker first; when those are over, the connections the host itself has."""
    for host in hosts:
        rows = [row for one in seen for row in one.everywhere(host)]
        running, queued = sum(row.sessions for row in rows), sum(row.queued for row in rows)
        if running or queued:
            left[host] = f"{running} sessions" + (f" and {queued} queued" if queued else "") + f" on {host}"
    mute = [one.balancer for one in seen if one.old and not one.old_rows]
    for host in hosts:
        if mute and host not in left and waiting.seconds - progress.out.get(host, waiting.seconds) < OLD_NGINX:
            left[host] = f"old workers of {', '.join(mute)} to end what they have"
    by_name = ground.estate.by_name
    quiet = [host for host in hosts if host not in left and "cut" not in progress.notes.get(host, "")]
    peers = ground.ssh.each(quiet, lambda name: connections.peers(ground.ssh, by_name[name]))
    for host, found in peers.items():
        if isinstance(found, DeployerError):
            left[host] = f"{host} to answer: {found.what}"
            continue
        idle = sum(row.idle for one in seen for row in one.everywhere(host))
        if len(found) > idle and not _strangers(ground, step.site, host, found, waiting, progress):
            kept = f" ({idle} of them idle ones of the balancers)" if idle else ""
            left[host] = f"{len(found)} connections on {host}{kept}, from {_some(found)}"


def _strangers(  # noqa: PLR0917
    ground: Ground, site: str, host: str, found: Sequence[str], waiting: Waiting, progress: _Progress
) -> bool:
    """Connections no balancer knows, all of them older than the drain needs: a metrics server that keeps its own.

    One that asks anything is closed by the host's front while it is drained, so these are asking nothing. Believed only
    where every worker of every balancer can be asked, old ones too.
    """
    before = progress.kept.get(host, {})
    progress.kept[host] = since = {peer: before.get(peer, waiting.seconds) for peer in found}
    blind = ground.opaque(site) or any(not balancer.master_socket for balancer in ground.asked(site))
    if blind or any(waiting.seconds - first < STRANGERS for first in since.values()):
        return False
    note = f"{len(found)} connections from {_some(found)} are left open: no balancer's, and older than {STRANGERS:g} s"
    progress.notes.setdefault(host, note)
    return True


def _some(peers: Sequence[str]) -> str:
    addresses = tuple(dict.fromkeys(peer.rpartition(":")[0] for peer in peers))
    return ", ".join(addresses[:3]) + (" …" if len(addresses) > 3 else "")  # noqa: PLR2004


def _deadlines(  # noqa: PLR0917
    ground: Ground, step: Drain, order: Order, waiting: Waiting, progress: _Progress, left: dict[str, str]
) -> None:
    rolling, agree = ground.settings.rolling, ground.settings.balancers.agree_within
    not_out = tuple(host for host in left if host not in progress.out)
    if not_out and waiting.seconds >= agree and not progress.silent:
        raise StepFailed(
            f"after {agree:g} s: {'; '.join(left[host] for host in not_out)}",
            where=step.site,
            remedy="does it check the health file? deployer doctor",
            hosts=not_out,
        )
    patience = rolling.drain_timeout + (ground.settings.balancers.detection if ground.opaque(step.site) else 0)
    late = tuple(host for host in left if host in progress.out and waiting.seconds - progress.out[host] >= patience)
    if not late or rolling.on_drain_timeout == "wait":
        return
    evidence = "; ".join(left[host] for host in late)
    if rolling.on_drain_timeout == "abort":
        raise StepFailed(
            f"not drained after {patience:g} s: {evidence}",
            where=step.site,
            remedy="rolling.on_drain_timeout: wait or cut, or a longer drain_timeout, in deployer.yml",
            hosts=late,
        )
    for host in late:
        if host not in progress.notes:
            progress.notes[host] = (
                f"cut {cut(ground, step.site, host, order)} sessions after {patience:g} s: {left[host]}"
            )
