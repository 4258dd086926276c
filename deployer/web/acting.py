"""What people do here: asked first, with all it means, then started"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from deployer.web import pages
from deployer.web.acts import ID, Act, new_number
from deployer.web.asked import Asked
from deployer.web.desk import Desk
from deployer.web.people import Role
from deployer.web.run import look


@dataclass(frozen=True, slots=True)
class Way:
    """An act on a run: who may, what its button says, and what it means; `because`: it needs a reason."""

    role: Role
    button: str
    means: str
    because: bool = False
    danger: bool = False


WAYS = {
    "approve": Way(
        Role.APPROVER,
        "Approve: go on",
        "You answer yes to this question. The run goes on to its next step; your name and reason are in the journal.",
        because=True,
    ),
    "promote": Way(
        Role.APPROVER,
        "Promote: go on",
        "The run goes on to its next step, as if its gate had passed; your name is in the journal.",
    ),
    "abort": Way(
        Role.OPERATOR,
        "Abort: put everything back",
        "The step under way ends, then everything the run did is put back, users first, under the same rules.",
        danger=True,
    ),
}


def ask(desk: Desk, asked: Asked) -> Response:
    name, run = asked.named("act"), asked.named("run")
    return pages.shown(
        desk, asked, "ask", act=name, way=_allowed(asked), seen=look(desk, run).glance, number=new_number(desk.now())
    )


def act(desk: Desk, asked: Asked) -> Response:
    name, run, reason = asked.named("act"), asked.named("run"), _reason(asked)
    if _allowed(asked).because and not reason:
        raise HTTPException(400, f"to {name} needs a reason")
    look(desk, run)
    return _started(desk, asked, [name, run, *([f"--reason={reason}"] if reason else []), "--yes"])


def ask_evacuate(desk: Desk, asked: Asked) -> Response:
    _operator(asked)
    return pages.shown(desk, asked, "evacuate", site=_site(desk, asked), wrong="", number=new_number(desk.now()))


def evacuate(desk: Desk, asked: Asked) -> Response:
    """The site's name is typed; a check needs none, since it changes nothing."""
    site, reason, check = _site(desk, asked), _reason(asked), "check" in asked.form
    if not check and (asked.form.get("site", "").strip() != site or not reason):
        wrong = f"Nothing was done: type {site}, and say why."
        return pages.shown(desk, asked, "evacuate", status=400, site=site, wrong=wrong, number=new_number(desk.now()))
    because = [f"--reason={reason}"] if reason else []
    return _started(desk, asked, ["evacuate", site, *because, "--check" if check else "--yes"])


def measure(desk: Desk, asked: Asked) -> Response:
    return _started(desk, asked, ["traffic"])


def show(desk: Desk, asked: Asked) -> Response:
    return pages.shown(desk, asked, "act", act=_found(desk, asked))


def told(desk: Desk, asked: Asked) -> Response:
    """The part of its page that changes."""
    return pages.shown(desk, asked, "_act", act=_found(desk, asked))


def every(desk: Desk, asked: Asked) -> Response:
    return pages.shown(desk, asked, "acts", acts=tuple(desk.acts.newest(100)))


def _started(desk: Desk, asked: Asked, words: list[str]) -> Response:
    number = asked.form.get("number", "")
    if not ID.fullmatch(number):
        raise HTTPException(400, "this form has no number; load the page anew")
    desk.acts.start(number, words, desk.ground, asked.person.name)
    return RedirectResponse(f"/acts/{number}", 303)


def _found(desk: Desk, asked: Asked) -> Act:
    act = desk.acts.of(asked.named("number"))
    if act is None:
        raise HTTPException(404, "there is no such act")
    return act


def _allowed(asked: Asked) -> Way:
    way = WAYS.get(asked.named("act"))
    if way is None:
        raise HTTPException(404, "there is no such act")
    if not asked.person.may(way.role):
        raise HTTPException(403, f"{asked.person.name} is no {way.role.value} here")
    return way


def _operator(asked: Asked) -> None:
    if not asked.person.may(Role.OPERATOR):
        raise HTTPException(403, f"{asked.person.name} is no operator here")


def _site(desk: Desk, asked: Asked) -> str:
    site = asked.named("site")
    if site not in desk.settings.sites:
        raise HTTPException(404, f"there is no site {site[:80]!r}")
    return site


def _reason(asked: Asked) -> str:
    return " ".join(asked.form.get("reason", "").split())[:500]
