"""Weighted records of Amazon Route 53; the only door to boto3, which comes with deployer[route53]

Each site has a weighted record with its name as the identifier. Only weights are changed: aliases, health checks and
times to live of records that are there stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from deployer.dns import shares
from deployer.dns.port import Answer
from deployer.errors import DeployerError, StepFailed, Unreachable
from deployer.machines import Dns
from deployer.model import Split

TYPES = {"A": ".", "AAAA": ":"}
PATIENCE = 5
"""Seconds one call may take."""
OTHER_POLICIES = ("Region", "Failover", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig", "MultiValueAnswer")
_REMEDY = "deployer dns, when it is mended"

Record = Mapping[str, Any]
Said = TypeVar("Said")


class Route53:
    """One name in one hosted zone."""

    def __init__(self, place: Dns) -> None:
        self._place = place
        self._client = _client()
        self._pending = ""
        """The change that Amazon's servers may not all have yet."""

    def answers(self) -> tuple[Answer, ...]:
        try:
            found, wrong = self._split(), self._still()
        except DeployerError as error:
            return (Answer("route53", wrong=error.what),)
        return (Answer("route53", found, wrong or ("" if found else f"{self._place.name} has no weighted records")),)

    def nearest(self, split: Split) -> Split:
        return shares.of_weights(shares.weights(split)) or split

    def put(self, split: Split) -> None:
        weights, found = shares.weights(split), self._records()
        kinds = [kind for kind, mark in TYPES.items() if any(mark in one for one in self._every())]
        wanted = [self._record(found, kind, site, weight) for kind in kinds for site, weight in weights.items()]
        changes = [record for record in wanted if record not in found]
        if changes:
            batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record} for record in changes]}
            told = self._call(
                lambda: self._client.change_resource_record_sets(
                    HostedZoneId=self._place.hosted_zone, ChangeBatch=batch
                )
            )
            self._pending = told["ChangeInfo"]["Id"]

    def _split(self) -> Split | None:
        found = [record for record in self._records() if record["Type"] in TYPES]
        splits = []
        for kind in dict.fromkeys(record["Type"] for record in found):
            weights = {record["SetIdentifier"]: record["Weight"] for record in found if record["Type"] == kind}
            splits.append(shares.of_weights({site: weights.get(site, 0) for site, _ in self._place.addresses}))
        if len({str(one) for one in splits}) > 1:
            raise StepFailed(f"A and AAAA differ: {'; '.join(map(str, splits))}", where=self._place.name)
        return splits[0] if splits else None

    def _still(self) -> str:
        """Why the last change is not everywhere yet; empty when all of Amazon's servers have it."""
        if self._pending:
            told = self._call(lambda: self._client.get_change(Id=self._pending))
            if told["ChangeInfo"]["Status"] != "INSYNC":
                return "not all of its servers have the change yet"
            self._pending = ""
        return ""

    def _records(self) -> list[Record]:
        """The address records of the name, in Route 53's own words.

        Raises:
            StepFailed: some of them cannot be changed by weight, or belong to no site.
        """
        name = f"{self._place.name}."
        told = self._call(
            lambda: self._client.list_resource_record_sets(
                HostedZoneId=self._place.hosted_zone, StartRecordName=name, MaxItems="100"
            )
        )
        found = [one for one in told["ResourceRecordSets"] if one["Name"] == name and one["Type"] in {*TYPES, "CNAME"}]
        for record in found:
            if wrong := self._wrong(record):
                raise StepFailed(
                    f"{self._place.name} has {wrong}: nothing changed",
                    where="route53",
                    remedy="make it weighted records, one per site with the site's name as identifier",
                )
        return found

    def _wrong(self, record: Record) -> str:
        """What Amazon refuses beside weighted records, or sends users elsewhere; "" when it is one of ours."""
        if record["Type"] == "CNAME":
            return "an alias (CNAME)"
        other = [one for one in OTHER_POLICIES if one in record]
        if other:
            return f"a record with another policy ({other[0]})"
        if "Weight" not in record:
            return f"a plain {record['Type']} record without a weight"
        if record["SetIdentifier"] not in dict(self._place.addresses):
            return f"a weighted record {record['SetIdentifier']}, which is no site"
        return ""

    def _record(self, found: list[Record], kind: str, site: str, weight: int) -> Record:
        """The record that is there with another weight, or a new one."""
        if weight not in range(shares.HEAVIEST + 1):
            raise ValueError(weight)
        there = next((one for one in found if one["Type"] == kind and one["SetIdentifier"] == site), None)
        if there:
            return {**there, "Weight": weight}
        addresses = [one for one in dict(self._place.addresses)[site] if TYPES[kind] in one]
        return {
            "Name": f"{self._place.name}.",
            "Type": kind,
            "SetIdentifier": site,
            "Weight": weight,
            "TTL": self._place.ttl,
            "ResourceRecords": [{"Value": one} for one in addresses],
        }

    def _every(self) -> tuple[str, ...]:
        return tuple(address for _, pool in self._place.addresses for address in pool)

    def _call(self, call: Callable[[], Said]) -> Said:
        """What Amazon said; whatever boto3 raises, in our words."""
        from botocore import exceptions

        try:
            return call()
        except exceptions.ClientError as wrong:
            told = wrong.response.get("Error", {})
            what = f"{told.get('Code', 'an error')}: {told.get('Message', '')}"
            raise StepFailed(f"it refuses, {what}", where="route53", remedy=_REMEDY) from None
        except (exceptions.HTTPClientError, exceptions.ConnectionError) as wrong:
            raise Unreachable(f"no answer: {wrong}", where="route53", remedy=_REMEDY) from None
        except exceptions.BotoCoreError as wrong:
            remedy = "give boto3 what it looks for, such as AWS_PROFILE; then deployer dns"
            raise StepFailed(str(wrong), where="route53", remedy=remedy) from None


def _client() -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise StepFailed(
            "boto3 is not installed", where="route53", remedy="pip install 'deployer[route53]'; then deployer dns"
        ) from None
    quick = Config(connect_timeout=PATIENCE, read_timeout=PATIENCE, retries={"total_max_attempts": 1})
    return boto3.session.Session().client("route53", config=quick, region_name="us-east-1")
