"""Ansible's events in, what came of each host out"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deployer.playbooks.request import HostResult, Result

_LONGEST = 600
_OUTCOMES = ("runner_on_ok", "runner_on_failed", "runner_on_unreachable")
Event = Mapping[str, Any]


def read(events: Iterable[Event], wanted: Sequence[str], said: str = "") -> Result:
    """Decided on the recap (`playbook_on_stats`), never on the exit code: 0 without a recap means nothing."""
    recap: Event | None = None
    last: dict[str, Event] = {}
    for event in events:
        told = event.get("event_data") or {}
        if event.get("event") == "playbook_on_stats":
            recap = told
        elif event.get("event") in _OUTCOMES and _counts(event, last.get(told.get("host", ""))):
            last[told["host"]] = event
    hosts = tuple(_host(name, last.get(name), recap) for name in wanted if recap is not None or name in last)
    return Result(hosts, complete=recap is not None, note="" if recap is not None else _tail(said))


def _counts(event: Event, before: Event | None) -> bool:
    """A failure is never hidden by what ran later on the host (a rescue, a handler)."""
    return before is None or before["event"] == "runner_on_ok" or event["event"] != "runner_on_ok"


def _host(name: str, event: Event | None, recap: Event | None) -> HostResult:
    result = ((event or {}).get("event_data") or {}).get("res") or {}
    note, ok = _note(result), _ok(name, event, recap)
    if recap is not None and name not in (recap.get("processed") or {}):
        note = "Ansible did nothing on it: not in the playbook's hosts, or skipped"
    elif not ok and event is not None and event["event"] == "runner_on_ok":
        note = f"Ansible counts it as failed; its last word was: {note}"
    elif not ok and event is None:
        note = "Ansible skipped every task on it"
    return HostResult(
        host=name,
        ok=ok,
        note=note,
        seconds=float(result.get("seconds") or (((event or {}).get("event_data") or {}).get("duration") or 0)),
        changed=bool(result.get("changed")),
        overtaken=bool(result.get("overtaken")),
    )


def _ok(name: str, event: Event | None, recap: Event | None) -> bool:
    if recap is None:
        return event is not None and event["event"] == "runner_on_ok"
    if name in (recap.get("failures") or {}) or name in (recap.get("dark") or {}):
        return False
    return name in (recap.get("ok") or {})


def _note(result: Mapping[str, Any]) -> str:
    text = str(result.get("msg") or "")
    for piece in ("stderr", "module_stderr"):
        if result.get("failed") and not text:
            text = str(result.get(piece) or "")
    return " ".join(text.split())[:_LONGEST]


def _tail(said: str) -> str:
    """The reason Ansible gave before it ended, as one line."""
    lines = [line.strip(" *\t") for line in said.splitlines() if line.strip(" *\t")]
    errors = [line for line in lines if "ERROR" in line or "error" in line.lower()]
    return " ".join(errors[-1:] or lines[-3:])[:_LONGEST]
