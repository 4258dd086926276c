"""Print what a run did, a line each; with --follow also what it does"""

from __future__ import annotations

import math

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Ground

EXAMPLES = """\
deployer logs -i inventories/prod
deployer logs -f -i inventories/prod                # from any terminal, until the run ends
"""


@click.command("logs")
@click.argument("run", default="", shell_complete=completing.runs)
@options.ground
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, until the run ends.")
def command(*, run: str, ground: Ground, follow: bool) -> None:
    """Print what RUN did, a line each (the last one when none is named; the beginning of its name is enough)."""
    from deployer.cli.attending import attend
    from deployer.cli.books import books
    from deployer.clock import WallClock
    from deployer.report.plain import PlainStory

    with books(ground) as book:
        named = book.run(run)
        told = PlainStory(lambda line: say.result(f"{line}\n"), WallClock())
        if follow:
            attend(book, named, told, WallClock(), math.inf)
            return
        for record in book.records(named):
            told.listen(record)
