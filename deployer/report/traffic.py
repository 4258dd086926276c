"""Who gets which share: what is set, what was measured, what is wrong with it"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.model import Split
from deployer.report import words


@dataclass(frozen=True, slots=True)
class Shown:
    """One balancer: its split, and requests per release while it was watched."""

    site: str
    balancer: str
    split: Split | None
    requests: tuple[tuple[str, int], ...] = ()
    silent: str = ""


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
            found.append(f"{site}'s balancers disagree: {'; '.join(sorted(splits))}")
    return tuple(found)


def text(shown: Sequence[Shown], edge: Split | None, wrong: Sequence[str]) -> str:
    return "\n".join((*_lines(shown, edge), *(f"drift  {words.one_line(line)}" for line in wrong))) + "\n"


def _lines(shown: Sequence[Shown], edge: Split | None) -> Iterator[str]:
    if edge:
        yield f"edge  {edge}"
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
