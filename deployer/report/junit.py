"""The end of a run for Jenkins: JUnit XML, one test case per step"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from deployer.gates.judge.judgement import Label
from deployer.plan import Plan
from deployer.report.account import Account, State, StepAccount

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def account_junit(account: Account) -> str:
    """A suite per stage; a failed step is a failure, one in doubt an error, one not begun skipped."""
    name = f"{account.intent.service} {account.intent.release.version}"
    xml = JUnitXml(_clean(name))
    for (line, stage), steps in groupby(account.steps, key=lambda step: (step.line, step.stage)):
        suite = TestSuite(_clean(stage if line == 0 else f"way back {line}: {stage}"))
        suite.add_testcases([case for step in steps for case in (_case(account, step), *_metrics(account, step))])
        xml.add_testsuite(suite)
    return _text(xml)


def nothing_junit(plan: Plan) -> str:
    """One case that passed: every host is as wanted already."""
    name = _clean(f"{plan.intent.service} {plan.intent.release.version}")
    xml, suite = JUnitXml(name), TestSuite(name)
    suite.add_testcase(TestCase("nothing to do", classname=_clean(plan.intent.service)))
    xml.add_testsuite(suite)
    return _text(xml)


def _text(xml: JUnitXml) -> str:
    xml.update_statistics()  # type: ignore[no-untyped-call]
    return bytes(xml.tostring()).decode()  # type: ignore[no-untyped-call]


def _case(account: Account, step: StepAccount) -> TestCase:
    case = TestCase(
        _clean(f"{step.number} {step.text}"),
        classname=_clean(f"{account.intent.service}.{step.site or 'everywhere'}"),
        time=round(step.seconds, 3),
    )
    match step.state:
        case State.FAILED:
            case.result = [Failure(_clean(f"{step.where}: {step.note}" if step.where else step.note), step.verb)]
        case State.IN_DOUBT:
            case.result = [Error("begun, and not known to have ended", step.verb)]
        case State.NOT_BEGUN | State.UNDER_WAY:
            case.result = [Skipped(step.state.value)]
        case State.DONE if step.note:
            case.system_out = _clean(step.note)
        case State.DONE:
            pass
    return case


def _metrics(account: Account, step: StepAccount) -> Iterator[TestCase]:
    """A case for each metric of a verdict: failed where it is bad, skipped where it is not settled or muted."""
    one = next((one for one in account.verdicts if (one.line, one.number) == (step.line, step.number)), None)
    for metric in one.judged.judgement.metrics if one and one.judged else ():
        case = TestCase(_clean(f"{step.number} {metric.name}"), classname=_clean(f"{account.intent.service}.gate"))
        if metric.muted:
            case.result = [Skipped(_clean(f"muted: {metric.reason}"))]
        elif metric.bad:
            case.result = [Failure(_clean(metric.reason), metric.label.value)]
        elif metric.label is not Label.PASS:
            case.result = [Skipped(_clean(metric.reason))]
        else:
            case.system_out = _clean(metric.reason)
        yield case


def _clean(text: str) -> str:
    """XML 1.0 knows no control characters."""
    return _NOT_XML.sub("\ufffd", text)
