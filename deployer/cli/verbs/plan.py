"""Show what a deployment would do, step by step"""

from __future__ import annotations

from pathlib import Path

import click

from deployer.cli import completing, options, say
from deployer.cli.options import Ground

EXAMPLES = """\
deployer plan 1.2.0 -i inventories/prod
deployer plan 1.2.0 -o prod.plan -i inventories/prod
"""


@click.command("plan")
@click.argument("version", shell_complete=completing.versions)
@options.ground
@options.limit
@options.wishes
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Keep the plan in this file.")
@options.as_json
def command(
    *, version: str, ground: Ground, limit: str, asked: options.Asked, output: Path | None, as_json: bool
) -> None:
    """Show what `deploy VERSION` would do, step by step. Changes nothing.

    With -o the plan is kept; `deployer deploy FILE` carries it out while the world is still as it was.
    """
    from deployer.cli import saved_plan
    from deployer.cli.drawing import draw
    from deployer.cli.freezing import frozen, warn
    from deployer.cli.workplace import workplace
    from deployer.preflight import weaker
    from deployer.report.json import dumps, plan_json
    from deployer.report.runbook import runbook

    with workplace(ground, read_only=True) as work:
        release = work.release(version, asked.sha256, irreversible=asked.irreversible)
        picture = work.world.eyes.look()
        plan = draw(work, release, limit, asked, picture)
        foretold, bakes = work.forecast(plan, picture), work.bakes(plan, picture)
        held = frozen(work.books, work.settings.rules)
        if output is not None:
            saved_plan.save(output, str(ground.inventory), plan, picture, work.world.clock.now())
            say.story(f"kept in {output}; carry it out with: deployer deploy {_path(output)} -i {ground.inventory}")
    told = {**plan_json(plan, picture, foretold), "bakes": {str(n): list(lines) for n, lines in bakes.lines.items()}}
    say.result(dumps(told) if as_json else runbook(plan, picture, foretold, bakes.lines))
    for warning in bakes.warnings:
        say.story(f"note  {warning}")
    warn(held)
    for finding in weaker(plan, work.estate):
        say.story(f"note  {finding}")


def _path(output: Path) -> str:
    from deployer.cli.saved_plan import is_file

    return str(output) if is_file(str(output)) else f"./{output}"
