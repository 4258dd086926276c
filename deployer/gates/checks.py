"""Checks: a release proves itself before users come, by pages, commands and playbooks of its own"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from deployer.gates.command import Told, run
from deployer.gates.page import Page, asked, tester
from deployer.machines import Estate
from deployer.model import Verdict
from deployer.settings.checks import CheckValues
from deployer.steps import Ask
from deployer.world import Clock, Order, Outcome

_PAUSE = 0.5
_ABREAST = 16


class Plays(Protocol):
    def __call__(self, playbook: Path, hosts: Sequence[str], order: Order, release: str, timeout: float) -> str:
        """Play it on the hosts; what went wrong, "" when nothing did."""


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of one point, in the order of deployer.yml; the first that fails ends it: FAIL."""

    checks: Mapping[str, CheckValues]
    estate: Estate
    folder: Path
    clock: Clock
    plays: Plays

    def ask(self, step: Ask, order: Order) -> Outcome:
        if step.hosts == () and all(check.path or check.playbook for check in self.checks.values()):
            return Outcome("nobody left to check", verdict=Verdict.PASS)
        for number, (name, check) in enumerate(self.checks.items()):
            order.tell(f"check {name}")
            wrong = self._within(check, partial(self._try, check, step, order, number), order)
            if wrong:
                return Outcome(f"check {name}: {wrong}", verdict=Verdict.FAIL)
        return Outcome(f"{', '.join(self.checks)}: as expected", verdict=Verdict.PASS)

    def _within(self, check: CheckValues, attempt: Callable[[], str], order: Order) -> str:
        late = self.clock.monotonic() + check.within
        while (wrong := attempt()) and self.clock.monotonic() < late and not order.stopping():
            self.clock.sleep(_PAUSE)
        return wrong

    def _try(self, check: CheckValues, step: Ask, order: Order, number: int) -> str:
        if check.path:
            return self._past_the_balancers(check, step)
        if check.url:
            key = self.folder / check.tester_key_file if check.tester_key_file else None
            page = Page(_named(check.url, step), check.status, _named(check.contains, step), check.timeout)
            return asked(page, tester(step.release, key))
        if check.command:
            told = Told(step.release, step.sites, step.hosts, order.run).environment()
            return run(_named(check.command, step), self.folder, told, check.timeout)
        own = replace(order, step=f"{order.step}-check{number}")
        return self.plays(self.folder / check.playbook, step.hosts, own, step.release, check.timeout)

    def _past_the_balancers(self, check: CheckValues, step: Ask) -> str:
        contains = _named(check.contains, step)

        def ask(name: str) -> str:
            host = self.estate.by_name[name]
            url = f"http://{host.address}:{host.port}{_named(check.path, step)}"
            wrong = asked(Page(url, check.status, contains, check.timeout), {})
            return f"{name} {wrong}" if wrong else ""

        with ThreadPoolExecutor(_ABREAST) as pool:
            return "; ".join(wrong for wrong in pool.map(ask, step.hosts) if wrong)


def _named(text: str, step: Ask) -> str:
    return text.replace("{version}", step.release)
