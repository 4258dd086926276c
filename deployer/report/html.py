"""The end of a run as one self-contained page, which is read without script and style as well"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deployer.events import End
from deployer.report import words
from deployer.report.account import Account
from deployer.report.chart import HEIGHT, WIDTH, charts
from deployer.report.gate import gate_text
from deployer.report.phrases import STANDING_STILL, place
from deployer.report.text import headline, next_commands
from deployer.report.timeline import timeline

PAGES = Path(__file__).with_name("pages")
"""`drawn.svg.j2` has the drawings as macros, for other pages."""


def account_html(account: Account, *, runbook: str = "", inventory: str = "") -> str:
    """A whole page; needs nothing from the network, dark or light as the reader's system is."""
    pages = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    return pages.get_template("run.html.j2").render(
        account=account,
        headline=headline(account),
        good=None if account.end is None or account.end.end in STANDING_STILL else account.end.end is End.DONE,
        failed=account.failures,
        next_commands=next_commands(account, inventory),
        runbook=runbook,
        timeline=timeline(account),
        verbs=tuple(dict.fromkeys(step.verb for step in account.steps if step.hosts and step.began)),
        verdicts=tuple((one, tuple(charts(one)), gate_text(one)) for one in account.verdicts),
        releases=account.releases,
        place=place,
        box=(WIDTH, HEIGHT),
        words=words,
    )


def _harmless(value: object) -> object:
    return words.safe(value) if type(value) is str else value
