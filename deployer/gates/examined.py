"""What doctor finds out about a gate: every source and query, tried as if some hosts were a canary"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deployer.gates.judge.config import Config
from deployer.gates.source import Found, Group, Question, Source
from deployer.machines import Estate


def examine(source: Source, config: Config, estate: Estate, running: Mapping[str, str], now: float) -> Iterator[Found]:
    """`running` is each host's release. At each site the first host is compared with the others."""
    known = source.knows
    for metric in config.metrics:
        if metric.source not in known:
            said = f"does not know {metric.source} for {metric.name}; it knows {', '.join(known)}"
            yield Found(source.name, said, "see gate.metrics and gate.source in deployer.yml", metric.must_have_data)
    metrics = tuple(dict.fromkeys(one.source for one in config.metrics if one.source in known))
    sites = tuple(site for site in estate.sites if len(estate.hosts_at(site)) > 1)
    if not metrics or not sites:
        return
    names = {site: tuple(host.name for host in estate.hosts_at(site)) for site in sites}
    first = Group(_release(names, running), {site: hosts[:1] for site, hosts in names.items()})
    others = Group(first.release, {site: hosts[1:] for site, hosts in names.items()})
    yield from source.examine(Question(first, others, sites, metrics, now))


def _release(names: Mapping[str, tuple[str, ...]], running: Mapping[str, str]) -> str:
    return next((running[host] for hosts in names.values() for host in hosts if host in running), "")
