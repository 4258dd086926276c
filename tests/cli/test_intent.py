"""From settings, inventory and options to what is wanted"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deployer.cli.intent import Wishes, intent
from deployer.errors import UsageError
from deployer.machines import Estate, Host, Login
from deployer.model import Intent, Release, Undo
from deployer.settings.values import Settings

HOSTS = [("dc1", n) for n in range(1, 5)] + [("dc2", n) for n in range(1, 3)]


AS_SET = Wishes()


def wanted(wishes: Wishes = AS_SET, *, more: Mapping[str, object] | None = None, **rolling: object) -> Intent:
    settings = Settings.model_validate(
        {
            "service": "shop",
            "hosts": "web",
            "sites": {"dc2": {"group": "dc2"}, "dc1": {"group": "dc1"}},
            "release": {"artifact": "shop-{version}.tar.gz", "root": "/srv/shop"},
            "health_file": {"path": "/srv/shop/health"},
            "rolling": rolling,
            **(more or {}),
        }
    )
    hosts = tuple(
        Host(
            f"{site}-web{n}",
            site,
            Login("127.0.0.1"),
            "127.0.0.1",
            80,
            "/srv/shop",
            "/h",
            colour="blue" if n == 1 else "green",
        )
        for site, n in HOSTS
    )
    return intent(settings, Estate(Path(), hosts, ()), Release("1.1.0"), wishes)


def test_shares_count_per_site_waves_down_floors_up() -> None:
    found = wanted(wave="30%", min_in_service="60%")
    assert (dict(found.wave), dict(found.floor)) == ({"dc2": 1, "dc1": 1}, {"dc2": 2, "dc1": 3})


def test_sites_come_in_the_order_of_the_settings() -> None:
    assert wanted().sites == ("dc2", "dc1")


def test_options_win() -> None:
    found = wanted(Wishes(wave="2", min_in_service="1", undo="all"), wave=1, min_in_service="100%")
    assert (found.wave["dc1"], found.floor["dc1"], found.undo) == (2, 1, Undo.ALL)


@pytest.mark.parametrize("typed", ["0", "0%"])
def test_an_empty_wave_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="no hosts"):
        wanted(Wishes(wave=typed))


def test_a_limit_leaves_sites_out() -> None:
    found = wanted(Wishes(only=("dc1-web1",)))
    assert (found.sites, found.only) == (("dc1",), ("dc1-web1",))


@pytest.mark.parametrize(("window", "wave", "abreast"), [(False, 2, 1), (True, 1, 1)])
def test_a_window_is_single_hosts_abreast(window: bool, wave: int, abreast: int) -> None:
    found = wanted(window=window, wave="50%")
    assert (found.wave["dc1"], found.abreast) == (wave, abreast)


COLOURS = {"bluegreen": {"blue": "blue", "green": "green", "ask": "person", "sites": "together"}}


def test_a_switch_counts_its_floor_by_the_smaller_colour_and_has_no_waves() -> None:
    found = wanted(Wishes(strategy="bluegreen"), more=COLOURS, min_in_service="100%")
    assert (found.floor["dc1"], dict(found.wave), found.undo) == (1, {}, Undo.ALL)
    assert found.switch is not None
    assert (found.switch.person, found.switch.together, found.switch.keep_warm) == (True, True, 1800)
    assert dict(found.switch.colours)["green"] == ("dc2-web2", "dc1-web2", "dc1-web3", "dc1-web4")
    assert wanted(Wishes(strategy="rolling"), more=COLOURS).switch is None


def test_a_canary_on_the_standby_is_a_switch_with_a_ladder() -> None:
    found = wanted(Wishes(strategy="canary"), more={**COLOURS, "canary": {"on": "standby", "sites": "sequential"}})
    assert found.switch is not None
    assert found.ladder is not None
    assert not found.switch.together
    assert wanted(Wishes(strategy="canary"), more=COLOURS).switch is None


def test_a_dark_switch_asks_a_person() -> None:
    dark = wanted(Wishes(strategy="bluegreen", dark=True)).switch
    assert dark is not None
    assert dark.person


def test_excluded_hosts_leave_their_site_out_when_none_is_left() -> None:
    assert wanted(Wishes(excluded=("dc2-web1", "dc2-web2"))).sites == ("dc1",)
