"""Take hosts out of the pool by hand"""

from __future__ import annotations

import click

from deployer.cli import completing, options
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer drain dc1-web3 -i inventories/prod --reason 'disk swap'
"""


@click.command("drain")
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
    """Take HOSTS out of the pool: no balancer sends them requests, and nothing is in flight on them any more.

    The floor of hosts in service holds here as well.
    """
    from deployer.cli.by_hand import ByHand, act
    from deployer.strategies.by_hand import drain

    return act(ground, ByHand("drain", drain, hosts, min_in_service), acting)
