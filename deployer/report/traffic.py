"""Who gets which share: what is set, what was measured, what is wrong with it"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.model import Split
from deployer.report import words


@dataclass(frozen=True, slots=True)
class Shown:
    """One balancer, or a node of the edge: its split, requests per release or site while it was watched, and users of
    the last minute.
    """

    site: str
    balancer: str
    split: Split | None
    requests: tuple[tuple[str, int], ...] = ()
    silent: str = ""
    users: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ShownName:
    """The name behind the edge: what each of its servers says, and sentences on those that lag."""

    name: str
    servers: tuple[tuple[str, Split | None, str], ...]
    lag: tuple[str, ...] = ()


def drift(shown: Sequence[Shown], wanted: Mapping[str, Split]) -> tuple[str, ...]:
    """Where balancers disagree with each other, or with what the journal says was set last."""
    found = []
    for one in shown:
        if one.silent:
            found.append(f"{one.balancer} does not answer: {one.silent}")
        elif one.site in wanted and _drifted(one.split, wanted[one.site]):
            found.append(f"{one.balancer} has {one.split or 'no split'}; the journal says {wanted[one.site]}")
    for site in dict.fromkeys(one.site for one in shown):
        splits = {str(one.split or "no split") for one in shown if one.site == site and not one.silent}
        if len(splits) > 1:
            nodes = "the edge nodes" if site == "edge" else f"{site}'s balancers"
            found.append(f"{nodes} disagree: {'; '.join(sorted(splits))}")
    return tuple(found)


def _drifted(split: Split | None, wanted: Split) -> bool:
    """A pool that never had maps has no split, and is no drift while all users are to be on one release."""
    if split is None:
        return sum(share > 0 for _, share in wanted.shares) > 1
    return not split.alike(wanted)


def text(shown: Sequence[Shown], wrong: Sequence[str], dns: ShownName | None = None, edge: Split | None = None) -> str:
    """`edge` where its nodes are not among those `shown`."""
    drifted = (f"drift  {words.one_line(line)}" for line in wrong)
    front = (f"edge  {edge}",) if edge else ()
    return "\n".join((*front, *_names(dns), *_lines(shown), *drifted)) + "\n"


def _names(dns: ShownName | None) -> Iterator[str]:
    if dns:
        yield f"dns   {dns.name}"
        width = max(len(server) for server, _, _ in dns.servers)
        for server, split, wrong in dns.servers:
            yield f"  {server:<{width}}  {(wrong and words.one_line(wrong)) or f'says {split}'}"


def _lines(shown: Sequence[Shown]) -> Iterator[str]:
    width = max((len(one.balancer) for one in shown), default=0)
    site = ""
    for one in shown:
        if one.site != site:
            site = one.site
            yield site
        said = f"silent: {words.one_line(one.silent)}" if one.silent else f"set {one.split or 'no split'}"
        yield f"  {one.balancer:<{width}}  {said}{_measured(one)}"
        if one.users:
            yield f"  {'':<{width}}  {_people(one.users)}"


def _measured(one: Shown) -> str:
    whole = sum(number for _, number in one.requests)
    if not whole:
        return "" if one.silent else "; no requests measured"
    return f"; measured {_parts(one.requests)} of {whole:,} requests"


def _people(users: Sequence[tuple[str, int]]) -> str:
    whole = sum(number for _, number in users)
    return f"of about {whole:,} users of the last minute {_parts(users)}" if whole else "no users in the last minute"


def _parts(counted: Sequence[tuple[str, int]]) -> str:
    whole = sum(number for _, number in counted)
    return ", ".join(f"{release} {100 * number / whole:.2f} %" for release, number in counted)


def measured(site: str, split: Split, requests: Mapping[str, int], users: Mapping[str, int]) -> str:
    """One line for a run under way: what is set and measured for the release named last, the new one."""
    release, share = split.shares[-1]
    whole, people = sum(requests.values()), sum(users.values())
    said = [f"{100 * requests.get(release, 0) / whole:.2f} % of {whole:,} requests"] if whole else []
    if people:
        said.append(f"{100 * users.get(release, 0) / people:.2f} % of about {people:,} users of the last minute")
    return f"{site}: {release} set {share / 100:g} %, measured {' and '.join(said) or 'nothing yet'}"


def name_json(dns: ShownName | None) -> dict[str, object] | None:
    if dns is None:
        return None
    servers = [{"server": server, "split": shares(split), "wrong": wrong} for server, split, wrong in dns.servers]
    return {"name": dns.name, "servers": servers, "lag": list(dns.lag)}


def shares(split: Split | None) -> dict[str, float] | None:
    """Percent by name."""
    return {name: share / 100 for name, share in split.shares} if split else None
