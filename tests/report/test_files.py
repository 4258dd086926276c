"""Reports for programs and browsers"""

from __future__ import annotations

import json

import pytest
from junitparser import JUnitXml

from deployer.events import Failed, Record
from deployer.model import Release
from deployer.plan import Plan
from deployer.report.account import account
from deployer.report.html import account_html
from deployer.report.json import account_json, dumps, plan_json
from deployer.report.junit import account_junit, nothing_junit
from deployer.report.runbook import runbook
from tests.report import records

RUNS = {"went_well": records.went_well(), "put_back": records.put_back(), "killed": records.killed()}


@pytest.mark.parametrize(
    ("name", "failures", "errors", "skipped", "tests"),
    [("went_well", 0, 0, 0, 9), ("put_back", 1, 0, 5, 13), ("killed", 0, 1, 6, 9)],
)
def test_junit_has_a_case_per_step(name: str, failures: int, errors: int, skipped: int, tests: int) -> None:
    xml = JUnitXml.fromstring(account_junit(account(RUNS[name])).encode())
    assert (xml.failures, xml.errors, xml.skipped, xml.tests) == (failures, errors, skipped, tests)


def test_json_has_the_exit_code_and_the_numbers() -> None:
    said = json.loads(dumps(account_json(account(records.put_back()))))
    assert (said["end"], said["exit_code"], said["lowest_in_service"]) == ("put back", 5, {"dc1": 1})
    assert "\x1b" not in dumps(said)


def test_a_plan_as_json_numbers_its_steps() -> None:
    said = plan_json(records.PLAN, records.PICTURE)
    assert [step["number"] for step in said["steps"]] == list(range(1, 10))


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_page_needs_nothing_from_outside(run: list[Record]) -> None:
    page = account_html(account(run), runbook="<the plan>")
    assert "src=" not in page
    assert "href=" not in page
    assert "&lt;the plan&gt;" in page


def test_a_page_escapes_what_hosts_say() -> None:
    run = records.put_back()
    spiked = Record(99, "r1", run[-1].at, Failed(0, 4, "<script>alert(1)</script>", "dc1-web1"))
    page = account_html(account([*run, spiked]))
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_nothing_to_do_is_a_case_that_passed() -> None:
    xml = JUnitXml.fromstring(nothing_junit(records.PLAN).encode())
    assert (xml.tests, xml.failures, xml.errors, xml.skipped) == (1, 0, 0, 0)


def test_a_token_in_a_url_is_not_shown() -> None:
    secret = Release("1.1.0", "https://ann:hunter2@repo/shop-1.1.0.tar.gz?token=hunter2", "ab" * 32)
    plan = Plan(records.intent(release=secret), records.PLAN.legs)
    shown = runbook(plan, records.PICTURE) + dumps(plan_json(plan, records.PICTURE))
    assert "https://repo/shop-1.1.0.tar.gz" in shown
    assert "hunter2" not in shown
