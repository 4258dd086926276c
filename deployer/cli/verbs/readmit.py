"""Put drained hosts back into the pool"""

from __future__ import annotations

import click

from deployer.cli import completing, options
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer readmit dc1-web3 -i inventories/prod
"""


@click.command("readmit")
@click.argument("hosts", nargs=-1, required=True, shell_complete=completing.hosts)
@options.ground
@click.option("--min-in-service", default="", metavar="N|N%", help="Hosts that always serve, per site.")
@options.planning
def command(
    *,
    hosts: tuple[str, ...],
    ground: Ground,
    min_in_service: str,
    acting: Acting,
) -> int:
    """Put HOSTS back into the pool, each verified with the release it runs."""
    from deployer.cli.by_hand import ByHand, act
    from deployer.strategies.by_hand import readmit

    return act(ground, ByHand("readmit", readmit, hosts, min_in_service), acting)
