"""What hosts carry is on the card of an evacuation: measured, configured, or the weakest that was measured"""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.errors import Refused
from deployer.evacuation import card as cards
from deployer.evacuation.rest import Rest
from deployer.machines import Estate, Host, Login
from deployer.settings.capacity import CapacityValues
from deployer.settings.values import Settings
from tests.traffic.parts import settings

LOGIN = Login("127.0.0.1")
HOSTS = tuple(Host(name, "dc1", LOGIN, "127.0.0.1", 80, "/r", "/h") for name in ("web1", "web2"))


def with_capacity(requests: int) -> Settings:
    return settings().model_copy(update={"capacity": CapacityValues(requests_per_host=requests, headroom="20%")})


def test_what_a_squeeze_measured_is_kept_from_command_to_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    estate, told, inventory = Estate(tmp_path, HOSTS, ()), with_capacity(0), tmp_path / "inventory"
    cards.keep(inventory, cards.made(estate, told, "x", cards.measured(inventory)))
    first = cards.load(inventory)
    assert first is not None
    assert first.allowed == (), "nothing is known, so nobody is asked"
    cards.measure(inventory, estate, told, {"web1": 100.0})
    cards.keep(inventory, cards.made(estate, told, "y", cards.measured(inventory)))  # as every command does
    kept = cards.load(inventory)
    assert kept is not None
    assert (kept.of, kept.allowed) == ("y", (("web1", 80.0), ("web2", 80.0))), "the weakest known stands for the others"
    cards.keep(inventory, cards.made(estate, with_capacity(50), "z", cards.measured(inventory)))
    said = cards.load(inventory)
    assert said is not None
    assert said.allowed == (("web1", 80.0), ("web2", 40.0))
    cards.measure(inventory, estate, told, {})
    forgotten = cards.load(inventory)
    assert forgotten is not None
    assert forgotten.allowed == ()


def test_the_rest_is_refused_by_the_sum_of_its_own_hosts() -> None:
    allowed = {"web1": 80.0, "web2": 40.0}
    Rest(("web1", "web2"), ()).refuse("dc2", 120, allowed, "")
    with pytest.raises(
        Refused, match="too little is left: 100 % of 121 requests/s are 121/s, the rest may be given 120/s"
    ):
        Rest(("web1", "web2"), ()).refuse("dc2", 121, allowed, "")
    with pytest.raises(Refused, match="out of service there: web1"):
        Rest(("web2",), ("web1",)).refuse("dc2", 100, allowed, "way out")
    Rest((), (), ("lb1",)).refuse("dc2", 100, allowed, "")  # nobody answered: unknown is not too small
