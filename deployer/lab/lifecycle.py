"""Bring a lab up, take it down, say how it is"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar

from deployer.errors import Refused, StepFailed
from deployer.lab import balancer, host, inventory, marks, numbers, programs, scraping, ssh
from deployer.lab.layout import (
    MOST_HOSTS,
    SERVICE_PORT,
    SSH_PORT,
    Balancing,
    Lab,
    Machine,
    boot_id,
    folder_of,
    load,
    store,
)
from deployer.lab.releases import release

Seen = TypeVar("Seen")
FIRST, VERSIONS = "1.0.0", ("1.0.0", "1.1.0", "1.2.0")
LONGEST_WAIT = 120.0
LONGEST_FOLDER = 70  # a Unix socket's path has 107 bytes, …/machines/dc1-lb1/master.sock.NNNNN.tmp is part of it


@dataclass(frozen=True, slots=True)
class Part:
    """One machine of a lab as it is now: which of its ports answer."""

    name: str
    address: str
    ssh: bool
    service: bool


@dataclass(frozen=True, slots=True)
class Status:
    """`lab` is None when there is none; `rebooted`: it was up before the machine last booted."""

    folder: Path
    lab: Lab | None
    rebooted: bool
    parts: tuple[Part, ...]

    @property
    def well(self) -> bool:
        return self.lab is not None and self.lab.complete and all(part.ssh and part.service for part in self.parts)


def up(
    name: str = "lab",
    hosts_per_site: int = 4,
    *,
    folder: Path | None = None,
    sticky: str = "bucket",
    tester_key: str = "",
    balancing: Balancing = "haproxy",
    prometheus: bool = False,
    edging: Balancing = "haproxy",
) -> Lab:
    """A lab whose every part answers. One that is there and well is taken as it is; any other is made anew."""
    programs.check()
    home = folder_of(name, folder)
    _check(home, hosts_per_site)
    home.mkdir(parents=True, mode=0o700, exist_ok=True)
    with _alone(home):
        now = status(name, folder=home)
        wanted = Lab(name, home, 0, hosts_per_site, boot_id(), True, balancing, prometheus, edging)
        if now.well and now.lab and replace(now.lab, number=0) == wanted:
            return now.lab
        _clear(home)
        (home / ".lab").touch()
        try:
            lab = replace(wanted, number=numbers.claim(home), complete=False)
            store(lab)
            _build(lab, sticky, tester_key)
            _start(lab)
        except BaseException:
            half = load(home)
            marks.end(home, half.number if half else None)  # the folder stays, for its logs; `down` takes it
            raise
        store(replace(lab, complete=True))
        return replace(lab, complete=True)


def down(name: str = "lab", *, folder: Path | None = None) -> int:
    """Nothing of this lab is left: no process, no file, no claim. Says how many processes were ended."""
    home = folder_of(name, folder)
    if not home.is_dir():
        return _clear(home)
    with _alone(home):
        ended = _clear(home)
        if not any(home.iterdir()):
            home.rmdir()
    return ended


def status(name: str = "lab", *, folder: Path | None = None) -> Status:
    home = folder_of(name, folder)
    lab = load(home)
    if lab is None:
        return Status(home, None, rebooted=False, parts=())
    parts = tuple(
        Part(one.name, one.address, accepts(one.address, SSH_PORT), accepts(one.address, SERVICE_PORT))
        for one in lab.machines
    )
    return Status(home, lab, lab.boot != boot_id(), parts)


def _check(home: Path, hosts_per_site: int) -> None:
    if not 1 <= hosts_per_site <= MOST_HOSTS:
        raise Refused(f"{hosts_per_site} hosts per site", remedy=f"1 to {MOST_HOSTS}")
    if len(str(home)) > LONGEST_FOLDER:
        raise Refused("the folder's name is too long for Unix sockets in it", where=str(home), remedy="--folder")
    if home.exists() and any(home.iterdir()) and not (home / ".lab").exists():
        raise Refused("this folder holds something that is not a lab", where=str(home), remedy="another --folder")


def _build(lab: Lab, sticky: str, tester_key: str) -> None:
    for machine in lab.machines:
        (machine.folder / "tmp").mkdir(parents=True, exist_ok=True)
    ssh.make_keys(lab)
    for version in VERSIONS:
        release(lab.artifacts, version)
    for one in lab.hosts:
        host.prepare(lab, one, lab.artifacts / f"shop-{FIRST}.tar.gz", FIRST)
    for one in lab.balancers:
        balancer.prepare(lab, one, sticky=sticky, balancer_tester_key=tester_key)
    for edge in lab.edges:
        balancer.prepare_edge(lab, edge)
    if lab.prometheus:
        scraping.prepare(lab)
    inventory.write(lab)


def _start(lab: Lab) -> None:
    """Hosts before balancers before the edge: nobody is asked before it can answer."""
    with ThreadPoolExecutor(4) as pool:
        _each(pool, lambda one: ssh.start(lab, one), lab.machines)
        _each(pool, lambda one: host.start(lab, one), lab.hosts)
        _each(pool, lambda one: balancer.start(lab, one), lab.balancers)
        _each(pool, lambda one: balancer.start(lab, one), lab.edges)
    if lab.prometheus:
        scraping.start(lab)
    wait(lambda: status(lab.name, folder=lab.folder).parts, lambda parts: all(one.ssh and one.service for one in parts))
    wait(lambda: _up(lab), lambda found: all(count == lab.hosts_per_site for count in found.values()))
    wait(lambda: {_page(edge) for edge in lab.edges}, lambda codes: codes == {200})


def _up(lab: Lab) -> dict[str, int]:
    """Per balancer, how many hosts its checks have found well."""
    return {one.name: len(balancer.servers(one).checked) for one in lab.balancers}


def wait(look: Callable[[], Seen], good: Callable[[Seen], bool]) -> Seen:
    """What was seen once it was good; StepFailed when it does not become so."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not good(seen := look()):
        if time.monotonic() > deadline:
            raise StepFailed(f"not well after {LONGEST_WAIT:.0f} s: {seen}", remedy="deployer lab status")
        time.sleep(0.03)
    return seen


def _each(pool: ThreadPoolExecutor, act: Callable[[Machine], None], machines: tuple[Machine, ...]) -> None:
    for _ in pool.map(act, machines):
        pass


def accepts(address: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((address, port), timeout=2):
            return True
    except OSError:
        return False


def _page(edge: Machine) -> int:
    link = HTTPConnection(edge.address, SERVICE_PORT, timeout=5)
    try:
        link.request("GET", "/")
        return link.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        link.close()


def _clear(home: Path) -> int:
    """lab.json last but one, the mark last: when this dies it can be done again."""
    lab = load(home)
    ended = marks.end(home, lab.number if lab is not None and lab.boot == boot_id() else None)
    if (home / ".lab").exists():
        for path in home.iterdir():
            if path.name not in ("lab.json", ".lab"):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        (home / "lab.json").unlink(missing_ok=True)
        (home / ".lab").unlink()
    numbers.give_back(home)
    return ended


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Two of them on one lab at once would end each other's processes."""
    handle = os.open(home, os.O_RDONLY)
    try:
        for _ in range(60):  # a child that a killed one had just forked holds the lock until it has become its program
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.05)
        else:
            raise Refused("another `lab up` or `lab down` is at work here", where=str(home), remedy="wait for it")
        yield
    finally:
        os.close(handle)
