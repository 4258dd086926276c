"""A real BIND pair: what is set, read back from both, and everything that goes wrong"""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Iterator
from pathlib import Path

import dns.rdatatype
import dns.resolver
import pytest

from deployer.clock import WallClock
from deployer.dns import follow
from deployer.dns.rfc2136 import Rfc2136
from deployer.errors import StepFailed, Unreachable
from deployer.model import Split
from tests.dns.named import NAME, Servers, new_key, servers
from tests.ssh.parts import until

HALF = Split((("dc1", 5_000), ("dc2", 5_000)))
AWAY = Split((("dc1", 10_000), ("dc2", 0)))


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path) as found:
        yield found


def test_a_site_is_taken_out_and_put_back_on_every_server(bind: Servers) -> None:
    names = Rfc2136(bind.place)
    until(lambda: all(one.split == HALF for one in names.answers()), "both servers have the zone")
    for split in (AWAY, HALF):
        found = follow.until(names, NAME, lambda split=split: split, WallClock(), 30, lambda _: None)  # type: ignore[misc]
        assert not found.pending
        assert found.note == f"DNS www.app.test: {split}"
        assert [one.split for one in names.answers()] == [split, split]
    assert _addresses(bind, "other.app.test") == {"192.0.2.99"}


def test_shares_are_as_near_as_addresses_allow(bind: Servers) -> None:
    bind.addresses = (("dc1", ("192.0.2.1", "192.0.2.2", "192.0.2.3")), ("dc2", ("198.51.100.1",)))
    names = Rfc2136(bind.place)
    names.put(Split((("dc1", 7_000), ("dc2", 3_000))))
    assert _addresses(bind) == {"192.0.2.1", "192.0.2.2", "198.51.100.1"}
    assert names.nearest(Split((("dc1", 9_900), ("dc2", 100)))) == AWAY


def test_a_server_that_is_down_leaves_dns_pending_until_it_is_back(bind: Servers) -> None:
    names = Rfc2136(bind.place)
    bind.primary.stop()
    found = follow.once(names, NAME, AWAY)
    assert found.note.startswith(f"DNS pending, {bind.primary.server}: no answer")
    told: list[follow.Followed] = []

    def mended() -> Split:
        if told and bind.primary.process is None:
            bind.primary.start()
        return AWAY

    found = follow.until(names, NAME, mended, WallClock(), 60, told.append)
    assert not found.pending
    assert told[0].pending


def test_a_hung_server_is_unreachable_and_a_late_one_is_named(bind: Servers) -> None:
    names = Rfc2136(bind.place)
    bind.primary.signal(signal.SIGSTOP)
    with pytest.raises(Unreachable, match="no answer within 3 s"):
        names.put(AWAY)
    bind.primary.signal(signal.SIGCONT)
    bind.secondary.stop()
    (pending,) = follow.once(names, NAME, AWAY).pending
    assert pending.startswith(f"{bind.secondary.server}: no answer")
    assert _addresses(bind) == {"192.0.2.1"}


def test_a_wrong_key_a_missing_one_and_a_name_it_may_not_change(bind: Servers) -> None:
    new_key(bind.key_file)
    with pytest.raises(StepFailed, match="does not accept the key") as wrong:
        Rfc2136(bind.place).put(AWAY)
    assert "dns.key_file" in wrong.value.remedy
    bind.key_file.unlink()
    with pytest.raises(StepFailed, match="cannot read the TSIG key"):
        Rfc2136(bind.place).put(AWAY)
    bind.key_file.write_text('key "deployer" { algorithm hmac-sha256; };')
    with pytest.raises(StepFailed, match="there is no TSIG key in it"):
        Rfc2136(bind.place).put(AWAY)
    bind.key_file.write_text((bind.primary.folder / "known.key").read_text())
    elsewhere = dataclasses.replace(bind.place, name="new.app.test")
    with pytest.raises(StepFailed, match="REFUSED: its update-policy must grant the key this name"):
        Rfc2136(elsewhere).put(AWAY)
    assert _addresses(bind) == {"192.0.2.1", "198.51.100.1"}


def test_records_of_strangers_stay(bind: Servers) -> None:
    bind.addresses = (("dc1", ("192.0.2.1",)), ("dc2", ("203.0.113.7",)))
    names = Rfc2136(bind.place)
    with pytest.raises(StepFailed, match=r"www.app.test also has 198.51.100.1, which belongs to no site"):
        names.put(AWAY)
    assert _addresses(bind) == {"192.0.2.1", "198.51.100.1"}
    assert "198.51.100.1 belongs to no site" in names.answers()[0].wrong


def test_no_secret_is_ever_said(bind: Servers) -> None:
    secret = bind.key_file.read_text().split('"')[3]
    bind.primary.stop()
    names = Rfc2136(bind.place)
    assert secret not in f"{follow.once(names, NAME, AWAY)!r} {names.answers()!r} {bind.place!r}"


def _addresses(bind: Servers, name: str = NAME) -> set[str]:
    asking = dns.resolver.Resolver(configure=False)
    asking.nameservers, asking.port = ["127.0.0.1"], bind.primary.port
    return {str(one) for one in asking.resolve(name, "A", lifetime=20)}
