"""Our own metrics, for a Prometheus that asks: as `deployer metrics` writes them"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from deployer.metrics import exposition
from deployer.report.account import account
from deployer.web.asked import Endpoint
from deployer.web.desk import Desk

KIND = "text/plain; version=0.0.4; charset=utf-8"


def metrics(desk: Desk) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if desk.door.program(request) is None:
            raise HTTPException(401, "Authorization: Bearer TOKEN, of anybody who may look")
        return Response(await run_in_threadpool(_text, desk), media_type=KIND)

    return endpoint


def _text(desk: Desk) -> str:
    journal = desk.journal
    last = journal.last_run()
    read = account(journal.events(last)) if last else None
    return exposition(desk.service, read, desk.lock.status(), desk.now())
