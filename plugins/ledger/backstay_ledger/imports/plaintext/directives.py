"""The directives of plain-text journals: which change nothing here, which are refused and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from backstay.spi import gettext as _
from backstay.spi import ngettext

MARK_OF_FORMAT: Final = "decimal-mark"
DATED: Final = frozenset(
    {
        "open",
        "close",
        "commodity",
        "balance",
        "pad",
        "note",
        "document",
        "price",
        "event",
        "query",
        "custom",
    }
)
"""What stands after the date in beancount when the line is no entry."""
LEFT_ASIDE: Final[dict[str, str]] = {
    "P": "prices",
    "price": "prices",
    "C": "prices",
    "balance": "assertions",
    "assert": "assertions",
    "check": "assertions",
    "close": "closings",
    "plugin": "plugins",
    "N": "settings",
    "tag": "settings",
    "payee": "settings",
    "option": "settings",
    "commodity": "settings",
    "note": "comments",
    "document": "comments",
    "event": "comments",
    "query": "comments",
    "custom": "comments",
    "pushtag": "tags",
    "poptag": "tags",
    "pushmeta": "tags",
    "popmeta": "tags",
}
"""Directives that change no figure of an entry, and what they are counted as."""
REFUSED: Final = frozenset(
    {
        "include",
        "alias",
        "apply",
        "bucket",
        "A",
        "capture",
        "define",
        "def",
        "expr",
        "eval",
        "python",
        "value",
        "i",
        "o",
        "O",
        "I",
        "b",
        "h",
        "pad",
        "=",
    }
)


def refused(word: str) -> str:
    """Why a directive is refused, and what to do."""
    known: dict[str, Callable[[], str]] = {
        "include": lambda: _(
            "Files are imported one by one: import the included file by itself and remove the line."
        ),
        "alias": lambda: _(
            "An alias renames accounts, which is not done here. Write the names out and remove the"
            " line (hledger print does it)."
        ),
        "apply": lambda: _(
            "“apply” changes the entries below, which is not done here. Write them out and remove"
            " the line (hledger print does it)."
        ),
        "=": lambda: _(
            "Automated postings are not made here. Write them out (hledger print --auto does it)"
            " and remove the rule."
        ),
        "pad": lambda: _(
            "“pad” would make an entry by itself. Write the entry out and remove the line."
        ),
    }
    if word in {"i", "o", "O", "I", "b", "h"}:
        return _("Time clock lines are no entries of books; remove them.")
    return known.get(
        word,
        lambda: _(
            "“%(word)s” is outside what can be imported. Write out what it does and remove it.",
            word=word,
        ),
    )()


def left_aside(what: str, count: int) -> str:
    """The sentence that says what was left aside."""
    sentences: dict[str, Callable[[], str]] = {
        "comments": lambda: ngettext(
            "%(n)s comment is not kept.", "%(n)s comments are not kept.", count
        ),
        "tags": lambda: ngettext(
            "%(n)s line of tags, links or metadata is not kept.",
            "%(n)s lines of tags, links or metadata are not kept.",
            count,
        ),
        "prices": lambda: ngettext(
            "%(n)s price is left aside.", "%(n)s prices are left aside.", count
        ),
        "assertions": lambda: ngettext(
            "%(n)s balance assertion is not checked: compare the trial balance.",
            "%(n)s balance assertions are not checked: compare the trial balance.",
            count,
        ),
        "forecasts": lambda: ngettext(
            "%(n)s periodic rule is left aside: forecasts are no entries.",
            "%(n)s periodic rules are left aside: forecasts are no entries.",
            count,
        ),
        "pending": lambda: ngettext(
            "%(n)s entry is marked as pending (!); it is posted all the same.",
            "%(n)s entries are marked as pending (!); they are posted all the same.",
            count,
        ),
        "secondary dates": lambda: ngettext(
            "%(n)s entry has a second date; the first one counts.",
            "%(n)s entries have a second date; the first one counts.",
            count,
        ),
        "posting dates": lambda: ngettext(
            "%(n)s line has a date of its own; the date of its entry counts.",
            "%(n)s lines have a date of their own; the date of their entry counts.",
            count,
        ),
        "closings": lambda: ngettext(
            "%(n)s account is closed in the file; it stays active here.",
            "%(n)s accounts are closed in the file; they stay active here.",
            count,
        ),
        "plugins": lambda: ngettext(
            "%(n)s plugin of beancount is not run.",
            "%(n)s plugins of beancount are not run.",
            count,
        ),
        "settings": lambda: ngettext(
            "%(n)s setting is left aside.", "%(n)s settings are left aside.", count
        ),
        "zeros": lambda: ngettext(
            "%(n)s line of zero is left out.", "%(n)s lines of zero are left out.", count
        ),
        "empty": lambda: ngettext(
            "%(n)s entry without amounts is left out.",
            "%(n)s entries without amounts are left out.",
            count,
        ),
    }
    return sentences[what]()
