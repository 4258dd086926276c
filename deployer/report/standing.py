"""What is where, as text: by the journal, or by a live picture"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from deployer.lock import LockStatus
from deployer.model import HostSeen, Picture, Standing
from deployer.pending import Pending
from deployer.report import words
from deployer.report.account import Account
from deployer.report.text import headline, next_commands
from deployer.rules import Then
from deployer.windows import Freeze


def lock_lines(lock: LockStatus, now: float) -> Iterator[str]:
    """The lock in one or two lines, without a line end."""
    lease = lock.lease
    if lease is None:
        yield "free" + (f", {words.one_line(lock.note)}" if lock.note else "")
        return
    because = f" ({words.one_line(lease.reason)})" if lease.reason else ""
    yield (
        f"held by {words.one_line(lease.owner)} for run {words.one_line(lease.run)}{because} "
        f"since {words.duration(now - lease.taken)}, epoch {lease.epoch}"
    )
    if lock.gone:
        yield "its holder died: deployer resume takes it over"
    elif lock.stale:
        yield f"silent for {words.duration(lock.age)}: when its holder is dead, deployer lock release --reason TEXT"


def pending_lines(pending: Pending, now: float) -> Iterator[str]:
    """A question to people in one or two lines, without a line end."""
    since = f" for {words.duration(now - pending.since)}" if pending.since is not None else ""
    who = " or ".join(pending.of) or "anybody"
    but = f" but {words.one_line(pending.but)}" if pending.but and not pending.of else ""
    yield f"asks{since}: {words.one_line(pending.about)}; {words.one_line(who)}{but} may answer: deployer approve"
    if pending.due is not None:
        yield f"nobody until {words.moment(pending.due)}: {_then(pending.then)}"


def _then(then: Then) -> str:
    said = {Then.HOLD: "it waits on", Then.ABORT: "everything goes back", Then.PROMOTE: "it goes on"}
    return said[then]


def freeze_line(freeze: Freeze) -> str:
    """`frozen by ann@ops1 until 2026-11-30 06:00:00 UTC: payments are down`"""
    who = f" by {words.one_line(freeze.who)}" if freeze.who else ""
    until = f" until {words.moment(freeze.until)}" if freeze.until is not None else ""
    return f"frozen{who}{until}: {words.one_line(freeze.reason)}"


def freeze_text(service: str, found: Sequence[Freeze], coming: Freeze | None) -> str:
    """Everything that is frozen, and what will be next, each on a line."""
    lines = [f"{words.one_line(service)}: {freeze_line(one)}, since {words.moment(one.since)}" for one in found]
    lines = lines or [f"{words.one_line(service)}: nothing is frozen"]
    if any(one.who for one in found):
        lines.append("  next  deployer freeze --lift --reason TEXT")
    if coming:
        lines.append(f"  later {words.one_line(coming.reason)}, from {words.moment(coming.since)}")
    return "\n".join(lines) + "\n"


def behind_text(account: Account, inventory: str) -> str:
    """A deployment that still stands half-way behind what was done since, and what to type, ending in a newline."""
    lines = [
        f"and behind it, {headline(account)}",
        *(f"  {'next':<9} {one}" for one in next_commands(account, inventory)),
    ]
    return "\n".join(lines) + "\n"


def picture_text(picture: Picture) -> str:
    """Every host on a line, ending in a newline."""
    lines: list[str] = []
    width = max((len(name) for name in picture.hosts), default=0)
    for site in picture.sites:
        seen = picture.at(site)
        serving = sum(host.in_service for host in seen)
        releases = Counter(host.release or "unknown release" for host in seen)
        what = ", ".join(f"{words.one_line(release)} on {number}" for release, number in sorted(releases.items()))
        split = f"; users: {words.one_line(str(picture.splits[site]))}" if site in picture.splits else ""
        lines.append(f"{site}  {serving} of {words.count(len(seen), 'host')} in service; {what}{split}")
        lines += [f"  {host.host:<{width}}  {_host(host)}" for host in seen]
    if "edge" in picture.splits:
        lines.append(f"edge  users: {words.one_line(str(picture.splits['edge']))}")
    return "\n".join(lines) + "\n"


def _host(host: HostSeen) -> str:
    release = words.one_line(host.release or "?")
    health = {True: "healthy", False: "not healthy", None: "health unknown"}[host.healthy]
    return f"{_standing(host):<14}  {release:<12}  {health}{_dissent(host)}"


def _standing(host: HostSeen) -> str:
    if host.in_service:
        return "in service"
    return "out of service" if host.idle else "partly in"


def _dissent(host: HostSeen) -> str:
    """What each balancer says, where they do not all say up."""
    if host.in_service:
        return ""
    views = Counter(view.standing for view in host.views)
    if len(views) == 1 and Standing.UNKNOWN not in views:
        return f", {next(iter(views)).value} at every balancer"
    return "".join(f", {words.one_line(view.balancer)}: {view.standing.value}" for view in host.views)
