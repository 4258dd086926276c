"""The metric gate watches: harm is acted upon at once, no harm needs its time, and nothing passes in silence"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployer.errors import StepFailed
from deployer.gates.judge.data import Counts, Fault, Side
from deployer.model import Verdict
from deployer.steps import Ask, Versus
from deployer.world import Past
from tests.gates.stream import ASK, FAIL, INCONCLUSIVE, PASS, Desk, Stream, gate, passed


def canary_is(share: float, after: float = 0.0):  # type: ignore[no-untyped-def] # noqa: ANN201
    return lambda host, now: share if host == "web1" and now >= after else 0.0


def test_a_good_release_passes_when_it_had_its_time() -> None:
    stream, desk = Stream(), Desk()
    said = gate(stream).ask(ASK, desk.order())
    assert said.verdict is PASS
    assert 60 <= stream.time - 1000 < 70
    assert said.judged is not None
    assert said.judged.judgement.score == 100
    assert said.judged.data.against == "baseline"
    assert {look.window for look in desk.looks} == {1}
    assert [look.verdict for look in desk.looks][-1] is PASS
    assert stream.closed == stream.opened


def test_it_asks_for_the_hosts_of_the_plan_and_each_thing_once() -> None:
    stream = Stream()
    gate(stream).ask(ASK, Desk().order())
    (asked,) = stream.questions
    assert (asked.canary.release, asked.baseline.release) == ("1.1", "1.0")
    assert (asked.canary.at("dc1"), asked.baseline.at("dc1")) == (("web1",), ("web4",))
    assert asked.metrics == ("error_rate", "latency")


def test_what_each_host_had_to_serve_is_known_to_the_judge() -> None:
    said = gate(Stream(rate=50.0)).ask(ASK, Desk().order())
    assert said.judged is not None
    for sides in (said.judged.data.canary, said.judged.data.baseline):
        assert [side.load for side in sides] == pytest.approx([50.0], rel=0.05)


def test_harm_is_acted_upon_long_before_the_time_is_over() -> None:
    stream = Stream(bad=canary_is(0.05))
    said = gate(stream).ask(ASK, Desk().order())
    assert said.verdict is FAIL
    assert stream.time - 1000 < 30
    assert "error_rate" in said.note


def test_harm_that_begins_late_is_found_too() -> None:
    stream = Stream(bad=canary_is(0.3, after=1040))
    assert gate(stream).ask(ASK, Desk().order()).verdict is FAIL


def test_what_is_bad_everywhere_is_not_the_release() -> None:
    stream = Stream(bad=lambda _host, _now: 0.05)
    assert gate(stream).ask(ASK, Desk().order()).verdict is not FAIL


def test_few_requests_neither_pass_nor_fail_and_say_what_they_need() -> None:
    stream, desk = Stream(rate=10 / 60), Desk()
    said = gate(stream, longest=600).ask(ASK, desk.order())
    assert said.verdict is INCONCLUSIVE
    assert stream.time - 1000 >= 600
    assert "deployer approve r1" in said.note
    assert "deployer abort r1" in said.note
    assert any("error_rate needs about 50 more, about 5 min" in line for line in desk.told), desk.told[-4:]
    assert any("at least 100 are needed" in line for line in desk.told), desk.told[-4:]


def test_few_requests_of_which_one_fails_decide_nothing_either() -> None:
    stream = Stream(rate=10 / 60, bad=lambda host, now: 1.0 if host == "web1" and now == 1100 else 0.0)
    assert gate(stream, longest=300).ask(ASK, Desk().order()).verdict is INCONCLUSIVE


@pytest.mark.parametrize("rate", [0.0])
def test_silence_never_passes(rate: float) -> None:
    assert gate(Stream(rate=rate), longest=120).ask(ASK, Desk().order()).verdict is INCONCLUSIVE


def test_while_the_source_complains_nothing_passes_and_afterwards_the_window_is_another() -> None:
    """As when a balancer was reloaded: what began before has the fault for ever, what begins later has not."""
    stream, desk = Stream(), Desk()
    stream.complaints = lambda since, until: (Fault("counters began anew", "dc1"),) if since < 1030 <= until else ()
    said = gate(stream).ask(ASK, desk.order())
    assert said.verdict is PASS
    assert {look.window for look in desk.looks} == {1, 2}
    assert desk.looks[-1].since >= 1030
    assert stream.time - desk.looks[-1].since >= 60, "its time begins anew"
    assert stream.closed == stream.opened


def test_a_source_that_is_away_for_a_while_holds_the_step_and_is_waited_for() -> None:
    stream, desk = Stream(), Desk()
    away = Fault("prometheus at dc2 does not answer", "dc2")
    stream.complaints = lambda _since, until: (away, replace(away, site="dc1")) if 1010 <= until < 1200 else ()
    said = gate(stream).ask(ASK, desk.order())
    assert said.verdict is PASS
    assert stream.time >= 1200
    assert any("does not answer" in line for line in desk.told)


def test_a_split_that_somebody_changed_makes_the_window_void() -> None:
    stream, desk = Stream(), Desk()
    said = gate(stream, changes=[1040]).ask(ASK, desk.order())
    assert said.verdict is PASS
    assert desk.looks[-1].since >= 1040
    assert desk.looks[-1].window == 2
    assert "changed by somebody else" in said.note


def test_the_window_begins_after_the_last_change_and_when_hosts_are_warm() -> None:
    stream, desk = Stream(), Desk(Past(windows=4, changed={"dc1": 1005.0}, restarted={"web1": 1010.0, "web9": 5000.0}))
    assert gate(stream).ask(ASK, desk.order()).verdict is PASS
    assert desk.looks[0].since == 1020, "10 s after web1's restart"
    assert {look.window for look in desk.looks} == {5}, "looks of this run before, also by another process"
    assert any("warming up" in line for line in desk.told)


def test_a_change_while_it_is_judged_begins_another_window() -> None:
    """Other stages of a sliding window go on at this site."""
    stream, desk = Stream(), Desk()
    judged, sleep = gate(stream), stream.sleep

    def change(seconds: float) -> None:
        sleep(seconds)
        desk.past = Past(changing=frozenset({"dc1"})) if 1020 <= stream.time < 1050 else desk.past
        if stream.time >= 1050:
            desk.past = Past(changed={"dc1": 1050.0})

    stream.sleep = change  # type: ignore[method-assign]
    assert judged.ask(ASK, desk.order()).verdict is PASS
    assert desk.looks[-1].since >= 1050
    assert not [look for look in desk.looks if 1025 < look.at < 1050]


def test_each_window_spends_less_so_that_the_whole_run_has_one_alpha() -> None:
    spent = []
    for windows in range(50):
        said = gate(Stream()).ask(ASK, Desk(Past(windows=windows)).order())
        assert said.judged is not None
        spent.append(said.judged.budget.alpha)
    assert sum(spent) <= 0.01
    assert spent == sorted(spent, reverse=True)


def test_where_nobody_is_on_the_former_release_any_more_it_is_what_that_did_before() -> None:
    last = replace(ASK, versus=(Versus("dc1", ("web1", "web4")),))
    before = {"dc1": Side("dc1", {"error_rate": Counts(2, 30000)})}
    stream, errors = Stream(bad=lambda _host, _now: 0.05), ("error_rate",)
    judged = gate(stream)
    judged.config = replace(judged.config, metrics=tuple(one for one in judged.config.metrics if one.name in errors))
    said = judged.ask(last, Desk(Past(before=before)).order())
    assert said.verdict is FAIL
    assert said.judged is not None
    assert said.judged.data.baseline == (before["dc1"],)


def test_and_without_that_a_person_decides() -> None:
    last = replace(ASK, versus=(Versus("dc1", ("web1", "web4")),))
    said = gate(Stream(), longest=60).ask(last, Desk().order())
    assert said.verdict is INCONCLUSIVE
    assert "was not judged before" in said.note


def test_it_waits_for_a_person_and_watches_on() -> None:
    stream, desk = Stream(rate=1.0, bad=canary_is(0.9, after=1300)), Desk()
    said = gate(stream, longest=100, wait=1000).ask(replace(ASK, bake=0), desk.order())
    assert said.verdict is FAIL, "harm found while it waits acts too"
    assert stream.time > 1300
    assert any("waits for deployer approve" in line for line in desk.told)


def test_a_persons_answer_is_heard_while_it_is_judged() -> None:
    stream, desk = Stream(rate=0.1), Desk()
    sleep = stream.sleep

    def approve(seconds: float) -> None:
        sleep(seconds)
        desk.past = Past(approved="bob") if stream.time > 1030 else Past()

    stream.sleep = approve  # type: ignore[method-assign]
    said = gate(stream).ask(ASK, desk.order())
    assert (said.verdict, said.note) == (PASS, "approved by bob")
    assert stream.time < 1032, "at once"
    assert said.judged is not None, "what was known then is kept"


def test_it_stops_when_asked() -> None:
    with pytest.raises(StepFailed, match="stopped"):
        gate(Stream()).ask(ASK, Desk(stop=True).order())


def test_a_muted_metric_is_told_and_not_counted() -> None:
    stream, desk = Stream(bad=canary_is(0.05)), Desk()
    judged = gate(stream)
    errors, latency = judged.config.metrics
    judged.config = replace(judged.config, metrics=(replace(errors, muted=True), latency))
    said = judged.ask(ASK, desk.order())
    assert said.verdict is PASS
    assert any("muted" in line and "error_rate" in line for line in desk.told)


def between(stream: Stream, desk: Desk, seconds: float) -> tuple[Verdict | None, float]:
    """Asked again and again, as by an engine that goes on with other steps: what came, and when."""
    judged, end = gate(stream), stream.time + seconds
    while stream.time < end:
        said = judged.between(desk.order())
        if said is not None:
            return said.verdict, stream.time
        stream.sleep(1)
    return None, stream.time


def test_between_two_questions_what_fails_requests_is_found() -> None:
    stream = Stream(bad=canary_is(0.2, after=1030))
    verdict, at = between(stream, Desk(Past(passed=passed(1000))), 300)
    assert verdict is FAIL
    assert at < 1120


def test_between_two_questions_a_good_release_is_left_alone_and_latencies_are_not_looked_at() -> None:
    stream = Stream(slow=canary_is(0.9))
    assert between(stream, Desk(Past(passed=passed(1000))), 300) == (None, 1300)
    assert {asked.metrics for asked in stream.questions} == {("error_rate",)}


def test_between_two_questions_hosts_that_are_restarted_are_left_out() -> None:
    stream = Stream(bad=lambda host, _now: 0.5 if host == "web2" else 0.0)
    both = replace(ASK, versus=(Versus("dc1", ("web1", "web2"), ("web3", "web4")),))
    desk = Desk(Past(passed=passed(1000, both), restarted={"web2": 1001.0, "web4": 1001.0}))
    assert between(stream, desk, 200)[0] is None
    assert {(asked.canary.at("dc1"), asked.baseline.at("dc1")) for asked in stream.questions} == {
        (("web1",), ("web3",))
    }


def test_before_the_first_question_nothing_is_watched() -> None:
    stream = Stream(bad=canary_is(0.5))
    assert between(stream, Desk(), 30)[0] is None
    assert not stream.questions


@pytest.mark.parametrize("sites", [("dc1",), ("dc1", "dc2")])
def test_a_site_alone_that_suffers_is_enough(sites: tuple[str, ...]) -> None:
    step = Ask(
        "metrics",
        sites,
        "1.1 at 5 %",
        "1.1",
        60,
        "1.0",
        tuple(Versus(site, (f"{site}-new",), (f"{site}-old",)) for site in sites),
    )
    stream = Stream(bad=lambda host, _now: 0.2 if host == f"{sites[-1]}-new" else 0.0)
    said = gate(stream).ask(step, Desk().order())
    assert said.verdict is FAIL
    assert said.judged is not None
    assert said.judged.data.against == "stable"
