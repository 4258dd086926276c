"""How an evacuation went, for people and for programs"""

from __future__ import annotations

import json
from dataclasses import dataclass

from deployer.evacuation.judgement import effect
from deployer.evacuation.outcome import Evacuated
from deployer.report import words


def shown(found: Evacuated, inventory: str) -> str:
    """The end, for people, and what to type next."""
    return "\n".join((*told(found), *_next(found, f"-i {inventory}"))) + "\n"


def told(found: Evacuated) -> list[str]:
    """How it went, line by line."""
    site, left = found.site, found.left
    lines = []
    nodes = words.count(len(found.changed), "edge node")
    if found.changed:
        lines.append(f"{site} gets nobody on {nodes}, read back after {found.seconds:.2f} s")
    if left.quiet is None and found.changed:
        lines.append(f"{site} still gets requests: {left.arriving} in the last moment")
    elif left.gone is not None:
        lines.append(f"no request came to {site} any more, the last one ended after {words.duration(left.gone)}")
    elif found.changed:
        lines.append(f"no request comes to {site} any more, {left.open} still in flight")
    if left.barred:
        lines.append(f"users whom a cookie tied to {site} were moved")
    for name, error in found.missing.items():
        lines.append(f"not changed: {name}: {error.what}" + (f"\n             {error.remedy}" if error.remedy else ""))
    if found.missing:
        lines.append(effect(site, found.before, found.missing, len(found.missing) + len(found.changed)))
    if found.away:
        lines.append(
            f"the journal was away ({found.away}): the next command that reaches it writes run {found.run} down"
        )
    return [*lines, *(words.one_line(line) for line in found.followed)]


def _next(found: Evacuated, on: str) -> tuple[str, ...]:
    site = found.site
    if found.complete:
        return f"next   deployer traffic {on}", f"       deployer restore {site} {on}   when {site} is well"
    if found.left_alone:
        return "the edge is done, what is behind it is not", f"next   deployer evacuate {site} {on}   tries that again"
    return (f"next   deployer evacuate {site} {on}",)


def as_json(found: Evacuated) -> dict[str, object]:
    return {
        "site": found.site,
        "run": found.run,
        "complete": found.complete,
        "changed": {name: dict(one.after.shares) for name, one in found.changed.items()},
        "missing": {name: error.what for name, error in found.missing.items()},
        "before": dict(found.before.shares),
        "seconds": found.seconds,
        "seconds_to_quiet": found.left.quiet,
        "seconds_to_gone": found.left.gone,
        "in_flight": found.left.open,
        "followed": list(found.followed),
        "behind": list(found.behind),
        "journal": found.away or "written",
    }


@dataclass(frozen=True, slots=True)
class Drill:
    """A rehearsal: seconds of the whole evacuation and of the way back, which ended with this exit code."""

    evacuated: Evacuated
    there: float
    back: float
    code: int


def drilled(drill: Drill) -> str:
    """The times, for people."""
    gone = drill.evacuated.left.gone
    rows = (
        ("edge changed and read back", f"{drill.evacuated.seconds:.2f} s"),
        ("last request ended", words.duration(gone) if gone is not None else "not in time"),
        ("evacuation, from the command to its end", words.duration(drill.there)),
        ("restore", words.duration(drill.back) + ("" if drill.code == 0 else f", exit {drill.code}: not all the way")),
    )
    width = max(len(what) for what, _ in rows)
    return f"drill of {drill.evacuated.site}\n" + "".join(f"  {what:<{width}}  {took}\n" for what, took in rows)


def drill_json(drill: Drill) -> str:
    told = {"seconds_there": drill.there, "seconds_back": drill.back, "exit_code": drill.code}
    return json.dumps({**as_json(drill.evacuated), **told}, indent=2) + "\n"
