"""A plugin to begin with: a folder of working code in which the author changes what is theirs.

The template is a plugin itself, checked and tested as it lies in ``template``; writing a new one
puts its name in the place of the template's.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backstay.errors import Conflict, Invalid
from backstay.i18n import gettext as _
from backstay.kernel.discovery import discover

TEMPLATE: Final = Path(__file__).parent / "template"
LONGEST_NAME: Final = 20
"""Names of indexes begin with the plugin's name, and PostgreSQL cuts them off after 63 letters."""
LONGEST_LABEL: Final = 40
_RESERVED: Final = frozenset({"backstay", "core", "migrations", "theme"})
_PLACEHOLDER: Final = re.compile("plugname|Plugname|Plugin title")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlugin:
    """A plugin that is to be written.

    Arguments:
        name: small letters only; its tables, permissions and addresses begin with it.
        folder: where its distribution is written; made where it is missing, else it must be empty.
        label: its title for people; left out, the name with a capital letter.
    """

    name: str
    folder: Path
    label: str = ""


def write_plugin(command: NewPlugin) -> list[Path]:
    """Write the files of a new plugin.

    Returns:
        the files, by their paths below the folder.

    Raises:
        Invalid: the name, the label or the folder can't be used; nothing was written.
        Conflict: an installed plugin or a command of Backstay has the name.
    """
    check_name(command.name)
    label = command.label.strip() or command.name.title()
    _check_label(label)
    _check_folder(command.folder)
    words = {
        "plugname": command.name,
        "Plugname": command.name.title(),
        "Plugin title": label,
    }
    written = []
    for source in template_files():
        path = Path(_rename(_unhidden(source), words))
        target = command.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_rename(source.read_text(encoding="utf-8"), words), encoding="utf-8")
        written.append(path)
    return written


def template_files() -> list[Path]:
    """The files of the template, without what Python and the tools left in it."""
    return sorted(path for path in TEMPLATE.rglob("*") if path.is_file() and _is_ours(path))


def _unhidden(source: Path) -> str:
    """The path below the plugin's folder; ``dot-x`` is ``.x``, which no wheel would hold."""
    return source.relative_to(TEMPLATE).as_posix().replace("dot-", ".", 1)


def _is_ours(path: Path) -> bool:
    parts = path.relative_to(TEMPLATE).parts
    return not any(part.startswith((".", "__pycache__")) for part in parts)


def check_name(name: str) -> None:
    """Refuse a name that no new plugin can have.

    Raises:
        Invalid: it is no word of small letters, too long, or a word of Python.
        Conflict: it is taken.
    """
    if not re.fullmatch("[a-z]{2,}", name) or len(name) > LONGEST_NAME:
        raise Invalid(
            _(
                "“%(name)s” can't be the name of a plugin: take 2 to %(most)s small letters from"
                " a to z, and nothing else. Tables, permissions and addresses begin with it.",
                name=name,
                most=LONGEST_NAME,
            ),
            field="name",
        )
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise Invalid(
            _("“%(name)s” is a word of Python itself; take another name.", name=name),
            field="name",
        )
    if name in _RESERVED or name in _commands():
        raise Conflict(
            _("“%(name)s” is a name of Backstay itself; take another one.", name=name),
            field="name",
        )
    if (found := discover().get(name)) is not None:
        raise Conflict(
            _(
                "The name “%(name)s” is taken by the installed plugin %(title)s; take another one.",
                name=name,
                title=found.title,
            ),
            field="name",
        )


def _commands() -> set[str]:
    from backstay.cli import CORE

    return {name for names in CORE.values() for name in names}


def _check_label(label: str) -> None:
    if len(label) > LONGEST_LABEL:
        raise Invalid(
            _(
                "The label has %(count)s letters; at most %(most)s fit into the sidebar.",
                count=len(label),
                most=LONGEST_LABEL,
            ),
            field="label",
        )
    if not re.fullmatch(r"[\w][\w &'(),./+-]*", label):
        raise Invalid(
            _(
                "The label “%(label)s” may have letters, digits, spaces and & ' ( ) , . / + -"
                " only.",
                label=label,
            ),
            field="label",
        )


def _check_folder(folder: Path) -> None:
    try:
        if folder.exists() and not folder.is_dir():
            raise Invalid(_("%(folder)s is a file; name a folder.", folder=folder), field="to")
        if folder.is_dir() and (inside := sorted(path.name for path in folder.iterdir())):
            raise Conflict(
                _(
                    "The folder %(folder)s is not empty (%(first)s lies in it); name an empty or"
                    " a new one.",
                    folder=folder,
                    first=inside[0],
                ),
                field="to",
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid(
            _(
                "The folder %(folder)s can't be used: %(why)s.",
                folder=folder,
                why=error.strerror,
            ),
            field="to",
        ) from error


def _rename(text: str, words: dict[str, str]) -> str:
    """The template's text with the new names, put in at once so that none is replaced twice."""
    return _PLACEHOLDER.sub(lambda found: words[found[0]], text)


__all__ = ["LONGEST_LABEL", "LONGEST_NAME", "NewPlugin", "check_name", "write_plugin"]
