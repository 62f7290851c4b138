"""Reading a plain-text journal line by line: the entries, the accounts, and what is refused.

The subset is what double-entry books need: dated entries in one currency. Whatever would change
figures or names (automated postings, aliases, prices, includes) is refused with its line, because
leaving it aside in silence would make other books than the person has. Whatever changes none
(comments, tags, prices of the day, forecasts) is left aside, and said.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from backstay.spi import Problem
from backstay.spi import gettext as _
from backstay_ledger.imports.plaintext.amounts import (
    DecimalMark,
    NotAnAmount,
    Written,
    written_amount,
)
from backstay_ledger.imports.plaintext.directives import (
    DATED,
    LEFT_ASIDE,
    MARK_OF_FORMAT,
    REFUSED,
    left_aside,
    refused,
)

MOST_PROBLEMS: Final = 1000
_DATE: Final = r"(?:([0-9]{4})[-/.])?([0-9]{1,2})[-/.]([0-9]{1,2})"
_ENTRY: Final = re.compile(rf"{_DATE}(=\S+)?(?:\s+(.*))?$")
_HEAD: Final = re.compile(r"(?:([*!])\s*)?(?:\(([^)]*)\)\s*)?(.*)$")
_QUOTED: Final = re.compile(
    r"(?:([*!]|txn|[A-Z&?%])\s+)?\"((?:[^\"\\]|\\.)*)\"(?:\s+\"((?:[^\"\\]|\\.)*)\")?(.*)$"
)
_TYPED: Final = re.compile(r"\btype:\s*(\w+)")
_POSTING_DATE: Final = re.compile(r"\[=?\d+[-/.]\d+|\bdate2?:\s*\d")
_BEANCOUNT_ACCOUNT: Final = re.compile(r"(?:[*!]\s+)?([^\s\"]+)\s*(.*)$")
_METADATA: Final = re.compile(r"[a-z][\w-]*:(\s|$)")
_YEAR: Final = re.compile(r"(?:Y ?|year |apply year )([0-9]{4})")
_COMMENTS: Final = (";", "#", "*", "%", "|")
_IS_BEANCOUNT: Final = re.compile(
    r"^(?:\d{4}[-/]\d\d[-/]\d\d[ \t]+(?:(?:open|close|commodity|balance|pad|note|document|price"
    r"|event|query|custom|txn)\b|[*!][ \t]+\")|option[ \t]+\")",
    re.MULTILINE,
)
_IS_JOURNAL: Final = re.compile(
    rf"^(?:{_DATE}(?:=\S+)?(?:[ \t][^\n]*)?\r?\n[ \t]+[^\s,][^\n]*"
    r"|(?:account|commodity|decimal-mark|apply account|include|alias|year|Y|D|P)[ \t]+\S[^,\n]*$"
    r"|\d{4}-\d\d-\d\d[ \t]+(?:open|close)[ \t]+\S)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class JournalPosting:
    """A line of an entry; without an amount it takes what the others leave."""

    line: int
    account: str
    amount: Written | None


@dataclass(slots=True)
class JournalEntry:
    """An entry of the file as it is written."""

    line: int
    day: date
    memo: str
    code: str
    postings: list[JournalPosting] = field(default_factory=list)
    sound: bool = True


@dataclass(frozen=True, slots=True)
class DeclaredAccount:
    """An account that the file names.

    Arguments:
        kind: its class in the words of the format, where the file says it (“A”, “Assets”).
    """

    line: int
    kind: str = ""


def is_journal(text: str) -> bool:
    """Whether a text is a plain-text journal, by what it contains."""
    return _IS_JOURNAL.search(text) is not None


def is_beancount(text: str) -> bool:
    """Whether a journal is written as beancount wants it."""
    return _IS_BEANCOUNT.search(text) is not None


class Journal:
    """A plain-text journal; :meth:`entries` reads it from the top each time it is called."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.beancount = is_beancount(text)
        self.mark = DecimalMark("." if self.beancount else "")
        self.problems: list[Problem] = []
        self.accounts: dict[str, DeclaredAccount] = {}
        self._aside: Counter[str] = Counter()
        self._year: int | None = None
        self._until = ""

    def problem(self, line: int, message: str, column: str | None = None) -> None:
        """Note what is wrong with a line."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(message, column, line))

    def learn(self) -> None:
        """Read everything once, to know the accounts, the decimal mark and the problems."""
        for _entry in self.entries():
            if len(self.problems) >= MOST_PROBLEMS:
                return

    def notes(self) -> list[str]:
        """What the journal is taken for and what was left aside, in sentences."""
        program = _("beancount") if self.beancount else _("hledger or ledger")
        return [
            _("Read as a plain-text journal of %(program)s; rows are its lines.", program=program),
            *(left_aside(what, count) for what, count in self._aside.items()),
        ]

    def set_aside(self, what: str) -> None:
        """Count something that changes no figure and is not kept."""
        self._aside[what] += 1

    def entries(self) -> Iterator[JournalEntry]:
        """The entries in the order of the file; problems, accounts and notes are collected."""
        self.problems, self.accounts, self._year, self._until = [], {}, None, ""
        self._aside.clear()
        entry: JournalEntry | None = None
        owner = ""
        for number, raw in enumerate(io.StringIO(self._text, newline=None), 1):
            line = raw.rstrip()
            if self._until:
                self._until = "" if line.strip() == self._until else self._until
                continue
            if line[:1] in (" ", "\t") and line.strip():
                self._indented(number, line.strip(), entry, owner)
                continue
            if entry is not None:
                yield entry
                entry, owner = None, ""
            if not line or line.startswith(_COMMENTS):
                owner = owner if line else ""
                continue
            if found := _ENTRY.match(line):
                entry, owner = self._dated(number, found)
            else:
                owner = self._directive(number, line)
        if entry is not None:
            yield entry
        if self._until:
            self.problem(
                number, _("The file ends inside a comment: “%(end)s” is missing.", end=self._until)
            )

    def _dated(self, number: int, found: re.Match[str]) -> tuple[JournalEntry | None, str]:
        rest = found[5] or ""
        day = self._day(number, found)
        if self.beancount:
            word, _space, after = rest.partition(" ")
            if word in DATED:
                return None, self._dated_directive(number, word, after.strip())
        if day is None:
            return None, "skipped"
        if found[4]:
            self.set_aside("secondary dates")
        memo, code, flag = self._heading(rest)
        if flag == "!":
            self.set_aside("pending")
        return JournalEntry(number, day, memo, code), "entry"

    def _heading(self, rest: str) -> tuple[str, str, str]:
        """The text, code and status mark of an entry's first line."""
        if self.beancount and (quoted := _QUOTED.match(rest)):
            texts = [text.replace('\\"', '"') for text in (quoted[2], quoted[3]) if text]
            if quoted[4].strip():
                self.set_aside("tags")
            return " | ".join(texts), "", quoted[1] or ""
        text, mark, _comment = rest.partition(";")
        if mark:
            self.set_aside("comments")
        head = _HEAD.match(text.strip())
        if head is None:
            return text.strip(), "", ""
        memo = " | ".join(part.strip() for part in head[3].split("|")).strip(" |")
        return memo, (head[2] or "").strip(), head[1] or ""

    def _day(self, number: int, found: re.Match[str]) -> date | None:
        year = int(found[1]) if found[1] else self._year
        if year is None:
            self.problem(
                number,
                _(
                    "The date has no year. Write it as year-month-day, or put a line “Y2026” above"
                    " it."
                ),
                "date",
            )
            return None
        try:
            return date(year, int(found[2]), int(found[3]))
        except ValueError:
            self.problem(
                number, _("“%(text)s” is no day of the calendar.", text=found[0].split()[0]), "date"
            )
            return None

    def _indented(self, number: int, text: str, entry: JournalEntry | None, owner: str) -> None:
        if text.startswith(_COMMENTS if entry is None else (";", "#", "%", "|")):
            self.set_aside("comments")
            return
        if entry is not None:
            self._posting(number, text, entry)
        elif owner in {"account", "commodity"}:
            self._below_directive(number, text)
        elif not owner:
            self.problem(
                number,
                _(
                    "The line is indented but belongs to no entry. Begin the entry with a line that"
                    " has its date, such as 2026-01-31 Rent."
                ),
            )

    def _below_directive(self, number: int, text: str) -> None:
        word, _space, rest = text.partition(" ")
        if word == "alias":
            self.problem(number, refused("alias"))
        elif word == "format":
            self._learn_style(rest)

    def _posting(self, number: int, text: str, entry: JournalEntry) -> None:
        if self.beancount and (_METADATA.match(text) or text[0] == "^"):
            self.set_aside("tags")
            return
        account, amount = self._split(text)
        if not account or account[0] in "([<":
            self.problem(
                number,
                _(
                    "A posting in brackets is outside the books (“virtual”). Give it an account"
                    " without brackets and one that balances it, or remove the line."
                ),
                "account",
            )
            entry.sound = False
            return
        self.accounts.setdefault(account, DeclaredAccount(number, self._root(account)))
        try:
            entry.postings.append(JournalPosting(number, account, self._amount(amount)))
        except NotAnAmount as error:
            self.problem(number, str(error), "amount")
            entry.sound = False

    def _split(self, text: str) -> tuple[str, str]:
        """The account and what follows, without comment."""
        body, mark, comment = text.partition(";")
        if mark:
            self.set_aside("posting dates" if _POSTING_DATE.search(comment) else "comments")
        body = body.strip()
        if self.beancount:
            found = _BEANCOUNT_ACCOUNT.match(body)
            return (found[1], found[2].strip()) if found else ("", "")
        if body[:2] in {"* ", "! "}:
            body = body[2:].lstrip()
        parts = re.split(r"\t|  ", body, maxsplit=1)
        return parts[0].strip(), parts[1].strip() if len(parts) > 1 else ""

    def _amount(self, text: str) -> Written | None:
        if not text:
            return None
        if "@" in text or "{" in text:
            raise NotAnAmount(
                _(
                    "A price or cost (@, {}) makes an entry of two currencies, which is outside"
                    " what can be imported. Write the entry in the base currency."
                )
            )
        amount, mark, _assertion = text.partition("=")
        if mark:
            if not amount.strip():
                raise NotAnAmount(
                    _(
                        "An amount that is to be computed from a balance (“= …”) can't be imported."
                        " Write the amount itself."
                    )
                )
            self.set_aside("assertions")
        found = written_amount(amount.strip())
        self.mark.learn(found.number)
        return found

    def _root(self, account: str) -> str:
        """The class that beancount fixes by the first part of a name."""
        return account.partition(":")[0] if self.beancount else ""

    def _directive(self, number: int, line: str) -> str:
        """A line that begins neither an entry nor a comment; returns what owns the lines below."""
        word, _space, rest = line.partition(" ")
        word, rest = word.lstrip("!@"), rest.strip()
        if word in {"comment", "test"}:
            self._until = f"end {word}"
        elif not self._setting(number, word, rest):
            self._no_setting(number, word, line)
        return {"account": "account", "commodity": "commodity", "D": "commodity"}.get(
            word, "skipped"
        )

    def _setting(self, number: int, word: str, rest: str) -> bool:
        """A directive that says how the rest of the file is to be read; False if it is none."""
        if year := _YEAR.fullmatch(f"{word} {rest}".strip()):
            self._year = int(year[1])
        elif word == "account":
            name, _mark, comment = rest.partition(";")
            typed = _TYPED.search(comment)
            account = re.split(r"\t|  ", name, maxsplit=1)[0].strip()
            self.accounts.setdefault(account, DeclaredAccount(number, typed[1] if typed else ""))
        elif word in {"commodity", "D"}:
            self._learn_style(rest.partition(";")[0])
        elif word == MARK_OF_FORMAT and rest[:1] in {".", ","}:
            self.mark.fixed = rest[0]
        else:
            return word == "end"
        return True

    def _no_setting(self, number: int, word: str, line: str) -> None:
        if word in LEFT_ASIDE:
            self.set_aside(LEFT_ASIDE[word])
        elif word[:1] == "~":
            self.set_aside("forecasts")
        elif word in REFUSED or word[:1] == "=":
            self.problem(number, refused("=" if word[:1] == "=" else word))
        else:
            self.problem(
                number,
                _(
                    "“%(text)s” is outside what can be imported. An entry begins with its date;"
                    " remove the line or put a ; before it.",
                    text=line[:60],
                ),
            )

    def _dated_directive(self, number: int, word: str, rest: str) -> str:
        account = rest.split(" ", 1)[0].strip()
        if word == "open" and account:
            self.accounts.setdefault(account, DeclaredAccount(number, self._root(account)))
        elif word == "pad":
            self.problem(number, refused("pad"))
        elif word in LEFT_ASIDE:
            self.set_aside(LEFT_ASIDE[word])
        return "skipped"

    def _learn_style(self, text: str) -> None:
        try:
            self.mark.learn(written_amount(text.strip()).number)
        except NotAnAmount:
            return  # only the name of a commodity
