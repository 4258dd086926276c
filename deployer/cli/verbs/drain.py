"""Take hosts out of the pool by hand"""

from __future__ import annotations

import click

from deployer.cli import options
from deployer.cli.options import Ground, Papers

EXAMPLES = """\
deployer drain dc1-web3 -i inventories/prod --reason 'disk swap'
"""


@click.command("drain")
@click.argument("hosts", nargs=-1, required=True)
@options.ground
@click.option("--min-in-service", default="", metavar="N|N%", help="Hosts that always serve, per site.")
@options.reason
@options.check
@options.yes
@options.as_json
@options.papers
@options.verbose
def command(
    *,
    hosts: tuple[str, ...],
    ground: Ground,
    min_in_service: str,
    reason: str,
    papers: Papers,
    verbose: int,
    check: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Take HOSTS out of the pool: no balancer sends them requests, and nothing is in flight on them any more.

    The floor of hosts in service holds here as well.
    """
    from deployer.cli.by_hand import ByHand, act
    from deployer.cli.walking import Showing
    from deployer.strategies.by_hand import drain

    what = ByHand("drain", drain, hosts, min_in_service, reason, check, yes)
    return act(ground, what, Showing(papers, as_json, verbose))
