"""Lead users back to a site that was evacuated, step by step"""

from __future__ import annotations

import click

from deployer.cli import completing, options
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer restore dc2 -i inventories/prod
deployer restore dc2 --check -i inventories/prod        # only show the steps
"""


@click.command("restore")
@click.argument("site", shell_complete=completing.sites)
@options.ground
@options.emergency
@options.planning
def command(
    *,
    site: str,
    ground: Ground,
    emergency: bool,
    acting: Acting,
) -> int:
    """Give SITE its users back along restore.steps of deployer.yml, compared with the other sites at each step.

    It must run what the others run. When it does worse all its users leave again.
    """
    from deployer.cli.sharing import Sharing, restoring, share

    asked = Sharing("restore", f"restore {site}", restoring(site), emergency)
    return share(ground, asked, acting)
