"""How an evacuation went, for people and for programs"""

from __future__ import annotations

from deployer.evacuation.judgement import effect
from deployer.evacuation.outcome import Evacuated
from deployer.report import words


def shown(found: Evacuated, inventory: str) -> str:
    """The end, for people."""
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
    lines += (words.one_line(line) for line in found.followed)
    lines += _next(found, f"-i {inventory}")
    return "\n".join(lines) + "\n"


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
