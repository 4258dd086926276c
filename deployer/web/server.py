"""The dashboard as a process: listens until it is told to stop"""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from deployer.errors import SettingsError
from deployer.settings.web import at
from deployer.web.app import app
from deployer.web.desk import Desk
from deployer.web.watching import Watches

PATIENCE = 2
"""Seconds that open streams get when it is told to stop."""


def serve(one: Desk, listen: str, ready: Callable[[str], None]) -> None:
    """Until it is told to stop; `ready` takes the address. Raises SettingsError where it cannot be had."""
    web = one.settings.web
    host, port = at(listen) if listen else web.place
    with _listening(host, port) as place:
        ready(web.url or f"http://{f'[{host}]' if ':' in host else host}:{place.getsockname()[1]}")
        Server(one).run(sockets=[place])


class Server(uvicorn.Server):
    """Ends its streams when it is told to stop."""

    def __init__(self, one: Desk) -> None:
        self._watches = Watches(one)
        super().__init__(
            uvicorn.Config(
                app(one, self._watches),
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=PATIENCE,
                proxy_headers=False,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._watches.end()
        await super().shutdown(sockets)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as wrong:
        raise SettingsError(
            f"cannot listen at {host}:{port}: {wrong.strerror}",
            where="web.listen",
            remedy="deployer web --listen 127.0.0.1:8461",
        ) from None
