"""A real Chromium that keeps opening the shop during a canary: no error, no 404, every page of one release"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from deployer.lab import faults
from deployer.lab.layout import Lab
from tests.chromium import chromium
from tests.lab.console import Console, console

OLD, NEW = "1.0.0", "1.1.0"
USERS = 3
PAUSE = 250.0
"""Milliseconds in which people read."""
TEAL = "rgb(0, 128, 128)"
PATIENCE = 60_000.0
"""Milliseconds after which a page hangs: never reached by one that works, however busy the machine is."""


@dataclass  # no slots: playwright leaves a mark on whoever listens
class User:
    """One profile with its cookies; `pages` are the releases it was shown, `wrong` what a person would notice."""

    context: BrowserContext
    pages: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    tab: Page = field(init=False)

    def __post_init__(self) -> None:
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(PATIENCE)
        self.tab.on("console", self._said)
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("requestfailed", self._failed)
        self.tab.on("response", self._answered)

    def visit(self, url: str) -> str:
        """Opens the page and waits for its last chunk; which release it was."""
        self.answers.clear()
        with self.tab.expect_console_message(lambda said: said.text.startswith("lazy ")) as lazy:
            self.tab.goto(url)
        release = self.tab.locator("html").get_attribute("data-release") or ""
        if lazy.value.text != f"lazy {release}":
            self.wrong.append(f"{lazy.value.text} on a page of {release}")
        if self.tab.evaluate("getComputedStyle(document.querySelector('h1')).color") != TEAL:
            self.wrong.append(f"a page of {release} without its style")
        for answer in self.answers:
            served = answer.headers.get("x-release")
            if served != release or not answer.ok:
                self.wrong.append(f"{answer.status} {answer.url} of {served} on a page of {release}")
        self.pages.append(release)
        return release

    def _answered(self, answer: Response) -> None:
        self.answers.append(answer)

    def _said(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        if message.type in ("error", "warning") and not where.endswith("/favicon.ico"):  # asked once, the shop has none
            self.wrong.append(f"{message.text} ({where})")

    def _failed(self, request: Request) -> None:
        self.wrong.append(f"{request.url}: {request.failure}")


@pytest.fixture(scope="module")
def hosts_per_site() -> int:
    return 2


@pytest.fixture(scope="module")
def operator(lab: Lab) -> Iterator[Console]:
    with console(lab) as one:
        one.set(
            rolling={"wave": 1, "min_in_service": 1},
            canary={"steps": [20, 50, 100], "bake": "1s", "headroom": "0%", "sites": "together"},
        )
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


def test_a_browser_sees_nothing_of_a_whole_ladder(
    lab: Lab, operator: Console, browser: Browser, tmp_path: Path
) -> None:
    users = [User(browser.new_context()) for _ in range(USERS)]
    passers: list[User] = []
    for user in users:
        assert user.visit(lab.url) == OLD
    running = operator.start("deploy", NEW, "--strategy", "canary", "--report-dir", str(tmp_path))
    reloaded = False
    while running.process.poll() is None:
        for user in users:
            user.visit(lab.url)
        passers.append(User(browser.new_context()))
        passers[-1].visit(lab.url)
        passers[-1].context.close()
        users[0].tab.wait_for_timeout(PAUSE)
        if not reloaded and any(NEW in user.pages for user in users):
            faults.foreign_reload(lab, "dc1-lb1")
            reloaded = True
    told = running.wait()
    assert told.code == 0, told
    assert reloaded, "the canary had users"
    for user in users:
        assert user.visit(lab.url) == NEW
        assert user.pages == sorted(user.pages), "nobody ever goes back"
        user.context.close()
    assert [wrong for user in (*users, *passers) for wrong in user.wrong] == []
    _report(browser, tmp_path / "report.html")


def _report(browser: Browser, path: Path) -> None:
    """The report of that run is one file, which a browser shows without a complaint and without the network."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    user = User(context)
    page = user.tab
    page.goto(path.as_uri())
    assert NEW in page.locator("h1").inner_text()
    page.screenshot(path=path.with_suffix(".png"), full_page=True)
    assert path.with_suffix(".png").stat().st_size
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing stands beside the page"
    assert [answer.url for answer in user.answers] == [path.as_uri()]
    assert user.wrong == []
    context.close()
