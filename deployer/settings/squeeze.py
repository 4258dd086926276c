"""`squeeze:` in deployer.yml: where a host that is sent more and more is at its limit"""

from __future__ import annotations

from pydantic import Field

from deployer.settings.kinds import Percent, Seconds, Values


class SqueezeValues(Values):
    latency: Seconds = 0
    """the mean answer may take so long; 0: twice as long as before"""
    errors: Percent = "1%"
    """so many of its requests may fail"""
    hold: Seconds = 10
    """how long each step lasts"""
    most: int = Field(default=8, ge=2, le=64)
    """how many times its usual weight it gets at most"""
