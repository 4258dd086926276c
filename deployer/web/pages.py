"""Values and a template make a page"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from deployer.report import words
from deployer.report.html import PAGES
from deployer.web.asked import Asked
from deployer.web.desk import Desk
from deployer.web.people import Role

HERE = Path(__file__).parent


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader([HERE / "templates", PAGES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(words=words, Role=Role)
    return made


def drawn(template: str, **values: object) -> str:
    """A page or a part of one."""
    return _templates().get_template(f"{template}.html.j2").render(values)


def shown(desk: Desk, asked: Asked, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A whole page for somebody who has entered."""
    door, person = desk.door, asked.person
    return HTMLResponse(
        drawn(template, desk=desk, person=person, mark=door.form_mark(person), now=desk.now(), **values), status
    )


def bare(desk: Desk, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page for nobody in particular."""
    return HTMLResponse(drawn(template, desk=desk, person=None, mark="", now=desk.now(), **values), status)
