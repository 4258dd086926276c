"""The transport: one question over HTTP, answered wholly or not at all"""

from __future__ import annotations

import json
import math
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from deployer.errors import StepFailed, Unreachable
from deployer.gates.prometheus.credentials import Credentials, credentials
from deployer.settings.source import SourceValues

LARGEST = 64 * 1024 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Series:
    """Labels, and values by their time in seconds since 1970."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float:
        return self.points[-1][1]


@dataclass(slots=True)
class Client:
    """One server. Its complaints never show a secret: those are read when needed, and only put into headers."""

    url: str
    values: SourceValues
    _session: requests.Session = field(default_factory=requests.Session)

    def now(self) -> float:
        """The server's own time."""
        return self._ask("query", {"query": "time()"})[0].last

    def instant(self, query: str, at: float) -> tuple[Series, ...]:
        """The value of each series at a time.

        Raises:
            Unreachable: no answer, or not in time.
            StepFailed: refused, no Prometheus, a warning, a part of the data only.
        """
        return self._ask("query", {"query": query, "time": f"{at:.3f}"})

    def range(self, query: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        """The values from start to end (both included), one every `step` seconds. Raises as `instant` does."""
        told = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return self._ask("query_range", told)

    def close(self) -> None:
        self._session.close()

    def _ask(self, what: str, told: Mapping[str, str]) -> tuple[Series, ...]:
        whole = {
            "partial_response": "false",
            "deny_partial_response": "1",
            "timeout": f"{self.values.timeout * 1000:.0f}ms",
        }
        code, reason, body = self._post(f"{self.url}/api/v1/{what}", {**told, **whole}, credentials(self.values))
        return read(code, reason, body, self.url)

    def _post(self, url: str, form: Mapping[str, str], known: Credentials) -> tuple[int, str, bytes]:
        deadline = time.monotonic() + self.values.timeout
        try:
            with self._session.post(
                url,
                data=form,
                headers=dict(self.values.headers),
                auth=known,
                cert=known.certificate,
                verify=self.values.ca or True,
                timeout=self.values.timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code, answer.reason or "", self._body(answer, deadline)
        except (requests.RequestException, OSError) as error:
            raise _lost(error, self.url, self.values) from error

    def _body(self, answer: requests.Response, deadline: float) -> bytes:
        """Ends with a server that lets it drip."""
        body = bytearray()
        for chunk in answer.iter_content(_CHUNK):
            body += chunk
            if time.monotonic() > deadline:
                raise requests.Timeout
            if len(body) > LARGEST:
                raise StepFailed(f"answers with more than {LARGEST // 2**20} MB", where=self.url)
        return bytes(body)


def _lost(error: Exception, url: str, values: SourceValues) -> StepFailed:
    root = _root(error)
    if isinstance(error, requests.Timeout) or isinstance(root, TimeoutError):
        return Unreachable(f"no answer within {values.timeout:g} s", where=url, remedy="gate.source.timeout")
    if isinstance(root, ssl.SSLError):
        said = getattr(root, "verify_message", "") or root.reason or root
        return Unreachable(f"TLS: {said}", where=url, remedy="see gate.source.ca, certificate and key in deployer.yml")
    said = getattr(root, "strerror", None) or root or type(root).__name__
    return Unreachable(f"does not answer: {said}", where=url, remedy="see gate.source.url in deployer.yml")


def _root(error: BaseException) -> BaseException:
    """What really happened, below the layers of requests and urllib3."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def read(code: int, reason: str, body: bytes, url: str) -> tuple[Series, ...]:
    """The series in an answer, when it is whole.

    Raises:
        StepFailed: it is an error, has a warning, or is a part only.
    """
    if code in (requests.codes.unauthorized, requests.codes.forbidden):
        raise StepFailed(
            f"refuses us: {code} {reason}", where=url, remedy="see token_file, user, password_file, headers"
        )
    if requests.codes.multiple_choices <= code < requests.codes.bad_request:
        raise StepFailed(f"sends us elsewhere ({code})", where=url, remedy="write that address as gate.source.url")
    try:
        told = json.loads(body)
        status = told["status"]
    except (ValueError, TypeError, KeyError) as error:
        said = f"{code} {reason}, and not what a Prometheus says"
        raise StepFailed(f"answers {said}", where=url, remedy="see gate.source.url in deployer.yml") from error
    if status != "success":
        raise StepFailed(f"{told.get('errorType', code)}: {told.get('error', reason)}", where=url)
    if warnings := told.get("warnings"):
        raise StepFailed(f"warns: {'; '.join(map(str, warnings))}", where=url)
    if told.get("isPartial"):
        raise StepFailed("answers with a part of the data only", where=url)
    return _series(told.get("data") or {}, url)


def _series(data: object, url: str) -> tuple[Series, ...]:
    try:
        match data:
            case {"resultType": "scalar" | "string", "result": [at, value]}:
                return (Series({}, ((float(str(at)), float(str(value))),)),)
            case {"resultType": "vector", "result": [*found]}:
                return tuple(Series(one["metric"], (_point(one["value"]),)) for one in found)
            case {"resultType": "matrix", "result": [*found]}:
                return tuple(Series(one["metric"], tuple(map(_point, one["values"]))) for one in found)
    except (ValueError, TypeError, KeyError) as error:
        raise StepFailed("its data cannot be read", where=url) from error
    raise StepFailed("its data cannot be read", where=url)


def _point(pair: tuple[float, str]) -> tuple[float, float]:
    at, value = pair
    return float(at), float(value)


def number(value: float) -> float | None:
    """None for what is no number: NaN, and both infinities."""
    return value if math.isfinite(value) else None
