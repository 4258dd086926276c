"""How long each verb may take at most, as deployer.yml says"""

from __future__ import annotations

from collections.abc import Mapping

from deployer.settings.values import Settings


def limits(settings: Settings) -> Mapping[str, float]:
    """Seconds by verb; one that is not there goes on until somebody stops it."""
    agree, app = settings.balancers.agree_within, settings.app
    found = {
        "fetch": settings.release.timeout,
        "verify": app.start_timeout + app.healthy_for,
        "readmit": agree,
        "shift": agree,
    }
    if settings.rolling.on_drain_timeout == "wait":
        return found
    unasked = settings.balancers.detection if settings.balancers.kind == "opaque" else 0.0
    return {**found, "drain": max(agree, settings.rolling.drain_timeout + unasked)}
