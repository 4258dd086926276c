"""The end of a run for people: what is where, what it cost, and what to type next"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from deployer.events import End
from deployer.report import words
from deployer.report.account import BEGUN, Account, HostAccount, SiteAccount, State
from deployer.report.phrases import ENDINGS, STANDING_STILL, subject

_NOT_ENDED = {
    None: "not ended: still running, or its orchestrator was killed",
    True: "under way",
    False: "not ended: its orchestrator is gone",
}
_COMMAND = re.compile(r"deployer [a-z]+( [\w.-]+)?")
"""What is typed as it stands, but for the inventory."""
_FEW = 12
"""So many hosts are listed one by one."""


def ending(account: Account, *, inventory: str = "", verbose: bool = False) -> str:
    """The account as text, ending in a newline; `inventory` is how the operator named it, for commands to copy."""
    lines = (
        *_head(account),
        *_users(account),
        *_shares(account),
        *_sites(account),
        *_costs(account, verbose=verbose),
        *_warm(account),
        *_next(account, inventory),
    )
    return "\n".join(lines) + "\n"


def headline(account: Account) -> str:
    intent = account.intent
    how = ENDINGS[account.end.end] if account.end else _NOT_ENDED[account.at_work]
    if account.end and account.end.end is End.PUT_BACK and account.failures:
        how = f"failed, and {how}"
    return f"run {account.run}: {subject(intent)}, {intent.strategy}: {how}"


def _head(account: Account) -> Iterator[str]:
    yield headline(account)
    yield f"  {'took':<9} {words.duration(account.seconds)}{_foretold(account)}{_waited(account)}, {_steps(account)}"
    yield f"  {'started':<9} {words.moment(account.started)} by {words.one_line(account.owner)}"
    if account.reason:
        yield f"  {'reason':<9} {words.one_line(account.reason)}"
    told = [words.located(step.where, step.note) for step in account.failures]
    for step in account.failures:
        yield f"  {'failed':<9} step {step.number}, {step.stage}: {words.one_line(step.text)}"
        yield from (f"  {'':<9} {line}" for line in words.safe(words.located(step.where, step.note)).splitlines())
    for step in account.steps:
        if step.state is State.IN_DOUBT:
            yield f"  {'in doubt':<9} step {step.number}, {step.stage}: {words.one_line(step.text)}"
    if account.why_back and account.why_back not in told:
        yield f"  {'went back':<9} {words.one_line(account.why_back)}"
    people = [one for one in account.course.moments if one.person][1:]  # the first is who began it
    for one in people:
        yield f"  {'person':<9} {words.time_of_day(one.at)} {words.one_line(one.text)}"
    if account.on_hold and account.end is None:
        yield f"  {'on hold':<9} {words.one_line(account.on_hold)}"
    note = account.end.note if account.end else ""
    for known in (*told, account.why_back):  # what was told above is not told again
        note = note.removeprefix(known).removeprefix("; ") if known else note
    yield from (f"  {'note':<9} {line}" for line in words.safe(note).splitlines())


def _users(account: Account) -> Iterator[str]:
    """What it cost those who were sent to the release while it was judged."""
    for one in account.verdicts:
        bad, total = one.failed
        if bad:
            release, about = words.one_line(one.step.release), words.one_line(one.step.about)
            yield f"  {'users':<9} saw {bad:,} of {total:,} requests to {release} fail while it was judged: {about}"


def _steps(account: Account) -> str:
    """`5 of 9 steps, then 4 of 4 back`"""
    forward = [step.state is State.DONE for step in account.steps if step.line == 0]
    back = [step.state is State.DONE for step in account.steps if step.line > 0]
    then = f", then {sum(back)} of {len(back)} back" if back else ""
    return f"{sum(forward)} of {words.count(len(forward), 'step')}{then}"


def _foretold(account: Account) -> str:
    """Only a run that went as planned can be compared."""
    if account.foretold is None or account.end is None or account.end.end is not End.DONE:
        return ""
    return f" (foretold {words.duration(account.foretold)})"


def _waited(account: Account) -> str:
    """Time of people is not the machines'."""
    waited = account.course.waiting
    return f", {words.duration(waited)} of it waiting for people" if waited >= 1 else ""


def _warm(account: Account) -> Iterator[str]:
    """After a switch: how long the way back is one act."""
    switch = account.intent.switch
    if switch is None or not switch.keep_warm or account.end is None or account.end.end is not End.DONE:
        return
    kept = {host.before or "" for host in account.hosts if host.before == host.release and host.in_service}
    if kept := kept - {account.intent.release.version}:
        old = words.one_line(", ".join(sorted(kept)))
        until = words.time_of_day(account.changed + switch.keep_warm)
        yield f"  {'warm':<9} {old} until {until} UTC: deployer undo {account.run} moves users back in one act"


def _shares(account: Account) -> Iterator[str]:
    """Where users are led, while it is to more than one release or site."""
    for scope, split in account.shares:
        if scope == "edge" or len([share for _, share in split.shares if share]) > 1:
            yield f"  {'split':<9} {words.one_line(f'{scope}: {split}')}"


def _sites(account: Account) -> Iterator[str]:
    """Whether a drain or readmit that only began moved its hosts is not known."""
    moving = (step for step in account.steps if step.state in BEGUN and step.verb in ("drain", "readmit"))
    doubted = {host for step in moving for host in step.hosts}
    for site in account.sites:
        members = [host for host in account.hosts if host.site == site.site]
        yield f"  {words.one_line(site.site):<9} {_standing(site, members)}"
        for host in members:
            if not host.in_service:
                why = f", held: {words.one_line(host.held)}" if host.held else ""
                out = f"{'may be' if host.host in doubted else 'is'} out of service"
                yield f"  {'':<9} {host.host} {out} with {host.release or 'an unknown release'}{why}"


def _standing(site: SiteAccount, members: list[HostAccount]) -> str:
    releases = Counter(host.release or "unknown release" for host in members)
    what = ", ".join(f"{words.one_line(release)} on {number}" for release, number in sorted(releases.items()))
    floor = f", floor {site.floor}" if site.floor else ""
    return f"{site.in_service} of {site.hosts} in service; {what}; lowest {site.lowest}{floor}"


def _costs(account: Account, *, verbose: bool) -> Iterator[str]:
    times = account.out_of_pool
    if not times:
        return
    slowest, most = max(times, key=lambda pair: pair[1])
    mean = sum(seconds for _, seconds in times) / len(times)
    most_of = f"{words.duration(most)} ({slowest})"
    yield f"  {'out':<9} of the pool {words.duration(mean)} per host on average, at most {most_of}"
    if verbose or len(times) <= _FEW:
        yield from (f"  {'':<9} {host}  {words.duration(seconds)}" for host, seconds in times)


def _next(account: Account, inventory: str) -> Iterator[str]:
    for command in next_commands(account, inventory):
        yield f"  {'next':<9} {command}"


def next_commands(account: Account, inventory: str = "") -> tuple[str, ...]:
    """What to type next; empty when nothing is left to do."""
    end, run = account.end, account.run
    if end is None and account.at_work:
        said = [f"deployer logs {run} --follow", f"deployer abort {run}"]
    elif end is None:
        said = [f"deployer resume {run}", f"deployer abort {run}"]
    else:
        said = end.remedy.split(", or ") if end.remedy else []
        said += [f"deployer undo {run}"] if end.end in STANDING_STILL else []
    given = f" -i {inventory}" if inventory else ""
    return tuple(
        dict.fromkeys(
            words.one_line(line) + (given if run in line or _COMMAND.fullmatch(line) else "") for line in said
        )
    )
