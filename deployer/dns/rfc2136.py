"""A name server that takes signed updates (RFC 2136 with TSIG): BIND and its kin; the only door to dnspython

Each site has addresses in one record set; a change replaces the whole set in one message, and only if it is still what
was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update

from deployer.dns import keyfile, shares
from deployer.dns.port import Answer
from deployer.errors import DeployerError, StepFailed, Unreachable
from deployer.machines import Dns
from deployer.model import Split

PORT = 53
PATIENCE = 3.0
"""Seconds one server may take."""
TYPES = {"A": ".", "AAAA": ":"}
"""Kinds of address records, and what their addresses have in them."""
_TRIES = 3
_REMEDY = "deployer dns, when it is mended"
_WHY = {
    "REFUSED": "its update-policy must grant the key this name",
    "NOTAUTH": "it is not the primary of the zone, or does not know the key",
    "NOTZONE": "the name is not in the zone: dns.zone in deployer.yml",
    "SERVFAIL": "its own log says why",
}

Records = Mapping[str, tuple[str, ...]]
Said = TypeVar("Said")


class Rfc2136:
    """One name in one zone."""

    def __init__(self, place: Dns) -> None:
        self._place = place
        self._pools = dict(place.addresses)
        self._kinds = {kind: mark for kind, mark in TYPES.items() if any(mark in one for one in self._every())}
        self._servers = (place.server, *place.secondaries)

    def answers(self) -> tuple[Answer, ...]:
        with ThreadPoolExecutor(len(self._servers)) as pool:
            return tuple(pool.map(self._answer, self._servers))

    def nearest(self, split: Split) -> Split:
        return shares.of_addresses(shares.addresses(split, self._pools), self._pools) or split

    def put(self, split: Split) -> None:
        for _ in range(_TRIES):
            found = self._records(self._place.server)
            self._refuse_strangers(found)
            wanted = self._wanted(split)
            if all(set(found[kind]) == set(wanted[kind]) for kind in wanted) or self._replace(found, wanted):
                return
        raise StepFailed("somebody else keeps changing it", where=self._place.name, remedy=_REMEDY)

    def _answer(self, server: str) -> Answer:
        try:
            found = [one for records in self._records(server).values() for one in records]
        except DeployerError as wrong:
            return Answer(server, wrong=wrong.what)
        if strange := shares.strangers(found, self._pools):
            return Answer(server, shares.of_addresses(found, self._pools), f"{', '.join(strange)} belongs to no site")
        split = shares.of_addresses(found, self._pools)
        return Answer(server, split, "" if split else f"{self._place.name} has no addresses there")

    def _wanted(self, split: Split) -> Records:
        """Each family of addresses on its own: whoever asks for one gets the split."""
        wanted = {}
        for kind, mark in self._kinds.items():
            pools = {site: tuple(one for one in pool if mark in one) for site, pool in self._pools.items()}
            wanted[kind] = shares.addresses(split, pools)
        return wanted

    def _every(self) -> tuple[str, ...]:
        return tuple(address for pool in self._pools.values() for address in pool)

    def _refuse_strangers(self, found: Records) -> None:
        strange = shares.strangers((one for records in found.values() for one in records), self._pools)
        if strange:
            raise StepFailed(
                f"{self._place.name} also has {', '.join(strange)}, which belongs to no site: nothing changed",
                where=self._place.server,
                remedy="give it to a site in dns.addresses of deployer.yml, or take it out of the zone",
            )

    def _records(self, server: str) -> Records:
        return {kind: self._ask(server, kind) for kind in self._kinds}

    def _ask(self, server: str, kind: str) -> tuple[str, ...]:
        question = dns.message.make_query(self._place.name, kind, flags=0)
        at, port = _endpoint(server)
        reply, _ = _talk(server, lambda: dns.query.udp_with_fallback(question, at, timeout=PATIENCE, port=port))
        code = dns.rcode.to_text(reply.rcode())
        if code not in {"NOERROR", "NXDOMAIN"}:
            raise StepFailed(f"it answers {code} for {self._place.name}", where=server, remedy=_REMEDY)
        if not reply.flags & dns.flags.AA:
            raise StepFailed(f"it is no authority for {self._place.name}", where=server, remedy="deployer.yml: dns")
        own = [found for found in reply.answer if found.name == dns.name.from_text(self._place.name)]
        if any(found.rdtype == dns.rdatatype.CNAME for found in own):
            raise StepFailed(f"{self._place.name} is an alias", where=server, remedy="deployer.yml: dns.name")
        return tuple(str(one) for found in own if found.rdtype == dns.rdatatype.from_text(kind) for one in found)

    def _replace(self, found: Records, wanted: Records) -> bool:
        """False when the records are not those that were read any more."""
        server = self._place.server
        at, port = _endpoint(server)
        update = self._update(found, wanted)
        reply = _talk(server, lambda: dns.query.tcp(update, at, timeout=PATIENCE, port=port))
        code = dns.rcode.to_text(reply.rcode())
        if code in {"NXRRSET", "YXRRSET"}:
            return False
        if code != "NOERROR":
            why = _WHY.get(code, "its log says why")
            raise StepFailed(f"it refuses the update with {code}: {why}", where=server, remedy=_REMEDY)
        return True

    def _update(self, found: Records, wanted: Records) -> dns.update.UpdateMessage:
        key = keyfile.read(self._place.key_file)
        signed = dns.tsig.Key(key.name, key.secret, key.algorithm)
        update = dns.update.UpdateMessage(self._place.zone, keyring=signed)
        name = dns.name.from_text(self._place.name)
        for kind, addresses in wanted.items():
            was = [dns.rdata.from_text(dns.rdataclass.IN, kind, one) for one in found[kind]]
            if was:
                update.present(name, *was)
            else:
                update.absent(name, kind)
            update.delete(name, kind)
            for one in addresses:
                update.add(name, self._place.ttl, kind, one)
        return update


def _endpoint(server: str) -> tuple[str, int]:
    """`10.0.0.53`, `10.0.0.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353` as address and port."""
    if "]:" in server or server.count(":") == 1:
        address, _, port = server.rpartition(":")
        return address.strip("[]"), int(port)
    return server, PORT


def _talk(server: str, say: Callable[[], Said]) -> Said:
    """What the server said; whatever dnspython or the network raises, in our words."""
    try:
        return say()
    except dns.tsig.PeerError as wrong:
        what = f"it does not accept the key: {wrong}".rstrip(".")
        raise StepFailed(what, where=server, remedy="dns.key_file in deployer.yml; then deployer dns") from None
    except dns.exception.Timeout:
        raise Unreachable(f"no answer within {PATIENCE:g} s", where=server, remedy=_REMEDY) from None
    except (OSError, EOFError) as wrong:
        raise Unreachable(f"no answer: {wrong or 'it hung up'}", where=server, remedy=_REMEDY) from None
    except dns.exception.DNSException as wrong:
        raise StepFailed(f"its answer makes no sense: {wrong}", where=server, remedy=_REMEDY) from None
