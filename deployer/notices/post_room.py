"""All receivers of a service, told of a run as it goes on"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

from deployer.events import Record
from deployer.notices.courier import Courier
from deployer.notices.mail import Mail
from deployer.notices.message import Message, Teller
from deployer.notices.receivers import Grafana, Receiver, Slack, Webhook, wanted
from deployer.notices.silences import Silences
from deployer.settings.notices import NoticeValues

PATIENCE = 3.0
"""Seconds that the end of a command waits for slow receivers; the run has ended by then, and its lock is free."""


class PostRoom:
    """From `with` to its end; `hear` never waits, nor raises."""

    def __init__(
        self,
        notices: Sequence[NoticeValues],
        inventory: str,
        complain: Callable[[str], None],
        addresses: Mapping[str, str] | None = None,
    ) -> None:
        self.patience, self._told = PATIENCE, complain
        self._teller = Teller(inventory)
        self._couriers = [
            Courier(one.called, wanted(one), receiver(one, addresses or {}), self._complain) for one in notices
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        for courier in self._couriers:
            courier.last()
        until = time.monotonic() + self.patience
        for courier in self._couriers:
            courier.close(until)

    def _complain(self, what: str) -> None:
        self._told(f"warning  {what}")

    def catch_up(self, records: Iterable[Record]) -> None:
        """What was before, and told then."""
        for record in records:
            self._messages(record)

    def hear(self, record: Record) -> None:
        for message in self._messages(record):
            for courier in self._couriers:
                courier.take(message)

    def _messages(self, record: Record) -> tuple[Message, ...]:
        if not self._couriers:
            return ()
        try:
            return self._teller.messages(record)
        except Exception as bug:  # noqa: BLE001 - a message that cannot be written must not hurt the run
            self._complain(f"a notice could not be written: {type(bug).__name__}")
            return ()


def receiver(values: NoticeValues, addresses: Mapping[str, str]) -> Receiver:
    match values.kind:
        case "slack":
            return Slack(values)
        case "webhook":
            return Webhook(values)
        case "smtp":
            return Mail(values)
        case "grafana":
            return Grafana(values)
        case "alertmanager":
            return Silences(values, addresses)
