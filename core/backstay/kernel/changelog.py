"""The changes of a plugin as its package tells them: ``CHANGELOG.md`` beside its plugin.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "CHANGELOG.md"
_LARGEST: Final = 200_000
_MARKS: Final = re.compile(r"`|\*\*|\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Release:
    """A version and what changed with it, one text for each change."""

    title: str
    changes: tuple[str, ...]


def read_changelog(package: Path, *, most: int = 5) -> tuple[Release, ...]:
    """The newest releases that a package tells of; nothing when it tells nothing."""
    try:
        text = (package / NAME).read_text(encoding="utf-8")[:_LARGEST]
    except (OSError, ValueError):
        return ()
    releases = []
    for section in re.split(r"^## +", text, flags=re.MULTILINE)[1:]:
        title, _rest, body = section.partition("\n")
        releases.append(Release(title.strip(), tuple(_changes(body))))
    return tuple(releases[:most])


def _changes(body: str) -> list[str]:
    """Each item of a list and each paragraph, on one line and without marks."""
    parts = re.split(r"\n\s*\n|^ *[-*] +", body, flags=re.MULTILINE)
    plain = (_MARKS.sub(lambda found: found.group(1) or "", part) for part in parts)
    return [joined for part in plain if (joined := " ".join(part.split()).lstrip("# "))]
