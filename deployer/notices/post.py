"""The door to HTTP: one request, answered well or told why not"""

from __future__ import annotations

from collections.abc import Mapping

import requests

from deployer.errors import DeployerError

_OK, _ELSEWHERE = 200, 300
_BUSY = 429
_BROKEN = 500


class NotSent(DeployerError):
    """A notice did not reach its receiver; the words never hold the address's path, or a secret."""

    def __init__(self, what: str, *, again: bool = False) -> None:
        super().__init__(what)
        self.again = again


def send(method: str, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> requests.Response:
    """Raises NotSent; `again` where it may help to try once more."""
    try:
        answer = requests.request(
            method,
            url,
            data=body,
            headers={"User-Agent": "deployer", "Content-Type": "application/json", **headers},
            timeout=timeout,
            auth=lambda request: request,  # else requests looks into ~/.netrc
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise NotSent(_why(error, timeout), again=True) from None  # its words hold the address
    except ValueError:
        raise NotSent("its url is no address") from None
    if not _OK <= answer.status_code < _ELSEWHERE:
        again = answer.status_code == _BUSY or answer.status_code >= _BROKEN
        raise NotSent(f"it answered with {answer.status_code}", again=again)
    return answer


def _why(error: requests.RequestException, timeout: float) -> str:
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    if isinstance(error, requests.ConnectionError):
        return "nobody answers there"
    return f"no request could be made ({type(error).__name__})"
