"""Write a commented inventory to start from"""

from __future__ import annotations

from pathlib import Path

import click

from deployer.cli import say

EXAMPLES = """\
deployer init inventories/prod --service shop
"""


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--service", default="shop", show_default=True, help="The name of the service.")
def command(*, directory: Path, service: str) -> None:
    """Write hosts.yml, group_vars/all.yml and deployer.yml into DIRECTORY, every setting with its default."""
    from deployer.starter import write

    for path in write(directory, service):
        say.result(f"{path}\n")
    say.story(f"next  edit them, then: deployer doctor -i {directory}")
