"""Write a commented deployer.yml beside your inventory, or a whole one to start from"""

from __future__ import annotations

from pathlib import Path

import click

from deployer.cli import say

EXAMPLES = """\
deployer init inventories/prod --service shop       # beside the hosts that are there, or with some to start from
"""


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--service", default="shop", show_default=True, help="The name of the service.")
def command(*, directory: Path, service: str) -> None:
    """Write deployer.yml into DIRECTORY, every setting with its caption and default.

    Into an empty one, or one that is not there, also a hosts.yml and group_vars/all.yml to start from. An inventory
    that is there stays as it is.
    """
    from deployer.starter import write

    for path in write(directory, service):
        say.result(f"{path}\n")
    say.story(f"next  edit what was written, then: deployer doctor -i {directory}")
