"""Whether a pool can spare hosts, as each balancer sees it"""

from __future__ import annotations

from collections.abc import Sequence

from deployer.errors import StepFailed
from deployer.model import WHOLE, Standing
from deployer.traffic.haproxy import Seen
from deployer.traffic.maps import Maps


def refuse_last(seen: Seen, maps: Maps | None, hosts: Sequence[str]) -> None:
    """Hosts that are out already cost nothing; the last one that serves users is not taken.

    Raises:
        StepFailed: the pool, or a slot that users are sent to, would be left empty.
    """
    for halves in (seen.halves, *((half,) for half in _with_users(seen, maps))):
        up = {
            row.server for row in seen.rows if row.standing is Standing.UP and row.server and seen.half(row) in halves
        }
        if up and not up - set(hosts):
            what = "pool" if len(halves) > 1 or halves == ("",) else f"slot {halves[0]}"
            raise StepFailed(
                f"{', '.join(sorted(up))} would be the last of the {what} {seen.pool} to go: users would get errors",
                where=seen.balancer,
                remedy="deployer status; bring other hosts back first",
                hosts=tuple(sorted(up)),
            )


def _with_users(seen: Seen, maps: Maps | None) -> tuple[str, ...]:
    if maps is None or not maps.stable:
        return ()
    slots = {release: backend.removeprefix(f"{seen.pool}_") for release, backend in maps.releases}
    wanted = []
    if not maps.canary or maps.pct < WHOLE:
        wanted.append(slots.get(maps.stable, ""))
    if maps.canary and maps.pct > 0:
        wanted.append(slots.get(maps.canary, ""))
    return tuple(slot for slot in wanted if slot)
