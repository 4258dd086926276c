"""Who gets which share: what is set, what was measured, what is wrong with it"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.model import Split
from deployer.report import words


@dataclass(frozen=True, slots=True)
class Shown:
    """One balancer, or a node of the edge: its split, and requests per release or site while it was watched."""

    site: str
    balancer: str
    split: Split | None
    requests: tuple[tuple[str, int], ...] = ()
    silent: str = ""


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
        elif one.site in wanted and one.split is not None and not one.split.alike(wanted[one.site]):
            found.append(f"{one.balancer} has {one.split}; the journal says {wanted[one.site]}")
    for site in dict.fromkeys(one.site for one in shown):
        splits = {str(one.split or "no split") for one in shown if one.site == site and not one.silent}
        if len(splits) > 1:
            nodes = "the edge nodes" if site == "edge" else f"{site}'s balancers"
            found.append(f"{nodes} disagree: {'; '.join(sorted(splits))}")
    return tuple(found)


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


def _measured(one: Shown) -> str:
    whole = sum(number for _, number in one.requests)
    if not whole:
        return "" if one.silent else "; no requests measured"
    shares = ", ".join(f"{release} {100 * number / whole:.2f} %" for release, number in one.requests)
    return f"; measured {shares} of {whole} requests"


def name_json(dns: ShownName | None) -> dict[str, object] | None:
    if dns is None:
        return None
    servers = [{"server": server, "split": shares(split), "wrong": wrong} for server, split, wrong in dns.servers]
    return {"name": dns.name, "servers": servers, "lag": list(dns.lag)}


def shares(split: Split | None) -> dict[str, float] | None:
    """Percent by name."""
    return {name: share / 100 for name, share in split.shares} if split else None
