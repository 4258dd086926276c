"""Notices against real receivers: they arrive as each wants them; one that fails or hangs holds nothing up"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from deployer.notices.courier import MANY, Courier
from deployer.notices.message import Message
from deployer.notices.post import NotSent
from deployer.notices.post_room import PostRoom, receiver
from deployer.notices.receivers import SIGNATURE
from deployer.settings.notices import NoticeValues
from tests.dns.named import free_port
from tests.notices.ears import ears
from tests.report import records

SECRET = "hunter2-secret"
TOLD = Message(
    "waiting", "shop", "r1", "1.1.0", "canary", 1_700_000_000.0, "shop waits", "for <you>", ("deployer approve r1",)
)


def values(kind: str, **more: object) -> NoticeValues:
    return NoticeValues.model_validate({"kind": kind, **more})


def sent(kind: str, message: Message = TOLD, **more: object) -> None:
    receiver(values(kind, **more), {}).send(message)


def test_slack_gets_its_words_and_nothing_in_them_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    with ears() as slack:
        monkeypatch.setenv("SLACK_URL", f"{slack.url}/services/{SECRET}")
        sent("slack", url_env="SLACK_URL")
        (body,) = slack.bodies
    assert slack.heard[0][0] == f"/services/{SECRET}"
    assert body == {"text": "✋ *shop waits*\nfor &lt;you&gt;\n`deployer approve r1`"}


def test_a_webhook_is_signed(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n")
    with ears() as hook:
        sent("webhook", url=hook.url, secret_file=str(tmp_path / "key"))
        ((_, headers, body),) = hook.heard
    assert headers[SIGNATURE] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert (told["event"], told["run"], told["next"], told["at"]) == (
        "waiting",
        "r1",
        ["deployer approve r1"],
        "2023-11-14T22:13:20+00:00",
    )


def test_grafana_gets_an_annotation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFANA", SECRET)
    with ears() as grafana:
        sent("grafana", url=grafana.url, secret_env="GRAFANA", tags=["prod"])
        ((path, headers, body),) = grafana.heard
    assert (path, headers["Authorization"]) == ("/api/annotations", f"Bearer {SECRET}")
    told = json.loads(body)
    assert told["time"] == 1_700_000_000_000
    assert told["tags"] == ["prod", "shop", "waiting"]
    assert "next: deployer approve r1" in told["text"]


class Letters:
    def __init__(self) -> None:
        self.got: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.got.append(envelope)
        return "250 OK"


def test_mail_arrives() -> None:
    letters = Letters()
    server = Controller(letters, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        sent("smtp", host=f"127.0.0.1:{server.port}", tls="none", sender="deployer@shop", to=["ops@shop"])
    finally:
        server.stop()
    (letter,) = letters.got
    assert letter.rcpt_tos == ["ops@shop"]
    assert b"Subject: shop waits" in (letter.original_content or b"")
    assert b"next: deployer approve r1" in (letter.original_content or b"")


@pytest.mark.parametrize("answers", [(500,), (404,), (302,)])
def test_what_goes_wrong_is_told_without_the_address(answers: tuple[int, ...], tmp_path: Path) -> None:
    (tmp_path / "url").write_text("")
    with ears(*answers) as slack:
        (tmp_path / "url").write_text(f"{slack.url}/services/{SECRET}")
        with pytest.raises(NotSent) as wrong:
            sent("slack", url_file=str(tmp_path / "url"))
    assert str(answers[0]) in wrong.value.what
    with pytest.raises(NotSent, match="nobody answers there") as gone:
        sent("slack", url_file=str(tmp_path / "url"))
    for error in (wrong.value, gone.value):
        assert SECRET not in f"{error!r}{error}{error.__cause__}"


def test_one_that_is_busy_is_tried_again_and_one_that_refuses_is_not() -> None:
    complaints: list[str] = []
    with ears(503, 200) as busy, ears(404) as wrong:
        for one in (busy, wrong):
            courier = Courier(
                "x", frozenset({"waiting"}), receiver(values("slack", url=one.url), {}), complaints.append, 0
            )
            courier.take(TOLD)
            courier.last()
            courier.close(time.monotonic() + 60)
    assert (len(busy.heard), len(wrong.heard)) == (2, 1)
    assert complaints == ["notice to x was not sent: it answered with 404"]


def test_one_that_hangs_holds_nothing_up_and_others_are_told() -> None:
    complaints: list[str] = []
    with ears(hung=True) as hung, ears() as well:
        notices = [values("slack", name="hung", url=hung.url, timeout=60), values("webhook", url=well.url)]
        with PostRoom(notices, "prod", complaints.append) as room:
            room.patience = 1.0
            began = time.monotonic()
            for _ in range(3):
                for record in records.put_back():
                    room.hear(record)
            heard = time.monotonic() - began
            while [body["event"] for body in well.bodies].count("put-back") < 3:
                time.sleep(0.01)
        assert heard < 20, "beside a receiver that would take 60 s for each"
        assert len(hung.heard) == 1
    assert complaints == ["warning  notice to hung was not sent: it takes too long, what is left is not sent"]


def test_a_flood_is_dammed_and_what_is_urgent_goes_through() -> None:
    with ears() as one:
        courier = Courier("x", frozenset({"held", "done"}), receiver(values("webhook", url=one.url), {}), print)
        held, done = (Message(event, "shop", "r1", "1", "rolling", 0.0, event) for event in ("held", "done"))
        for _ in range(100):
            courier.take(held)
        courier.take(done)
        courier.last()
        courier.close(time.monotonic() + 60)
        assert [body["event"] for body in one.bodies] == ["held"] * MANY + ["done"]
        assert one.bodies[-1]["text"] == f"{100 - MANY} notices before this one were left out"


def test_a_secret_that_is_missing_is_named_and_hurts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[str] = []
    monkeypatch.delenv("NO_SUCH_URL", raising=False)
    with PostRoom([values("slack", url_env="NO_SUCH_URL")], "prod", complaints.append) as room:
        for record in records.went_well():
            room.hear(record)
    (said,) = complaints
    assert said.startswith("warning  notice to slack was not sent: the environment has no NO_SUCH_URL, next: export it")


def test_an_unknown_event_or_half_a_receiver_is_refused() -> None:
    for wrong in (
        {"kind": "slack"},
        {"kind": "smtp", "host": "x"},
        {"kind": "slack", "url": "http://x", "on": ["nope"]},
    ):
        with pytest.raises(ValueError, match=r"for slack|host, sender and to|Input should be"):
            NoticeValues.model_validate(wrong)


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "a.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = [
        "prometheus-alertmanager",
        f"--config.file={folder / 'a.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(words, stdout=log, stderr=log) as process:
        try:
            until = time.monotonic() + 60
            while True:
                try:
                    if requests.get(f"{url}/-/ready", timeout=5).ok:
                        break
                except requests.RequestException:
                    pass
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.05)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def active(url: str) -> list[Mapping[str, object]]:
    found = requests.get(f"{url}/api/v2/silences", timeout=10).json()
    return [one for one in found if one["status"]["state"] != "expired"]


def test_a_real_alertmanager_is_silent_about_whoever_is_out_of_the_pool(alertmanager: str) -> None:
    """Another process ends it, as after a resume; a host drained twice has one silence, which ends by itself."""
    now = time.time()
    out = replace(TOLD, event="drained", hosts=("dc1-web1", "dc1-web10"), at=now)
    for _ in range(2):
        sent("alertmanager", out, url=alertmanager, expires=600)
    silences = {str(one["comment"]): one for one in active(alertmanager)}
    assert set(silences) == {f"{host} of shop is out of the pool, run r1" for host in out.hosts}
    one = silences["dc1-web1 of shop is out of the pool, run r1"]
    assert one["matchers"] == [
        {"name": "instance", "value": r"dc1\-web1(:.*)?", "isRegex": True, "isEqual": True},
    ]
    assert str(one["endsAt"]) <= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now + 601))
    sent("alertmanager", replace(out, event="readmitted", hosts=("dc1-web1",)), url=alertmanager)
    assert [str(one["comment"])[:9] for one in active(alertmanager)] == ["dc1-web10"]
