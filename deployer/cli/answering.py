"""A person answers for the gate a run waits at"""

from __future__ import annotations

from deployer.cli import say
from deployer.cli.books import books
from deployer.cli.confirm import confirm
from deployer.cli.options import Acting, Ground
from deployer.cli.person import person
from deployer.cli.ruled import rules
from deployer.cli.walking import Showing, again
from deployer.cli.workplace import workplace
from deployer.events import Approved
from deployer.progress import fold, waiting_at


def answer(ground: Ground, run: str, why: str, acting: Acting, name: str = "") -> int:
    """Yes to the question a run asks now, or waits at: its orchestrator is told, or it goes on here; the exit code.

    Raises:
        UsageError: it waits at no gate, or somebody has answered.
        Refused: it is not this person's to answer.
    """
    who = person(name)
    with books(ground, read_only=False) as book:
        chosen = book.going(run)
        lease = book.at_work(chosen)
        progress = fold(book.records(chosen))
        gate = waiting_at(progress, at_work=lease is not None)
        rules(ground).approvals.refuse(chosen, progress.starter, who)
        said = Approved(gate.line, gate.number, who, why)
        confirm(f"let run {chosen} go on at {ground.name}, past: {gate.about}", ground.name, yes=acting.yes)
        if lease:
            book.journal.append(chosen, said, epoch=None)
            say.story(f"{lease.owner} was told; see: deployer status -i {ground.inventory}")
            return 0
    with workplace(ground) as work:
        return again(work, chosen, lambda engine: engine.promote(chosen, said), why, Showing.of(acting))
