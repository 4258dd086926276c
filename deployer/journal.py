"""What happened, durable before we go on

Every record carries the hash of the one before, over all runs of a service. The newest seq and hash are kept a second
time (a row, and for SQLite an anchor file), so that a cut tail is noticed as well as a changed record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, get_args

from deployer import codec
from deployer.chain import Broken, Line, checked, linked
from deployer.errors import JournalDamaged, UsageError
from deployer.events import SERVICE, End, Ended, Event, Frozen, Lifted, Planned, Record
from deployer.lock import must_hold
from deployer.store.rows import NOTHING, Mark, Rows, Store

T = TypeVar("T")
_END = 2**62
KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
_ADD = "INSERT INTO deployer_journal (service, seq, run, at, kind, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
_FOLLOW = """UPDATE deployer_head SET seq = ?, hash = ? WHERE service = ? AND seq = ? AND hash = ?
    AND EXISTS (SELECT 1 FROM deployer_journal WHERE service = ? AND seq = ? AND hash = ?
        AND seq = (SELECT MAX(seq) FROM deployer_journal WHERE service = ?))
    AND (? OR EXISTS (SELECT 1 FROM deployer_lease WHERE service = ? AND epoch = ?))"""


@dataclass(frozen=True, slots=True)
class RunHead:
    """One run in a list of runs: UTC epoch seconds, the kind of its last record, and how it ended (None: not yet)."""

    run: str
    started: float
    changed: float
    kind: str
    end: End | None


@dataclass(frozen=True, slots=True)
class Whole:
    """A journal from its beginning as far as its chain holds; `marks` are seq and hash of each record, NOTHING first.

    `broken` says where it does not, and `run` whose record lies there ("" = none does).
    """

    records: tuple[Record, ...]
    marks: tuple[Mark, ...]
    broken: Broken | None
    run: str


class Journal:
    """One service's journal. Raises StoreUnavailable, JournalDamaged."""

    def __init__(self, store: Store, service: str, clock_now: Callable[[], float]) -> None:
        self._store = store
        self._service = service
        self._now = clock_now
        self._mine: Mark | None = None
        self._known = False
        """Everything up to our own last record was read or written here."""

    def append(self, run: str, *events: Event, epoch: int | None) -> tuple[Record, ...]:
        """All of them or none, durable on return; Overtaken when the lease has not this epoch (None: written from
        outside, whoever holds it).
        """
        if not events:
            return ()
        at = float(self._now())
        written = [(type(event).__name__, codec.encode(event)) for event in events]
        promised = self._mine or self._store.promised(self._service)
        following = linked(self._service, self._mine, run, at, written) if self._mine else ()
        tried: list[Line] = []

        def work(rows: Rows) -> None:
            if tried and self._at(rows, tried[-1].seq) == tried[-1].hash:
                return  # the connection was lost after the commit: it is there
            if following and self._undisturbed(rows, following[-1], epoch):
                tried[:] = following
            else:
                if epoch is not None:
                    must_hold(rows, self._service, run, epoch)
                tried[:] = linked(self._service, self._sound(rows, promised), run, at, written)
                self._point(rows, tried[-1])
            rows.add(_ADD, [(self._service, *line) for line in tried])

        self._store.write(self._service, work)
        self._known = self._known and tried == following
        self._mine = Mark(tried[-1].seq, tried[-1].hash)
        self._store.promise(self._service, self._mine)
        return tuple(Record(line.seq, run, at, event) for line, event in zip(tried, events, strict=True))

    def events(self, run: str) -> tuple[Record, ...]:
        """The records of this run, oldest first; none when there is no such run."""

        def work(rows: Rows) -> tuple[Line, ...]:
            first = self._begin(rows, run)
            return () if first is None else self._lines(rows, first)

        lines = tuple(line for line in self._read(work) if line.run == run)
        if lines:
            self._must_begin(lines[0])
        return tuple(self._record(line) for line in lines)

    def latest(self, runs: int) -> tuple[tuple[Record, ...], ...]:
        """The records of the last so many runs, the oldest run first, in one read from where they begin."""

        def work(rows: Rows) -> tuple[Line, ...]:
            begins = rows.ask(
                """SELECT MIN(seq) FROM deployer_journal WHERE service = ? AND run <> ?
                GROUP BY run ORDER BY MIN(seq) DESC LIMIT ?""",
                self._service,
                SERVICE,
                runs,
            )
            return self._lines(rows, begins[-1][0]) if begins else ()

        found: dict[str, list[Record]] = {}
        for line in self._read(work):
            if line.kind == Planned.__name__ or line.run in found:  # others began before
                found.setdefault(line.run, []).append(self._record(line))
        return tuple(map(tuple, found.values()))

    def since(self, run: str, seq: int) -> tuple[Record, ...]:
        """The records of this run, and of the service as a whole, that are newer than seq."""
        mine = self._mine
        lines = self._read(lambda rows: self._lines(rows, seq + 1))
        self._known = bool(lines) and mine is not None and lines[-1].seq == mine.seq
        return tuple(self._record(line) for line in lines if line.run in (run, SERVICE))

    def quiet(self) -> bool:
        """Nobody else has written since we read or wrote last: asked of the anchor, which costs no transaction."""
        return self._known and self._mine is not None and self._store.promised(self._service) == self._mine

    def runs(self, limit: int = 20) -> tuple[RunHead, ...]:
        """Newest first."""

        def work(rows: Rows) -> tuple[RunHead, ...]:
            found = rows.ask(
                """SELECT MIN(seq), MAX(seq),
                MAX(CASE WHEN kind IN ('AbortAsked', 'Injected', 'Overrode', 'Called') THEN 0 ELSE seq END)
                FROM deployer_journal WHERE service = ? AND run <> ? GROUP BY run ORDER BY MIN(seq) DESC LIMIT ?""",
                self._service,
                SERVICE,
                limit,
            )
            return tuple(self._run_head(rows, *seqs) for seqs in found)

        return self._read(work)

    def planned(self, run: str) -> Planned | None:
        """What a run began with, read without all that came after it; None when there is no such run."""

        def work(rows: Rows) -> Line | None:
            seq = self._begin(rows, run)
            return None if seq is None else self._line(rows, seq)

        line = self._read(work)
        if line is None:
            return None
        self._must_begin(line)
        begun = self._record(line).event
        assert isinstance(begun, Planned)  # noqa: S101 - for the type checker
        return begun

    def knows(self, run: str) -> bool:
        return self._read(lambda rows: self._begin(rows, run)) is not None

    def word(self) -> Record | None:
        """The last word on the service as a whole: Frozen or Lifted. None: there is none."""

        def work(rows: Rows) -> tuple[Line, ...]:
            sql = "SELECT MAX(seq) FROM deployer_journal WHERE service = ? AND run = ? AND kind IN (?, ?)"
            ((seq,),) = rows.ask(sql, self._service, SERVICE, Frozen.__name__, Lifted.__name__)
            return () if seq is None else self._lines(rows, seq, seq)

        return next((self._record(line) for line in self._read(work)), None)

    def last_run(self) -> str | None:
        """The run that was planned last."""
        return next((head.run for head in self.runs(1)), None)

    def verify(self) -> int:
        """Read the whole journal and check every link; how many records it holds."""
        found = self.whole()
        if found.broken:
            raise self._damaged(found.broken)
        return len(found.records)

    def whole(self) -> Whole:
        """Every record as far as the chain holds, and where it does not. Damage raises nothing here."""
        promised = self._store.promised(self._service)

        def work(rows: Rows) -> tuple[list[Line], Broken | None, str]:
            lines, good = self._raw(rows, 1), list[Line]()
            try:
                for line in checked(self._service, NOTHING, iter(lines)):
                    good.append(line)
                self._tail(rows, promised)
            except Broken as broken:
                return good, broken, next((line.run for line in lines if line.seq == broken.seq), "")
            return good, None, ""

        good, broken, run = self._store.read(work)
        marks = (NOTHING, *(Mark(line.seq, line.hash) for line in good))
        return Whole(tuple(map(self._record, good)), marks, broken, run)

    def _read(self, work: Callable[[Rows], T]) -> T:
        promised = self._store.promised(self._service)  # before the snapshot: the rows are never behind it

        def checked_work(rows: Rows) -> T:
            self._sound(rows, promised)
            return work(rows)

        return self._store.read(checked_work)

    def _lines(self, rows: Rows, first: int, last: int = _END) -> tuple[Line, ...]:
        """From record `first` to `last`, every link checked."""
        found = iter(self._raw(rows, max(first - 1, 1), last))
        before = NOTHING
        if first > 1:
            anchor = next(found, None)
            if anchor is None or anchor.seq != first - 1:
                raise self._damaged(Broken(first - 1, "it is missing"))
            before = Mark(anchor.seq, anchor.hash)
        try:
            return tuple(checked(self._service, before, found))
        except Broken as broken:
            raise self._damaged(broken) from None

    def _raw(self, rows: Rows, first: int, last: int = _END) -> tuple[Line, ...]:
        sql = """SELECT seq, run, at, kind, hash, body FROM deployer_journal
            WHERE service = ? AND seq BETWEEN ? AND ? ORDER BY seq"""
        return tuple(map(Line._make, rows.ask(sql, self._service, first, last)))

    def _undisturbed(self, rows: Rows, last: Line, epoch: int | None) -> bool:
        """The head moves on to `last`, when our own last record is the newest still and the lease has this epoch: it
        is looked at and written in one statement.
        """
        if self._mine is None or epoch == 0:
            return False
        service, mine = self._service, (self._mine.seq, self._mine.hash)
        outside, lease = epoch is None, (service, epoch or 0)
        return rows.do(_FOLLOW, last.seq, last.hash, service, *mine, service, *mine, service, outside, *lease) == 1

    def _sound(self, rows: Rows, promised: Mark) -> Mark:
        """The head, once it is clear that no tail is missing."""
        try:
            return self._tail(rows, promised)
        except Broken as broken:
            raise self._damaged(broken) from None

    def _tail(self, rows: Rows, promised: Mark) -> Mark:
        """The same, raising Broken."""
        found = rows.ask(
            """SELECT 'head', seq, hash FROM deployer_head WHERE service = ?
            UNION ALL SELECT 'promised', seq, hash FROM deployer_journal WHERE service = ? AND seq = ?
            UNION ALL SELECT 'last', seq, hash FROM deployer_journal WHERE service = ?
                AND seq = (SELECT MAX(seq) FROM deployer_journal WHERE service = ?)""",
            *(self._service, self._service, promised.seq, self._service, self._service),
        )
        marks = {name: Mark(seq, digest) for name, seq, digest in found}
        head, last = marks.get("head", NOTHING), marks.get("last", NOTHING)
        if max(promised.seq, head.seq) > last.seq:
            known = max(promised.seq, head.seq)
            raise Broken(last.seq + 1, f"it is missing, though record {known} was acknowledged")
        if head != last:
            raise Broken(last.seq, f"it is not the record {head.seq} that was acknowledged last")
        if promised != marks.get("promised", NOTHING):
            raise Broken(promised.seq, "it is not the record that was acknowledged")
        return head

    def _at(self, rows: Rows, seq: int) -> str:
        found = rows.ask("SELECT hash FROM deployer_journal WHERE service = ? AND seq = ?", self._service, seq)
        return found[0][0] if found else ""

    def _point(self, rows: Rows, last: Line) -> None:
        rows.do(
            """INSERT INTO deployer_head (service, seq, hash) VALUES (?, ?, ?)
            ON CONFLICT (service) DO UPDATE SET seq = excluded.seq, hash = excluded.hash""",
            self._service,
            last.seq,
            last.hash,
        )

    def _begin(self, rows: Rows, run: str) -> int | None:
        sql = "SELECT MIN(seq) FROM deployer_journal WHERE service = ? AND run = ?"
        ((seq,),) = rows.ask(sql, self._service, run)
        return None if seq is None else int(seq)

    def _run_head(self, rows: Rows, first: int, last: int, told: int) -> RunHead:
        begin, newest, word = (self._line(rows, seq) for seq in (first, last, told or last))
        end = self._record(word).event if word.kind == Ended.__name__ else None
        return RunHead(begin.run, begin.at, newest.at, newest.kind, end.end if isinstance(end, Ended) else None)

    def _line(self, rows: Rows, seq: int) -> Line:
        sql = "SELECT seq, run, at, kind, hash, body FROM deployer_journal WHERE service = ? AND seq = ?"
        ((*row,),) = rows.ask(sql, self._service, seq)
        return Line._make(row)

    def _must_begin(self, line: Line) -> None:
        """A damaged index may hide the beginning."""
        if line.kind != Planned.__name__:
            raise self._damaged(Broken(line.seq, f"run {line.run} begins with it, a {line.kind}, not with a plan"))

    def _record(self, line: Line) -> Record:
        if line.kind not in KINDS:
            raise UsageError(
                f"record {line.seq} is a {line.kind!r}, which this deployer does not know",
                where=self._where,
                remedy="use the deployer that wrote it, or a newer one",
            )
        try:
            return Record(line.seq, line.run, line.at, codec.decode(KINDS[line.kind], line.body))
        except UsageError as error:
            raise UsageError(
                f"record {line.seq} cannot be read: {error.what}", where=self._where, remedy=error.remedy
            ) from error

    def _damaged(self, broken: Broken) -> JournalDamaged:
        return JournalDamaged(
            f"record {broken.seq}: {broken.why}",
            where=self._where,
            remedy="look at the hosts as they are now (deployer status --live); restore the store from a backup, or "
            "move it away and begin a new one",
        )

    @property
    def _where(self) -> str:
        return f"journal of {self._service} in {self._store.where}"
