"""Blue-green: two groups of hosts, of which one serves and the other takes the next release"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from deployer.settings.kinds import Seconds, Values


class BlueGreenValues(Values):
    blue: str = ""
    """the inventory group of one colour; empty: whoever does not serve users now is the standby"""
    green: str = ""
    """the inventory group of the other colour"""
    ask: Literal["nobody", "person"] = "nobody"
    """who is asked before users move: nobody, or a person (deployer promote)"""
    bake: Seconds = 60
    """how long a site is watched after its users moved, before the next one"""
    sites: Literal["sequential", "together"] = "sequential"
    """users move site by site, or everywhere at once"""
    keep_warm: Seconds = 1800
    """so long the old colour is not given away: until then undo is one act"""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if bool(self.blue) != bool(self.green) or (self.blue and self.blue == self.green):
            raise ValueError("both blue and green, two groups, or neither")
        return self
