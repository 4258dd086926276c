"""Look at everything a deployment needs, before the first one"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

if TYPE_CHECKING:
    from deployer.cli.workplace import Workplace
    from deployer.doctor import Line, Patient


EXAMPLES = """\
deployer doctor -i inventories/prod
deployer doctor --trust -i inventories/prod         # host keys, shown first
"""


@click.command("doctor")
@options.ground
@click.option("--trust", is_flag=True, help="First show the machines' SSH host keys, and trust them if you agree.")
@options.yes
@options.as_json
def command(*, ground: Ground, trust: bool, yes: bool, as_json: bool) -> int:
    """Look at settings, inventory, journal, artifacts, machines, balancers and services. Changes nothing.

    Exits with 3 when something would stop a deployment.
    """
    from deployer.cli.workplace import workplace
    from deployer.doctor import Mark, examine, worst
    from deployer.report.json import dumps

    with workplace(ground, read_only=True) as work:
        if trust:
            _trust(work, yes=yes)
        lines = []
        for line in examine(_patient(work)):
            lines.append(line)
            (say.story if as_json else _result)(_shown(line))
    if as_json:
        found = [{"mark": one.mark.value, "about": one.about, "found": one.found, "next": one.remedy} for one in lines]
        say.result(dumps(found))
    return 3 if worst(lines) is Mark.BAD else 0


def _patient(work: Workplace) -> Patient:
    from deployer.doctor import Patient
    from deployer.gates.sources import source
    from deployer.inventory.reading import facts
    from deployer.settings.place import settings_file
    from deployer.store import open_store

    ground, world, gate = work.ground, work.world, work.settings.gate
    return Patient(
        place=settings_file(ground.inventory),
        settings=work.settings,
        estate=work.estate,
        shell=work.ssh,
        traffic=world.traffic,
        probe=world.probe,
        now=world.clock.now,
        open_journal=lambda: open_store(work.settings.state).close(),
        warnings=facts(ground.inventory, work.settings, ground.asking, secrets=False).warnings,
        source=source(gate.source, work.estate, work.ssh) if gate else None,
    )


def _shown(line: Line) -> str:
    from deployer.report import words

    then = f"\n      next: {words.one_line(line.remedy)}" if line.remedy else ""
    return f"{line.mark.value:<4}  {words.one_line(line.about)}: {words.one_line(line.found)}{then}"


def _result(text: str) -> None:
    say.result(f"{text}\n")


def _trust(work: Workplace, *, yes: bool) -> None:
    from deployer import trust
    from deployer.cli.confirm import confirm

    new = [machine for machine in trust.shown(work.estate.logins()) if not machine.known]
    for machine in new:
        say.story(
            f"{machine.machine}: {machine.fingerprint or machine.complaint}{' CHANGED' if machine.changed else ''}"
        )
    if not new:
        say.story("every host key is trusted already")
        return
    confirm("trust these host keys", work.ground.name, yes=yes)
    for file, count in trust.trust(new).items():
        say.story(f"{count} lines were written to {file}")
