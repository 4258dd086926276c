"""The dashboard in a real browser: desktop and phone, light and dark, by keyboard, for who cannot see it, live"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from deployer.events import AbortAsked, End, Ended
from deployer.web.people import EVERYTHING
from tests.chromium import chromium
from tests.report.records import went_well
from tests.report.test_verdicts import failed
from tests.web.browser import DESKTOP, PATIENCE, PHONE, tab
from tests.web.ground import Dashboard, canary, dashboard, go_on, put_down

RUN, BAD, OLD = "20261128-030000-cccc", "20261127-220000-bbbb", "20261127-090000-aaaa"
PAGES = ("/", f"/runs/{BAD}", "/runs", f"/runs/{RUN}/abort", "/evacuate/dc1", "/acts", "/traffic", "/capacity", "/lock")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def full(place: Path) -> Iterator[Dashboard]:
    """Three runs, the last one under way."""
    put_down(place, OLD, went_well())
    put_down(place, BAD, failed().it.journal.records)
    put_down(place, RUN, canary(), held=True)
    with dashboard(place) as one:
        yield one


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_every_page_is_for_everybody(
    browser: Browser, full: Dashboard, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    with tab(browser, full, *EVERYTHING, size=size, scheme=scheme) as one:
        for path in PAGES:
            one.goto(path)
            if one.page.locator("#live").count():
                expect(one.page.locator("#link")).to_have_text("live", timeout=PATIENCE)
            one.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            assert one.violations() == [], path
            assert not one.spills(), path
        assert one.wrong == []


def test_the_page_goes_on_by_itself_and_focus_stays(browser: Browser, full: Dashboard) -> None:
    with tab(browser, full, *EVERYTHING) as one:
        page = one.page
        expect(page.locator("#link")).to_have_text("live", timeout=PATIENCE)
        assert page.locator(".curve canvas").count() == 4
        page.locator("details.gate summary").last.click()
        page.get_by_role("link", name="Abort: put everything back").focus()
        go_on(full.desk.inventory, RUN, AbortAsked("bob", "errors at checkout"))
        expect(page.locator("#log")).to_contain_text("bob asked to go back: errors at checkout", timeout=PATIENCE)
        go_on(full.desk.inventory, RUN, Ended(End.STOPPED, "by bob"))
        expect(page.locator("#state")).to_have_text("Stopped by the operator", timeout=PATIENCE)
        assert page.title().startswith("Stopped by the operator: shop 1.1")
        assert page.evaluate("document.activeElement.textContent") == "Abort: put everything back"
        assert page.locator("details.gate").last.get_attribute("open") is not None
        assert page.locator("#log li").filter(has_text="asked to go back").count() == 1
        assert one.wrong == []


def test_a_dashboard_that_is_gone_is_seen_to_be_and_comes_back(browser: Browser, place: Path) -> None:
    put_down(place, RUN, canary(), held=True)
    with ExitStack() as first, ExitStack() as visit:
        board = first.enter_context(dashboard(place))
        page = visit.enter_context(tab(browser, board)).page
        expect(page.locator("#link")).to_have_text("live", timeout=PATIENCE)
        first.close()
        expect(page.locator("#link")).to_have_text("connecting …", timeout=PATIENCE)
        go_on(place, RUN, AbortAsked("bob", "while it was gone"))
        with dashboard(place, board.port):
            expect(page.locator("#link")).to_have_text("live", timeout=PATIENCE)
            expect(page.locator("#log li").filter(has_text="while it was gone")).to_have_count(1, timeout=PATIENCE)


def test_the_page_of_now_goes_over_to_the_next_run(browser: Browser, place: Path) -> None:
    put_down(place, OLD, went_well())
    with dashboard(place) as board, tab(browser, board) as one:
        expect(one.page.locator("h1")).to_have_text("shop 1.1.0, rolling", timeout=PATIENCE)
        put_down(place, RUN, canary(), held=True)
        expect(one.page.locator("h1")).to_have_text("shop 1.1, canary", timeout=PATIENCE)


def test_by_keyboard_alone(browser: Browser, full: Dashboard) -> None:
    with tab(browser, full, *EVERYTHING) as one:
        page = one.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        reached = []
        while "Log of the run" not in reached:
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent.trim()")
            )
            ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert ring != "none", reached
        assert "Abort: put everything back" in reached
        assert "Evacuate dc1" in reached


def test_runs_are_found_while_one_types(browser: Browser, full: Dashboard) -> None:
    with tab(browser, full) as one:
        one.goto("/runs")
        assert one.page.locator("tbody tr").count() == 3
        one.page.fill("#q", "put back")
        expect(one.page.locator("tbody tr")).to_have_count(1, timeout=PATIENCE)
        assert BAD in one.page.locator("tbody").inner_text()
        one.page.fill("#q", "nothing like that")
        expect(one.page.locator("#runs")).to_contain_text("No run has all these words", timeout=PATIENCE)
        assert one.wrong == []


def test_who_may_only_look_is_offered_nothing_else(browser: Browser, full: Dashboard) -> None:
    with tab(browser, full) as one:
        expect(one.page.locator("#link")).to_have_text("live", timeout=PATIENCE)
        assert not one.page.get_by_text("Abort: put everything back").is_visible()
        assert not one.page.get_by_text("Evacuate dc1").is_visible()
        assert one.page.get_by_text("you may look").is_visible()
