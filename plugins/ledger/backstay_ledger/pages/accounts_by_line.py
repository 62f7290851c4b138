"""Which account a row of a grid means: what was picked, or a code that was typed or pasted.

What stands in the text field wins over what was picked before: a clerk who types another code and
posts at once means what is on the screen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, or_, select

from backstay.spi import Problem
from backstay.spi import gettext as _
from backstay_ledger.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from backstay_ledger.pages.line_grid import TypedLine


_MOST_DIGITS: Final = 19


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account as small as a row needs it."""

    id: int
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts that the rows of a grid name, looked up in one query."""

    by_id: dict[int, AccountRef]
    by_code: dict[str, AccountRef]
    by_name: dict[str, AccountRef] = field(default_factory=dict)
    """By the whole name in small letters, where only one account is called so."""

    def of(self, line: TypedLine) -> AccountRef | None:
        """The account that a row means, if the company has it."""
        picked = self.by_id.get(picked_id(line) or 0)
        if picked is not None and line.account_text in {"", picked.label}:
            return picked
        return self.named(line.account_text)

    def named(self, text: str) -> AccountRef | None:
        """The account whose code is the first word of a text, or whose name it is."""
        return (
            self.by_code.get(text.strip())
            or self.by_code.get(first_word(text))
            or self.by_name.get(text.strip().lower())
        )

    def problem(self, line: TypedLine, place: str) -> Problem:
        """Why a row has no account, in words for whoever typed it."""
        if line.account_text:
            message = _("There is no account “%(text)s”.", text=line.account_text[:60])
        else:
            message = _("Choose an account.")
        return Problem(message, f"{place}.account")


def first_word(text: str) -> str:
    """The code in front of a label such as ``1000 Cash at bank``."""
    return text.split(maxsplit=1)[0] if text else ""


def picked_id(line: TypedLine) -> int | None:
    """The id that the picker put into the form; None where it can't be one."""
    text = line.account_id
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        return None
    found = int(text)
    # Ids beyond 63 bits exist in no database, and drivers refuse to look for them.
    return found if found < 2**63 else None


def look_up(session: Session, lines: Iterable[TypedLine]) -> Accounts:
    """The company's accounts that the rows name, by id or by code."""
    rows = list(lines)
    ids = {found for line in rows if (found := picked_id(line)) is not None}
    return _found(session, ids, {line.account_text for line in rows if line.account_text})


def with_accounts(session: Session, lines: Iterable[TypedLine]) -> tuple[TypedLine, ...]:
    """The rows with the accounts that they mean, also where nothing was picked for a text yet."""
    rows = tuple(lines)
    accounts = look_up(session, rows)
    return tuple(
        replace(row, account_id=str(found.id), account_text=found.label)
        if (found := accounts.of(row))
        else row
        for row in rows
    )


def by_texts(session: Session, texts: Iterable[str]) -> Accounts:
    """The company's accounts that pasted texts name: by code, by label or by name."""
    return _found(session, set(), {text for text in texts if text.strip()})


def _found(session: Session, ids: set[int], texts: set[str]) -> Accounts:
    # Codes of plain-text journals have spaces: the whole text is tried too.
    codes = {first_word(text) for text in texts} | {text.strip() for text in texts}
    if not ids and not codes:
        return Accounts({}, {})
    refs = _refs(session, or_(Account.id.in_(ids), Account.code.in_(codes)))
    by_code = {ref.code: ref for ref in refs}
    names = {text.strip().lower() for text in texts if first_word(text) not in by_code}
    by_name: dict[str, AccountRef] = {}
    twice: set[str] = set()
    for ref in _refs(session, func.lower(Account.name).in_(names)) if names else ():
        name = ref.label.removeprefix(ref.code).strip().lower()
        twice |= {name} & by_name.keys()
        by_name[name] = ref
    return Accounts(
        {ref.id: ref for ref in refs},
        by_code,
        {name: ref for name, ref in by_name.items() if name not in twice},
    )


def _refs(session: Session, wanted: ColumnElement[bool]) -> list[AccountRef]:
    rows = session.execute(select(Account.id, Account.code, Account.name).where(wanted))
    return [AccountRef(row.id, row.code, f"{row.code} {row.name}") for row in rows]
