"""split.conf: the maps of a balancer as tables for nginx, and read from them again

What the tables mean stands in templates/nginx_balancer.conf.j2, which asks them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from hashlib import sha256

from deployer.traffic.maps import NAMES, Entries, Maps, of_entries
from deployer.traffic.nginx.below import below

TITLE = "# Written by deployer at every change of the split. It says:"
_WORDS = 4


def prefix(pool: str) -> str:
    """What the variables of a pool begin with: several may live in one nginx."""
    return "dp_" + re.sub(r"\W", "_", pool)


def text(maps: Maps, pool: str, serving: Collection[str], servers: str) -> str:
    """The whole file. `serving` are the slots with a host that is up ("a"), `servers` the text of both server files:
    the digest that nginx answers with is also that of them.
    """
    said = "".join((f"{TITLE}\n", *_said(maps), *_tables(maps, pool, serving)))
    return said + _constant(prefix(pool), "digest", digest(said, servers))


def digest(said: str, servers: str) -> str:
    return sha256((said + servers).encode()).hexdigest()[:16]


def digest_in(text: str) -> str:
    """The digest a split.conf gives nginx to answer with, "" when it has none."""
    found = re.search(r'_digest \{ default "(?P<digest>[0-9a-f]{16})"; \}$', text.rstrip())
    return found["digest"] if found else ""


def genuine(text: str, servers: str) -> bool:
    """Whether these files are as the deployer wrote them."""
    said, _, _ = text.rstrip("\n").rpartition("\n")
    return digest(f"{said}\n", servers) == digest_in(text)


def maps(text: str) -> Maps:
    """What a split.conf says in its first lines; what is missing reads as nothing."""
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in NAMES}
    for line in text.splitlines():
        words = line.split()
        if len(words) == _WORDS and words[0] == "#" and words[1] in found:
            found[words[1]].append((words[2], words[3]))
    return of_entries({name: tuple(entries) for name, entries in found.items()})


def _said(maps: Maps) -> Iterator[str]:
    """The lines of HAProxy's four maps."""
    for name, entries in maps.texts().items():
        for key, value in entries:
            yield f"# {name} {key} {value}\n"


def _tables(maps: Maps, pool: str, serving: Collection[str]) -> Iterator[str]:
    """A slot without a host that is up is not known: whoever asks for it gets the normal decision."""
    known = tuple(one for one in maps.releases if one[1].removeprefix(f"{pool}_") in serving)
    names = tuple((release, release) for release, _ in known)
    split = bool(maps.canary)
    pins = tuple(one for one in names if one[0] != maps.canary or maps.pct or maps.keep)
    var = prefix(pool)
    yield _constant(var, "split", "1" if split else "")
    yield _by_share(maps, var) if split and maps.canary in dict(known) else _constant(var, "by_share", maps.stable)
    yield _table(f"${var}_pin", f"{var}_by_pin", "", _exactly(pins if split else ()))
    yield _table(f"${var}_tester", f"{var}_by_tester", "", _exactly(names))
    yield _table(f"${var}_release", f"{var}_slot", f"{pool}_a", _exactly(maps.releases))
    assets = tuple(one for one in maps.assets if one[1].removeprefix(f"{pool}_") in serving)
    yield _table(f"${var}_asset_release", f"{var}_asset", "", _exactly(assets))


def _by_share(maps: Maps, var: str) -> str:
    """Who has a number below the share. Whose page was the canary's stays there below `keep`."""
    keep = maps.keep or 0
    over = (below(keep, f"1:{re.escape(maps.canary)}:"), maps.canary)
    rows = (*((over,) if keep > maps.pct else ()), (below(maps.pct, ".*:"), maps.canary))
    return _table(f'"${var}_page:$cookie_dp_release:${var}_padded"', f"{var}_by_share", maps.stable, rows)


def _exactly(entries: Entries) -> Entries:
    """As expressions: nginx compares plain words without regard to case."""
    return tuple((f"^{re.escape(name)}$", value) for name, value in entries)


def _table(asked: str, named: str, otherwise: str, rows: Entries) -> str:
    lines = "".join(f'    "~{pattern}" "{value}";\n' for pattern, value in rows)
    return f'map {asked} ${named} {{\n    default "{otherwise}";\n{lines}}}\n'


def _constant(var: str, name: str, value: str) -> str:
    return f'map $host ${var}_{name} {{ default "{value}"; }}\n'
