"""One nginx, asked what it runs and told what to run, in the words of the other kind: a pool with servers, and maps"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from deployer.errors import StepFailed, Unreachable
from deployer.fence import act
from deployer.machines import Balancer
from deployer.model import Split
from deployer.ssh import Ssh
from deployer.traffic.haproxy import Seen
from deployer.traffic.maps import Maps
from deployer.traffic.nginx import servers, shell, tables
from deployer.traffic.stat import Row
from deployer.world import Order

_RENDER = "deployer traffic render shows what to add to its configuration"
_AT_ONCE = 64
"""So many others may change the files between our look and our act, one after the other."""


@dataclass(frozen=True, slots=True)
class Files:
    """The texts of the files by name; `slots` are those with the servers, a before b."""

    texts: Mapping[str, str]
    pool: str

    @property
    def split(self) -> str:
        return self.texts["split.conf"]

    @property
    def maps(self) -> Maps:
        return tables.maps(self.split)

    @property
    def servers(self) -> str:
        return "".join(self.texts[f"{self.pool}_{slot}.servers"] for slot in shell.SLOTS)

    @property
    def genuine(self) -> bool:
        return tables.genuine(self.split, self.servers)

    def up(self, slot: str) -> Mapping[str, bool]:
        return servers.up(self.texts[f"{self.pool}_{slot}.servers"])

    def turned(self, hosts: Collection[str], slot: str) -> Files:
        """These hosts are up in this slot and down in the other; "" = down in both."""
        changed = {
            f"{self.pool}_{one}.servers": servers.turned(
                self.texts[f"{self.pool}_{one}.servers"], hosts, up=one == slot
            )
            for one in shell.SLOTS
        }
        return Files({**self.texts, **changed}, self.pool).split_by(self.maps)

    def split_by(self, maps: Maps) -> Files:
        serving = [slot for slot in shell.SLOTS if any(self.up(slot).values())]
        text = tables.text(maps, self.pool, serving, self.servers)
        return Files({**self.texts, "split.conf": text}, self.pool)

    @property
    def sum(self) -> str:
        """What sha256sum says of all three, one after the other."""
        return sha256("".join(self.texts.values()).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Told:
    """What one nginx answered. `running` is the digest of what it runs; `old` workers end what they have."""

    running: str
    master: int
    old: tuple[int, ...]
    files: Files
    before: Files | None

    @property
    def loaded(self) -> Files | None:
        """The files it runs, which may be those before the last change; None when it runs neither."""
        both = (one for one in (self.files, self.before) if one)
        return next((one for one in both if tables.digest_in(one.split) == self.running), None)

    @property
    def now(self) -> Files:
        return self.loaded or self.files

    def keeps(self, split: Split) -> bool:
        """Whether the files it runs are those that lie there, as the deployer wrote them, and say this split."""
        said = self.files.maps.split
        return self.loaded is self.files and self.files.genuine and said is not None and said.alike(split)

    def complaints(self, balancer: Balancer) -> Iterator[str]:
        if self.loaded is not self.files:
            yield f"it runs other files than lie in {balancer.maps}: nginx -t && nginx -s reload"
        elif not self.files.genuine:
            yield f"the files in {balancer.maps} were edited by hand; the next change makes them whole"


def ask(ssh: Ssh, balancer: Balancer) -> Told:
    """Raises Unreachable when the machine or nginx does not answer, StepFailed when it is not set up for us."""
    answer = ssh.ask(balancer.name, "sh", shell.look(balancer))
    if not answer.ok:
        raise StepFailed(
            f"cannot look into {balancer.maps}: {answer.complaint}",
            where=balancer.name,
            remedy=f"set balancers.maps in deployer.yml; {_RENDER}",
        )
    lines = answer.out.split("\n")
    words = {line.split(" ", 1)[0]: line.split(" ", 1)[1:] for line in lines[:3]}
    said, master, old = ("".join(words.get(name, [])).split() for name in ("answer", "master", "old"))
    texts = _texts(lines[3:])
    names = shell.files(balancer)
    missing = [name for name in names if name not in texts]
    if missing:
        raise StepFailed(
            f"{balancer.maps} has no {', '.join(missing)}",
            where=balancer.name,
            remedy=_RENDER,
        )
    if len(said) != 2 or not said[1].isdigit() or not master:  # noqa: PLR2004
        raise Unreachable(
            f"nginx does not answer at /deployer_status: {' '.join(said)[:200] or 'nothing'}",
            where=balancer.name,
            remedy=_RENDER,
        )
    before = {name: texts[f"{name}.was"] for name in names if f"{name}.was" in texts}
    return Told(
        said[0],
        int(master[0]),
        tuple(int(pid) for pid in old),
        Files({name: texts[name] for name in names}, balancer.pool),
        Files(before, balancer.pool) if len(before) == len(names) else None,
    )


def _texts(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, tab, said = line.partition("\t")
        if tab:
            found[name] = f"{found.get(name, '')}{said}\n"
    return found


def see(ssh: Ssh, balancer: Balancer) -> Seen:
    """The pool as nginx runs it: `UP` in a slot, or `NOLB`. It counts nothing, so sessions and totals are 0.

    Raises:
        Unreachable: machine or nginx does not answer.
        StepFailed: its folder is not ours, or it runs other files than lie there.
    """
    return seen(balancer, ask(ssh, balancer))


def seen(balancer: Balancer, told: Told) -> Seen:
    files = told.loaded
    if files is None:
        raise StepFailed(
            f"nginx does not run what lies in {balancer.maps}",
            where=balancer.name,
            remedy=f"nginx -t && nginx -s reload on {balancer.name}; deployer doctor",
        )
    rows = tuple(
        _row(f"{balancer.pool}_{slot}", name, up=up)
        for slot in shell.SLOTS
        for name, up in {"": any(files.up(slot).values()), **files.up(slot)}.items()
    )
    return Seen(balancer.name, balancer.pool, told.master, rows, told.old, ())


def _row(backend: str, server: str, *, up: bool) -> Row:
    return Row(backend, server, "UP" if up else "NOLB", 0, 0, 0, 0, 100, "", "", "http")


def read(ssh: Ssh, balancer: Balancer) -> Maps:
    """What its tables say now."""
    told = ask(ssh, balancer)
    seen(balancer, told)
    return told.now.maps


def write(ssh: Ssh, balancer: Balancer, service: str, order: Order, then: Maps) -> None:
    """Every worker that takes requests decides by these maps, or StepFailed and all is as it was."""
    change(
        ssh,
        balancer,
        service,
        order,
        lambda files: files if files.genuine and files.maps.same(then) else files.split_by(then),
    )


def make_whole(ssh: Ssh, balancer: Balancer, service: str, order: Order) -> None:
    """The files that lie there are genuine and loaded; what they say in their first lines is true again."""
    change(ssh, balancer, service, order, lambda files: files if files.genuine else files.split_by(files.maps))


def turn(ssh: Ssh, balancer: Balancer, service: str, order: Order, hosts: Collection[str], slot: str) -> None:  # noqa: PLR0917
    """These hosts get requests in this slot only ("" = none), or StepFailed and all is as it was."""
    change(ssh, balancer, service, order, lambda files: files.turned(hosts, slot))


def change(ssh: Ssh, balancer: Balancer, service: str, order: Order, wish: Callable[[Files], Files]) -> None:
    """The files as `wish` makes them from those that are there; nothing is done when they are so already and loaded.

    Raises:
        Overtaken: a newer run acted there.
        StepFailed: nginx refuses the files, or does not load them; they are as they were.
        Unreachable: machine or nginx does not answer.
    """
    for _ in range(_AT_ONCE):
        told = ask(ssh, balancer)
        files = wish(told.files)
        digest = tables.digest_in(files.split)
        if files == told.files and told.running == digest:
            act(ssh, balancer, service, order)
            return
        script = shell.put(balancer, dict(files.texts), told.files.sum, digest)
        if act(ssh, balancer, service, order, script, timeout=40).out.strip() != shell.MOVED:
            return
    raise StepFailed("somebody else keeps changing its files", where=balancer.name, remedy="deployer lock status")
