"""Who learns of a run: listed, tried, and told of an evacuation"""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.cli import noticing
from deployer.cli.main import run
from deployer.cli.options import Ground
from tests.cli import journals
from tests.notices.ears import ears
from tests.report import test_course

Capture = pytest.CaptureFixture[str]
SECRET = "hunter2-in-a-url"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    where = journals.inventory(tmp_path)
    with (where / "deployer.yml").open("a") as file:
        file.write("notices: [{kind: slack, url_env: SLACK_URL}, {kind: webhook, url_file: ../hook}]\n")
    return where


def test_receivers_are_listed_with_what_is_missing(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_URL", f"http://127.0.0.1:1/{SECRET}")
    assert run(["notices", "-i", str(place)]) == 3
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("slack          approved, back, done, half-way, held")
    assert said[1].startswith("webhook        ")
    assert "hook cannot be read; see notices.url_file in deployer.yml" in said[1]
    assert SECRET not in "".join(said)


def test_a_test_is_sent_and_what_fails_is_named_without_its_address(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ears() as slack, ears(403) as hook:
        monkeypatch.setenv("SLACK_URL", f"{slack.url}/{SECRET}")
        (place.parent / "hook").write_text(f"{hook.url}/{SECRET}")
        assert run(["notices", "--test", "-i", str(place)]) == 3
        assert capsys.readouterr().out == "slack          sent\nwebhook        it answered with 403\n"
        assert "a test of `deployer notices`" in slack.bodies[0]["text"]


def test_an_evacuation_is_told_when_it_is_over(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ears() as slack, ears() as hook:
        monkeypatch.setenv("SLACK_URL", slack.url)
        (place.parent / "hook").write_text(hook.url)
        noticing.tell(Ground(place), test_course.evacuated())
        assert "shop (evacuate): done" in slack.bodies[-1]["text"]
        assert f"deployer restore dc1 -i {place}" in slack.bodies[-1]["text"]
        assert [body["event"] for body in hook.bodies] == ["started", "shifted", "done"]


def test_settings_that_are_wrong_do_not_hurt_what_was_done(place: Path, capsys: Capture) -> None:
    (place / "deployer.yml").write_text("nonsense: true\n")
    noticing.tell(Ground(place), test_course.evacuated())
    assert "nobody was told" in capsys.readouterr().err
