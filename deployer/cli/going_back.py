"""From a version that may lie on the hosts to a proved plan that brings everybody back to it"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deployer.cli.drawing import strategy_of, wishes
from deployer.cli.intent import intent
from deployer.cli.options import Asked
from deployer.cli.workplace import Workplace
from deployer.errors import PreflightFailed, Refused, UsageError
from deployer.lineage import Lineage, refuse_crossing
from deployer.model import Intent, Picture, Release
from deployer.plan import Leg, Plan
from deployer.safety import prove
from deployer.shelves import Shelf, digests, lacking, silent
from deployer.steps import Fetch
from deployer.strategies import rollback
from deployer.strategies.checked import checked


def chosen(named: str, line: Lineage) -> str:
    """The version named, else the one before the one that runs."""
    if named or line.before:
        return named or line.before
    raise UsageError(
        "the journal knows no release before the one that runs", remedy="deployer rollback --list, then name one"
    )


def draw_back(  # noqa: PLR0917
    work: Workplace, version: str, limit: str, asked: Asked, picture: Picture, shelves: Sequence[Shelf], line: Lineage
) -> Plan:
    """Raises Refused across an irreversible release, where a serving host does not answer, or where bytes differ."""
    refuse_crossing(line, version, told=asked.across)
    wished = wishes(work, limit, replace(asked, strategy=asked.strategy or "rollback", wave=asked.wave or "100%"))
    wished = replace(wished, excluded=(*wished.excluded, *silent(shelves, picture, wished.excluded)))
    meant = [shelf for shelf in shelves if shelf.host not in wished.excluded]
    meant = [shelf for shelf in meant if not wished.only or shelf.host in wished.only]
    release = _bytes(work, meant, version, asked.sha256)
    missing = lacking(meant, version, release.sha256)
    wanted = intent(work.settings, work.estate, release, wished)
    plan = checked(_drawn(wanted, picture.without(wanted.excluded), missing))
    prove(plan, picture)
    return plan


def _drawn(wanted: Intent, picture: Picture, missing: Sequence[str]) -> Plan:
    if wanted.strategy == "rollback":
        return rollback.plan(wanted, picture, missing)
    plan = strategy_of(wanted)(wanted, picture)
    return plan if missing else replace(plan, legs=tuple(leg for leg in plan.legs if not _fetches(leg)))


def _fetches(leg: Leg) -> bool:
    return all(isinstance(step, Fetch) for stage in leg.stages for step in stage.steps)


def _bytes(work: Workplace, shelves: Sequence[Shelf], version: str, sha256: str) -> Release:
    """What lies on every host needs no artifact any more; else it is looked up, and its digest is the right one."""
    there = digests(shelves, version)
    if len(there) == 1 and there[0] == (sha256 or there[0]) and not lacking(shelves, version, there[0]):
        return Release(version, sha256=there[0])
    try:
        return replace(work.release(version, sha256), irreversible=False)
    except PreflightFailed as missing:
        known = ", ".join(sorted({name for shelf in shelves for name, _ in shelf.releases})) or "nothing"
        raise Refused(
            f"{version} does not lie on every host with one digest, and cannot be fetched: {missing.what}",
            where=missing.where,
            remedy=f"deployer rollback --list; on the hosts: {known}",
        ) from missing
