"""The dashboard's addresses, and what stands behind each"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from deployer.errors import DeployerError
from deployer.web import acting, entering, numbers, pages, run, runs, standing
from deployer.web.asked import form, page
from deployer.web.desk import Desk
from deployer.web.people import Role
from deployer.web.policy import Policy
from deployer.web.watching import Watches

Handler = Callable[[Request, Exception], Awaitable[Response]]


def app(desk: Desk, watches: Watches) -> Starlette:
    return Starlette(
        routes=[
            Route("/", page(desk, run.now)),
            Route("/runs", page(desk, runs.show)),
            Route("/runs/{run}", page(desk, run.show)),
            Route("/runs/{run}/events", run.stream(desk, watches)),
            Route("/runs/{run}/report", page(desk, run.report)),
            Route("/runs/{run}/{act}", page(desk, acting.ask), methods=["GET"]),
            Route("/runs/{run}/{act}", form(desk, Role.VIEWER, acting.act), methods=["POST"]),
            Route("/evacuate/{site}", page(desk, acting.ask_evacuate), methods=["GET"]),
            Route("/evacuate/{site}", form(desk, Role.OPERATOR, acting.evacuate), methods=["POST"]),
            Route("/traffic", page(desk, standing.traffic), methods=["GET"]),
            Route("/traffic", form(desk, Role.VIEWER, acting.measure), methods=["POST"]),
            Route("/capacity", page(desk, standing.capacity)),
            Route("/lock", page(desk, standing.lock)),
            Route("/metrics", numbers.metrics(desk)),
            Route("/acts", page(desk, acting.every)),
            Route("/acts/{number}", page(desk, acting.show)),
            Route("/acts/{number}/told", page(desk, acting.told)),
            Route("/enter", entering.ask(desk), methods=["GET"]),
            Route("/enter", entering.enter(desk), methods=["POST"]),
            Route("/leave", form(desk, Role.VIEWER, entering.leave), methods=["POST"]),
            Mount("/static", StaticFiles(directory=pages.HERE / "static")),
        ],
        middleware=[Middleware(Policy), Middleware(TrustedHostMiddleware, allowed_hosts=_names(desk))],
        exception_handlers={HTTPException: _refused(desk), DeployerError: _failed(desk)},
    )


def _names(desk: Desk) -> list[str]:
    """The names this server goes by; a page that calls it by another one is an attack by DNS."""
    web = desk.settings.web
    own = urlsplit(web.url).hostname
    return [*{web.place[0], "localhost", "127.0.0.1", *([own] if own else ())}]


def _refused(desk: Desk) -> Handler:
    async def told(_request: Request, wrong: Exception) -> Response:
        assert isinstance(wrong, HTTPException)  # noqa: S101 - it was registered for these
        return pages.bare(desk, "wrong", status=wrong.status_code, what=wrong.detail, where="", remedy="")

    return told


def _failed(desk: Desk) -> Handler:
    async def told(_request: Request, wrong: Exception) -> Response:
        assert isinstance(wrong, DeployerError)  # noqa: S101 - it was registered for these
        return pages.bare(desk, "wrong", status=503, what=wrong.what, where=wrong.where, remedy=wrong.remedy)

    return told
