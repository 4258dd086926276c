"""What a limit leaves out of a canary, and whether it can be left out"""

from __future__ import annotations

from deployer.errors import Refused
from deployer.model import Intent, Ladder, Picture


def refuse(intent: Intent, ladder: Ladder, picture: Picture) -> None:
    """A canary is for whole sites, and for all of them at once where users go from one to another.

    Raises:
        Refused: a site is left out that does not serve the release yet, or some hosts of a site are.
    """
    for site in intent.sites:
        left = [host.host for host in picture.at(site) if intent.only and host.host not in intent.only]
        if left:
            raise Refused(
                f"a canary takes whole sites: {', '.join(left)} would be left out",
                where=site,
                remedy=f"--limit {site}, or --strategy rolling for some of its hosts; --exclude HOST for a dead one",
            )
    others = {host.site for host in picture.hosts.values() if host.release != intent.release.version}
    missed = sorted(others - set(intent.sites))
    if ladder.together and missed:
        raise Refused(
            f"users who cross over to {' or '.join(missed)} would be back on the old release there",
            where=", ".join(intent.sites),
            remedy="without --limit; or canary.sites: sequential in deployer.yml, where the edge keeps users at a site",
        )
