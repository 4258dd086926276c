"""Acts: the same command line that one types, started as a process that outlives the dashboard"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
LONGEST = 200_000
"""Characters of its output that are shown, the last ones."""
DETACHED = '("$@"; echo $? >"$0.new"; mv "$0.new" "$0") &'
"""The shell ends at once; what it started belongs to nobody, and leaves its exit code in a file."""
PERSON = "DEPLOYER_PERSON"


@dataclass(frozen=True, slots=True)
class Act:
    """`began` in UTC epoch seconds; `code` None: it has not ended."""

    id: str
    words: tuple[str, ...]
    person: str
    began: float
    code: int | None
    told: str

    @property
    def command(self) -> str:
        return " ".join(
            ("deployer", *(word if re.fullmatch(r"[\w./=@:+-]+", word) else f'"{word}"' for word in self.words))
        )


@dataclass(frozen=True, slots=True)
class Acts:
    """A folder each: what was typed, what it said, and how it ended."""

    folder: Path

    def start(self, number: str, words: Sequence[str], ground: Sequence[str], person: str) -> None:
        """Once for each number: a form that is sent twice starts nothing more.

        `ground` says where; it is not kept, since variables may be secret.
        """
        place = self.folder / number
        try:
            place.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            return
        (place / "what.json").write_text(json.dumps({"words": list(words), "person": person, "began": time.time()}))
        descriptor = os.open(place / "told", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as told:
            subprocess.run(
                ["/bin/sh", "-c", DETACHED, str(place / "code"), sys.executable, "-m", "deployer", *words, *ground],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                env={**os.environ, PERSON: person, "NO_COLOR": "1"},
                start_new_session=True,
                check=True,
            )

    def of(self, number: str) -> Act | None:
        if not ID.fullmatch(number):
            return None
        place = self.folder / number
        try:
            what = json.loads((place / "what.json").read_text())
            told = (place / "told").read_text("utf-8", "replace")[-LONGEST:]
        except (OSError, ValueError):
            return None
        code = None
        with suppress(OSError, ValueError):
            code = int((place / "code").read_text())
        return Act(number, tuple(what["words"]), what["person"], what["began"], code, told)

    def newest(self, many: int) -> Iterator[Act]:
        names = sorted((path.name for path in self.folder.glob("*")), reverse=True)[:many]
        return (act for name in names if (act := self.of(name)))


def new_number(now: float) -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(4)}"
