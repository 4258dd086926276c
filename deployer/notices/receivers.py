"""Who is told, each in its own words: Slack, a webhook, mail, Grafana"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Protocol

from deployer.notices.message import USUAL, Message
from deployer.notices.post import send
from deployer.secret import secret
from deployer.settings.notices import NoticeValues

SIGNATURE = "X-Deployer-Signature"
"""`sha256=` and the HMAC of the body, in hex."""
_MARKS: Mapping[str, str] = {
    "waiting": "✋",
    "held": "⚠",
    "back": "↩",
    "put-back": "↩",
    "half-way": "🛑",
    "suspended": "🛑",
    "done": "✅",
}


class Receiver(Protocol):
    def send(self, message: Message) -> None:
        """Raises NotSent."""


def wanted(values: NoticeValues) -> frozenset[str]:
    """The events it is told of."""
    return frozenset(values.on) or USUAL[values.kind]


@dataclass(frozen=True, slots=True)
class Slack:
    """Slack, Mattermost, Rocket.Chat, and what else takes {"text": …}."""

    values: NoticeValues

    def send(self, message: Message) -> None:
        title = f"{_MARKS.get(message.event, '▶')} *{_escaped(message.title)}*"
        commands = (f"`{_escaped(command)}`" for command in message.next)
        text = "\n".join(filter(None, (title, _escaped(message.text), *commands)))
        posted(self.values, json.dumps({"text": text}).encode())


@dataclass(frozen=True, slots=True)
class Webhook:
    """Every field of the message, signed where there is a secret."""

    values: NoticeValues

    def send(self, message: Message) -> None:
        told = {**asdict(message), "at": datetime.fromtimestamp(message.at, UTC).isoformat()}
        body = json.dumps(told).encode()
        secretly = key(self.values)
        signed = hmac.new(secretly.encode(), body, hashlib.sha256).hexdigest()
        posted(self.values, body, {SIGNATURE: f"sha256={signed}"} if secretly else {})


@dataclass(frozen=True, slots=True)
class Grafana:
    """An annotation on every dashboard that asks for its tags."""

    values: NoticeValues

    def send(self, message: Message) -> None:
        tags = [*self.values.tags, message.service, message.event]
        note = {"time": round(message.at * 1000), "tags": tags, "text": message.whole}
        posted(self.values, json.dumps(note).encode(), bearer(self.values), "/api/annotations")


def address(values: NoticeValues) -> str:
    return (values.url or secret("notices.url", values.url_file, values.url_env)).rstrip("/")


def key(values: NoticeValues) -> str:
    """Its secret, empty where it has none. Raises StepFailed."""
    return secret("notices.secret", values.secret_file, values.secret_env)


def bearer(values: NoticeValues) -> dict[str, str]:
    token = key(values)
    return {"Authorization": f"Bearer {token}"} if token else {}


def posted(values: NoticeValues, body: bytes, headers: Mapping[str, str] | None = None, path: str = "") -> None:
    send("POST", address(values) + path, body, headers or {}, values.timeout)


def _escaped(text: str) -> str:
    """Nothing a host says becomes a link or a call to everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
