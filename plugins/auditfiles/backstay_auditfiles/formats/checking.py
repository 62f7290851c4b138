"""An audit file beside the books that it was made of: nothing may differ."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from backstay.spi import gettext as _
from backstay_auditfiles.books import books_of
from backstay_auditfiles.formats.reading import ZERO, NotReadBack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from backstay.contracts.books import BookSpan
    from backstay_auditfiles.formats.reading import FileRead


def check_against_books(
    session: Session, span: BookSpan, read: FileRead, brought: Decimal = ZERO
) -> None:
    """Compare what was read back with the books, after the file itself was found in order.

    Compared are the number of entries and lines, debits and credits, each account's closing
    balance, and the trial balance of the last day as the ledger shows it.

    Arguments:
        brought: the debits of an entry of opening balances that the file has beside the books'
            own; zero for none.

    Raises:
        NotReadBack: names the first things that are wrong.
    """
    books = books_of(session)
    totals = books.totals(session, span)
    for name, expected, found in (
        ("entries", Decimal(totals.entries + (1 if brought else 0)), Decimal(read.entries)),
        ("debit", totals.debit + brought, read.debit),
        ("credit", totals.credit + brought, read.credit),
    ):
        if expected != found:
            read.complain(
                0,
                name,
                _("The books have %(books)s, the file has %(file)s.", books=expected, file=found),
            )
    closing = {one.code: one.closing for one in books.accounts(session, span) if one.closing}
    _compare(read, closing, _("closing balance"))
    _compare(read, books.trial_balance(session, span.end), _("trial balance"))
    if read.found:
        raise NotReadBack(read.problems, read.found)


def _compare(read: FileRead, expected: Mapping[str, Decimal], what: str) -> None:
    found = read.trial_balance()
    for code in sorted(expected.keys() | found.keys()):
        if expected.get(code, ZERO) != found.get(code, ZERO):
            read.complain(
                0,
                code,
                _(
                    "The %(what)s is %(books)s in the books and %(file)s in the file.",
                    what=what,
                    books=expected.get(code, ZERO),
                    file=found.get(code, ZERO),
                ),
            )
