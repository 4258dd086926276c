"""Whether a site may be emptied, and what it means where it was not: values in, words out"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployer.edge.seen import Seen
from deployer.errors import DeployerError, Refused, UsageError
from deployer.evacuation.card import Card
from deployer.model import WHOLE, Split

ALL = 100
"""The weight of a site that everybody is sent to."""


class NobodyLeft(Refused):
    """All other sites get nothing already: somebody is emptying those, or has."""


def known(card: Card, site: str) -> None:
    """Raises UsageError, Refused: this is no site that can be emptied."""
    if site not in card.sites:
        raise UsageError(f"no site {site!r}; known: {', '.join(card.sites)}", remedy="deployer evacuate SITE")
    if len(card.sites) == 1:
        raise Refused(f"{site} is the only site: its users would go nowhere", where=card.service)
    if not card.edges:
        raise Refused(
            "there is no edge, so users cannot be led elsewhere",
            where=card.service,
            remedy="name its inventory group: edge.group in deployer.yml",
        )


def raising(seen: Seen, site: str, *, emergency: bool) -> int:
    """The weight that the other sites must be given first on this node, 0 for none.

    Raises:
        NobodyLeft: they get nothing, or none of them is up.
        Refused: the node knows no server of the site.
    """
    if seen.of(site) is None:
        there = ", ".join(one.site for one in seen.sites) or "none"
        raise Refused(f"no server of {site} in its backend; sites there: {there}", where=seen.node)
    others = [one for one in seen.sites if one.site != site]
    names = ", ".join(one.site for one in others) or "no other site"
    if not any(one.up for one in others):
        raise NobodyLeft(
            f"{names} is down as {seen.node} sees it: nobody would be served",
            where=seen.node,
            remedy="deployer traffic, deployer status --live",
        )
    if any(one.weight and one.up for one in others):
        return 0
    if emergency and not any(one.maint for one in others):
        return ALL
    raise NobodyLeft(
        f"{names} gets no users either (set by {seen.last.split()[-1]}): never both at 0",
        where=seen.node,
        remedy=f"deployer restore {others[0].site} first; or --emergency, which sends everybody there",
    )


def split(seen: Sequence[Seen]) -> Split | None:
    """The shares as most nodes have them."""
    found = [one.shares for one in seen if one.shares]
    return Split(max(found, key=found.count)) if found else None


def without(before: Split, site: str) -> Split:
    """The same users with nobody at the site; the others keep their proportions."""
    rest = [(name, share) for name, share in before.shares if name != site]
    whole = sum(share for _, share in rest)
    shares = [share * WHOLE // whole if whole else WHOLE // len(rest) for _, share in rest]
    shares[0] += WHOLE - sum(shares)
    left = {name: share for (name, _), share in zip(rest, shares, strict=True)}
    return Split(tuple((name, left.get(name, 0)) for name, _ in before.shares))


def effect(site: str, before: Split | None, missing: Mapping[str, DeployerError], nodes: int) -> str:
    """What the nodes that were not changed can still do, at most."""
    through = len(missing) / nodes
    share = before.of(site) / WHOLE if before else 1.0
    serve = "serves" if len(missing) == 1 else "serve"
    return (
        f"if {', '.join(missing)} still {serve} users, up to {through:.0%} of them come through there "
        f"({len(missing)} of {nodes} edge nodes), and {share:.0%} still go to {site}: {through * share:.1%} of all"
    )
