"""Rolling: one wave of hosts after another, site by site

For every release that can run beside the one before. Hosts that are not in service go first: they cost
no capacity, and a broken release is then found where it hurts nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deployer.errors import Refused
from deployer.model import WHOLE, HostSeen, Intent, Picture, Release, Split
from deployer.plan import Leg, Plan, Stage
from deployer.steps import Ask, Deploy, Drain, Fetch, Readmit, Shift, Step, Verify, Versus
from deployer.strategies.beside import Beside, former
from deployer.strategies.order import in_order

METRICS = "metrics"
"""The gate that judges by numbers."""


def plan(intent: Intent, picture: Picture) -> Plan:
    """Only hosts that do not serve the release yet are in the plan; none at all gives a plan without legs.

    Raises:
        Refused: users of a site are split over two releases just now.
    """
    for site in intent.sites:
        one_release(picture, site)
    left = {site: todo(intent, picture, site) for site in intent.sites}
    everyone = tuple(host for site in intent.sites for host in left[site])
    if not everyone:
        return Plan(intent, ())
    fetch = Leg("fetch", "", (Stage("fetch everywhere", "", (Fetch(carriers(picture, everyone), intent.release),)),))
    sites = [site for site in intent.sites if left[site]]
    legs = [fetch]
    for site in sites:
        legs.append(_site(intent, picture, site, left[site], last=site == sites[-1]))
        legs += _renamed(intent, picture, site)
    legs += _afterwards(intent, picture, left)
    return Plan(intent, tuple(legs))


def carriers(picture: Picture, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Whoever serves meanwhile needs the assets too: a page of a new host may ask an old one for them."""
    serving = sorted((host.host for host in picture.hosts.values() if host.in_service), key=in_order)
    return tuple(dict.fromkeys((*hosts, *serving)))


def one_release(picture: Picture, site: str) -> None:
    """Raises Refused while users of the site are split over two releases."""
    split = picture.splits.get(site)
    sharing = [name for name, share in split.shares if share] if split else []
    if len(sharing) > 1:
        raise Refused(
            f"a canary is under way: {split}",
            where=site,
            remedy="deployer promote or deployer abort, or deployer shift --release VERSION=0",
        )


def _renamed(intent: Intent, picture: Picture, site: str) -> Iterable[Leg]:
    """Balancers that know their live half by the release before learn the new name, once all hosts serve it."""
    split, home = picture.splits.get(site), Split(((intent.release.version, WHOLE),))
    everybody = not intent.only or all(host.host in intent.only or host.idle for host in picture.at(site))
    if split is not None and split != home and everybody:
        name = f"{site} is named {intent.release.version}"
        yield Leg(name, site, (Stage(name, site, (Shift(site, home),)),))


def todo(intent: Intent, picture: Picture, site: str) -> tuple[str, ...]:
    """The site's hosts that do not serve the release to its users yet, those out of service first."""
    only, live = frozenset(intent.only), picture.live(site)
    seen = [
        host
        for host in picture.at(site)
        if (not only or host.host in only)
        and not (host.in_service and host.release == intent.release.version and host.slot == live)
    ]
    return tuple(host.host for host in sorted(seen, key=lambda host: _unfit_first(host, live)))


def _unfit_first(host: HostSeen, live: str) -> tuple[bool, list[tuple[int, str]]]:
    """No user is sent to the other half either."""
    return host.in_service and host.slot == live, in_order(host.host)


def _site(intent: Intent, picture: Picture, site: str, hosts: tuple[str, ...], *, last: bool) -> Leg:
    size = intent.wave[site]
    waves = [hosts[start : start + size] for start in range(0, len(hosts), size)]
    asking = _Asking(intent, Beside.of(intent, picture, site, hosts), former(picture, (site,), intent.release.version))
    stages = []
    for n, some in enumerate(waves, 1):
        steps = (*wave(site, some, intent.release), *asking.after(n, len(waves), last=last))
        stages.append(Stage(f"{site} wave {n} of {len(waves)}", site, steps))
    return Leg(site, site, tuple(stages), intent.abreast)


def wave(site: str, hosts: tuple[str, ...], release: Release) -> Iterable[Step]:
    """One wave of hosts out, changed, verified and back."""
    yield Drain(site, hosts)
    yield Deploy(site, hosts, release)
    yield Verify(site, hosts, release)
    yield Readmit(site, hosts, release)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is asked at one site; `former` is what its hosts come from."""

    intent: Intent
    beside: Beside
    former: str

    def after(self, n: int, of: int, *, last: bool) -> Iterable[Step]:
        """After wave `n`; by numbers where there were old hosts to compare with, be it before the last wave."""
        intent, site = self.intent, self.beside.site
        about = f"after wave {n} of {of} at {site}" if n < of else f"{site} is done"
        if intent.gating:
            versus = self.beside.after(min(n * intent.wave[site], len(self.beside.moving)))
            if (versus.old or n > 1) and not (last and n == of):
                yield _measured(intent, about, intent.gating.between, self.former, (versus,))
                return
        if n < of and intent.ask_between_waves:
            yield Ask("waves", (site,), about)
        elif n == of and not last and intent.ask_between_sites:
            yield Ask("sites", (site,), about)


def _afterwards(intent: Intent, picture: Picture, left: Mapping[str, tuple[str, ...]]) -> Iterable[Leg]:
    """All is done: once more a verdict, over all sites where there are, or were, old hosts to compare with."""
    everywhere = [(hosts, Beside.of(intent, picture, site, hosts).in_the_end) for site, hosts in left.items() if hosts]
    versus = tuple(one for hosts, one in everywhere if one.old or len(hosts) > intent.wave[one.site])
    if intent.gating and intent.gating.after and versus:
        sites = [one.site for one in versus]
        about = f"{intent.release.version} everywhere"
        ask = _measured(intent, about, intent.gating.after, former(picture, sites, intent.release.version), versus)
        yield Leg("afterwards", "", (Stage("afterwards", "", (ask,)),))


def _measured(intent: Intent, about: str, bake: float, former: str, versus: tuple[Versus, ...]) -> Ask:
    return Ask(METRICS, tuple(one.site for one in versus), about, intent.release.version, bake, former, versus)
