"""One run per service over all its sites: a lease with a heartbeat and an epoch that only grows

Ages are measured by the clock of who asks; a skew between operators' machines makes a lease look stale too early or
too late by as much. That costs no safety: a stale lease is only taken by a person with a reason, and whoever was
overtaken is refused by its epoch, in the journal and on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from deployer.errors import LockHeld, Overtaken, UsageError
from deployer.process import is_gone, this_process
from deployer.store.rows import Rows, Store

TTL = 30.0
"""Seconds without a heartbeat after which a lease is stale."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds the lock, for which run and why; `taken` and `beat` are UTC epoch seconds.

    `owner` is user@host, `note` tells whom it was taken from, `token` tells two holders of one run apart.
    """

    service: str
    epoch: int
    run: str
    owner: str
    reason: str
    taken: float
    beat: float
    process: str = ""
    note: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class LockStatus:
    """The lock as it stands: `lease` None when it is free; `age` seconds since its last heartbeat.

    `gone`: its holder died on this machine, anyone may take it. `stale`: silent for longer than the TTL, a person
    may take it with a reason. `highest` is the highest epoch ever given out, `note` how the lock came free.
    """

    lease: Lease | None
    highest: int
    age: float = 0.0
    stale: bool = False
    gone: bool = False
    note: str = ""


class Lock:
    """The lock of one service. Raises StoreUnavailable."""

    def __init__(self, store: Store, service: str, now: Callable[[], float], *, ttl: float = TTL) -> None:
        self.service = service
        self._store = store
        self._now = now
        self._ttl = ttl

    def take(self, run: str, owner: str, reason: str = "", *, seize: bool = False, spare: str = "") -> Lease:
        """Raises LockHeld, unless the holder is certainly dead, or `seize` (with a reason) takes it from anyone.

        Not from a holder who is alive and whose reason begins with `spare`.
        """
        if seize and not reason.strip():
            raise UsageError("taking the lock from its holder needs a reason", remedy="--reason 'why now'")
        token, now = uuid4().hex, self._now()

        def work(rows: Rows) -> Lease:
            found = self._found(rows, now)
            if found.lease and found.lease.token == token:
                return found.lease  # the connection was lost after the commit: it is ours
            spared = bool(spare) and found.lease is not None and found.lease.reason.startswith(spare)
            if found.lease and not found.gone and (not seize or (spared and not found.stale)):
                raise self._held(found)
            lease = Lease(
                self.service,
                found.highest + 1,
                _clean(run),
                _clean(owner),
                _clean(reason),
                now,
                now,
                this_process(),
                _taken_from(found),
                token,
            )
            self._put(rows, lease)
            return lease

        return self._store.write(self.service, work)

    def beat(self, lease: Lease) -> None:
        """Still alive; Overtaken when the lease is not ours any more."""
        now = self._now()

        def work(rows: Rows) -> None:
            if not rows.do(
                "UPDATE deployer_lease SET beat = ? WHERE service = ? AND epoch = ? AND token = ?",
                now,
                self.service,
                lease.epoch,
                lease.token,
            ):
                must_hold(rows, self.service, lease.run, 0)

        self._store.write(self.service, work)

    def release(self, lease: Lease) -> None:
        """Give it back; nothing happens when it was taken from us meanwhile. Whom we took it from hears later why."""
        because = f" ({lease.reason})" if lease.reason else ""
        note = f"{lease.owner} had taken it over for run {lease.run}{because}" if lease.note else ""

        def work(rows: Rows) -> None:
            rows.do(
                """UPDATE deployer_lease SET epoch = 0, token = '', note = ?
                WHERE service = ? AND epoch = ? AND token = ?""",
                note,
                self.service,
                lease.epoch,
                lease.token,
            )

        self._store.write(self.service, work)

    def status(self) -> LockStatus:
        return self._store.read(lambda rows: self._found(rows, self._now()))

    def break_(self, reason: str, who: str) -> Lease | None:
        """Free the lock, whoever holds it: the lease that was broken, None when it was free already.

        The holder's next record, heartbeat and change on a machine are refused.
        """
        if not reason.strip():
            raise UsageError("breaking the lock needs a reason", remedy="deployer lock release --reason 'why'")
        now = self._now()

        def work(rows: Rows) -> Lease | None:
            found = self._found(rows, now)
            if found.lease:
                rows.do(
                    "UPDATE deployer_lease SET epoch = 0, token = '', note = ? WHERE service = ?",
                    f"broken by {_clean(who)}: {_clean(reason)}",
                    self.service,
                )
            return found.lease

        return self._store.write(self.service, work)

    def adopt(self, epoch: int) -> None:
        """Never give out an epoch up to this one again: the machines carry it, but our store has forgotten it."""

        def work(rows: Rows) -> None:
            rows.do(_FIRST, self.service)
            rows.do(
                "UPDATE deployer_lease SET highest = ? WHERE service = ? AND highest < ?", epoch, self.service, epoch
            )

        self._store.write(self.service, work)

    def _found(self, rows: Rows, now: float) -> LockStatus:
        found = rows.ask(
            """SELECT highest, note, epoch, run, owner, reason, taken, beat, process, token
            FROM deployer_lease WHERE service = ?""",
            self.service,
        )
        if not found:
            return LockStatus(None, 0)
        highest, note, epoch, run, owner, reason, taken, beat, process, token = found[0]
        if not epoch:
            return LockStatus(None, highest, note=note)
        lease = Lease(self.service, epoch, run, owner, reason, taken, beat, process, note, token)
        age = max(0.0, now - beat)
        return LockStatus(lease, highest, age, stale=age > self._ttl, gone=is_gone(process), note=note)

    def _put(self, rows: Rows, lease: Lease) -> None:
        rows.do(_FIRST, self.service)
        rows.do(
            """UPDATE deployer_lease SET highest = ?, epoch = ?, run = ?, owner = ?, reason = ?, taken = ?, beat = ?,
            process = ?, note = ?, token = ? WHERE service = ?""",
            lease.epoch,
            lease.epoch,
            lease.run,
            lease.owner,
            lease.reason,
            lease.taken,
            lease.beat,
            lease.process,
            lease.note,
            lease.token,
            self.service,
        )

    def _held(self, found: LockStatus) -> LockHeld:
        lease = found.lease
        assert lease  # noqa: S101 - for the type checker
        because = f" ({lease.reason})" if lease.reason else ""
        silent = f", silent for {found.age:.0f} s: its holder may be dead" if found.stale else ""
        return LockHeld(
            f"{lease.owner} holds the lock for run {lease.run}{because} "
            f"since {max(0.0, self._now() - lease.taken):.0f} s{silent}",
            where=self.service,
            remedy="deployer lock release --reason 'why', once you know that it is dead"
            if found.stale
            else "deployer status, and wait for its end; or stop it with deployer abort",
        )


def must_hold(rows: Rows, service: str, run: str, epoch: int) -> None:
    """Overtaken unless the lease of the service has this epoch now; inside the transaction that acts on it."""
    found = rows.ask("SELECT epoch, run, owner, reason, note FROM deployer_lease WHERE service = ?", service)
    held, by_run, owner, reason, note = found[0] if found else (0, "", "", "", "")
    if held and held == epoch:
        return
    because = f" ({reason})" if reason else ""
    raise Overtaken(
        f"{owner} took the lock over from run {run} for run {by_run}{because}"
        if held
        else f"run {run} does not hold the lock any more" + (f": {note}" if note else ""),
        where=service,
        remedy=f"deployer resume {run}",
    )


_FIRST = """INSERT INTO deployer_lease
    (service, highest, epoch, token, run, owner, reason, process, taken, beat, note)
    VALUES (?, 0, 0, '', '', '', '', '', 0, 0, '') ON CONFLICT (service) DO NOTHING"""


def _taken_from(found: LockStatus) -> str:
    if not found.lease:
        return ""
    how = "which died" if found.gone else f"silent for {found.age:.0f} s"
    return f"taken from {found.lease.owner}, run {found.lease.run}, {how}"


def _clean(text: str) -> str:
    """What a person typed, as both databases can keep it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\0")
