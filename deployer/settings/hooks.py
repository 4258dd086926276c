"""`hooks:` in deployer.yml: what else must move when a site gets users, or gets none any more"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deployer.settings.kinds import Name, Seconds, Values

Hooks = Annotated[tuple[Name, ...], Field(strict=False)]


class HookValues(Values):
    active: Hooks = ()
    """run when a site gets users again: commands, or playbooks (.yml), from this directory; `{site}` is its name"""
    passive: Hooks = ()
    """run when a site gets no users any more, such as `../bin/consumers stop {site}` or ../consumers.yml"""
    timeout: Seconds = 60
    """how long each of them may take"""
