"""Numbers below a share, as a regular expression: nginx cannot compare"""

from __future__ import annotations

from deployer.model import WHOLE

DIGITS = 4


def below(share: int, head: str = "") -> str:
    """Matches `head` (an expression), "000" and one to four digits, when these are a number below `share` (0..10000).

    The zeros before make four digits of every number, so there is one way to write it.
    """
    if not 0 <= share <= WHOLE:
        raise ValueError(share)
    if share == WHOLE:
        return f"^{head}000[0-9]{{1,4}}$"
    if share == 0:
        return "^(?!)"
    return f"^{head}(?=000[0-9]{{1,4}}$)[0-9]*(?:{'|'.join(_alternatives(f'{share:0{DIGITS}}'))})$"


def _alternatives(digits: str) -> list[str]:
    """The same first digits, then a smaller one, then whatever."""
    found = []
    for place, digit in enumerate(digits):
        if digit != "0":
            smaller = "0" if digit == "1" else f"[0-{int(digit) - 1}]"
            found.append(digits[:place] + smaller + "[0-9]" * (DIGITS - 1 - place))
    return found
