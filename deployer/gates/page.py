"""One page asked once, against what is expected of it"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import StepFailed

TESTER = "X-Deployer-Release"
"""The header by which testers name a release to the balancers (templates/haproxy.cfg.j2)."""
_SHOWN = 120
_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """`timeout` in seconds; `contains` "": any body."""

    url: str
    status: int
    contains: str
    timeout: float


def tester(release: str, key: Path | None) -> Mapping[str, str]:
    """The header that reaches a release at any share; signed where there is a key (base64 in a file)."""
    if key is None:
        return {TESTER: release}
    try:
        secret = b64decode(key.read_text(encoding="ascii").strip(), validate=True)
    except (OSError, ValueError) as error:
        raise StepFailed(f"cannot be read as a base64 key: {error}", where=str(key)) from None
    return {TESTER: f"{release}~{hmac.new(secret, release.encode(), 'sha256').hexdigest()}"}


def asked(page: Page, headers: Mapping[str, str]) -> str:
    """What is wrong with its answer, "" when nothing is. A redirection is an answer like any other."""
    import requests

    own = {"User-Agent": "deployer", "Accept": "text/html,*/*", **headers}
    try:
        with requests.get(page.url, headers=own, timeout=page.timeout, allow_redirects=False, stream=True) as answer:
            body = answer.raw.read(_LONGEST, decode_content=True).decode(errors="replace")
    except (requests.RequestException, OSError) as error:
        return f"does not answer: {type(error).__name__}"
    if answer.status_code != page.status:
        return f"answers {answer.status_code}, not {page.status}: {body.strip()[:_SHOWN]}"
    if page.contains not in body:
        return f"answers without {page.contains!r}: {body.strip()[:_SHOWN]}"
    return ""
