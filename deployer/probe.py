"""A host's own HTTP, asked past the balancers"""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from deployer.errors import StepFailed
from deployer.machines import Estate, Host
from deployer.model import VERSION
from deployer.settings.values import AppValues
from deployer.steps import Verify
from deployer.world import Clock, HostOutcome, Order, Outcome, Running

_PATIENCE = 2.0
"""Seconds for one answer; a host that needs longer is not healthy."""
_PAUSE = 0.05
_LONGEST_ANSWER = 65536
_LONGEST_NOTE = 80
_ABREAST = 64


class HttpProbe:
    """world.Probe over plain HTTP to each host's own address and port."""

    def __init__(self, estate: Estate, app: AppValues, clock: Clock) -> None:
        self._hosts = estate.by_name
        self._app = app
        self._clock = clock

    def look(self, hosts: Sequence[str]) -> Mapping[str, Running]:
        """All at once; a host that does not answer is listed, with the reason as its note."""
        if not hosts:
            return {}
        with ThreadPoolExecutor(min(len(hosts), _ABREAST)) as pool:
            seen = pool.map(lambda name: ask(self._hosts[name], self._app), hosts)
            return dict(zip(hosts, seen, strict=True))

    def verify(self, step: Verify, order: Order) -> Outcome:
        """Each host healthy and on this release for `healthy_for` seconds in a row, within `start_timeout`."""
        began = self._clock.monotonic()
        waits = {name: _Wait(self._hosts[name], step.release.version) for name in step.hosts}
        told = ""
        while waiting := [wait for wait in waits.values() if not wait.done(self._app.healthy_for)]:
            seconds = self._clock.monotonic() - began
            if seconds > self._app.start_timeout + self._app.healthy_for:
                break
            if order.stopping() and (ill := tuple(wait.host.name for wait in waiting if wait.since is None)):
                raise StepFailed("stopped before they were healthy", where=", ".join(ill), hosts=ill)
            for wait, seen in zip(waiting, self.look([wait.host.name for wait in waiting]).values(), strict=True):
                wait.heard(seen, self._clock.monotonic())
            told = _tell(order, waiting, told)
            self._clock.sleep(_PAUSE)
        return Outcome(hosts=tuple(wait.outcome(began, self._app.healthy_for) for wait in waits.values()))


def _tell(order: Order, waiting: Sequence[_Wait], told: str) -> str:
    """Only what is new."""
    line = "; ".join(f"{wait.host.name}: {wait.complaint}" for wait in waiting if wait.complaint)
    if line and line != told:
        order.tell(line)
    return line


@dataclass(slots=True)
class _Wait:
    """One host on its way: healthy since when, last asked when, and what is wrong as long as something is."""

    host: Host
    version: str
    since: float | None = None
    last: float = 0.0
    complaint: str = ""

    def heard(self, seen: Running, now: float) -> None:
        self.complaint = complaint(seen, self.version)
        self.since = None if self.complaint else self.since if self.since is not None else now
        self.last = now

    def done(self, healthy_for: float) -> bool:
        return self.since is not None and self.last - self.since >= healthy_for

    def outcome(self, began: float, healthy_for: float) -> HostOutcome:
        seconds = self.last - began
        if self.done(healthy_for):
            return HostOutcome(self.host.name, note=f"healthy, answers {self.version}", seconds=seconds)
        since = 0.0 if self.since is None else self.last - self.since
        note = self.complaint or f"healthy for {since:.1f} s in a row only, not {healthy_for:g} s"
        return HostOutcome(self.host.name, ok=False, note=note, seconds=seconds)


def complaint(seen: Running, version: str) -> str:
    """What is wrong with a host that should be healthy on this release; "" when nothing is."""
    if seen.version is None or not seen.healthy:
        return seen.note or "does not answer"
    if seen.version != version:
        return f"answers release {seen.version}, not {version}"
    return ""


def ask(host: Host, app: AppValues) -> Running:
    """One look at a host: its version, then its health. Never raises for what a host does."""
    try:
        connection = http.client.HTTPConnection(host.address, host.port, timeout=_PATIENCE)
        try:
            code, body = _get(connection, app.version, close=False)
            version = read_version(body) if code == http.client.OK else None
            note = "" if version else f"{app.version} answers {code}, and no version"
            code, body = _get(connection, app.health, close=True)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        return Running(host.name, note=f"{host.address}:{host.port}: {_reason(error)}")
    healthy = 200 <= code < 300  # noqa: PLR2004 - what HTTP calls success
    if not healthy:
        note = f"{app.health} answers {code}: {first_words(body)}".removesuffix(": ")
    return Running(host.name, version=version, healthy=healthy, note=note)


def _get(connection: http.client.HTTPConnection, path: str, *, close: bool) -> tuple[int, bytes]:
    headers = {"User-Agent": "deployer", "Connection": "close" if close else "keep-alive"}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read(_LONGEST_ANSWER)
    if not answer.isclosed():
        connection.close()  # longer than anything we want to know: the next question opens a new connection
    return answer.status, body


def read_version(body: bytes) -> str | None:
    """From `{"version": "1.1.0"}`, `"1.1.0"` or `1.1.0`; None when there is no version in it."""
    text = body.decode(errors="replace").strip()
    try:
        told = json.loads(text)
    except ValueError:
        told = text
    if isinstance(told, dict):
        told = told.get("version") or told.get("release") or ""
    word = text if isinstance(told, int | float) else str(told)
    return word if VERSION.fullmatch(word) else None


def first_words(body: bytes) -> str:
    """One short line of an answer that may be a whole page: its title, or what is left without its marks."""
    page = body.decode(errors="replace")
    titled = re.search(r"<title[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    said = titled[1] if titled else re.sub(r"<[^>]*>", " ", page)
    words = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    return words if len(words) <= _LONGEST_NOTE else f"{words[:_LONGEST_NOTE]}…"


def _reason(error: Exception) -> str:
    if isinstance(error, socket.timeout):
        return f"no answer within {_PATIENCE:g} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
