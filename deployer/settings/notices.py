"""`notices:` in deployer.yml: who learns what of a run"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deployer.settings.kinds import Name, Seconds, Values
from deployer.settings.source import Url

Event = Literal[
    "started",
    "resumed",
    "shifted",
    "waiting",
    "approved",
    "on-hold",
    "held",
    "back",
    "put-back",
    "half-way",
    "stopped",
    "suspended",
    "done",
    "drained",
    "readmitted",
]
_ADDRESSED = ("slack", "webhook", "grafana", "alertmanager")


class NoticeValues(Values):
    """One receiver. What is secret comes from the environment or a file, is read for each message and never shown."""

    kind: Literal["slack", "webhook", "smtp", "grafana", "alertmanager"]
    """slack: a webhook that takes Slack's JSON; webhook: plain JSON; smtp: mail; grafana: annotations; alertmanager:
    silences for hosts out of the pool"""
    name: str = ""
    """how it is called when it fails; empty: its kind"""
    on: Annotated[tuple[Event, ...], Field(strict=False)] = ()
    """at which events (docs/notices.md); empty: those usual for the kind"""
    url: Url = ""
    """where it listens"""
    url_env: str = ""
    """or an environment variable with that: a Slack webhook's address is a secret"""
    url_file: str = ""
    """or a file with it"""
    secret_env: str = ""
    """an environment variable with the HMAC's key (webhook), the token (grafana, alertmanager), the password (smtp)"""
    secret_file: str = ""
    """or a file with it"""
    host: str = ""
    """smtp: the mail server, such as mail.example.com:587"""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """smtp: how the connection is encrypted"""
    user: str = ""
    """smtp: who logs in, with the secret; empty: nobody"""
    sender: str = ""
    """smtp: from whom"""
    to: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """smtp: to whom"""
    tags: Annotated[tuple[Name, ...], Field(strict=False)] = ("deployer",)
    """grafana: tags of the annotation, beside service and event"""
    match: dict[Name, Name] = Field(default={"instance": "{name}(:.*)?"})
    """alertmanager: labels of a host's alerts, as patterns with {name} and {address}"""
    expires: Seconds = 1800
    """alertmanager: a silence ends by itself after this, should nobody readmit the host"""
    timeout: Seconds = 5
    """how long one try may take"""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in _ADDRESSED and sum(map(bool, (self.url, self.url_env, self.url_file))) != 1:
            raise ValueError(f"exactly one of url, url_env and url_file, for {self.kind}")
        if self.kind == "smtp" and not (self.host and self.sender and self.to):
            raise ValueError("host, sender and to, for smtp")
        if self.user and not (self.secret_env or self.secret_file):
            raise ValueError("secret_env or secret_file to the user")
        return self

    @property
    def called(self) -> str:
        return self.name or self.kind

    def placed(self, directory: Path) -> NoticeValues:
        """Relative paths count from the directory of deployer.yml."""
        names = {name: getattr(self, name) for name in ("url_file", "secret_file")}
        placed = {name: str(directory / Path(path).expanduser()) for name, path in names.items() if path}
        return self.model_copy(update=placed)
