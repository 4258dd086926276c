"""One screen of a run: what happens, whether users are hurt, and what can be typed"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from textwrap import wrap

from rich.text import Text

from deployer.model import Split
from deployer.report import words
from deployer.report.board import Board, Doing
from deployer.report.column import Canvas, bar, column
from deployer.report.phrases import phrase, subject
from deployer.steps import Ask, verb

_NARROWEST, _GAP = 38, 2
"""A site beside another one needs so many columns."""
_FEWEST, _BESIDE = 4, 4
"""So many lines are left for sites at least; so many of a site are no hosts: its title, its requests, its split."""
_TOLD, _STEPS, _WRONG = 5, 3, 3
"""So many lines of what a step says, so many steps at once, and so many lines of a failure."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the journal does not say: how long steps may take (seconds by verb), what is measured, who looks."""

    limits: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, str] = field(default_factory=dict)
    measured: tuple[str, ...] = ()
    inventory: str = ""
    watching: bool = False


def screen(board: Board, on: Canvas, around: Around) -> list[Text]:
    """At most as many lines as there are; what can be typed is always among them."""
    if board.intent is None:
        return [Text("nothing is known of the run yet")]
    typed, top = [*_typed(board, around, on.width)], [*_head(board, on)]
    below = [*_measured(around, on), *_now(board, around, on), *_news(board, on)]
    room = on.height - len(top) - len(typed)
    below = below[: max(0, room - min(len(board.rows), _FEWEST))]
    return [*top, *_sites(board, replace(on, height=room - len(below)), around), *below, *typed]


def _head(board: Board, on: Canvas) -> Iterator[Text]:
    assert board.intent  # noqa: S101 - asked before
    run = f"run {board.run}"
    title = f"{subject(board.intent)}, {words.one_line(board.intent.strategy)}"
    yield Text(on.signs.fit(title, on.width - len(run) - _GAP), style="bold").append(f"  {run}", style="")
    foretold = f", foretold {words.duration(board.foretold)}" if board.foretold and not board.back else ""
    took = f"{words.duration(on.now - board.started)}{foretold}"
    steps = f"{board.done} of {words.count(board.total, 'step')}"
    room = max(4, on.width - len(took) - len(steps) - 2 * _GAP)
    done = Text(on.signs.bar(board.done / max(board.total, 1), room), style="red" if board.back else "green")
    yield Text(f"{steps}  ").append(done).append(f"  {took}")
    if board.back:
        yield on.fit(f"GOING BACK  {words.one_line(board.back)}", "bold red")
    elif board.stopping:
        yield on.fit("somebody asked to go back: that begins when this step has ended", "bold red")


def _sites(board: Board, on: Canvas, around: Around) -> Iterator[Text]:
    """Side by side where they fit; the edge, which leads users to them, above."""
    edge = [*_edge(board.splits.get("edge"), on)]
    yield from edge
    abreast = max(1, min(len(board.sites), (on.width + _GAP) // (_NARROWEST + _GAP)))
    each = _each(board, replace(on, height=on.height - len(edge)), abreast)
    folded = any(len(board.site(site)) > each.height - _BESIDE for site in board.sites)
    for at in range(0, len(board.sites), abreast):
        group = board.sites[at : at + abreast]
        columns = [column(board, site, each, around.rates.get(site, "")) for site in group]
        for line in zip_longest(*columns, fillvalue=Text(" " * each.width)):
            yield Text(" " * _GAP).join(line)
    if folded:
        yield on.fit(on.signs.legend)


def _each(board: Board, on: Canvas, abreast: int) -> Canvas:
    """The room of one site; a line is left for the legend."""
    rows = -(-len(board.sites) // abreast)
    width = (on.width - _GAP * (abreast - 1)) // abreast
    return replace(on, width=width, height=max(1, (on.height - 1) // max(rows, 1)))


def _edge(split: Split | None, on: Canvas) -> Iterator[Text]:
    if split is None:
        return
    each = replace(on, width=max(14, (on.width - len("edge")) // len(split.shares) - _GAP))
    named = max(len(name) for name, _ in split.shares)
    yield Text("  ").join(
        (Text("edge", style="bold"), *(bar(name, share, named, each) for name, share in split.shares))
    )


def _measured(around: Around, on: Canvas) -> Iterator[Text]:
    return (on.fit(words.one_line(line).removesuffix(" of the last minute")) for line in around.measured)


def _now(board: Board, around: Around, on: Canvas) -> Iterator[Text]:
    """The steps under way, each with what it waits for, and until when."""
    steps = list(board.doing.values())
    if not steps and not board.ended:
        yield on.fit("looking at balancers and hosts: is the next step still safe?", "bold")
    for doing in steps[:_STEPS]:
        yield on.fit(f"{phrase(doing.step)}  ({words.one_line(doing.stage)})", "bold")
        yield on.fit(f"  {_until(doing, on.now, around.limits)}")
        lines = doing.told.splitlines()[: _TOLD if len(steps) == 1 else 1]
        yield from (on.fit(f"  {words.one_line(line)}") for line in lines)
    if len(steps) > _STEPS:
        yield on.fit(f"and {words.count(len(steps) - _STEPS, 'step')} more at the same time")


def _until(doing: Doing, now: float, limits: Mapping[str, float]) -> str:
    """Since when, and when it is over: a question at the earliest, any other step at the latest."""
    took = f"for {words.duration(now - doing.since)}"
    if isinstance(doing.step, Ask):
        if not doing.step.bake:
            return took
        return f"{took} of at least {words.duration(doing.step.bake)}, {_moment(doing, doing.step.bake)}"
    limit = limits.get(verb(doing.step))
    return f"{took}, given up after {words.duration(limit)}, {_moment(doing, limit)}" if limit else took


def _moment(doing: Doing, seconds: float) -> str:
    return f"at {words.time_of_day(doing.since + seconds)} UTC"


def _news(board: Board, on: Canvas) -> Iterator[Text]:
    """What went wrong is told to its end, as far as three lines go."""
    for line in board.news:
        wrong = "FAILED" in line or "failed:" in line
        parts = wrap(words.one_line(line), on.width, subsequent_indent=" " * 10) if wrong else [words.one_line(line)]
        yield from (on.fit(part, "bold red" if wrong else "") for part in parts[:_WRONG])


def _typed(board: Board, around: Around, width: int) -> Iterator[Text]:
    """The commands one may need now, never cut."""
    where = f" -i {around.inventory}" if around.inventory else ""
    for what, command in _commands(board, watching=around.watching):
        whole = f"{what}{command}{where if command.startswith('deployer') else ''}"
        yield from (Text(line) for line in wrap(whole, width, subsequent_indent="  ", break_on_hyphens=False))


def _commands(board: Board, *, watching: bool) -> Sequence[tuple[str, str]]:
    if board.ended:
        return ()
    leave = (
        ("to stop watching  ", "^C (the run goes on)") if watching else ("to stop here  ", "^C (resume goes on later)")
    )
    if board.back:
        return (leave,)
    back = ("to put it back  ", f"deployer abort {board.run}")
    if any(isinstance(doing.step, Ask) for doing in board.doing.values()):
        return (("to answer for it  ", f"deployer approve {board.run} --reason TEXT"), back)
    return (leave, back)
