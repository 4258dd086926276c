"""Restart every host on the release it runs, in waves"""

from __future__ import annotations

import click

from deployer.cli import options
from deployer.cli.options import Acting, Asked, Ground, Override

EXAMPLES = """\
deployer restart -i inventories/prod
deployer restart -e workers=8 --wave 1 -i inventories/prod
"""


@click.command("restart")
@options.ground
@options.limit
@click.option("--wave", default="", metavar="N|N%", help="Hosts that go out together, per site.")
@click.option("--min-in-service", default="", metavar="N|N%", help="Hosts that always serve, per site.")
@options.exclude
@options.planning
@options.overriding
def command(
    *,
    ground: Ground,
    limit: str,
    wave: str,
    min_in_service: str,
    exclude: tuple[str, ...],
    acting: Acting,
    override: Override,
) -> int:
    """Restart every host that serves, in waves: out of the pool, restarted, verified, back.

    A new configuration goes the same way: -e reaches the deploy playbook.
    """
    from deployer.cli.restarting import restart

    asked = Asked(wave=wave, min_in_service=min_in_service, exclude=exclude)
    return restart(ground, limit, asked, acting, override)
