"""A run at a glance: what happens, whether users are hurt, where everybody is, and what one can do"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deployer.events import End, OnHold, Record
from deployer.model import Split
from deployer.pending import Pending, pending
from deployer.progress import Progress, fold
from deployer.report import words
from deployer.report.account import Account, SiteAccount, State, account
from deployer.report.board import Board, Row
from deployer.report.course import PERSON
from deployer.report.phrases import ENDINGS, subject
from deployer.report.text import next_commands
from deployer.settings.values import Settings
from deployer.steps import Ask
from deployer.web.harm import Said, users
from deployer.web.waiting import Asked, Doing, asked, doing

TONES = {End.DONE: "good", End.HALF_WAY: "bad"}


@dataclass(frozen=True, slots=True)
class Part:
    """One release's share of a site, in percent, from `left` on; `new` is the release that is brought out."""

    name: str
    share: float
    left: float
    new: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """A host: what it does, and how that looks."""

    host: str
    state: str
    release: str
    tone: str
    new: bool
    since: float | None
    held: str


@dataclass(frozen=True, slots=True)
class SiteGlance:
    site: SiteAccount
    split: tuple[Part, ...]
    cells: tuple[Cell, ...]

    @property
    def short(self) -> bool:
        """Fewer hosts serve than were promised."""
        return self.site.in_service < self.site.floor


@dataclass(frozen=True, slots=True)
class Glance:
    account: Account
    seq: int
    title: str
    state: Said
    users: Said
    doing: tuple[Doing, ...]
    sites: tuple[SiteGlance, ...]
    edge: tuple[Part, ...]
    at_work: bool
    question: Pending | None
    """What a person may answer, though the gate may yet find a verdict."""
    way: str
    """How it is answered with yes: approve, or promote where only a person can."""
    asks: Asked | None
    """What a person is waited for."""
    commands: tuple[str, ...]

    @property
    def over(self) -> bool:
        end = self.account.end
        return end is not None and end.end in (End.DONE, End.PUT_BACK)

    @property
    def line(self) -> int:
        """Which plan is walked now."""
        return max(step.line for step in self.account.steps)

    @property
    def steps(self) -> tuple[int, int]:
        """Of the plan that is walked now: done, and all."""
        mine = [step.state is State.DONE for step in self.account.steps if step.line == self.line]
        return sum(mine), len(mine)


def glance(records: Sequence[Record], settings: Settings, inventory: str, *, at_work: bool, now: float) -> Glance:
    """The reading of one run's records so far; `at_work`: somebody holds the lock for it."""
    read, progress, board = account(records, at_work=at_work), fold(records), Board()
    for record in records:
        board.apply(record)
    question = pending(progress, settings.approvals.rules, at_work=at_work)
    asks = asked(question, progress, settings, now)
    splits = {track.scope: track.points[-1][1] for track in read.course.tracks}
    return Glance(
        account=read,
        seq=records[-1].seq,
        title=f"{subject(read.intent)}, {read.intent.strategy}",
        state=_state(read, asks, progress.on_hold, at_work=at_work),
        users=users(read),
        doing=tuple(doing(progress, settings, asks)),
        sites=tuple(_site(site, board, splits.get(site.site), read) for site in read.sites),
        edge=tuple(parts(splits.get("edge"), "")) if "edge" in splits else (),
        at_work=at_work,
        question=question,
        way=_way(question, progress),
        asks=asks,
        commands=_commands(read, asks, inventory, at_work=at_work),
    )


def _way(question: Pending | None, progress: Progress) -> str:
    if question is None:
        return ""
    step = progress.lines[question.line].numbered[question.number]
    return "promote" if isinstance(step, Ask) and step.gate == PERSON else "approve"


def _state(read: Account, asks: Asked | None, hold: OnHold | None, *, at_work: bool) -> Said:
    why = words.one_line(read.why_back)
    if read.end is None and not at_work:
        return Said("bad", "Its orchestrator is gone", "It stands where it stood; deployer resume goes on from there.")
    if asks:
        return Said("warn", "Waits for a person", words.one_line(asks.question.about))
    if read.end is None and hold:
        return Said("warn", "Held by a freeze", words.one_line(hold.why))
    if read.end is None and read.why_back:
        return Said("warn", "Goes back", why)
    if read.end is None:
        return Said("busy", "Under way", "")
    told = ENDINGS[read.end.end]
    tone = TONES.get(read.end.end, "warn")
    return Said(tone, f"{told[0].upper()}{told[1:]}", words.one_line(read.end.note) or why)


def _site(site: SiteAccount, board: Board, split: Split | None, read: Account) -> SiteGlance:
    release = read.intent.release.version
    held = {host.host: host.held for host in read.hosts}
    rows = [row for row in board.rows.values() if row.site == site.site]
    cells = tuple(_cell(row, release, held.get(row.host, "")) for row in rows)
    return SiteGlance(site, tuple(parts(split, release)), cells)


def _cell(row: Row, release: str, held: str) -> Cell:
    tone = "bad" if row.failed else "busy" if row.since is not None else "calm" if row.in_service else "warn"
    return Cell(row.host, row.state, row.release or "?", tone, row.release == release, row.since, held)


def parts(split: Split | None, release: str) -> Iterator[Part]:
    left = 0.0
    for name, share in split.shares if split else ():
        yield Part(name, share / 100, left, name == release)
        left += share / 100


def _commands(read: Account, asks: Asked | None, inventory: str, *, at_work: bool) -> tuple[str, ...]:
    """What one would type on a terminal; while it goes by itself there is only the way back."""
    if asks:
        ways = f"approve {read.run} --reason TEXT", f"abort {read.run}"
        return tuple(f"deployer {way} -i {inventory}" for way in ways)
    if at_work and read.end is None:
        return (f"deployer abort {read.run} -i {inventory}",)
    return next_commands(read, inventory)
