"""People learn of what was done without them: after an evacuation, and to try whether they would"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from deployer.cli import say
from deployer.cli.options import Ground
from deployer.errors import DeployerError
from deployer.events import Record
from deployer.notices.message import Message
from deployer.notices.post_room import PostRoom, receiver
from deployer.settings.file import read
from deployer.settings.notices import NoticeValues
from deployer.settings.place import settings_file


def tell(ground: Ground, records: Sequence[Record]) -> None:
    """Raises nothing: what was done is done."""
    try:
        notices = read(settings_file(ground.inventory)).notices
    except DeployerError as wrong:
        say.story(f"warning  nobody was told: {wrong.what}")
        return
    with PostRoom(notices, str(ground.inventory), say.story) as room:
        for record in records:
            room.hear(record)


def tried(service: str, ground: Ground, notices: Sequence[NoticeValues]) -> Iterator[tuple[NoticeValues, str]]:
    """Each receiver with what went wrong when it got a test, "" for nothing."""
    title = f"{service}: a test of `deployer notices`, nothing happened"
    test = Message(
        "test", service, "test", "none", "none", time.time(), title, "", (f"deployer status -i {ground.inventory}",)
    )
    for one in notices:
        try:
            receiver(one, {}).send(test)
        except DeployerError as wrong:
            yield one, f"{wrong.what}; {wrong.remedy}" if wrong.remedy else wrong.what
        else:
            yield one, ""
