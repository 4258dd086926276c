"""The provider of a name, by its kind"""

from __future__ import annotations

from deployer.dns.port import Names
from deployer.machines import Dns


def names(place: Dns) -> Names:
    """Raises StepFailed when what its kind needs is not installed."""
    if place.kind == "route53":
        from deployer.dns.route53 import Route53

        return Route53(place)
    from deployer.dns.rfc2136 import Rfc2136

    return Rfc2136(place)
