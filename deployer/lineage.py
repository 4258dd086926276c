"""Which releases came one after the other, and over which of them there is no way back"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from deployer.errors import Refused
from deployer.events import End
from deployer.model import WHOLE, Picture
from deployer.progress import Progress
from deployer.steps import Deploy, Shift


@dataclass(frozen=True, slots=True)
class Lineage:
    """Releases from the oldest to the one that runs; a release gone back from is not in it any more."""

    versions: tuple[str, ...] = ()
    irreversible: frozenset[str] = frozenset()

    @property
    def before(self) -> str:
        """The release before the one that runs; "" when none is known."""
        return self.versions[-2] if len(self.versions) > 1 else ""

    def crossed(self, version: str) -> tuple[str, ...]:
        """Irreversible releases that going back to this version would take away. A new version crosses none."""
        if version not in self.versions:
            return ()
        return tuple(one for one in self.versions[self.versions.index(version) + 1 :] if one in self.irreversible)


def lineage(runs: Iterable[Progress], marked: Collection[str] = ()) -> Lineage:
    """Read from runs, the oldest first; `marked` are versions that are irreversible for another reason."""
    line: list[str] = []
    irreversible = set(marked)
    for run in runs:
        brought = _brought(run)
        if not brought or run.plan.intent.strategy == "restart":
            continue
        if not line and run.picture:
            line += _first(run.picture)
        release = run.plan.intent.release
        if release.irreversible:
            irreversible.add(release.version)
        if release.version not in brought or (run.end is not None and run.end.end is End.PUT_BACK):
            continue
        if release.version in line:
            del line[line.index(release.version) + 1 :]
        else:
            line.append(release.version)
    return Lineage(tuple(line), frozenset(irreversible))


def refuse_crossing(line: Lineage, version: str, *, told: bool) -> None:
    """Raises Refused when going to this version loses what an irreversible release did, unless the operator said so."""
    crossed = line.crossed(version)
    if crossed and not told:
        raise Refused(
            f"{', '.join(crossed)} is irreversible: below it there is no way back, {version} may not read its data",
            where=" < ".join(line.versions),
            remedy="mend forward with a new release; or, when you know that it can, --across-irreversible",
        )


def _first(picture: Picture) -> list[str]:
    """What users are on before anything is known: as the splits say, else what most hosts serve."""
    shares = [one for site in picture.sites if site in picture.splits for one in picture.splits[site].shares]
    serving = Counter(seen.release for seen in picture.hosts.values() if seen.in_service and seen.release)
    most = max(shares, key=lambda one: one[1])[0] if shares else None
    return [most] if most else [release for release, _ in serving.most_common(1)]


def _brought(run: Progress) -> frozenset[str]:
    """Versions that the run itself began to bring to some host, or to everybody at once."""
    if not run.lines:
        return frozenset()
    begun = [step for number, _, _, step in run.plan.walk() if (0, number) in run.begun]
    hosts = {step.release.version for step in begun if isinstance(step, Deploy)}
    users = {name for step in begun if isinstance(step, Shift) for name, share in step.split.shares if share == WHOLE}
    return frozenset(hosts | (users & {run.plan.intent.release.version}))
