"""Say who learns what of a run, and try whether it arrives"""

from __future__ import annotations

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

EXAMPLES = """\
deployer notices -i inventories/prod                # who learns what, and whether their secrets are there
deployer notices --test -i inventories/prod         # each gets a message that says it is a test
"""


@click.command("notices")
@options.ground
@click.option("--test", is_flag=True, help="Send each of them a message that says it is a test.")
@options.as_json
def command(*, ground: Ground, test: bool, as_json: bool) -> int:
    """Say who learns what of a run by `notices` in deployer.yml. Exits with 3 when somebody would not.

    A run is never held up, nor hurt, by a receiver that fails or hangs.
    """
    from deployer.cli.noticing import tried
    from deployer.notices.examined import found
    from deployer.notices.receivers import wanted
    from deployer.report import words
    from deployer.report.json import dumps
    from deployer.settings.file import read
    from deployer.settings.place import settings_file

    settings = read(settings_file(ground.inventory))
    told = tuple(tried(settings.service, ground, settings.notices) if test else found(settings.notices))
    if as_json:
        rows = [{"name": one.called, "kind": one.kind, "on": sorted(wanted(one)), "wrong": why} for one, why in told]
        say.result(dumps(list(rows)))
    else:
        lines = []
        for one, why in told:
            well = "sent" if test else ", ".join(sorted(wanted(one)))
            lines.append(f"{one.called:<14} {words.one_line(why or well)}")
        say.result("".join(f"{line}\n" for line in lines) or "nobody: no notices in deployer.yml\n")
    return 3 if any(why for _, why in told) else 0
