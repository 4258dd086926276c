"""Golden plans: an intent and a picture in, the printed plan or the refusal out

Each file of tests/plans holds both, parted by a line of dashes; GOLDEN=1 writes the lower part anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployer.errors import Refused
from deployer.model import WHOLE, Gating, HostSeen, Intent, Ladder, Picture, Release, Standing, Switch, Undo, View
from deployer.plan import Plan
from deployer.report.runbook import runbook
from deployer.safety import prove
from deployer.strategies import bluegreen, by_hand, canary, restart, rollback, rolling
from deployer.strategies.checked import checked

FILES = sorted((Path(__file__).parent / "plans").glob("*.txt"))
DASHES = "-" * 72 + "\n"
STRATEGIES = {
    "rolling": rolling.plan,
    "canary": canary.plan,
    "bluegreen": bluegreen.plan,
    "restart": restart.plan,
    "drain": by_hand.drain,
    "readmit": by_hand.readmit,
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_plan_reads_as_it_did(file: Path) -> None:
    asked, _, printed = file.read_text(encoding="utf-8").partition(DASHES)
    answer = plan(yaml.safe_load(asked))
    if os.environ.get("GOLDEN"):
        file.write_text(f"{asked}{DASHES}{answer}", encoding="utf-8")
    else:
        assert answer == printed
    assert answer.startswith("refused") == file.stem.startswith("refused")


def plan(asked: dict[str, Any]) -> str:
    strategy = asked.get("strategy", "rolling")
    slot = "a" if strategy == "canary" else ""
    picture = Picture({seen.host: seen for site, hosts in asked["hosts"].items() for seen in _site(site, hosts, slot)})
    wanted = _intent(asked, picture, strategy)
    try:
        found = checked(_drawn(strategy, wanted, picture, asked))
        prove(found, picture)
    except Refused as refusal:
        return f"refused, exit {refusal.exit_code}: {refusal}\n"
    return runbook(found, picture)


def _drawn(strategy: str, wanted: Intent, picture: Picture, asked: dict[str, Any]) -> Plan:
    if strategy == "rollback":
        return rollback.plan(wanted, picture, asked.get("lacking", ()))
    return STRATEGIES[strategy](wanted, picture)


def _intent(asked: dict[str, Any], picture: Picture, strategy: str) -> Intent:
    only = asked.get("only", ())
    sites = tuple(site for site in picture.sites if not only or {one.host for one in picture.at(site)} & set(only))
    return Intent(
        "shop",
        Release(asked.get("release", "1.1"), irreversible=asked.get("irreversible", False)),
        strategy,
        sites,
        dict.fromkeys(sites, asked.get("wave", 1)),
        dict.fromkeys(sites, asked.get("floor", 1)),
        tuple(only),
        asked.get("abreast", 1),
        asked.get("budget", 0),
        Undo(asked.get("undo", "stage")),
        asked.get("ask", False),
        asked.get("ask", False),
        None if strategy == "bluegreen" and "ladder" not in asked else _ladder(asked),
        Gating(60, asked.get("afterwards", 0)) if asked.get("gate") else None,
        checks=asked.get("checks", {}),
        switch=_switch(asked) if strategy == "bluegreen" else None,
    )


def _ladder(asked: dict[str, Any]) -> Ladder:
    return Ladder(
        tuple(asked.get("ladder", (500, WHOLE))),
        60,
        0,
        baseline=asked.get("baseline", False),
        together=asked.get("together", True),
    )


def _switch(asked: dict[str, Any]) -> Switch:
    """Unlike a canary it has no ladder unless one is given."""
    colours = tuple((name, tuple(hosts)) for name, hosts in asked.get("colours", {}).items())
    return Switch(60, asked.get("person", False), asked.get("together", False), colours=colours)


def _site(site: str, hosts: list[str], slot: str) -> list[HostSeen]:
    return [_seen(site, slot, *line.split()) for line in hosts]


def _seen(  # noqa: PLR0917
    site: str, slot: str, host: str, release: str, standing: str, half: str = ""
) -> HostSeen:
    """Its second balancer is the one that may be silent."""
    slot = half or slot
    first = Standing.UP if standing == "unknown" else Standing(standing)
    views = (View("lb1", first, slot), View("lb2", Standing(standing), slot))
    return HostSeen(host, site, None if release == "unknown" else release, None, views)
