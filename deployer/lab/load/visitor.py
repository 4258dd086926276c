"""Who comes: users with a cookie jar, and clients that have none"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field

from deployer.lab.load.link import Failed, Link, Reply
from deployer.lab.load.tally import Tally

RELEASE = re.compile(rb'data-release="([^"]+)"')
ASSETS = re.compile(rb'"(/assets/[^"]+)"')
NAVIGATE = "Accept: text/html\r\nSec-Fetch-Dest: document\r\n"
OLD_BROWSER = "Accept: text/html,application/xhtml+xml\r\n"
ASSET, CALL = "Accept: */*\r\nSec-Fetch-Dest: script\r\n", "Accept: application/json\r\nSec-Fetch-Dest: empty\r\n"
GOOD = (200, 201)
NOT_FOUND = 404


@dataclass(slots=True)
class Visitor:
    """One user: a number, a cookie jar, and one kept connection unless `fresh`."""

    number: int
    address: str
    tally: Tally
    fresh: bool = False
    headers: str = ""
    jar: dict[str, str] = field(default_factory=dict)
    link: Link | None = None

    async def visit(self) -> None:
        """A page, everything it loads, and one call of it."""
        kind = "fresh" if self.fresh else "visit"
        page = await self._ask(kind, "GET", "/", NAVIGATE if self.number % 2 else OLD_BROWSER)
        found = RELEASE.search(page.body) if page else None
        if page is None or found is None:
            return
        release = found[1].decode()
        self.tally.page(self.number, release)
        mixed = False
        for target in ASSETS.findall(page.body):
            asset = await self._ask("asset", "GET", target.decode(), ASSET, page=True)
            mixed |= asset is None or found[1] not in asset.body
        self.tally.mixed_pages += mixed
        call = await self._ask("call", "GET", "/api/basket", CALL)
        self.tally.mixed_calls += call is not None and call.release != release

    async def look(self) -> None:
        """A page of a client that keeps no cookies."""
        reply = await self._ask("cookieless", "GET", "/", OLD_BROWSER)
        self.jar.clear()
        if reply is not None:
            self.tally.cookieless[reply.release] += 1

    async def order(self) -> None:
        await self._ask("post", "POST", "/api/order", CALL, body=b'{"article": 1}' * 20)

    async def linger(self) -> None:
        await self._ask("slow", "GET", "/slow?seconds=2", CALL)

    async def _ask(
        self, kind: str, method: str, target: str, headers: str, body: bytes = b"", *, page: bool = False
    ) -> Reply | None:
        link = self.link or Link(self.address)
        self.link = None if self.fresh else link
        began = time.perf_counter()
        try:
            reply = await link.ask(method, target, headers + self.headers + self._cookies(), body)
        except Failed as failed:
            self.tally.failed(kind, failed.kind, target, self.number)
            return None
        except asyncio.CancelledError:
            link.close()
            raise
        if self.fresh:
            link.close()
        self._keep(reply.cookies)
        if reply.code in GOOD:
            self.tally.answered(kind, reply.release, time.perf_counter() - began, slow=kind == "slow")
            return reply
        why = "asset-404" if page and reply.code == NOT_FOUND else str(reply.code)
        self.tally.failed(kind, why, target, self.number)
        return None

    def _cookies(self) -> str:
        held = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        return f"Cookie: {held}\r\n" if held else ""

    def _keep(self, cookies: tuple[str, ...]) -> None:
        for cookie in cookies:
            name, _, value = cookie.split(";", 1)[0].partition("=")
            self.jar[name.strip()] = value.strip()
