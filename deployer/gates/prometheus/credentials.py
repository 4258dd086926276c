"""Who we are to a server: secrets from files and the environment, read at each question, since they are rotated"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from deployer.errors import StepFailed
from deployer.secret import secret
from deployer.settings.source import SourceValues


@dataclass(frozen=True)
class Credentials(AuthBase):
    """Put into the headers of one request. There is always one: else requests would look into ~/.netrc."""

    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    certificate: str | tuple[str, str] | None = None

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self.user:
            HTTPBasicAuth(self.user.encode(), self.password.encode())(request)
        elif self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def credentials(values: SourceValues) -> Credentials:
    """Raises StepFailed that names the file or variable which cannot be read, never what is in it."""
    for path in (values.certificate, values.key, values.ca):
        if path and not os.access(path, os.R_OK):
            raise StepFailed(f"{path} cannot be read", remedy="see gate.source in deployer.yml")
    return Credentials(
        token=secret("gate.source.token", values.token_file, values.token_env),
        user=values.user,
        password=secret("gate.source.password", values.password_file, values.password_env),
        certificate=(values.certificate, values.key) if values.key else values.certificate or None,
    )
