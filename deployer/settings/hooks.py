"""`hooks:` in deployer.yml: what of one's own is called, and when"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from deployer.settings.kinds import Name, Seconds, Values

POINTS = ("active", "passive", "before_run", "before_stage", "after_stage", "waiting", "failed", "after_run")


class HookCall(Values):
    """One hook; a text alone is its `run`."""

    run: Name
    """a command or a playbook (.yml), from this directory; an http(s) address; or $NAME, a variable with an address"""
    timeout: Seconds | None = None
    """how long it may take; empty: as long as all of them"""
    required: bool = False
    """before_run only: when it fails, the run does not begin"""


def _spelled_out(value: object) -> object:
    return {"run": value} if isinstance(value, str) else value


Hooks = Annotated[tuple[Annotated[HookCall, BeforeValidator(_spelled_out)], ...], Field(strict=False)]


class HookValues(Values):
    active: Hooks = ()
    """when a site gets users again; `{site}` is its name"""
    passive: Hooks = ()
    """when a site gets no users any more, such as `../bin/consumers stop {site}` or ../consumers.yml"""
    before_run: Hooks = ()
    """before a run begins, one after the other, under the lock; {run: …, required: true} may refuse it"""
    before_stage: Hooks = ()
    """as a stage of the plan begins; beside it, as all that follow"""
    after_stage: Hooks = ()
    """when a stage is done"""
    waiting: Hooks = ()
    """when a person must answer"""
    failed: Hooks = ()
    """when a step failed"""
    after_run: Hooks = ()
    """when a run is done, was put back, or is half-way"""
    timeout: Seconds = 60
    """how long each of them may take"""

    @model_validator(mode="after")
    def _only_what_has_not_begun_is_refused(self) -> HookValues:
        for point in POINTS:
            if point != "before_run" and any(one.required for one in getattr(self, point)):
                raise ValueError(f"required only in before_run: by {point} the run is under way, and goes on")
        return self
