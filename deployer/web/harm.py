"""Whether users are hurt, as far as somebody measured it"""

from __future__ import annotations

from dataclasses import dataclass

from deployer.gates.judge.judgement import Label
from deployer.model import Verdict
from deployer.report import words
from deployer.report.account import Account
from deployer.report.verdicts import ERRORS, VerdictAccount
from deployer.world import Look


@dataclass(frozen=True, slots=True)
class Said:
    """In a few words, and in a sentence; `tone`: good, busy, warn or bad."""

    tone: str
    short: str
    long: str


def users(read: Account) -> Said:
    """By the hosts that serve first: what is measured of requests is worth nothing when nobody answers them."""
    if not read.sites:
        return _led(read)
    few = [site for site in read.sites if site.in_service < site.floor]
    if few:
        told = ", ".join(f"{one.site} {one.in_service} of {one.hosts} (floor {one.floor})" for one in few)
        return Said("bad", "Too few hosts serve", told)
    asked = [one for one in read.verdicts if one.looks or one.judged]
    if not asked:
        return _unmeasured(read)
    return _judged(asked[-1]) if asked[-1].judged else _looked(asked[-1], asked[-1].looks[-1])


def _led(read: Account) -> Said:
    """An act on shares alone: where users are."""
    led = "; ".join(f"{scope}: {split}" for scope, split in read.shares)
    return Said("busy", "Users are led elsewhere" if led else "Users are where they were", led)


def _unmeasured(read: Account) -> Said:
    """What can be said by the hosts that served."""
    least = ", ".join(f"{site.site} {site.lowest} of {site.hosts}" for site in read.sites)
    served = f"At every moment there served at least: {least}."
    if read.end is None and any(step.verb == "ask" for step in read.steps):
        return Said("busy", "Nothing is measured yet", f"The gate looks later. {served}")
    return Said("busy", "Errors are not measured", f"{served} A section gate in deployer.yml measures them.")


def _looked(one: VerdictAccount, look: Look) -> Said:
    errors = next((point for point in look.points if point.metric == ERRORS), None)
    told = f"Score {look.score:.0f} of 100 so far."
    if errors and errors.new is not None:
        against = f", {_percent(errors.old)} on {one.step.former}" if errors.old is not None else ""
        told = f"Errors: {_percent(errors.new)} on {one.step.release}{against}. {told}"
    elif look.verdict is Verdict.INCONCLUSIVE:
        told = f"Too few requests so far to say. {told}"
    if look.verdict is Verdict.FAIL:
        return Said("bad", "Users are hurt", told)
    if look.verdict is Verdict.PASS:
        return Said("good", "No harm to users", told)
    return Said("busy", "No harm shown so far", told)


def _judged(one: VerdictAccount) -> Said:
    (bad, whole), (old_bad, old_whole) = one.failed, one.former_failed
    told = f"{bad:,} of {whole:,} requests to {one.step.release} failed while it was judged"
    told += f", {old_bad:,} of {old_whole:,} to {one.step.former}." if old_whole else "."
    told = told if whole else words.one_line(one.note)
    metrics = one.judged.judgement.metrics if one.judged else ()
    harm = any(metric.name == ERRORS and metric.bad for metric in metrics)
    if harm or one.verdict is Verdict.FAIL:
        return Said("bad", "Users were hurt" if harm else "The gate said no", told)
    if one.verdict is Verdict.PASS or any(metric.label is Label.PASS and metric.name == ERRORS for metric in metrics):
        return Said("good", "No harm to users", told)
    return Said("warn", "Not settled", told)


def _percent(value: float | None) -> str:
    return "nothing" if value is None else f"{100 * value:.2g} %"
