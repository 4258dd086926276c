"""One run: the page, and the stream that keeps it true"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from deployer.report.html import account_html
from deployer.web import asked as asking
from deployer.web import pages
from deployer.web.asked import Asked, Endpoint
from deployer.web.desk import Desk
from deployer.web.frame import Frame
from deployer.web.watching import Watch, Watches

PLAIN = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
"""For the report: a page by itself, without scripts and without our cookies."""


def show(desk: Desk, asked: Asked) -> Response:
    return run_page(desk, asked, asked.named("run"), "/runs")


def now(desk: Desk, asked: Asked) -> Response:
    """The run that is walked, else the last one."""
    lease = desk.lock.status().lease
    run = lease.run if lease and desk.journal.knows(lease.run) else desk.journal.last_run()
    return run_page(desk, asked, run, "/") if run else pages.shown(desk, asked, "nothing", here="/")


def run_page(desk: Desk, asked: Asked, run: str, here: str) -> Response:
    seen = look(desk, run)
    return pages.shown(desk, asked, "run", here=here, seen=seen.glance, frame=seen)


def report(desk: Desk, asked: Asked) -> Response:
    seen = look(desk, asked.named("run")).glance
    page = account_html(seen.account, inventory=desk.typed)
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": PLAIN})


def look(desk: Desk, run: str) -> Frame:
    """As it is now. Raises HTTPException, and DeployerError where the journal cannot be read."""
    watch = Watch(desk, run)
    watch.read()
    if watch.frame is None:
        raise HTTPException(404, f"there is no run {run[:80]!r}")
    return watch.frame


def stream(desk: Desk, watches: Watches) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        asking.known(desk, request)
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        after = int(given) if given.isdecimal() and len(given) < 19 else 0  # noqa: PLR2004 - digits of 64 bits
        told = _while_known(desk, request, watches.follow(request.path_params["run"], after))
        return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return endpoint


async def _while_known(desk: Desk, request: Request, told: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Who was struck out, or whose session is over, hears no more."""
    async for part in told:
        if desk.door.who(request) is None:
            return
        yield part
