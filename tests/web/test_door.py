"""Who may enter, what they may do, and what a browser is told to refuse"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deployer.errors import SettingsError, UsageError
from deployer.web.people import People, Role
from deployer.web.seal import Seal
from tests.cli.journals import write
from tests.report.records import went_well
from tests.web.ground import Dashboard, Visitor, dashboard

SECRET = "a-secret-of-the-proxy"


def test_nobody_sees_anything_before_they_enter(board: Dashboard) -> None:
    write(board.desk.inventory, "r1", went_well())
    stranger = Visitor(board.port)
    for path in ("/", "/runs"):
        answer = stranger.get(path)
        assert (answer.status, answer.headers["location"], answer.text) == (303, "/enter", "")
    wrong = stranger.enter("a-token-of-nobody")
    assert (wrong.status, "set-cookie" in wrong.headers) == (403, False)
    assert "opens nothing" in wrong.text
    assert "r1" in board.visitor().get("/runs").text


def test_a_session_cannot_be_forged_and_ends_with_its_token(board: Dashboard) -> None:
    one = board.visitor(name="ann")
    assert one.get("/runs").status == 200
    for forged in (one.cookie[:-2] + "xy", "deployer=", "deployer=AAAA.BBBB", "deployer=%ff"):
        assert Visitor(board.port, forged).get("/runs").status == 303
    board.desk.door.people.admit("ann", [])
    assert one.get("/runs").status == 303, "another token was made for her"


def test_a_session_outlives_a_restart_and_not_its_hours(place: Path) -> None:
    with dashboard(place) as first:
        one = first.visitor()
    with dashboard(place) as second:
        assert Visitor(second.port, one.cookie).get("/runs").status == 200
        door = second.desk.door
        until, name, proof = (door.seal.open("session", one.cookie.partition("=")[2].strip('"')) or "").split(" ")
        late = door.seal.close("session", f"{int(until) - 13 * 3600} {name} {proof}")
        assert Visitor(second.port, f"deployer={late}").get("/runs").status == 303


def test_who_leaves_is_out(board: Dashboard) -> None:
    one = board.visitor()
    answer = one.post("/leave", mark=one.mark())
    assert answer.status == 303
    assert 'deployer=""' in answer.headers["set-cookie"]


@pytest.mark.parametrize(("mark", "headers"), [("", {}), ("forged", {}), ("own", {"Sec-Fetch-Site": "cross-site"})])
def test_a_form_of_another_site_does_nothing(board: Dashboard, mark: str, headers: dict[str, str]) -> None:
    one = board.visitor()
    given = one.mark() if mark == "own" else mark
    one.sends = headers
    assert one.post("/leave", mark=given).status == 403
    other = board.visitor(name="bob").mark()
    one.sends = {}
    assert one.post("/leave", mark=other).status == 403, "the mark of somebody else"


def test_every_answer_carries_the_policy(board: Dashboard) -> None:
    one = board.visitor()
    for path in ("/", "/runs", "/enter", "/nowhere", "/static/page.js"):
        headers = one.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_a_page_of_another_name_is_refused(board: Dashboard) -> None:
    one = board.visitor()
    one.sends = {"Host": "evil.example"}
    assert one.get("/runs").status == 400


def test_a_form_that_never_ends_is_cut(board: Dashboard) -> None:
    one = board.visitor()
    assert one.post("/leave", mark="x" * 20_000).status == 413


def test_prometheus_asks_with_a_token_of_its_own(board: Dashboard) -> None:
    write(board.desk.inventory, "r1", went_well())
    one = Visitor(board.port)
    assert one.get("/metrics").status == 401
    token = board.desk.door.people.admit("prometheus", [])
    one.sends = {"Authorization": f"Bearer {token}"}
    answer = one.get("/metrics")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'deployer_run_state{service="shop",state="done"} 1.0' in answer.text
    assert one.get("/runs").status == 303, "the token opens the numbers alone, without a session"
    one.sends = {"Authorization": "Bearer nobodys"}
    assert one.get("/metrics").status == 401


def behind(place: Path, secret: str = SECRET) -> None:
    (place / "proxy").write_text(secret)
    path = place / "deployer.yml"
    web = {"proxy_secret": str(place / "proxy"), "operators": ["ann", "@oncall"], "approvers": ["@board"]}
    path.write_text(path.read_text() + yaml.safe_dump({"web": web}))


def test_a_trusted_proxy_names_the_person_and_their_groups(place: Path) -> None:
    behind(place)
    with dashboard(place) as one:
        bob = Visitor(one.port)
        assert bob.get("/runs").status == 401
        bob.sends = {"X-Deployer-Proxy": "wrong", "X-Remote-User": "bob"}
        assert bob.get("/runs").status == 401, "anybody on this machine could say that"
        bob.sends = {"X-Deployer-Proxy": SECRET, "X-Remote-User": "bob", "X-Remote-Groups": "staff, oncall"}
        text = bob.get("/runs").text
        assert "bob, operator" in text
        assert "approver" not in text
        bob.sends = {"X-Deployer-Proxy": SECRET, "X-Remote-User": "bob smith"}
        assert bob.get("/runs").status == 401, "no name"
        token = one.desk.door.people.admit("eve", [Role.OPERATOR])
        eve = Visitor(one.port)
        eve.enter(token)
        assert eve.get("/runs").status == 401, "tokens open nothing here"
        eve.sends = {"Authorization": f"Bearer {token}"}
        assert eve.get("/metrics").status == 401


def test_a_secret_that_can_be_guessed_lets_nobody_in(place: Path) -> None:
    behind(place, "short")
    with dashboard(place) as one:
        visitor = Visitor(one.port)
        visitor.sends = {"X-Deployer-Proxy": "short", "X-Remote-User": "bob"}
        answer = visitor.get("/runs")
        assert (answer.status, "shorter than 16" in answer.text) == (503, True)


def test_tokens_are_kept_as_digests_for_our_eyes_only(tmp_path: Path) -> None:
    people = People(tmp_path / "web" / "people")
    token = people.admit("ann", [Role.OPERATOR])
    people.admit("bob", [])
    assert token not in people.path.read_text()
    assert people.path.stat().st_mode & 0o777 == 0o600
    found = people.by_token(token)
    assert found
    assert (found.name, found.may(Role.OPERATOR), found.may(Role.APPROVER)) == ("ann", True, False)
    with pytest.raises(UsageError):
        people.admit("ann operator\nroot", [])
    people.path.write_text("ann boss 00\n")
    with pytest.raises(SettingsError, match="NAME ROLE"):
        people.by_token(token)


def test_a_seal_opens_what_it_closed_for_the_same_purpose(tmp_path: Path) -> None:
    seal, other = Seal.of(tmp_path), Seal.of(tmp_path / "other")
    closed = seal.close("session", "a text")
    assert Seal.of(tmp_path).open("session", closed) == "a text"
    assert (seal.open("form", closed), other.open("session", closed), seal.open("session", "")) == (None, None, None)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
