"""Checks against a real small web server and real commands"""

from __future__ import annotations

import hmac
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deployer.errors import StepFailed
from deployer.gates.checks import Checks
from deployer.machines import Estate, Host, Login
from deployer.model import Verdict
from deployer.settings.checks import CheckValues
from deployer.steps import Ask
from deployer.world import Order, Outcome

ASK = Ask("checks at verify", ("dc1",), "", "1.1.0", hosts=("web1", "web2"))


@dataclass
class Site:
    """Answers `pages` by path, and remembers who asked."""

    pages: dict[str, tuple[int, str]] = field(default_factory=lambda: {"/": (200, "shop 1.1.0")})
    heard: list[tuple[str, str | None]] = field(default_factory=list)
    port: int = 0


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.heard.append((self.path, self.headers.get("X-Deployer-Release")))
            code, body = made.pages.get(self.path, (404, "nothing here"))
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@dataclass
class Sky:
    """Virtual time; `passing` is called when it passes."""

    site: Site
    time: float = 0.0
    comes_up_at: float = float("inf")

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        if self.time >= self.comes_up_at:
            self.site.pages["/late"] = (200, "here")


def _asked(site: Site, folder: Path, sky: Sky | None = None, *, stopping: bool = False, **checks: object) -> Outcome:
    own = Login("127.0.0.1")
    hosts = tuple(Host(name, "dc1", own, own.address, site.port, "/srv", "/srv/file") for name in ("web1", "web2"))
    estate = Estate(folder, hosts, ())
    played: list[Sequence[str]] = []

    def plays(playbook: Path, hosts: Sequence[str], order: Order, release: str, timeout: float) -> str:
        played.append((playbook.name, *hosts, order.step, release, str(timeout)))
        return "" if playbook.name == "good.yml" else "web1: it is not good"

    made = {name: CheckValues.model_validate(check) for name, check in checks.items()}
    gate = Checks(made, estate, folder, sky or Sky(site), plays)
    return gate.ask(ASK, Order("run", 1, "0-4", lambda _: None, lambda: stopping))


def test_every_host_is_asked_past_the_balancers(site: Site, tmp_path: Path) -> None:
    outcome = _asked(site, tmp_path, front={"path": "/", "contains": "shop {version}"})
    assert outcome.verdict is Verdict.PASS
    assert site.heard == [("/", None)] * 2


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ({"path": "/gone"}, "check bad: web1 answers 404, not 200: nothing here; web2 answers 404"),
        ({"path": "/", "contains": "2.0"}, "answers without '2.0': shop 1.1.0"),
        ({"path": "/", "status": 302}, "answers 200, not 302"),
        ({"command": "sh -c 'echo out of stock; exit 3'"}, "ended with 3: out of stock"),
        ({"command": "/nowhere/smoke"}, "cannot be run"),
        ({"command": "sleep 600", "timeout": 0.2}, "took longer than 0.2 s"),
        ({"playbook": "bad.yml"}, "web1: it is not good"),
        ({"url": "http://127.0.0.1:1/"}, "does not answer: ConnectionError"),
    ],
)
def test_what_is_not_as_expected_fails(site: Site, tmp_path: Path, check: object, why: str) -> None:
    outcome = _asked(site, tmp_path, bad=check)
    assert outcome.verdict is Verdict.FAIL
    assert why in outcome.note


def test_through_the_balancers_a_check_is_a_tester_of_the_release(site: Site, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(b64encode(b"secret").decode() + "\n")
    url = f"http://127.0.0.1:{site.port}/"
    assert _asked(site, tmp_path, a={"url": url}, b={"url": url, "tester_key_file": "key"}).verdict is Verdict.PASS
    signed = hmac.new(b"secret", b"1.1.0", "sha256").hexdigest()
    assert [header for _, header in site.heard] == ["1.1.0", f"1.1.0~{signed}"]


def test_a_key_that_is_none_is_named(site: Site, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("not base64!")
    with pytest.raises(StepFailed, match="base64 key"):
        _asked(site, tmp_path, a={"url": f"http://127.0.0.1:{site.port}/", "tester_key_file": "key"})


def test_a_command_learns_what_it_is_about(site: Site, tmp_path: Path) -> None:
    (tmp_path / "smoke").write_text(
        "#!/bin/sh\necho $DEPLOYER_RELEASE $DEPLOYER_SITES $DEPLOYER_HOSTS $1 > ${0%/*}/told; touch litter\n"
    )
    (tmp_path / "smoke").chmod(0o755)
    assert _asked(site, tmp_path, smoke={"command": "./smoke {version}"}).verdict is Verdict.PASS
    assert (tmp_path / "told").read_text() == "1.1.0 dc1 web1 web2 1.1.0\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["smoke", "told"], "Ansible reads every file beside"


def test_nothing_of_a_command_that_took_too_long_is_left_running(site: Site, tmp_path: Path) -> None:
    (tmp_path / "smoke").write_text("#!/bin/sh\nsleep 600 & echo $! > ${0%/*}/child; wait\n")
    (tmp_path / "smoke").chmod(0o755)
    _asked(site, tmp_path, smoke={"command": "./smoke", "timeout": 2})
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 60
    while _lives(child):
        assert time.monotonic() < deadline, "it was told to die"
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_check_is_tried_again_within_its_time(site: Site, tmp_path: Path) -> None:
    late = {"path": "/late", "within": 20}
    assert _asked(site, tmp_path, Sky(site, comes_up_at=10), late=late).verdict is Verdict.PASS
    site.pages.pop("/late")
    sky = Sky(site)
    assert _asked(site, tmp_path, sky, late=late).verdict is Verdict.FAIL
    assert sky.time >= 20
    sky = Sky(site)
    assert _asked(site, tmp_path, sky, stopping=True, late=late).verdict is Verdict.FAIL
    assert sky.time == 0, "nobody waits for a check when the run shall stop"


def test_the_first_that_fails_ends_it(site: Site, tmp_path: Path) -> None:
    outcome = _asked(site, tmp_path, first={"path": "/gone"}, second={"path": "/"})
    assert outcome.verdict is Verdict.FAIL
    assert ("/", None) not in site.heard


def test_where_nobody_is_left_nothing_is_proved_and_nothing_is_wrong(site: Site, tmp_path: Path) -> None:
    gate = Checks({"front": CheckValues(path="/")}, Estate(tmp_path, (), ()), tmp_path, Sky(site), _never)
    order = Order("run", 1, "0-4", lambda _: None, lambda: False)
    assert gate.ask(Ask("checks at verify", ("dc1",), "", "1.1.0"), order).verdict is Verdict.PASS


def _never(playbook: Path, hosts: Sequence[str], order: Order, release: str, timeout: float) -> str:
    raise AssertionError(playbook, hosts, order, release, timeout)
