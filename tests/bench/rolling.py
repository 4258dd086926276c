"""Rolling twenty hosts in waves of five, against bare Ansible and parallel ssh; and how long each host was away"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from deployer.lab.layout import Lab
from deployer.lab.load import control
from deployer.lab.load.control import Seen
from tests.bench import account, ground
from tests.bench.figure import SECONDS, Figure, ratio
from tests.bench.rounds import interleaved, process

BARE = Path(__file__).parent / "bare"
OURS, ANSIBLE, FLOOR = "deployer deploy", "ansible-playbook, serial 5", "parallel ssh scripts"
ROUNDS, WAVE, LOAD = 3, 5, 100.0
CHECK_INTERVAL = 0.5
"""Seconds between two health checks of the lab's balancers (balancer_inter)."""


def measure(rounds: int | None) -> tuple[Figure, ...]:
    """All contenders roll the same lab under the same light load, and each leaves it well."""
    with ground.lab() as lab, _load(lab):
        race = Race(lab)
        times = interleaved(race.contenders(), rounds or ROUNDS)
    return _figures(times, race)


def away(rounds: int | None) -> tuple[Figure, ...]:
    """How long each host was away: deployer alone, on a lab of eight hosts that go one by one."""
    with ground.lab(4) as lab:
        race = Race(lab)
        with _load(lab) as seen:
            interleaved({OURS: race.contenders()[OURS]}, rounds or 2)
        restart = median(ground.restart_seconds(lab, 1))
    (found,) = seen
    return (_out_of_pool(race.away(OURS, found.all["out_of_pool"]), restart, found.failed),)


@contextmanager
def _load(lab: Lab) -> Iterator[list[Seen]]:
    """Users meanwhile; what they saw is in the list afterwards."""
    seen: list[Seen] = []
    load = control.start(lab, rate=LOAD, users=20, name="bench")
    try:
        yield seen
    finally:
        seen.append(control.stop(load))


def _figures(times: Mapping[str, Sequence[float]], race: Race) -> tuple[Figure, ...]:
    against_ansible = ratio("rolling", OURS, ANSIBLE, times, 0.35)
    against_floor = ratio("rolling", OURS, FLOOR, times, 3.0)
    medians = ", ".join(f"{name} {median(found):.1f} s" for name, found in times.items())
    cpu = ", ".join(f"{name} {median(found):.1f} s" for name, found in race.cpu.items())
    notes = (
        f"medians: {medians}",
        f"CPU time on the controller: {cpu}",
        f"deployer's own account: {account.told(race.accounts)}",
    )
    return against_ansible, _with_notes(against_floor, notes)


def _used() -> float:
    """CPU seconds of all our children that have ended, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _with_notes(figure: Figure, notes: tuple[str, ...]) -> Figure:
    return replace(figure, notes=notes)


def _out_of_pool(away: Sequence[float], restart: float, failed: int) -> Figure:
    """What a host was away beyond what cannot be helped: the restart, one check until it is out, one until it is in."""
    needed = restart + 2 * CHECK_INTERVAL
    extra = [seconds - needed for seconds in away]
    notes = (
        f"a restart by itself {restart:.2f} s + two checks of {CHECK_INTERVAL} s; healthy for 1 s is part of the rest",
        f"median time away {median(away):.2f} s; requests failed in all runs together: {failed}",
    )
    work = f"median of {len(extra)} times away"
    raw = ((OURS, tuple(away)),)
    return Figure(
        "out-of-pool", work, "restart + 2 checks", median(extra), min(extra), max(extra), SECONDS, 1.5, raw, notes
    )


@dataclass(slots=True)
class Race:
    """The contenders over one lab: to and fro between two releases."""

    lab: Lab
    accounts: list[account.Account] = field(default_factory=list)
    spans: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def contenders(self) -> dict[str, Callable[[], float]]:
        return {
            OURS: lambda: self._roll(OURS, self._deployer),
            ANSIBLE: lambda: self._roll(ANSIBLE, self._ansible),
            FLOOR: lambda: self._roll(FLOOR, self._floor),
        }

    def away(self, name: str, out_of_pool: object) -> tuple[float, ...]:
        """How long hosts were out of the pool while this contender rolled (seconds)."""
        assert isinstance(out_of_pool, dict)
        return tuple(
            end - begin
            for spans in out_of_pool.values()
            for begin, end in spans
            if any(first <= begin <= last for first, last in self.spans.get(name, ()))
        )

    def _roll(self, name: str, how: Callable[[str], float]) -> float:
        version = ground.NEW if ground.version_of(self.lab.hosts[0]) == ground.OLD else ground.OLD
        ground.forget(self.lab, version)
        began, used = time.time(), _used()
        took = how(version)
        self.cpu.setdefault(name, []).append(_used() - used)
        self.spans.setdefault(name, []).append((began, time.time()))
        if name == OURS:
            self.accounts.append(account.last(self.lab.folder / "state.db", "shop", began, began + took))
        ground.stands(self.lab, version)
        return took

    def _deployer(self, version: str) -> float:
        words = [sys.executable, "-m", "deployer", "deploy", version, "-i", str(self.lab.inventory), "--yes"]
        return process(words, log=self._log("deployer"), environment={**os.environ, "CI": "1"})

    def _ansible(self, version: str) -> float:
        artifact, digest = self._artifact(version)
        words = ["ansible-playbook", "-i", str(self.lab.inventory / "hosts.yml"), str(BARE / "rolling.yml")]
        words += ["-e", f"version={version}", "-e", f"artifact={artifact}", "-e", f"sha256={digest}"]
        words[0] = str(Path(sys.executable).with_name(words[0]))
        environment = {
            **os.environ,
            "ANSIBLE_CONFIG": str(BARE / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.lab.folder / "ansible"),
        }
        return process(words, log=self._log("ansible"), environment=environment)

    def _floor(self, version: str) -> float:
        artifact, digest = self._artifact(version)
        config = ground.ssh_config(self.lab, self.lab.folder)
        hosts = config.with_name("hosts")
        hosts.write_text(ground.host_lines(self.lab))
        try:
            words = [str(BARE / "rolling.sh"), version, str(artifact), digest, str(config), str(hosts)]
            return process(words, log=self._log("floor"))
        finally:
            ground.disconnect(self.lab, config)

    def _artifact(self, version: str) -> tuple[Path, str]:
        path = self.lab.artifacts / f"shop-{version}.tar.gz"
        return path, hashlib.sha256(path.read_bytes()).hexdigest()

    def _log(self, name: str) -> Path:
        return self.lab.folder / f"bench-{name}.log"
