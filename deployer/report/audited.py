"""An audit as people and programs read it"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from deployer.audit import Audit
from deployer.report import words
from deployer.report.people import Act, act_line


def audit_text(audits: Sequence[Audit], acts: Sequence[Act]) -> str:
    """What people did, then whether each chain holds; ends in a newline."""
    width = max((len(act.run) for act in acts), default=0)
    lines = [act_line(act, width) for act in acts]
    return "\n".join((*lines, *([""] if lines else []), *(line for one in audits for line in _chain(one)))) + "\n"


def _chain(audit: Audit) -> Iterator[str]:
    name, many = words.one_line(audit.service), words.count(len(audit.records), "record")
    if audit.flaw is None:
        yield f"{name}: {many}, every link holds; head {audit.head.seq}:{audit.head.hash}"
        return
    run = f", run {words.one_line(audit.flaw.run)}" if audit.flaw.run else ""
    yield f"{name}: DAMAGED at record {audit.flaw.seq}{run}: {words.one_line(audit.flaw.what)}"
    yield f"{name}: {many} before it hold"


def audit_json(audits: Sequence[Audit], acts: Sequence[Act]) -> dict[str, Any]:
    """Times are seconds since 1970 (UTC); `broken` is null where every link holds."""
    return {"acts": [_act(act) for act in acts], "journals": [_journal(one) for one in audits]}


def _act(act: Act) -> dict[str, Any]:
    return {"record": act.seq, "at": act.at, "run": act.run, "who": act.who, "what": act.what, "why": act.why}


def _journal(audit: Audit) -> dict[str, Any]:
    flaw = audit.flaw
    return {
        "service": audit.service,
        "records": len(audit.records),
        "head": f"{audit.head.seq}:{audit.head.hash}",
        "broken": {"record": flaw.seq, "run": flaw.run, "what": flaw.what} if flaw else None,
    }
