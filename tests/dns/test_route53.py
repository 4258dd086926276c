"""Weighted records, against moto's server: what moto lets pass and Amazon does not is refused by us"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from deployer.dns import follow
from deployer.dns.door import names
from deployer.dns.port import Names
from deployer.errors import StepFailed, Unreachable
from deployer.machines import Dns
from deployer.model import Split
from tests.dns.named import free_port

NAME = "www.app.test"
AWAY = Split((("dc1", 10_000), ("dc2", 0)))
HALF = Split((("dc1", 5_000), ("dc2", 5_000)))


class Zone:
    """A hosted zone at moto's server."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("route53", region_name="us-east-1")
        self.id = self.client.create_hosted_zone(Name="app.test", CallerReference="1")["HostedZone"]["Id"]

    @property
    def names(self) -> Names:
        pools = (("dc1", ("192.0.2.1",)), ("dc2", ("198.51.100.1",)))
        return names(Dns("route53", NAME, pools, ttl=30, hosted_zone=self.id.rpartition("/")[2]))

    def put(self, **more: object) -> None:
        record = {"Name": NAME, "Type": "A", "TTL": 30, "ResourceRecords": [{"Value": "192.0.2.9"}], **more}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        self.client.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch=batch)

    @property
    def records(self) -> dict[str, dict[str, Any]]:
        told = self.client.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"]
        return {one.get("SetIdentifier", ""): one for one in told if one["Name"] == f"{NAME}."}

    @property
    def weights(self) -> dict[str, int]:
        return {name: one["Weight"] for name, one in self.records.items()}


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zone]:
    port = free_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        yield Zone()
    finally:
        server.stop()


def test_weights_are_made_set_and_read_back(zone: Zone) -> None:
    for split, weights in (
        (HALF, {"dc1": 50, "dc2": 50}),
        (AWAY, {"dc1": 100, "dc2": 0}),
        (Split((("dc1", 9_900), ("dc2", 100))), {"dc1": 99, "dc2": 1}),
    ):
        found = follow.once(zone.names, NAME, split)
        assert found.note == f"DNS www.app.test: {split}"
        assert zone.weights == weights
    assert zone.records["dc1"]["ResourceRecords"] == [{"Value": "192.0.2.1"}]


def test_a_share_that_weights_do_not_reach_is_the_nearest(zone: Zone) -> None:
    found = follow.once(zone.names, NAME, Split((("dc1", 9_999), ("dc2", 1))))
    assert zone.weights == {"dc1": 255, "dc2": 1}
    assert not found.pending
    assert str(found.split) == "dc1 99.61 %, dc2 0.39 %"


def test_only_weights_of_records_that_are_there_change(zone: Zone) -> None:
    check = zone.client.create_health_check(
        CallerReference="1", HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443}
    )["HealthCheck"]["Id"]
    zone.put(SetIdentifier="dc1", Weight=1, HealthCheckId=check, TTL=7)
    zone.put(SetIdentifier="dc2", Weight=1, ResourceRecords=[{"Value": "192.0.2.10"}])
    zone.names.put(AWAY)
    assert zone.records["dc1"] == {
        "Name": f"{NAME}.", "Type": "A", "SetIdentifier": "dc1", "Weight": 100, "TTL": 7,
        "ResourceRecords": [{"Value": "192.0.2.9"}], "HealthCheckId": check,
    }  # fmt: skip
    assert zone.weights == {"dc1": 100, "dc2": 0}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({}, "a plain A record without a weight"),
        ({"SetIdentifier": "dc3", "Weight": 1}, "a weighted record dc3, which is no site"),
        ({"SetIdentifier": "x", "Region": "eu-west-1"}, r"a record with another policy \(Region\)"),
        ({"Type": "CNAME", "ResourceRecords": [{"Value": "a.b"}]}, r"an alias \(CNAME\)"),
    ],
)
def test_records_that_do_not_go_with_weights_are_refused(zone: Zone, record: dict[str, Any], said: str) -> None:
    zone.put(**record)
    with pytest.raises(StepFailed, match=f"{NAME} has {said}: nothing changed"):
        zone.names.put(AWAY)
    assert len(zone.records) == 1
    assert zone.names.answers()[0].wrong


def test_a_provider_that_is_away_or_refuses_leaves_dns_pending(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "NoSuchHostedZone" in follow.once(_elsewhere(), NAME, AWAY).note
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable, match="route53: no answer"):
        zone.names.put(AWAY)
    assert follow.once(zone.names, NAME, AWAY).note.startswith("DNS pending, route53: no answer")


def test_nobody_to_be_says_where_boto3_looks(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StepFailed, match="credentials") as nobody:
        zone.names.put(AWAY)
    assert "AWS_PROFILE" in nobody.value.remedy


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(StepFailed, match="boto3 is not installed") as missing:
        _elsewhere()
    assert "deployer[route53]" in missing.value.remedy


def _elsewhere() -> Names:
    return names(Dns("route53", NAME, (("dc1", ("192.0.2.1",)), ("dc2", ("198.51.100.1",))), hosted_zone="Z0NOWHERE"))
