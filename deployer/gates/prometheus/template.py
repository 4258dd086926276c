"""Templates of queries: filled for one group at one site, and refused where they would mix groups or sites"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployer.machines import Host

HOLES = ("scope", "site", "group", "hosts", "release", "window")
_HOLE = re.compile(r"\{(scope|site|group|hosts|release|window)\}")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_LABELS = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", re.IGNORECASE)
_TOKEN = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)?\s*(?P<next>[{(]?)")
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end", "atan2"}


@dataclass(frozen=True, slots=True)
class Scope:
    """One group at one site; `label` is where hosts are named, `value` how."""

    site: str
    group: str
    release: str
    hosts: Sequence[Host]
    label: str
    value: str
    site_label: str = ""

    def pattern(self, host: Host) -> str:
        told = {"name": host.name, "address": host.address, "port": str(host.port)}
        return re.sub(r"\{(name|address|port)\}", lambda hole: re.escape(told[hole[1]]), self.value)

    def filled(self, template: str, window: float) -> str:
        """The query; `window` in seconds."""
        hosts = quoted("|".join(self.pattern(host) for host in self.hosts))
        site = f',{self.site_label}="{quoted(self.site)}"' if self.site_label else ""
        told = {
            "scope": f'{self.label}=~"{hosts}"{site}',
            "site": quoted(self.site),
            "group": self.group,
            "hosts": hosts,
            "release": quoted(self.release),
            "window": f"{max(1, int(window))}s",
        }
        return _HOLE.sub(lambda hole: told[hole[1]], template)

    def host(self, said: str) -> Host | None:
        """Whose label says this."""
        return next((host for host in self.hosts if re.fullmatch(self.pattern(host), said)), None)


def quoted(text: str) -> str:
    """As it stands between double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def complaints(template: str, *, one_site: bool) -> Iterator[str]:
    """Why its answer would not be that of one group at one site; `one_site`: its server knows no other site.

    {scope} and {hosts} tell both, since a host has one site. {group} and {release} tell groups, {site} sites.
    """
    for selector in _selectors(template):
        holes = set(_HOLE.findall(selector))
        if not holes & {"scope", "hosts", "group", "release"}:
            yield f"{_short(selector)} mixes groups: it has none of {{scope}}, {{hosts}}, {{group}}, {{release}}"
        if not one_site and not holes & {"scope", "hosts", "site"}:
            yield f"{_short(selector)} ignores the site: it has none of {{scope}}, {{hosts}}, {{site}}"


def _selectors(template: str) -> Iterator[str]:
    """Each vector selector with its matchers, also those without any."""
    bare = _LABELS.sub(" ", re.sub(r"(?m)#.*$", "", _hidden(template)))
    at = 0
    while at < len(bare):
        token = _TOKEN.match(bare, at)
        if bare[at] == "[":
            at = bare.index("]", at) + 1 if "]" in bare[at:] else len(bare)
        elif bare[at].isdigit():
            at += len(re.match(r"[\w.]+", bare[at:])[0])  # type: ignore[index]
        elif token and token["next"] == "{":
            end = _closing(bare, token.start("next"))
            yield _shown(bare[at:end])
            at = end
        elif token and token["name"]:
            if token["next"] != "(" and token["name"].lower() not in _WORDS:
                yield _shown(token["name"])
            at = token.end("name")
        else:
            at += 1


def _closing(text: str, at: int) -> int:
    depth = 0
    for index in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if not depth:
            return index + 1
    return len(text)


def _hidden(template: str) -> str:
    """Strings keep only their holes, in letters that begin no token."""
    return _STRING.sub(
        lambda found: '"' + "".join(f"\x01{hole}\x02" for hole in _HOLE.findall(found[0])) + '"', template
    )


def _shown(text: str) -> str:
    return text.replace("\x01", "{").replace("\x02", "}")


def _short(selector: str) -> str:
    return selector.strip().partition("{")[0] or selector.strip()[:40]
