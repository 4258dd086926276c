"""All runs, newest first, by what one looks for"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from starlette.responses import Response

from deployer.events import End, Planned
from deployer.journal import RunHead
from deployer.lock import Lease
from deployer.report import words
from deployer.report.phrases import ENDINGS, subject
from deployer.web import pages
from deployer.web.asked import Asked
from deployer.web.desk import Desk

MANY = 50
MOST = 1000
TONES = {None: "busy", End.DONE: "good", End.PUT_BACK: "bad", End.HALF_WAY: "bad"}


@dataclass(frozen=True, slots=True)
class Brief:
    """One run on a line."""

    run: str
    what: str
    strategy: str
    owner: str
    reason: str
    started: float
    seconds: float
    end: str
    tone: str

    def has(self, words_: str) -> bool:
        told = f"{self.run} {self.what} {self.strategy} {self.owner} {self.reason} {self.end}".lower()
        return all(word in told for word in words_.lower().split())


def show(desk: Desk, asked: Asked) -> Response:
    wanted = asked.request.query_params.get("q", "")[:200]
    many = min(_number(asked.request.query_params.get("n", "")) or MANY, MOST)
    found = tuple(briefs(desk, many))
    shown = tuple(one for one in found if one.has(wanted))
    return pages.shown(desk, asked, "runs", runs=shown, wanted=wanted, many=many, more=len(found) == many < MOST)


def briefs(desk: Desk, many: int) -> Iterator[Brief]:
    lease, journal = desk.lock.status().lease, desk.journal
    for head in journal.runs(many):
        planned = journal.planned(head.run)
        if planned is not None:
            yield brief(head, planned, lease)


def brief(head: RunHead, planned: Planned, lease: Lease | None) -> Brief:
    end = ENDINGS[head.end] if head.end else "not ended"
    if head.end is None and lease is not None and lease.run == head.run:
        end = "under way"
    return Brief(
        head.run,
        subject(planned.plan.intent),
        planned.plan.intent.strategy,
        words.one_line(planned.owner),
        words.one_line(planned.reason),
        head.started,
        head.changed - head.started,
        end,
        TONES.get(head.end, "warn"),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0  # noqa: PLR2004 - digits
