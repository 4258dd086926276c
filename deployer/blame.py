"""Whether it is the hosts that fail, or the release"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping


def alike(held: Mapping[str, str], hosts: Collection[str], why: str) -> tuple[str, ...]:
    """The hosts that failed in this way, those held before and these; names and numbers make no difference."""
    way = _way(why)
    return (*(host for host, word in held.items() if host not in hosts and _way(word) == way), *hosts)


def _way(why: str) -> frozenset[str]:
    """Several hosts' reasons come as one line, parted by semicolons."""
    return frozenset(re.split(r"; |: ", re.sub(r"\d+", "#", why)))
