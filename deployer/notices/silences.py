"""Alertmanager: whoever is out of the pool wakes nobody, until it is back or the time is over"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deployer.notices.message import Message
from deployer.notices.post import send
from deployer.notices.receivers import address, bearer
from deployer.settings.notices import NoticeValues

BY = "deployer"


@dataclass(frozen=True, slots=True)
class Silences:
    """One for each host: a silence is found again by what it says, so that whoever resumes a run ends it too."""

    values: NoticeValues
    addresses: Mapping[str, str] = field(default_factory=dict)

    def send(self, message: Message) -> None:
        """Raises NotSent."""
        for host in message.hosts:
            if message.event == "drained":
                self._silence(message, host)
            elif message.event == "readmitted":
                self._end(message.service, host)

    def _silence(self, message: Message, host: str) -> None:
        self._end(message.service, host)
        told = {
            "matchers": [
                {"name": label, "value": self._pattern(pattern, host), "isRegex": True, "isEqual": True}
                for label, pattern in self.values.match.items()
            ],
            "startsAt": _moment(message.at),
            "endsAt": _moment(message.at + self.values.expires),
            "createdBy": BY,
            "comment": f"{_about(message.service, host)}, run {message.run}",
        }
        self._ask("POST", "/api/v2/silences", json.dumps(told).encode())

    def _end(self, service: str, host: str) -> None:
        for name in self._mine(_about(service, host)):
            self._ask("DELETE", f"/api/v2/silence/{name}")

    def _mine(self, about: str) -> Iterator[str]:
        found: list[dict[str, Any]] = json.loads(self._ask("GET", "/api/v2/silences"))
        for one in found:
            ours = one.get("createdBy") == BY and str(one.get("comment", "")).startswith(f"{about},")
            if ours and one.get("status", {}).get("state") != "expired":
                yield str(one["id"])

    def _pattern(self, pattern: str, host: str) -> str:
        named = pattern.replace("{name}", re.escape(host))
        return named.replace("{address}", re.escape(self.addresses.get(host, host)))

    def _ask(self, method: str, path: str, body: bytes = b"") -> str:
        return send(method, address(self.values) + path, body, bearer(self.values), self.values.timeout).text


def _about(service: str, host: str) -> str:
    return f"{host} of {service} is out of the pool"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
