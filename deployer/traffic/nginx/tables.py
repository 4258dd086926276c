"""split.conf: the maps of a balancer as tables for nginx, and read from them again

What the tables mean stands in templates/nginx_balancer.conf.j2, which asks them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from hashlib import sha256

from deployer.traffic.maps import Entries, Maps
from deployer.traffic.nginx.below import below

TITLE = "# Written by deployer at every change of the split. It says:"
_PAIRS = ("release", "asset")


def prefix(pool: str) -> str:
    """What the variables of a pool begin with: several may live in one nginx."""
    return "dp_" + re.sub(r"\W", "_", pool)


def text(maps: Maps, pool: str, serving: Collection[str], servers: str) -> str:
    """The whole file. `serving` are the slots with a host that is up ("a"), `servers` the text of both server files:
    the digest that nginx answers with is also that of them.
    """
    said = "".join((f"{TITLE}\n", *(f"# {line}\n" for line in _said(maps)), *_tables(maps, pool, serving)))
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
    one: dict[str, str] = {}
    pairs: dict[str, list[tuple[str, str]]] = {name: [] for name in _PAIRS}
    for line in text.splitlines():
        words = line.removeprefix("# ").split()
        if line.startswith("# ") and words[:1] and words[0] in _PAIRS and len(words) == 3:  # noqa: PLR2004
            pairs[words[0]].append((words[1], words[2]))
        elif line.startswith("# ") and len(words) == 2:  # noqa: PLR2004
            one[words[0]] = words[1]
    pct = one.get("pct", "0")
    return Maps(
        int(pct) if pct.isdigit() else 0,
        one.get("stable", ""),
        one.get("canary", ""),
        tuple(pairs["release"]),
        tuple(pairs["asset"]),
    )


def _said(maps: Maps) -> Iterator[str]:
    yield f"pct {maps.pct}"
    for role, release in (("stable", maps.stable), ("canary", maps.canary)):
        if release:
            yield f"{role} {release}"
    for name, entries in (("release", maps.releases), ("asset", maps.assets)):
        for release, backend in entries:
            yield f"{name} {release} {backend}"


def _tables(maps: Maps, pool: str, serving: Collection[str]) -> Iterator[str]:
    """A slot without a host that is up is not known: whoever asks for it gets the normal decision."""
    known = tuple(one for one in maps.releases if one[1].removeprefix(f"{pool}_") in serving)
    names = tuple((release, release) for release, _ in known)
    split = bool(maps.canary)
    pins = tuple(one for one in names if one[0] != maps.canary or maps.pct)
    var = prefix(pool)
    yield _constant(var, "split", "1" if split else "")
    canary = ((below(maps.pct), maps.canary),) if split and maps.canary in dict(known) else ()
    yield _table(f"{var}_padded", f"{var}_by_share", maps.stable, canary)
    yield _table(f"{var}_pin", f"{var}_by_pin", "", _exactly(pins if split else ()))
    yield _table(f"{var}_tester", f"{var}_by_tester", "", _exactly(names))
    yield _table(f"{var}_release", f"{var}_slot", f"{pool}_a", _exactly(maps.releases))
    assets = tuple(one for one in maps.assets if one[1].removeprefix(f"{pool}_") in serving)
    yield _table(f"{var}_asset_release", f"{var}_asset", "", _exactly(assets))


def _exactly(entries: Entries) -> Entries:
    """As expressions: nginx compares plain words without regard to case."""
    return tuple((f"^{re.escape(name)}$", value) for name, value in entries)


def _table(asked: str, named: str, otherwise: str, rows: Entries) -> str:
    lines = "".join(f'    "~{pattern}" "{value}";\n' for pattern, value in rows)
    return f'map ${asked} ${named} {{\n    default "{otherwise}";\n{lines}}}\n'


def _constant(var: str, name: str, value: str) -> str:
    return f'map $host ${var}_{name} {{ default "{value}"; }}\n'
