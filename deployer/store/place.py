"""Where a store is, said without its password"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit


def without_password(url: str) -> str:
    """The same URL, but for its password, wherever it stands in it."""
    if url.startswith("sqlite:"):
        return url
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    options = urlencode([(key, value) for key, value in parse_qsl(parts.query) if "password" not in key], safe="/")
    asked = f"?{options}" if options else ""
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}{asked}"
