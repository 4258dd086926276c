"""Bring DNS to what the edge has"""

from __future__ import annotations

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

EXAMPLES = """\
deployer dns -i inventories/prod              # after an evacuation that said: DNS pending
deployer dns --within 1h -i inventories/prod
deployer dns --check -i inventories/prod      # 8 when DNS lags behind the edge; changes nothing
"""


@click.command("dns")
@options.ground
@click.option(
    "--within", default=None, type=options.Duration(), help="Keep trying so long, such as 10m; else dns.within."
)
@click.option("--check", is_flag=True, help="Only look: exit with 8 when DNS lags behind the edge.")
@options.as_json
def command(*, ground: Ground, within: float | None, check: bool, as_json: bool) -> int:
    """Bring the name that users ask for to what the edge has, on every authoritative server.

    Each change of the edge does this by itself; this is for when it said that DNS is pending. The edge is not touched.
    """
    from deployer.cli.named import shown_name
    from deployer.cli.workplace import workplace
    from deployer.errors import StepFailed, UsageError
    from deployer.report import traffic
    from deployer.report.json import dumps

    with workplace(ground, read_only=True) as work:
        dns = work.traffic.dns
        if dns is None:
            raise UsageError("deployer.yml has no dns", remedy="docs/failover.md says how to give it")
        edge = work.traffic.edge()
        if edge is None:
            raise StepFailed("the edge's nodes are silent or disagree: nothing to follow", remedy="deployer traffic")
        if not check:
            dns.until_there(edge, dns.place.within if within is None else within, say.story)
        shown = shown_name(dns, edge)
    if as_json:
        say.result(dumps({"edge": traffic.shares(edge), "dns": traffic.name_json(shown)}))
    else:
        say.result(traffic.text((), shown.lag if shown else (), shown, edge))
    return 0 if not (shown and shown.lag) else 8 if check else 6
