"""A judgement by itself: as text for people, as JSON for programs"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deployer.gates import spoken
from deployer.gates.judge.judgement import Judged, Judgement, MetricJudgement
from deployer.model import Verdict
from deployer.report import words

if TYPE_CHECKING:
    from deployer.gates.trials import Trials


def exit_code(verdict: Verdict) -> int:
    return {Verdict.PASS: 0, Verdict.FAIL: 5, Verdict.INCONCLUSIVE: 7}[verdict]


def judged_text(judged: Judged) -> str:
    said = judged.judgement
    lines = [f"{said.verdict.name}  score {said.score:.0f}", *_lines(said, said.metrics)]
    for site, metrics in said.sites.items() if len(said.sites) > 1 else ():
        lines += ["", f"at {site}", *_lines(said, metrics)]
    return "\n".join((*lines, "", f"why: {said.reason}", ""))


def _lines(said: Judgement, metrics: tuple[MetricJudgement, ...]) -> list[str]:
    return [f"  {words.safe(line)}" for line in spoken.lines(replace(said, metrics=metrics), 0.0)]


def judgement_json(said: Judgement) -> dict[str, Any]:
    """Pairs are (canary, baseline); numbers are always finite, null where there are none."""
    return {
        "verdict": said.verdict.name,
        "score": said.score,
        "reason": said.reason,
        "against": said.baseline,
        "metrics": {one.name: _metric_json(one) for one in said.metrics},
        "sites": {site: {one.name: _metric_json(one) for one in metrics} for site, metrics in said.sites.items()},
    }


def _metric_json(one: MetricJudgement) -> dict[str, Any]:
    return {
        "label": one.label.value,
        "effect": one.effect,
        "interval": list(one.interval) if one.interval else None,
        "p": one.p,
        "values": list(one.values) if one.values else None,
        "n": list(one.n),
        "n_effective": list(one.n_effective),
        "needs": one.needs,
        "muted": one.muted,
        "reason": one.reason,
    }


def trials_json(done: Trials) -> dict[str, Any]:
    return {
        "trials": done.number,
        "verdicts": {verdict.name: done.verdicts[verdict] for verdict in Verdict},
        "false_abort": done.verdicts[Verdict.FAIL] / done.number,
        "false_abort_below": done.highest,
        "harm_shown": dict(done.shown),
    }


def trials_text(done: Trials) -> str:
    failed = done.verdicts[Verdict.FAIL]
    rate = f"{100 * failed / done.number:.2g} %, below {100 * done.highest:.2g} % with 95 % confidence"
    lines = [
        f"{words.count(done.number, 'trial')} of the baseline against itself, one look each",
        f"  aborted by mistake  {failed:>6}  {rate}",
        f"  inconclusive        {done.verdicts[Verdict.INCONCLUSIVE]:>6}",
        f"  passed              {done.verdicts[Verdict.PASS]:>6}",
        *(f"  harm shown by mistake in {name}: {many}" for name, many in sorted(done.shown.items())),
    ]
    return "\n".join((*lines, ""))
