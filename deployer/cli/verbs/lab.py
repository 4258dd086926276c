"""Two data centres on this machine, to rehearse in"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli import say

if TYPE_CHECKING:
    from deployer.lab.layout import Balancing, Lab

named = click.argument("name", default="lab")
folder = click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where the lab lives.")


EXAMPLES = """\
deployer lab up
deployer lab up --prometheus                # with somebody a gate can ask
deployer lab up edges --edge nginx
deployer lab load --seconds 60
deployer lab down
"""


@click.group("lab")
def command() -> None:
    """Two data centres on this machine with real parts: haproxy, nginx, sshd and a small service."""


@command.command("up")
@named
@folder
@click.option("--hosts", default=4, show_default=True, help="Hosts per site.")
@click.option(
    "--balancer",
    default="haproxy",
    show_default=True,
    type=click.Choice(["haproxy", "nginx"]),
    help="What stands before the hosts of a site.",
)
@click.option(
    "--edge",
    default="haproxy",
    show_default=True,
    type=click.Choice(["haproxy", "nginx"]),
    help="What stands before the sites.",
)
@click.option("--prometheus", is_flag=True, help="With a Prometheus that scrapes hosts and balancers, for the gate.")
def up(name: str, folder: Path | None, hosts: int, balancer: Balancing, edge: Balancing, *, prometheus: bool) -> None:
    """Bring the lab up; one that is up and well is left as it is."""
    from deployer.lab import lifecycle

    lab = lifecycle.up(name, hosts, folder=folder, balancing=balancer, edging=edge, prometheus=prometheus)
    say.story(f"lab {lab.name} is up: {lab.url}, {len(lab.hosts)} hosts, {len(lab.balancers)} balancers")
    say.story(f"next  deployer plan 1.1.0 -i {lab.inventory}")
    say.result(f"{lab.inventory}\n")


@command.command("down")
@named
@folder
def down(name: str, folder: Path | None) -> None:
    """Nothing of the lab is left, also after a crash."""
    from deployer.lab import lifecycle

    ended = lifecycle.down(name, folder=folder)
    say.story(f"lab {name} is down, {ended} processes were ended")


@command.command("status")
@named
@folder
def status(name: str, folder: Path | None) -> int:
    """Which machines of the lab answer; exits with 6 when not all do."""
    from deployer.lab import lifecycle

    now = lifecycle.status(name, folder=folder)
    if now.lab is None:
        say.story(f"there is no lab {name}; deployer lab up {name}")
        return 6
    say.result(f"lab {name} at {now.lab.url}, {now.folder}\n")
    for part in now.parts:
        shown = f"ssh {'answers' if part.ssh else 'SILENT'}, service {'answers' if part.service else 'SILENT'}"
        say.result(f"  {part.name:<12} {part.address:<14} {shown}\n")
    if now.rebooted:
        say.story(f"the machine was rebooted since: deployer lab up {name}")
    return 0 if now.well else 6


@command.command("release")
@click.argument("version")
@named
@folder
@click.option(
    "--flaw", default=None, metavar="KIND", help="crash, unhealthy, wrong-version, slow-start, errors, slow …"
)
def release(version: str, name: str, folder: Path | None, flaw: str | None) -> None:
    """Make a release of the lab's service, a good one or a deliberately bad one."""
    from typing import cast

    from deployer.lab import releases

    path = releases.release(_lab(name, folder).artifacts, version, cast("releases.Flaw | None", flaw))
    say.result(f"{path}\n")


@command.command("load")
@named
@folder
@click.option("--rate", default=200.0, show_default=True, help="Requests per second.")
@click.option("--seconds", default=10.0, show_default=True, help="How long.")
def load(name: str, folder: Path | None, rate: float, seconds: float) -> int:
    """Put load on the lab and count every failure; exits with 6 when a request failed."""
    import json

    from deployer.lab.load import control

    seen = control.wait(control.start(_lab(name, folder), rate=rate, seconds=seconds))
    say.story(f"{seen.requests} requests, {seen.failed} failed, {seen.mixed_pages} mixed pages")
    say.result(json.dumps(dict(seen.all), indent=2) + "\n")
    return 6 if seen.failed else 0


@command.command("demo")
@click.argument("name", default="demo")
@folder
@click.option("--hosts", default=4, show_default=True, help="Hosts per site.")
@click.option("--rate", default=200.0, show_default=True, help="Requests per second.")
def demo(name: str, folder: Path | None, hosts: int, rate: float) -> int:
    """A fresh lab, load on it, a release rolled over both sites, the next one as a canary, and the sum of it."""
    from deployer.lab import demo as demonstration

    shown = demonstration.run(name, hosts_per_site=hosts, rate=rate, folder=folder, say=say.story)
    return 0 if shown.well else 6


def _lab(name: str, folder: Path | None) -> Lab:
    from deployer.errors import UsageError
    from deployer.lab import layout

    lab = layout.load(layout.folder_of(name, folder))
    if lab is None:
        raise UsageError(f"there is no lab {name}", remedy=f"deployer lab up {name}")
    return lab
