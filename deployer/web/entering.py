"""The door itself: a token is given, a session begins, and ends"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from deployer.web import asked, pages
from deployer.web.asked import Asked, Endpoint
from deployer.web.desk import Desk


def ask(desk: Desk) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if desk.door.who(request):
            return RedirectResponse("/", 303)
        return pages.bare(desk, "enter", wrong="")

    return endpoint


def enter(desk: Desk) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise HTTPException(403, "another site sent this form")
        given = await asked.fields(request)
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https" or desk.settings.web.url.startswith("https:")
        if desk.door.enter(given.get("token", ""), answer, secure=secure):
            return answer
        return pages.bare(desk, "enter", wrong="This token opens nothing here.", status=403)

    return endpoint


def leave(desk: Desk, _asked: Asked) -> Response:
    answer = RedirectResponse("/enter", 303)
    desk.door.leave(answer)
    return answer
