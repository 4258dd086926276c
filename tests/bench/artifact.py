"""100 MB to twenty hosts: the verb Fetch against parallel scp"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from deployer.cli.options import Ground
from deployer.cli.workplace import workplace
from deployer.lab.layout import Lab, Machine
from deployer.model import Release
from deployer.steps import Fetch
from deployer.world import Order
from tests.bench import ground
from tests.bench.figure import Figure, ratio
from tests.bench.rounds import Contender, interleaved, timed

OURS = "fetch: sent, checked, unpacked"
SAME, SCP = "parallel scp, sha256sum, tar", "parallel scp alone"
MEGABYTES, VERSION = 100, "9.0.0"
NOTE = "the target is against the same acts; against the copy alone it is for the reader"


def measure(rounds: int | None) -> tuple[Figure, ...]:
    with ground.lab() as lab:
        bytes_ = Bytes(lab, artifact(lab.artifacts / f"shop-{VERSION}.tar.gz"))
        times = interleaved(bytes_.contenders(), rounds or 3)
    return (
        replace(ratio("artifact", OURS, SAME, times, 1.1), notes=(NOTE,)),
        ratio("artifact", OURS, SCP, times, None),
    )


def artifact(path: Path, megabytes: int = MEGABYTES) -> Release:
    """Bytes that do not compress."""
    with tempfile.TemporaryFile() as body:
        for _ in range(megabytes):
            body.write(os.urandom(1 << 20))
        entry = tarfile.TarInfo("blob")
        entry.size = body.tell()
        body.seek(0)
        with gzip.open(path, "wb", compresslevel=1) as squeezed, tarfile.open(fileobj=squeezed, mode="w") as tar:
            tar.addfile(entry, body)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")
    return Release(VERSION, str(path), digest)


@dataclass(slots=True)
class Bytes:
    """One release on its way to every host of a lab, again and again."""

    lab: Lab
    release: Release
    _steps: Iterator[int] = field(default_factory=itertools.count)

    def contenders(self) -> Mapping[str, Contender]:
        return {
            OURS: lambda: self._anew(self._fetch),
            SAME: lambda: self._anew(self._scp_and_unpack),
            SCP: lambda: self._anew(self._scp),
        }

    def _anew(self, work: Contender) -> float:
        ground.forget(self.lab, VERSION)
        for host in self.lab.hosts:
            self._there(host).unlink(missing_ok=True)
        return work()

    def _fetch(self) -> float:
        with workplace(Ground(self.lab.inventory)) as work:
            order = Order("bench", 1, f"0-{next(self._steps)}", lambda _line: None, lambda: False)
            hosts = tuple(host.name for host in self.lab.hosts)
            took = timed(lambda: work.world.fleet.fetch(Fetch(hosts, self.release), order))
        self._lies_there()
        return took

    def _scp(self) -> float:
        config = ground.ssh_config(self.lab, self.lab.folder)
        took = timed(lambda: self._each(lambda host: self._copy(config, host)))
        ground.disconnect(self.lab, config)
        return took

    def _scp_and_unpack(self) -> float:
        config = ground.ssh_config(self.lab, self.lab.folder)
        took = timed(lambda: self._each(lambda host: self._copy_and_unpack(config, host)))
        ground.disconnect(self.lab, config)
        self._lies_there()
        return took

    def _each(self, work: ground.OnHost) -> None:
        with ThreadPoolExecutor(len(self.lab.hosts)) as pool:
            list(pool.map(work, self.lab.hosts))

    def _copy(self, config: Path, host: Machine) -> None:
        words = ["scp", "-q", "-F", str(config), self.release.artifact, f"{host.name}:{self._there(host)}"]
        subprocess.run(words, check=True)

    def _copy_and_unpack(self, config: Path, host: Machine) -> None:
        self._copy(config, host)
        there, home = self._there(host), host.root / "releases" / VERSION
        script = (
            f"echo '{self.release.sha256}  {there}' | sha256sum --check --quiet && mkdir -p {home} && "
            f"tar -xzf {there} -C {home} && rm {there}"
        )
        subprocess.run(["ssh", "-n", "-F", str(config), host.name, script], check=True)

    def _there(self, host: Machine) -> Path:
        return host.folder / "tmp" / "artifact.tar.gz"

    def _lies_there(self) -> None:
        wrong = [one.name for one in self.lab.hosts if not (one.root / "releases" / VERSION / "blob").is_file()]
        if wrong:
            raise SystemExit(f"bench: {VERSION} does not lie on {', '.join(wrong)}")
