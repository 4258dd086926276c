"""Set the share of users a release or a site gets, by hand"""

from __future__ import annotations

import click

from deployer.cli import options
from deployer.cli.options import Acting, Ground

EXAMPLES = """\
deployer shift --release 1.2.0=5 -i inventories/prod
deployer shift dc1=70 dc2=30 -i inventories/prod
"""


@click.command("shift")
@click.argument("shares", nargs=-1, metavar="[SITE=PERCENT]...")
@click.option("--release", "wanted", default="", metavar="VERSION=PERCENT", help="Such as 1.2.0=5 or 1.2.0=0.1.")
@click.option("--site", "sites", multiple=True, help="Only here; else at every site.")
@options.ground
@options.emergency
@options.planning
def command(
    *,
    shares: tuple[str, ...],
    wanted: str,
    sites: tuple[str, ...],
    ground: Ground,
    emergency: bool,
    acting: Acting,
) -> int:
    """Give a release that the balancers know this share of the users, the other release the rest; or each site its
    share of all users, at the edge.

    The rules hold here too: a share needs hosts that can carry it.
    """
    from deployer.cli.sharing import Sharing, share, shifting
    from deployer.errors import UsageError

    if bool(shares) == bool(wanted):
        raise UsageError("either sites or --release", remedy="deployer shift dc1=70 dc2=30")
    if wanted:
        return _release(wanted, sites, ground, acting)
    given = dict(_parsed(one, "SITE=PERCENT", "deployer shift dc1=70 dc2=30") for one in shares)
    asked = Sharing("shift", f"shift {' '.join(shares)}", shifting(given), emergency)
    return share(ground, asked, acting)


def _release(wanted: str, sites: tuple[str, ...], ground: Ground, acting: Acting) -> int:
    from dataclasses import replace

    from deployer.cli import papers
    from deployer.cli.intent import Wishes, intent
    from deployer.cli.proposing import Proposal, propose_by_hand
    from deployer.cli.workplace import workplace
    from deployer.errors import UsageError
    from deployer.model import Release, Undo
    from deployer.strategies import by_hand

    version, share = _parsed(wanted, "VERSION=PERCENT", "deployer shift --release 1.2.0=5")
    papers.check(acting.papers)
    with workplace(ground) as work:
        work.books.refuse_while_held()
        unknown = [site for site in sites if site not in work.estate.sites]
        if unknown:
            raise UsageError(f"no site {unknown[0]!r}; known: {', '.join(work.estate.sites)}", where="--site")
        drawn = intent(work.settings, work.estate, Release(version), Wishes(strategy="shift"))
        drawn = replace(drawn, sites=sites or drawn.sites, undo=Undo.ALL)
        picture = work.world.eyes.look()
        plan = by_hand.shift(drawn, picture, share)
        question = f"give {version} {share / 100:g} % of the users at"
        proposal = Proposal(question, acting.reason or f"shift {wanted}", "the balancers have it so", acting)
        return propose_by_hand(work, plan, picture, proposal)


def _parsed(wanted: str, form: str, example: str) -> tuple[str, int]:
    """`1.2.0=0.1` as name and hundredths of a percent."""
    from decimal import Decimal, InvalidOperation

    from deployer.errors import UsageError
    from deployer.model import WHOLE

    version, _, percent = wanted.partition("=")
    try:
        share = Decimal(percent.removesuffix("%")) * 100
    except InvalidOperation:
        share = Decimal(-1)
    if not version or not 0 <= share <= WHOLE or share != int(share):
        raise UsageError(
            f"{wanted!r} is not {form} with 0 to 100 in steps of 0.01",
            remedy=example,
        )
    return version, int(share)
