"""Whether each receiver could be told, without telling it: its address and secret are there"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployer.errors import DeployerError
from deployer.notices.receivers import address, key
from deployer.settings.notices import NoticeValues


def found(notices: Sequence[NoticeValues]) -> Iterator[tuple[NoticeValues, str]]:
    """Each with what is wrong, "" for nothing."""
    for one in notices:
        try:
            key(one)
            here = one.kind == "smtp" or address(one).startswith(("http://", "https://"))
        except DeployerError as wrong:
            yield one, f"{wrong.what}; {wrong.remedy}" if wrong.remedy else wrong.what
        else:
            yield one, "" if here else "its url is no address"
