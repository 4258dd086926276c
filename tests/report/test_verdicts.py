"""Verdicts as people read them: in the log, explained, in JUnit, in JSON and drawn"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from functools import cache

import pytest

from deployer.errors import UsageError
from deployer.events import End
from deployer.model import Verdict
from deployer.report.account import Account, account
from deployer.report.board import Board
from deployer.report.chart import HEIGHT, WIDTH, charts
from deployer.report.gate import chosen, gate_text
from deployer.report.html import account_html
from deployer.report.json import account_json, dumps
from deployer.report.junit import account_junit
from deployer.report.log import Log
from deployer.report.plain import PlainStory
from deployer.report.text import ending
from tests.gates.stream import Stream
from tests.gates.whole import NEW_HOSTS, Whole


def bad_canary(host: str, _now: float) -> float:
    return 0.05 if host in NEW_HOSTS else 0.001


@cache
def failed() -> Whole:
    whole = Whole.of(Stream(bad=bad_canary, time=1_000_000.0))
    assert whole.run().end is End.PUT_BACK
    return whole


@cache
def passed() -> Whole:
    whole = Whole.of(Stream(time=1_000_000.0))
    assert whole.run().end is End.DONE
    return whole


def read(whole: Whole) -> Account:
    return account(whole.it.journal.records)


def test_a_canary_with_five_percent_errors_goes_back_and_says_why_with_numbers() -> None:
    (one,) = read(failed()).verdicts
    text = gate_text(one)
    assert text.startswith("step 22, metrics: 1.1 at 5 % of dc1 and dc2\n  verdict   fail\n")
    assert "error_rate too high: " in text
    assert "  source    stream\n" in text
    assert "1.1 on dc1-web1, 1.0 on dc1-web4 (restarted with them)" in text
    assert "alpha     0.005 for this window, of 0.01 for the whole run" in text
    assert re.search(r"^ {2}at dc2$", text, re.MULTILINE)


def test_requests_that_users_saw_fail_are_counted_and_reported() -> None:
    (one,) = read(failed()).verdicts
    bad, total = one.failed
    assert 0 < bad < total
    assert f"users     saw {bad} of {total} requests to 1.1 fail while it was judged: 1.1 at 5 %" in ending(
        read(failed())
    )
    assert "saw" not in ending(read(passed()))


def test_every_question_of_a_good_run_has_its_verdict_and_all_it_was_made_of() -> None:
    found = read(passed()).verdicts
    assert [one.verdict for one in found] == [Verdict.PASS] * 4
    assert all(one.judged and one.judged.data.canary and one.judged.config.metrics for one in found)
    alphas = [one.judged.budget.alpha for one in found if one.judged]
    assert alphas == sorted(alphas, reverse=True)
    assert sum(alphas) <= 0.01
    assert "what 1.0 did before" in gate_text(found[-1])


def test_a_verdict_is_chosen_by_number_words_or_as_the_last() -> None:
    found = read(passed()).verdicts
    assert chosen(found, "43") is chosen(found, "at 50 %") is found[1]
    assert chosen(found, "last") is found[-1]
    with pytest.raises(UsageError, match=r"no question is '99': 22 \(1\.1 at 5 % of dc1 and dc2\); 43"):
        chosen(found, "99")
    with pytest.raises(UsageError, match="several questions are 'dc1'"):
        chosen(found, "dc1")
    with pytest.raises(UsageError, match="no gate judged anything"):
        chosen((), "last")


def test_the_log_has_a_line_for_each_metric() -> None:
    log = Log()
    lines = [line for record in failed().it.journal.records for line in log.lines(record)]
    assert any("FAILED gate metrics: score 0, fail: error_rate" in line for line in lines)
    assert any(re.search(r"High +error_rate too high: [\d.]+ % against", line) for line in lines)


def test_the_live_table_shows_what_a_question_waits_for() -> None:
    board = Board()
    for record in failed().it.journal.records:
        if type(record.event).__name__ == "Failed":
            break
        board.apply(record)
    board.tell((0, 22), "score 40\nPass  error_rate")
    assert board.doing[0, 22].told == "score 40\nPass  error_rate"
    board.apply(record)
    assert (0, 22) not in board.doing
    assert any("too high" in line for line in board.news), "what went wrong stays in sight"


def test_junit_has_a_case_for_each_metric() -> None:
    cases = {
        case.get("name"): case
        for case in ET.fromstring(account_junit(read(failed()))).iter("testcase")
        if case.get("classname") == "shop.gate"
    }
    assert set(cases) == {"22 error_rate", "22 latency_p50"}
    failure = cases["22 error_rate"].find("failure")
    assert failure is not None
    assert "too high" in (failure.get("message") or "")
    assert cases["22 latency_p50"].find("failure") is None


def test_json_has_each_verdict_whole() -> None:
    (one,) = json.loads(dumps(account_json(read(failed()))))["verdicts"]
    assert one["verdict"] == "fail"
    assert {"config", "data", "budget", "judgement"} <= one["judged"].keys()
    assert one["judged"]["data"]["canary"][0]["site"] == "dc1"


def test_both_releases_are_drawn_over_time_and_as_they_were_distributed() -> None:
    page = account_html(read(passed()))
    assert "<script" not in page
    assert page.count('role="img"') == 1 + 4 * 3
    for one in read(passed()).verdicts:
        drawn = list(charts(one))
        assert [chart.title for chart in drawn] == ["error_rate", "latency_p50", "latency, share up to"]
        for line in (line for chart in drawn for line in (*chart.new, *chart.old)):
            places = [tuple(map(float, place.split(","))) for place in line.split()]
            assert all(-0.1 <= x <= WIDTH + 0.1 and -0.1 <= y <= HEIGHT + 0.1 for x, y in places)


def test_a_verdict_with_many_bad_requests_is_drawn_apart_from_the_former_release() -> None:
    (one,) = read(failed()).verdicts
    errors = next(charts(one))
    assert errors.new != errors.old


def test_a_plain_story_tells_news_at_once_and_how_it_goes_on_seldom() -> None:
    """What goes into detail is never dropped.."""
    told: list[str] = []
    story = PlainStory(told.append, Stream())
    for line in ("score 40", "score 41", "score 41\nInconclusive  error_rate: does not answer", "score 42"):
        story.tell((0, 22), line)
    assert [line.partition("… ")[2] for line in told] == [
        "score 40",
        "score 41",
        "Inconclusive error_rate: does not answer",
    ]
