"""Put drained hosts back into the pool"""

from __future__ import annotations

import click

from deployer.cli import options
from deployer.cli.options import Ground, Papers

EXAMPLES = """\
deployer readmit dc1-web3 -i inventories/prod
"""


@click.command("readmit")
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
    """Put HOSTS back into the pool, each verified with the release it runs."""
    from deployer.cli.by_hand import ByHand, act
    from deployer.cli.walking import Showing
    from deployer.strategies.by_hand import readmit

    what = ByHand("readmit", readmit, hosts, min_in_service, reason, check, yes)
    return act(ground, what, Showing(papers, as_json, verbose))
