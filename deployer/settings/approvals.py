"""`approvals:` in deployer.yml: who answers for a gate, and what happens when nobody does"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from deployer.rules import Approvals, Then
from deployer.settings.kinds import Name, Seconds, Values


class ApprovalValues(Values):
    by: Literal["anyone", "another"] = "anyone"
    """anyone; or another person than the one who started the run"""
    of: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """only these names may answer; empty: everybody"""
    timeout: Seconds = 0
    """how long an answer may take, counted in the journal from the question, restarts included; 0: for ever"""
    then: Literal["hold", "abort", "promote"] = "hold"
    """what follows then: go on waiting, put everything back, or go on"""
    wait: Seconds | None = None
    """how long the orchestrator stays for the answer before it ends with exit code 7; empty: until the timeout"""

    @model_validator(mode="after")
    def _a_time_for_the_default(self) -> Self:
        if self.then != "hold" and not self.timeout:
            raise ValueError(f"a timeout such as 2h, after which to {self.then}")
        return self

    @property
    def rules(self) -> Approvals:
        return Approvals(self.by == "another", self.of, self.timeout, Then(self.then), self.wait)
