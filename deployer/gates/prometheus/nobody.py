"""A query that answers for hosts, a release or a site there are none of, mixes groups or sites: asked and seen"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from deployer.errors import DeployerError
from deployer.gates.prometheus.watch import Cell
from deployer.machines import Host, Login

_GHOST = Host("nobody.invalid", "nowhere", Login("192.0.2.1"), "192.0.2.1", 9, "/", "/")


def heard(cell: Cell, at: float) -> Iterator[str]:
    """What answers for nobody: sentences. Nothing where the server does not answer at all."""
    if cell.asked is None:
        return
    nobody = replace(cell.scope, hosts=(_GHOST,), release="no-such-release", group="nobody")
    nowhere = replace(cell.scope, hosts=(_GHOST,), site="no-such-site")
    for template in cell.asked.query.templates:
        for scope, what in ((nobody, "hosts and a release there are none of"), (nowhere, "a site there is none of")):
            try:
                found = cell.client.instant(scope.filled(template, cell.step), at)
            except DeployerError:
                continue
            if any(one.last for one in found):
                yield f"{cell.metric} answers for {what}: {template} mixes them"
                break
