"""A real Chromium before the dashboard, which complains of nothing"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page

from deployer.web.people import Role
from tests.web.ground import Dashboard

AXE = (Path(__file__).with_name("axe") / "axe.min.js").read_text()
PATIENCE = 60_000.0
DESKTOP, PHONE = (1280, 900), (390, 844)
SERIOUS = ("serious", "critical")


@dataclass
class Tab:
    """`wrong` is what its console complained of, a refusal by the policy included."""

    page: Page
    base: str
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def goto(self, path: str) -> None:
        self.page.goto(f"{self.base}{path}")

    def violations(self) -> list[str]:
        """What axe holds to be serious. It is evaluated, not loaded: the policy would refuse it, rightly."""
        self.page.evaluate(AXE)
        found: list[dict[str, Any]] = self.page.evaluate("axe.run(document).then(told => told.violations)")
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for one in found
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]

    def spills(self) -> bool:
        """Something stands beside the page."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)


@contextmanager
def tab(
    browser: Browser,
    board: Dashboard,
    *roles: Role,
    size: tuple[int, int] = DESKTOP,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Tab]:
    """Of somebody who enters as everybody does."""
    token = board.desk.door.people.admit("ann", roles)
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    one = Tab(context.new_page(), f"http://127.0.0.1:{board.port}")
    try:
        one.goto("/")
        one.page.fill("#token", token)
        one.page.keyboard.press("Enter")
        one.page.wait_for_url(f"{one.base}/")
        yield one
    finally:
        context.close()
