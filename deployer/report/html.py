"""The end of a run as one self-contained page with a timeline per host"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deployer.report import words
from deployer.report.account import Account, State, StepAccount
from deployer.report.chart import HEIGHT, WIDTH, charts
from deployer.report.gate import gate_text
from deployer.report.text import headline, next_commands


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of one host on the timeline; `left` and `width` in percent of the whole run."""

    verb: str
    state: str
    left: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    host: str
    site: str
    release: str
    in_service: bool
    out: str
    held: str
    bars: tuple[Bar, ...]


def account_html(account: Account, *, runbook: str = "", inventory: str = "") -> str:
    """A whole page; needs nothing from the network, dark or light as the reader's system is."""
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("pages")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return pages.get_template("run.html.j2").render(
        account=account,
        headline=headline(account),
        good=account.end is not None and account.end.end.value == "done",
        lanes=tuple(_lanes(account)),
        failed=account.failures,
        next_commands=next_commands(account, inventory),
        runbook=runbook,
        verdicts=tuple((one, tuple(charts(one)), gate_text(one)) for one in account.verdicts),
        box=(WIDTH, HEIGHT),
        words=words,
    )


def _lanes(account: Account) -> Iterable[Lane]:
    for host in account.hosts:
        yield Lane(
            host=host.host,
            site=host.site,
            release=host.release or "unknown",
            in_service=host.in_service,
            out=words.duration(host.out_seconds) if host.out_seconds is not None else "",
            held=host.held,
            bars=tuple(_bar(account, step) for step in account.steps if host.host in step.hosts and step.began),
        )


def _bar(account: Account, step: StepAccount) -> Bar:
    whole = account.seconds or 1.0
    began = step.began if step.began is not None else account.started
    ended = step.ended if step.ended is not None else account.changed
    took = words.duration(ended - began)
    note = f". {step.note}" if step.note and step.state is not State.DONE else ""
    return Bar(
        verb=step.verb,
        state=step.state.value,
        left=round(100 * (began - account.started) / whole, 3),
        width=round(max(0.2, 100 * (ended - began) / whole), 3),
        title=f"{step.number} {step.text}: {step.state.value}, {took}{note}",
    )
