"""The page of a run in a real browser, under the policy Jenkins serves artifacts with"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page

from deployer.report.account import account
from deployer.report.html import account_html
from tests.chromium import chromium
from tests.report import records, test_course
from tests.report.test_verdicts import failed, passed, read

POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';"
"""Jenkins' own, for everything in a workspace or an archive: jenkins.io, "Configuring Content Security Policy"."""
PAGES = {
    "went well": lambda: account(records.went_well()),
    "put back": lambda: account(records.put_back()),
    "killed": lambda: account(records.killed()),
    "canary": lambda: read(passed()),
    "bad canary": lambda: read(failed()),
    "waited": lambda: account(test_course.waited()),
    "evacuated": lambda: account(test_course.evacuated()),
}
DRAWN = """[...document.querySelectorAll('svg rect, svg circle, svg polyline')].map(one => {
  const box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return [box.width + box.height > 0, style.fill + style.fillOpacity + style.stroke !== 'rgb(0, 0, 0)1none']
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@contextmanager
def served(text: str) -> Iterator[str]:
    """Under the policy, on loopback."""

    class Artifact(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Artifact)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/report.html"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def opened(browser: Browser, url: str, width: int, scheme: str) -> tuple[Page, list[str]]:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page, complaints = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    return page, complaints


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_read_where_no_style_is_obeyed(browser: Browser, name: str) -> None:
    told = PAGES[name]()
    with served(account_html(told, runbook="the plan")) as url:
        for width, scheme in ((1200, "light"), (390, "dark")):
            page, complaints = opened(browser, url, width, scheme)
            assert told.run in page.locator("h1").inner_text()
            assert [line for line in complaints if "inline style" not in line] == []
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
                "nothing stands beside it"
            )
            drawn = page.evaluate(DRAWN)
            assert drawn
            assert all(seen and coloured for seen, coloured in drawn)
            dark = page.evaluate("getComputedStyle(document.body).color")
            assert (dark == "rgb(255, 255, 255)") == (scheme == "dark"), dark
            page.context.close()


def test_the_page_can_be_printed(browser: Browser, tmp_path: Path) -> None:
    with served(account_html(read(passed()), runbook="the plan")) as url:
        page, _ = opened(browser, url, 1200, "dark")
        assert page.pdf(path=tmp_path / "report.pdf").startswith(b"%PDF")
        page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_nothing_a_policy_would_refuse_but_the_style_it_can_do_without(name: str) -> None:
    page = account_html(PAGES[name](), runbook="the plan")
    assert page.count("<style>") == 1
    for never in ("<script", " style=", "<link", "<img", "src=", "href=", "url(", " onload"):
        assert never not in page, never
