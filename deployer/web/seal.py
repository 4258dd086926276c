"""Texts that only this dashboard can have written: sessions, and marks against forged forms"""

from __future__ import annotations

import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest, digest
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Seal:
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, folder: Path) -> Seal:
        """The key lies in this folder, made at the first time: sessions outlive a restart."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "key"
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
        return cls(path.read_bytes())

    def mark(self, purpose: str, text: str) -> str:
        """What nobody can compute without the key; each purpose has marks of its own."""
        return urlsafe_b64encode(digest(self.key, f"{purpose}\0{text}".encode(), sha256)).decode().rstrip("=")

    def is_mark(self, mark: str, purpose: str, text: str) -> bool:
        return compare_digest(mark.encode(), self.mark(purpose, text).encode())

    def close(self, purpose: str, text: str) -> str:
        return f"{urlsafe_b64encode(text.encode()).decode()}.{self.mark(purpose, text)}"

    def open(self, purpose: str, closed: str) -> str | None:
        """None when it was not closed here, for this purpose."""
        body, _, mark = closed.partition(".")
        try:
            text = urlsafe_b64decode(body.encode()).decode()
        except ValueError:
            return None
        return text if self.is_mark(mark, purpose, text) else None
