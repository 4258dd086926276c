"""The reports a run leaves behind when asked to"""

from __future__ import annotations

from pathlib import Path

from deployer.cli.options import Papers
from deployer.errors import UsageError
from deployer.plan import Plan
from deployer.report.account import Account


def check(papers: Papers) -> None:
    """Find out before the run whether the reports can be written after it.

    Raises:
        UsageError: a folder is missing and cannot be made.
    """
    for folder in (papers.folder, papers.junit.parent if papers.junit else None):
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                probe = folder / ".deployer"
                probe.touch()
                probe.unlink()
            except OSError as wrong:
                raise UsageError(f"reports cannot be written there: {wrong.strerror}", where=str(folder)) from wrong


def leave(papers: Papers, account: Account, *, runbook: str, inventory: str) -> tuple[Path, ...]:
    """Write what was asked for; the files, the one to open first in front."""
    written: list[Path] = []
    if papers.folder is not None:
        from deployer.report.html import account_html
        from deployer.report.json import account_json, dumps

        page = account_html(account, runbook=runbook, inventory=inventory)
        written += [
            _write(papers.folder / "report.html", page),
            _write(papers.folder / "report.json", dumps(account_json(account))),
            _write(papers.folder / "runbook.txt", runbook),
            _write(papers.folder / "junit.xml", _junit(account)),
        ]
    if papers.junit is not None:
        written.append(_write(papers.junit, _junit(account)))
    return tuple(written)


def leave_nothing(papers: Papers, plan: Plan) -> None:
    """There was nothing to do: a pipeline that collects JUnit still finds a file."""
    from deployer.report.junit import nothing_junit

    for path in (papers.junit, papers.folder / "junit.xml" if papers.folder else None):
        if path is not None:
            _write(path, nothing_junit(plan))


def _junit(account: Account) -> str:
    from deployer.report.junit import account_junit

    return account_junit(account)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
