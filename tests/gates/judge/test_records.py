"""What was judged is written to the journal and comes back as it was"""

from __future__ import annotations

from math import inf

import pytest

from deployer.codec import decode, encode
from deployer.gates.judge.budget import Budget
from deployer.gates.judge.data import Counts, Data, Fault, Histogram, Metric, Samples, Side
from deployer.gates.judge.judgement import Judged, Judgement, Label, MetricJudgement
from deployer.gates.judge.ready import READY, default
from deployer.model import Verdict

METRICS: dict[str, Metric] = {
    "error_rate": Counts(12, 10_000),
    "latency": Histogram("s", (0.1, inf), (9_000, 1)),
    "cpu": Samples((0.41, None), 15.0),
}


def test_a_judgement_with_its_inputs_is_written_and_read_back() -> None:
    said = MetricJudgement("error_rate", Label.HIGH, 0.1, (0.05, 0.2), 0.001, (10, 10), (10.0, 10.0), 3, "why", "dc1")
    judged = Judged(
        default(READY),
        Data((Side("dc1", METRICS),), (Side("dc1", METRICS),), (Fault("stale", metric="cpu"),)),
        Budget.of_window(0.01, 3),
        Judgement(Verdict.FAIL, 12.5, "why", (said,), {"dc1": (said,)}),
    )
    assert decode(Judged, encode(judged)) == judged


def test_all_windows_of_a_run_spend_its_alpha_and_no_more() -> None:
    spent = [Budget.of_window(0.01, number).alpha for number in range(1, 10_000)]
    assert spent[0] == 0.005
    assert sum(spent) == pytest.approx(0.01, rel=1e-3)
    assert sum(spent) < 0.01
