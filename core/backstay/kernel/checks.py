"""How a plugin did when ``backstay plugin check`` tried it: here, or where its package was made."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from backstay.access.core_permissions import PLUGIN_MANAGE
from backstay.clock import now
from backstay.db.context import authorize
from backstay.kernel.models import PluginCheck

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

NAME: Final = "conformance.json"
"""The file beside plugin.toml in which a package brings the result along."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule and its result: ``pass``, ``fail`` or ``not applicable``."""

    rule: str
    result: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The results of one run.

    Arguments:
        here: whether it was run in this installation; otherwise the package says so.
    """

    version: str
    checked_at: datetime
    verdicts: tuple[Checked, ...]
    here: bool

    @property
    def counts(self) -> Counter[str]:
        """How many rules had which result."""
        return Counter(one.result for one in self.verdicts)


def record_check(
    session: Session, plugin: str, version: str, verdicts: Sequence[Checked]
) -> PluginCheck:
    """Keep the result of a run, to be shown on the module's page."""
    authorize(session, PLUGIN_MANAGE)
    row = session.get(PluginCheck, plugin)
    if row is None:
        row = PluginCheck(name=plugin)
        session.add(row)
    row.version = version
    row.checked_at = now()
    row.verdicts = [
        {"rule": one.rule, "result": one.result, "detail": one.detail} for one in verdicts
    ]
    return row


def write_check(package: Path, version: str, verdicts: Sequence[Checked]) -> Path:
    """Let a package bring the result of a run along; for authors, before they build it."""
    values = {
        "version": version,
        "checked_at": now().isoformat(timespec="seconds"),
        "verdicts": [asdict(one) for one in verdicts],
    }
    path = package / NAME
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def check_of(session: Session, plugin: str, package: Path | None) -> CheckResult | None:
    """The last result that is known: of a run here, else what the package brings along."""
    row = session.get(PluginCheck, plugin)
    if row is not None:
        verdicts = tuple(Checked(**one) for one in row.verdicts)
        return CheckResult(row.version, row.checked_at, verdicts, here=True)
    return _of_package(package) if package is not None else None


def _of_package(package: Path) -> CheckResult | None:
    try:
        values = json.loads((package / NAME).read_text(encoding="utf-8"))
        return CheckResult(
            str(values["version"]),
            datetime.fromisoformat(values["checked_at"]),
            tuple(
                Checked(str(one["rule"]), str(one["result"]), str(one.get("detail", "")))
                for one in values["verdicts"]
            ),
            here=False,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
