"""Show who gets which share: set, measured, and drift"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from deployer.cli import options, say
from deployer.cli.options import Ground

if TYPE_CHECKING:
    from deployer.gates.bake import Counts
    from deployer.model import Split
    from deployer.report.traffic import Shown


EXAMPLES = """\
deployer traffic -i inventories/prod
deployer traffic --check -i inventories/prod        # for cron: 8 when the split drifted
deployer traffic render -i inventories/prod
"""


@click.command("traffic")
@click.argument("render", metavar="[render]", required=False, type=click.Choice(["render"]))
@options.ground
@click.option("--seconds", default=2.0, show_default=True, type=click.FloatRange(0, 3600), help="Watch so long.")
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 8 when balancers disagree or differ from the journal, or DNS lags behind the edge.",
)
@options.as_json
def command(*, ground: Ground, render: str | None, seconds: float, check: bool, as_json: bool) -> int:
    """Show, at the edge and per balancer of each site, the split that is set, the one that is measured, and drift; what
    DNS servers say.

    `deployer traffic render` prints what to add to the configuration of balancers you have, and where. Asks nobody.
    """
    from deployer.cli.named import shown_name
    from deployer.cli.set_last import set_last
    from deployer.cli.workplace import workplace
    from deployer.report import traffic
    from deployer.report.json import dumps

    if render:
        return _render(ground, as_json=as_json)
    with workplace(ground) as work:
        sites = work.estate.sites
        shown = [
            traffic.Shown(one.site, one.balancer, one.split, _requests(one.sent), one.silent, one.users)
            for one in work.traffic.told(sites, seconds)
        ]
        edge = next((one.split for one in shown if one.site == "edge" and one.split), None)
        dns = shown_name(work.traffic.dns, edge)
        wrong = (*traffic.drift(shown, set_last(work.books, ("edge", *sites))), *(dns.lag if dns else ()))
    if as_json:
        say.result(dumps({**_plain(shown, edge, wrong), "dns": traffic.name_json(dns)}))
    else:
        say.result(traffic.text(shown, wrong, dns))
    return 8 if check and wrong else 0


def _render(ground: Ground, *, as_json: bool) -> int:
    from deployer.cli.workplace import workplace
    from deployer.report.json import dumps
    from deployer.traffic import render

    with workplace(ground, read_only=True) as work:
        found = list(render.blocks(work.settings, work.estate))
    if as_json:
        plain = [
            {"balancers": name, "add": [{"where": one.where, "text": one.text} for one in parts]}
            for name, parts in found
        ]
        say.result(dumps(plain))
    else:
        say.result(render.text(iter(found)))
    return 0


def _requests(sent: tuple[tuple[str, Counts], ...]) -> tuple[tuple[str, int], ...]:
    return tuple((release, count.requests) for release, count in sent)


def _plain(shown: Sequence[Shown], edge: Split | None, wrong: Sequence[str]) -> dict[str, object]:
    from deployer.report.traffic import shares

    plain = [
        {
            "site": one.site,
            "balancer": one.balancer,
            "split": shares(one.split),
            "requests": dict(one.requests),
            "users": dict(one.users),
            "silent": one.silent,
        }
        for one in shown
    ]
    return {
        "balancers": [one for one in plain if one["site"] != "edge"],
        "edge_nodes": [one for one in plain if one["site"] == "edge"],
        "edge": shares(edge),
        "drift": list(wrong),
    }
