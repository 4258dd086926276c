"""The end of a run for programs: one JSON object, its keys stable"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from deployer.codec import encode
from deployer.errors import DeployerError
from deployer.foretold import Forecast
from deployer.lock import LockStatus
from deployer.model import Picture
from deployer.pending import Pending
from deployer.plan import Plan
from deployer.report.account import Account
from deployer.report.people import Act
from deployer.report.phrases import EXIT_CODES, object_of, place
from deployer.report.verdicts import VerdictAccount
from deployer.steps import hosts_of, verb
from deployer.windows import Freeze


def account_json(account: Account) -> dict[str, Any]:
    """Times are seconds since 1970 (UTC) and seconds; `end` is null while the run goes on."""
    return {
        "run": account.run,
        "service": account.intent.service,
        "release": account.intent.release.version,
        "sha256": account.intent.release.sha256,
        "strategy": account.intent.strategy,
        "owner": account.owner,
        "reason": account.reason,
        "on_hold": account.on_hold,
        "end": account.end.end.value if account.end else None,
        "exit_code": EXIT_CODES[account.end.end] if account.end else None,
        "note": account.end.note if account.end else "",
        "started": account.started,
        "seconds": round(account.seconds, 3),
        "seconds_working": round(account.working, 3),
        "seconds_watching": round(account.course.watching, 3),
        "seconds_waiting": round(account.course.waiting, 3),
        "foretold_seconds": None if account.foretold is None else round(account.foretold, 3),
        "went_back": account.why_back,
        "lowest_in_service": {site.site: site.lowest for site in account.sites},
        "floor": {site.site: site.floor for site in account.sites},
        "out_of_pool_seconds": {host: round(seconds, 3) for host, seconds in account.out_of_pool},
        "verdicts": [verdict_json(one) for one in account.verdicts],
        "hosts": [
            {
                "host": host.host,
                "site": host.site,
                "before": host.before,
                "release": host.release,
                "in_service": host.in_service,
                "held": host.held,
            }
            for host in account.hosts
        ],
        "steps": [
            {
                "line": step.line,
                "number": step.number,
                "stage": step.stage,
                "step": step.text,
                "state": step.state.value,
                "began": step.began,
                "seconds": round(step.seconds, 3),
                "note": step.note,
                "where": step.where,
                "next": step.remedy,
            }
            for step in account.steps
        ],
    }


def verdict_json(one: VerdictAccount) -> dict[str, Any]:
    """What a gate said; `judged` is all it was made of, as the journal holds it."""
    return {
        "line": one.line,
        "number": one.number,
        "about": one.step.about,
        "release": one.step.release,
        "former": one.step.former,
        "verdict": one.verdict.value if one.verdict else None,
        "note": one.note,
        "approved": one.approved,
        "source": one.source,
        "failed_requests": one.failed[0],
        "requests": one.failed[1],
        "looks": len(one.looks),
        "seconds": round(one.seconds, 3),
        "judged": json.loads(encode(one.judged)) if one.judged else None,
    }


def plan_json(plan: Plan, picture: Picture | None = None, foretold: Forecast | None = None) -> dict[str, Any]:
    intent = plan.intent
    return {
        "service": intent.service,
        "release": intent.release.version,
        "artifact": place(intent.release.artifact),
        "sha256": intent.release.sha256,
        "strategy": intent.strategy,
        "sites": list(intent.sites),
        "wave": dict(intent.wave),
        "floor": dict(intent.floor),
        "budget": intent.budget,
        "bad_release_after": intent.bad_release_after,
        "abreast": intent.abreast,
        "undo": intent.undo.value,
        "only": list(intent.only),
        "excluded": list(intent.excluded),
        "steps": [
            {
                "number": number,
                "leg": leg.name,
                "stage": stage.name,
                "site": stage.site,
                "verb": verb(step),
                "hosts": list(hosts_of(step)),
                "text": object_of(step),
            }
            for number, leg, stage, step in plan.walk()
        ],
        "now": picture_json(picture) if picture else None,
        "foretold_seconds": foretold.takes if foretold else None,
        "foretold_back_seconds": foretold.back if foretold else None,
    }


def picture_json(picture: Picture) -> dict[str, Any]:
    return {
        "hosts": [
            {
                "host": seen.host,
                "site": seen.site,
                "release": seen.release,
                "healthy": seen.healthy,
                "in_service": seen.in_service,
                "balancers": {view.balancer: view.standing.value for view in seen.views},
            }
            for seen in picture.hosts.values()
        ],
        "splits": {
            scope: {name: share / 100 for name, share in split.shares} for scope, split in picture.splits.items()
        },
    }


def lock_json(lock: LockStatus) -> dict[str, Any]:
    lease = lock.lease
    return {
        "held": lease is not None,
        "run": lease.run if lease else None,
        "owner": lease.owner if lease else None,
        "reason": lease.reason if lease else "",
        "epoch": lease.epoch if lease else None,
        "taken": lease.taken if lease else None,
        "silent_seconds": round(lock.age, 1),
        "stale": lock.stale,
        "holder_died": lock.gone,
        "highest_epoch": lock.highest,
        "note": lock.note,
    }


def pending_json(asked: Pending) -> dict[str, Any]:
    """A question to people; times are seconds since 1970 (UTC)."""
    return {
        "run": asked.run,
        "step": asked.number,
        "about": asked.about,
        "since": asked.since,
        "due": asked.due,
        "then": asked.then.value,
        "who": list(asked.of),
        "not": asked.but,
    }


def freezes_json(service: str, found: Sequence[Freeze], coming: Freeze | None) -> dict[str, Any]:
    """What holds releases now, and the window that begins next; times are seconds since 1970 (UTC)."""
    told = [freeze_json(one) for one in found]
    return {"service": service, "frozen": bool(found), "freezes": told, "next": freeze_json(coming) if coming else None}


def freeze_json(freeze: Freeze) -> dict[str, Any]:
    return {"reason": freeze.reason, "who": freeze.who, "since": freeze.since, "until": freeze.until}


def act_json(act: Act) -> dict[str, Any]:
    return {"seq": act.seq, "at": act.at, "run": act.run, "who": act.who, "what": act.what, "why": act.why}


def dumps(value: Mapping[str, Any] | list[Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def failure_json(failure: DeployerError) -> dict[str, Any]:
    return {
        "error": type(failure).__name__,
        "what": failure.what,
        "where": failure.where,
        "next": failure.remedy,
        "exit_code": failure.exit_code,
    }
