"""A TSIG key as tsig-keygen writes it: key "name" { algorithm hmac-sha256; secret "…"; };"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from pathlib import Path

from deployer.errors import StepFailed

_KEY = re.compile(r'key\s+"?(?P<name>[\w.-]+)"?\s*\{(?P<inside>[^}]*)\}')
_WORD = r'{word}\s+"?(?P<value>[^";\s]+)"?\s*;'


@dataclass(frozen=True, slots=True)
class Key:
    name: str
    algorithm: str
    secret: str = field(repr=False)


def read(path: str) -> Key:
    """Raises StepFailed when there is no key in this file; no secret is ever in the words."""
    remedy = f"tsig-keygen deployer >{path}; give the same key to the name server"
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise StepFailed(f"cannot read the TSIG key: {wrong}", where=path, remedy=remedy) from None
    found = _KEY.search(text)
    inside = found["inside"] if found else ""
    algorithm, secret = (re.search(_WORD.format(word=word), inside) for word in ("algorithm", "secret"))
    if not found or not algorithm or not secret or not _base64(secret["value"]):
        raise StepFailed("there is no TSIG key in it", where=path, remedy=remedy)
    return Key(found["name"], algorithm["value"].lower(), secret["value"])


def _base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except binascii.Error:
        return False
