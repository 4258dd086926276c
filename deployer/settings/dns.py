"""`dns:` in deployer.yml: the name users ask for, which follows the edge"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from deployer.settings.kinds import AbsolutePath, Name, Seconds, Values

MOST = 25
"""So many addresses fit into an answer by UDP."""


def _address(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("an IP address such as 192.0.2.10") from None


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("at least one address")
    return value


def _server(value: str) -> str:
    found = re.fullmatch(r"(?P<bare>[^:]+|[^\[]*:[^\[]*:.*)|(?P<given>[^:\[]+|\[.+\]):(?P<port>\d+)", value)
    try:
        ip_address((found["bare"] or found["given"].strip("[]")) if found else "")
    except ValueError:
        found = None
    if not found or int(found["port"] or 53) not in range(1, 65536):
        raise ValueError("an IP address such as 10.0.0.53, or 10.0.0.53:5353 with a port")
    return value


def _domain(value: str) -> str:
    if not re.fullmatch(r"(?=.{1,253}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]+\.?", value):
        raise ValueError("a full domain name such as shop.example.com")
    return value.rstrip(".").lower()


Address = Annotated[str, AfterValidator(_address)]
Domain = Annotated[str, AfterValidator(_domain)]
Addresses = Annotated[tuple[Address, ...], Field(strict=False), AfterValidator(_some)]
Server = Annotated[str, AfterValidator(_server)]
Others = Annotated[tuple[Server, ...], Field(strict=False)]


class DnsValues(Values):
    kind: Literal["rfc2136", "route53"] = "rfc2136"
    """rfc2136: updates signed with TSIG (BIND, Knot, PowerDNS, Windows); route53: weighted records"""
    name: Domain = Field(examples=["shop.example.com"])
    """what users ask for"""
    addresses: dict[Name, Addresses] = Field(examples=[{"dc1": ["192.0.2.10"], "dc2": ["198.51.100.10"]}])
    """where users of each site arrive; rfc2136 knows no weights: more of them make finer shares"""
    ttl: Seconds = 30
    """how long resolvers may keep an answer"""
    zone: str = ""
    """rfc2136: the zone; empty: what follows the first dot of the name"""
    server: Server = "127.0.0.1"
    """rfc2136: the primary server, which takes the updates"""
    secondaries: Others = ()
    """rfc2136: the other authoritative servers, which are asked whether they follow"""
    key_file: AbsolutePath = "/etc/deployer/dns.key"
    """rfc2136: the key, as tsig-keygen writes it"""
    hosted_zone: str = ""
    """route53: the id of the zone; who we are is taken from where boto3 looks for it"""
    within: Seconds = 60
    """how long a command keeps trying before it leaves DNS to `deployer dns`; the edge never waits for it"""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "route53" and not self.hosted_zone:
            raise ValueError("hosted_zone, such as Z0123456789ABCDEFGHIJ, for route53")
        if self.kind == "rfc2136" and not f".{self.name}".endswith(f".{self.domain}"):
            raise ValueError(f"a zone that holds {self.name}, {self.zone} does not")
        every = [one for given in self.addresses.values() for one in given]
        families = [{":" in one for one in given} for given in self.addresses.values()]
        if any(one != families[0] for one in families):
            raise ValueError("IPv4 addresses of every site, or IPv6 ones of every site, or both of every site")
        if len(set(every)) < len(every):
            raise ValueError("each address once")
        if len(every) > MOST:
            raise ValueError(f"at most {MOST} addresses: more do not fit into an answer")
        return self

    @property
    def domain(self) -> str:
        """The zone's name without the last dot."""
        return self.zone.rstrip(".").lower() or self.name.partition(".")[2]
