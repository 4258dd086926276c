"""Which releases came one after the other, and over which of them there is no way back"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from deployer.errors import Refused
from deployer.events import End
from deployer.progress import Progress
from deployer.steps import Deploy


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
        deployed = _deployed(run)
        if not deployed or run.plan.intent.strategy == "restart":
            continue
        if not line and run.picture:
            line += sorted({seen.release for seen in run.picture.hosts.values() if seen.release})[:1]
        release = run.plan.intent.release
        if release.irreversible:
            irreversible.add(release.version)
        if release.version not in deployed or (run.end is not None and run.end.end is End.PUT_BACK):
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


def _deployed(run: Progress) -> frozenset[str]:
    """Versions that the run itself began to bring to some host."""
    if not run.lines:
        return frozenset()
    steps: Sequence[tuple[int, object]] = [(number, step) for number, _, _, step in run.plan.walk()]
    return frozenset(
        step.release.version for number, step in steps if isinstance(step, Deploy) and (0, number) in run.begun
    )
