"""Names of files: they are shown and offered for saving, and never become a path here."""

from __future__ import annotations

import re
from typing import Final

from backstay.files.kinds import FileKind

LONGEST_NAME: Final = 200
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def shown_name(name: str, fallback: str = "file") -> str:
    """A file's name as it is shown: the last part of a path, without what hides or turns text.

    Arguments:
        fallback: used when nothing is left of the name.
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = _UNPRINTABLE.sub("", last).encode("utf-8", "ignore").decode().strip().lstrip(".")
    if len(plain) <= LONGEST_NAME:
        return plain or fallback
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 10:  # noqa: PLR2004 - that is no ending but a sentence
        return plain[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"


def saved_name(name: str, kind: FileKind | None) -> str:
    """The name that a download is offered under: with the ending that its content has.

    A program called ``invoice.pdf`` never gets into the store where kinds are limited, but a
    picture called ``invoice.pdf`` may: it is saved as ``invoice.pdf.png``, so that no program
    opens it as what it is not.
    """
    if kind is None or not kind.endings:
        return name
    if name.lower().endswith(kind.endings):
        return name
    return f"{name[: LONGEST_NAME - 8]}{kind.endings[0]}"
