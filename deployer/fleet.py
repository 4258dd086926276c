"""The machines: fetch and deploy by Ansible"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deployer import shipped
from deployer.errors import Overtaken, PreflightFailed, StepFailed
from deployer.machines import Estate
from deployer.playbooks import Ansible, HostResult, Play, Request, Result, settle
from deployer.settings.values import Settings
from deployer.steps import Deploy, Fetch
from deployer.world import HostOutcome, Order, Outcome

_CONNECTING = 30.0
"""Seconds on top of the host's own part: Ansible's start, and hosts that do not answer."""


class AnsibleFleet:
    """world.Fleet by playbooks. `state` is a folder where the playbooks under way are recorded."""

    def __init__(self, estate: Estate, settings: Settings, state: Path, ansible: Ansible | None = None) -> None:
        self._estate = estate
        self._settings = settings
        self._state = state / "playbooks"
        self._ansible = ansible or Ansible()
        self._prepared: dict[tuple[str, str], Play] = {}

    def prepare(self, step: Deploy, order: Order) -> None:
        """Ansible starts (about a second) while the hosts still drain, and waits behind its curtain."""
        self.forget(order)
        self._prepared[order.run, order.step] = Play.start(self._deployment(step, order, curtain=True))

    def forget(self, order: Order) -> None:
        if play := self._prepared.pop((order.run, order.step), None):
            play.forget()

    def fetch(self, step: Fetch, order: Order) -> Outcome:
        self._heed(order, "fetch", step.hosts)
        return self._outcome(Play.start(self._fetching(step, order)), step.hosts, order, "fetching")

    def deploy(self, step: Deploy, order: Order) -> Outcome:
        self._heed(order, "deploy", step.hosts)
        play = self._prepared.pop((order.run, order.step), None)
        if play and play.hosts != step.hosts:  # one was left out meanwhile
            play.forget()
            play = None
        return self._outcome(play or Play.start(self._deployment(step, order)), step.hosts, order, "restarting")

    def settle(self, run: str) -> None:
        settle(self._state / run)

    def play(self, playbook: Path, hosts: Sequence[str], order: Order, release: str, timeout: float) -> str:
        """A playbook of the user's own; what went wrong, "" when nothing did."""
        variables = {"deployer_version": release, "deployer_timeout": timeout}
        request = self._request(playbook, tuple(hosts), order, variables, timeout)
        try:
            outcome = self._outcome(Play.start(request), request.hosts, order, f"playing {playbook.name}")
        except StepFailed as failure:
            return failure.what
        return "; ".join(f"{host.host}: {host.note}" for host in outcome.failed)

    def _fetching(self, step: Fetch, order: Order) -> Request:
        release = step.release
        variables = {
            "deployer_version": release.version,
            "deployer_artifact": release.artifact,
            "deployer_sha256": release.sha256,
            "deployer_timeout": self._settings.release.timeout,
        }
        return self._request(self._playbook("fetch"), step.hosts, order, variables, self._settings.release.timeout)

    def _deployment(self, step: Deploy, order: Order, *, curtain: bool = False) -> Request:
        timeout = self._settings.app.start_timeout + _CONNECTING
        variables = {
            "deployer_version": step.release.version,
            "deployer_sha256": step.release.sha256,
            "deployer_timeout": timeout,
        }
        return self._request(self._playbook("deploy"), step.hosts, order, variables, timeout, curtain=curtain)

    def _request(
        self,
        playbook: Path,
        hosts: tuple[str, ...],
        order: Order,
        own: dict[str, Any],
        timeout: float,
        *,
        curtain: bool = False,
    ) -> Request:
        acts = {"service": self._settings.service, "run": order.run, "epoch": order.epoch, "step": order.step}
        return Request(
            playbook=playbook,
            inventory=self._estate.inventory,
            hosts=hosts,
            variables={
                **own,
                "deployer_hosts": self._settings.hosts,
                "deployer_defaults": self._defaults(),
                "deployer_order": acts,
            },
            record=self._state / order.run / f"{order.step}.json",
            ansible=self._ansible,
            deadline=timeout + _CONNECTING,
            curtain=curtain,
        )

    def _defaults(self) -> dict[str, Any]:
        """Settings of the service; a host variable `deployer_<key>` of the inventory wins."""
        release, app = self._settings.release, self._settings.app
        return {
            "root": release.root,
            "keep": release.keep,
            "unit": app.unit,
            "control": app.control,
            "port": app.port,
            "start_timeout": app.start_timeout,
            "health_file": self._settings.health_file.path,
        }

    def _playbook(self, name: str) -> Path:
        own = str(getattr(self._settings.playbooks, name))
        if not own:
            return shipped.playbooks() / f"{name}.yml"
        inventory = self._estate.inventory
        path = (inventory if inventory.is_dir() else inventory.parent) / own
        if not path.is_file():
            raise PreflightFailed(f"there is no playbook {path}", where=f"deployer.yml, playbooks.{name}")
        return path.absolute()

    def _heed(self, order: Order, what: str, hosts: tuple[str, ...]) -> None:
        if order.stopping():
            self.forget(order)
            raise StepFailed("stopped before anything was touched", where=what, hosts=hosts)

    def _outcome(self, play: Play, hosts: tuple[str, ...], order: Order, doing: str) -> Outcome:
        play.go()
        result = play.result(_teller(order.tell, doing, len(hosts)))
        _refuse_overtaken(result)
        if not result.complete:
            raise _incomplete(result, hosts)
        return Outcome(hosts=tuple(_host(host) for host in result.hosts))


def _teller(tell: Callable[[str], None], doing: str, many: int) -> Callable[[float], None]:
    return lambda seconds: tell(f"Ansible: {doing} on {many} host{'s' if many > 1 else ''}, {seconds:.0f} s")


def _refuse_overtaken(result: Result) -> None:
    for host in result.hosts:
        if host.overtaken:
            raise Overtaken(host.note, where=host.host, remedy="deployer status")


def _incomplete(result: Result, hosts: tuple[str, ...]) -> StepFailed:
    done = {host.host for host in result.hosts if host.ok}
    return StepFailed(
        f"Ansible did not come to its end: {result.note or 'it gave no reason'}",
        where=", ".join(name for name in hosts if name not in done),
        remedy="deployer status",
        hosts=tuple(name for name in hosts if name not in done),
    )


def _host(host: HostResult) -> HostOutcome:
    return HostOutcome(host.host, host.ok, host.note, host.seconds)
