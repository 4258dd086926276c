"""The service's own numbers for Prometheus: the last run, its shares and gate, its hosts, the lock"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from deployer.errors import UsageError
from deployer.events import End
from deployer.lock import LockStatus
from deployer.model import WHOLE
from deployer.report.account import Account, State

RUNNING = "running"
STATES = (RUNNING, *(end.value for end in End))

_HOSTS = (
    ("hosts", "hosts", "Hosts of a site."),
    ("hosts_in_service", "in_service", "Those in service, by the journal."),
    ("hosts_in_service_lowest", "lowest", "The fewest in service during the run."),
    ("hosts_in_service_floor", "floor", "The fewest that are allowed."),
)


def exposition(service: str, account: Account | None, lock: LockStatus, now: float) -> str:
    """Prometheus' text format; `account` is of the last run, None where there was none yet."""
    registry = CollectorRegistry()
    registry.register(_Numbers(service, account, lock, now))
    return generate_latest(registry).decode()


def write(path: Path, text: str) -> None:
    """For the textfile collector of node_exporter: there at once or not at all.

    Raises:
        UsageError: it cannot be written there.
    """
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(text)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as wrong:
        raise UsageError(f"the metrics cannot be written there: {wrong.strerror}", where=str(path)) from wrong


@dataclass(frozen=True, slots=True, eq=False)  # the registry wants it hashable
class _Numbers(Collector):
    service: str
    account: Account | None
    lock: LockStatus
    now: float

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._lock()
        if self.account is not None:
            yield from self._run(self.account)
            yield from self._steps(self.account)
            yield from self._users(self.account)
            yield from self._hosts(self.account)

    def _lock(self) -> Iterator[GaugeMetricFamily]:
        lease = self.lock.lease
        yield self._one("lock_held", "Whether somebody holds the lock.", float(lease is not None))
        lost = float(self.lock.stale or self.lock.gone)
        yield self._one("lock_stale", "Whether its holder is silent for too long, or dead.", lost)
        if lease is not None:
            yield self._one("lock_age_seconds", "Since the lock was taken.", max(0.0, self.now - lease.taken))
            yield self._one("lock_silent_seconds", "Since its holder's last heartbeat.", max(0.0, self.lock.age))

    def _run(self, run: Account) -> Iterator[GaugeMetricFamily]:
        intent = run.intent
        told = {"run": run.run, "release": intent.release.version, "strategy": intent.strategy, "owner": run.owner}
        yield self._many("run_info", "The last run.", [(told, 1.0)])
        state = run.end.end.value if run.end else RUNNING
        states = [({"state": one}, float(one == state)) for one in STATES]
        yield self._many("run_state", "1 for how the last run stands, 0 for all else.", states)
        yield self._one("run_started_timestamp_seconds", "When it began.", run.started)
        yield self._one("run_changed_timestamp_seconds", "When it was written down last.", run.changed)
        spent = [
            ({"on": "working"}, run.working),
            ({"on": "watching"}, run.course.watching),
            ({"on": "waiting"}, run.course.waiting),
        ]
        yield self._many("run_duration_seconds", "Machines at work, gates that watch, people waited for.", spent)

    def _steps(self, run: Account) -> Iterator[GaugeMetricFamily]:
        counted = [({"state": one.value}, float(sum(step.state is one for step in run.steps))) for one in State]
        yield self._many("run_steps", "Steps of its plan, and of its ways back.", counted)
        current = next((step for step in reversed(run.steps) if step.state is State.IN_DOUBT), None)
        if current is not None:
            told = {"verb": current.verb, "site": current.site, "line": str(current.line)}
            yield self._many("run_current_step", "The number of the step under way.", [(told, float(current.number))])

    def _users(self, run: Account) -> Iterator[GaugeMetricFamily]:
        shares = [
            ({"scope": track.scope, "to": name}, share / WHOLE)
            for track in run.course.tracks
            for name, share in track.points[-1][1].shares
        ]
        yield self._many("share_ratio", "Users of a site by release, of the edge by site, as set last.", shares)
        looks = [look for verdict in run.verdicts for look in verdict.looks]
        if looks:
            score = max(looks, key=lambda look: look.at).score
            yield self._one("gate_score", "What the gate said last, 0 to 100.", score)
        for one in [one for one in run.verdicts if one.judged][-1:]:
            counts = zip(("failed", "all"), one.failed, strict=True)
            rows = [({"release": one.step.release, "result": result}, float(count)) for result, count in counts]
            yield self._many("gate_requests", "Requests to the release in the window that was judged last.", rows)

    def _hosts(self, run: Account) -> Iterator[GaugeMetricFamily]:
        for name, part, text in _HOSTS:
            yield self._many(name, text, [({"site": one.site}, float(getattr(one, part))) for one in run.sites])

    def _one(self, name: str, text: str, value: float) -> GaugeMetricFamily:
        return self._many(name, text, [({}, value)])

    def _many(self, name: str, text: str, rows: list[tuple[dict[str, str], float]]) -> GaugeMetricFamily:
        labels = ["service", *(rows[0][0] if rows else ())]
        family = GaugeMetricFamily(f"deployer_{name}", text, labels=labels)
        for told, value in rows:
            family.add_metric([self.service, *told.values()], value)
        return family
