"""The demonstration: one release rolls over both sites under load, the next one comes as a canary"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deployer.lab import lifecycle
from deployer.lab.layout import Lab
from deployer.lab.load import control

CALM = 2.0
"""Seconds of load before and after the deployment, so that the quiet state is in the numbers too."""

Command = Callable[[Lab], Sequence[str]]
"""The words of one act, made from the lab."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What demo.json says; `deployment` is the exit code of the command, `seconds` per phase."""

    requests: int
    failed: int
    mixed_pages: int
    lowest_in_service: Mapping[str, int]
    out_of_pool_seconds: Mapping[str, float]
    seconds: Mapping[str, float]
    failures: Mapping[str, int]
    deployment: int
    report: str

    @property
    def well(self) -> bool:
        return self.deployment == 0 and self.failed == 0 and self.mixed_pages == 0


def run(
    name: str = "demo",
    *,
    hosts_per_site: int = 4,
    rate: float = 200.0,
    folder: Path | None = None,
    acts: Mapping[str, Command] | None = None,
    say: Callable[[str], None] = print,
) -> Demo:
    """A fresh lab, load, the acts, the sum: written to demo.json in the lab's folder. The lab stays up.

    `acts` are commands by the name of their phase: "deploy" and "canary" when not given. A failed one is the last.
    """
    seconds: dict[str, float] = {}
    with _timed(seconds, "up"):
        lifecycle.down(name, folder=folder)
        lab = lifecycle.up(name, hosts_per_site, folder=folder)
    say(f"lab {lab.name}: 2 sites of {hosts_per_site} hosts and 2 balancers, 2 edge nodes: {lab.url} ({lab.folder})")
    report = lab.folder / "report"
    running = control.start(lab, rate=rate)
    try:
        say(f"load: {rate:.0f} requests/s, see {running.log}")
        with _timed(seconds, "before"):
            time.sleep(CALM)
        code = 0
        for phase, words in ((phase, command(lab)) for phase, command in (acts or ACTS).items()):
            say(f"\n$ {_typed(words)}")
            with _timed(seconds, phase):
                code = code or subprocess.run(words, check=False).returncode
            if code:
                break
        with _timed(seconds, "after"):
            time.sleep(CALM)
    finally:
        seen = control.stop(running)
    demo = summary(seen, seconds, code, report)
    write(lab, demo)
    say(_told(lab, demo))
    return demo


def summary(seen: control.Seen, seconds: Mapping[str, float], deployment: int, report: Path) -> Demo:
    return Demo(
        requests=seen.requests,
        failed=seen.failed,
        mixed_pages=seen.mixed_pages,
        lowest_in_service=seen.lowest_in_service,
        out_of_pool_seconds=dict(sorted(seen.out_of_pool_seconds.items())),
        seconds={**{phase: round(took, 2) for phase, took in seconds.items()}, "all": round(sum(seconds.values()), 2)},
        failures=seen.failures,
        deployment=deployment,
        report=str(report),
    )


def write(lab: Lab, demo: Demo) -> Path:
    path = lab.folder / "demo.json"
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(demo), indent=2) + "\n")
    new.replace(path)
    return path


def _deploy(phase: str, *words: str) -> Command:
    def typed(lab: Lab) -> Sequence[str]:
        deploy = [sys.executable, "-m", "deployer", "deploy", *words, "-i", str(lab.inventory), "--yes"]
        return [*deploy, "--report-dir", str(lab.folder / "report" / phase)]

    return typed


ACTS: Mapping[str, Command] = {
    "deploy": _deploy("deploy", "1.1.0"),
    "canary": _deploy("canary", "1.2.0", "--strategy", "canary"),
}


def _typed(words: Sequence[str]) -> str:
    """As an operator types it."""
    return " ".join(words).replace(f"{sys.executable} -m ", "")


def _told(lab: Lab, demo: Demo) -> str:
    failed = ", ".join(f"{count} {kind}" for kind, count in demo.failures.items())
    away = [f"  {host:<12} {seconds:6.2f} s" for host, seconds in demo.out_of_pool_seconds.items()]
    lowest = ", ".join(
        f"{site} {count} of {lab.hosts_per_site}" for site, count in sorted(demo.lowest_in_service.items())
    )
    lines = [
        "",
        f"deployment         {'done' if demo.deployment == 0 else f'exit code {demo.deployment}'}",
        f"requests           {demo.requests} sent, {demo.failed} failed{f' ({failed})' if failed else ''}",
        f"mixed pages        {demo.mixed_pages}",
        f"lowest in service  {lowest}",
        f"seconds            {', '.join(f'{phase} {took:.1f}' for phase, took in demo.seconds.items())}",
        f"report             {demo.report}",
        f"numbers            {lab.folder / 'demo.json'}",
        "out of pool        all acts together",
        *away,
        "",
        f"The lab is still up: {lab.url}. Take it down with: deployer lab down {lab.name}",
    ]
    return "\n".join(lines)


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    began = time.monotonic()
    try:
        yield
    finally:
        seconds[phase] = time.monotonic() - began
