"""The maps of one HAProxy at run time"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from deployer.errors import Unreachable
from deployer.machines import Balancer
from deployer.ssh import Ssh
from deployer.traffic import maps
from deployer.traffic.haproxy import api, of_worker, old_workers
from deployer.traffic.maps import NAMES, Entries, Maps
from deployer.traffic.runtime import change, refused
from deployer.world import Order


def read(ssh: Ssh, balancer: Balancer) -> Maps | None:
    """What the maps say now; None when this HAProxy has none of them (one backend, no split).

    Raises:
        Unreachable: it does not answer, or died while it did.
    """
    if not balancer.maps:
        return None
    said = api(ssh, balancer, ";".join(_show(balancer)))
    if len(maps.answers(said)) < len(NAMES):
        raise Unreachable("HAProxy's answer broke off", where=balancer.name, remedy="deployer status")
    return _of(said)


def read_old(ssh: Ssh, balancer: Balancer) -> tuple[Maps, ...]:
    """The same of each worker from before a reload that still serves."""
    found = (_of(of_worker(ssh, balancer, pid, _show(balancer))) for pid in old_workers(ssh, balancer))
    return tuple(one for one in found if one)


def write(  # noqa: PLR0917
    ssh: Ssh, balancer: Balancer, service: str, order: Order, now: Maps, then: Maps
) -> None:
    """All four maps: on disk first, because a reload takes them from there, then in every worker in one line.

    Raises:
        Overtaken, StepFailed, Unreachable: nothing may have been changed, or the disk, or all: read back.
    """
    changed = [name for name in NAMES if dict(now.texts())[name] != dict(then.texts())[name]]
    commands = _commands(balancer, now, then, _prepare(ssh, balancer, None, changed), changed)
    old = []
    for pid in old_workers(ssh, balancer):
        versions = _prepare(ssh, balancer, pid, changed)
        if versions:
            old.append((pid, _commands(balancer, now, then, versions, changed)))
    change(ssh, balancer, service, order, commands, first=_disk(balancer, then), old=old)


def _show(balancer: Balancer) -> list[str]:
    return [f"show map {path(balancer, name)}" for name in NAMES]


def _of(said: str) -> Maps | None:
    found = {
        name: entries
        for name, answer in zip(NAMES, maps.answers(said), strict=False)
        if (entries := maps.entries(answer)) is not None
    }
    return maps.of_entries(found) if found else None


def _prepare(ssh: Ssh, balancer: Balancer, pid: int | None, names: Sequence[str]) -> dict[str, list[str]]:
    """New versions of the maps, seen by nobody until they are committed; slot.map gets two."""
    found: dict[str, list[str]] = {}
    for name in (*names, *(name for name in names if name == "slot.map")):
        command = f"prepare map {path(balancer, name)}"
        said = api(ssh, balancer, command) if pid is None else of_worker(ssh, balancer, pid, [command])
        head, _, version = said.strip().partition("created: ")
        if pid is not None and "find the target" in said:
            return {}
        if not head.startswith("New version") or not version.isdigit():
            raise refused(balancer, command, said.strip())
        found.setdefault(name, []).append(version)
    return found


def _commands(
    balancer: Balancer, now: Maps, then: Maps, versions: dict[str, list[str]], changed: Sequence[str]
) -> list[str]:
    """Whoever has no canary yet or any more must not get its share: the role goes first and comes last."""
    texts = then.texts()
    lines: list[str] = []
    for name in ("asset.map", "rel.map"):
        if name in changed and not _loses(now.texts()[name], texts[name]):
            lines += _commit(balancer, name, versions[name][0], texts[name])
    if "slot.map" in changed:
        lines += _commit(
            balancer, "slot.map", versions["slot.map"][0], (("stable", then.stable),) if then.stable else ()
        )
    if "pct.map" in changed:
        lines += _commit(balancer, "pct.map", versions["pct.map"][0], texts["pct.map"])
    if "slot.map" in changed:
        lines += _commit(balancer, "slot.map", versions["slot.map"][1], texts["slot.map"])
    for name in ("rel.map", "asset.map"):
        if name in changed and _loses(now.texts()[name], texts[name]):
            lines += _commit(balancer, name, versions[name][0], texts[name])
    return lines


def _loses(now: Entries, then: Entries) -> bool:
    return not dict(now).keys() <= dict(then).keys()


def _commit(balancer: Balancer, name: str, version: str, entries: Entries) -> list[str]:
    file = path(balancer, name)
    return [*(f"add map @{version} {file} {key} {value}" for key, value in entries), f"commit map @{version} {file}"]


def _disk(balancer: Balancer, then: Maps) -> str:
    lines = []
    for name, entries in then.texts().items():
        file, text = shlex.quote(path(balancer, name)), "".join(f"{key} {value}\n" for key, value in entries)
        lines.append(f"printf %s {shlex.quote(text)} >{file}.new && mv -f {file}.new {file}")
    return "\n".join(lines)


def path(balancer: Balancer, name: str) -> str:
    """As HAProxy's configuration names the file."""
    return f"{balancer.maps.rstrip('/')}/{name}"
