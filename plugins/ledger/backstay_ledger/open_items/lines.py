"""Lines on accounts that are managed by open items: what they need, and the items they become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete

from backstay.spi import Problem, new_ids
from backstay.spi import gettext as _
from backstay_ledger.models import EntryKind
from backstay_ledger.open_items.models import EXCHANGE_SOURCE, ItemHold, OpenItem
from backstay_ledger.services.bulk_rows import insert_rows, table_of

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from backstay.contracts.ledger import Posting, PostingLine, Source
    from backstay_ledger.services.content import EntryRow, LineRow
    from backstay_ledger.services.lookups import AccountRef

LONGEST_PARTY: Final = 80
ITEMS: Final = table_of(OpenItem)
ITEM_COLUMNS: Final = (
    "id",
    "company_id",
    "entry_id",
    "line_no",
    "account_id",
    "party",
    "date",
    "due_date",
    "currency",
    "amount",
    "amount_base",
    "residual",
    "residual_base",
    "hold",
    "hold_reason",
)


def is_exchange(source: Source | None) -> bool:
    """Whether an entry is one that an allocation posts."""
    return source is not None and (source.plugin, source.type) == ("ledger", EXCHANGE_SOURCE)


def item_problems(
    account: AccountRef, line: PostingLine, posting: Posting, kind: EntryKind, *, draft: bool
) -> Iterable[Problem]:
    """What is wrong with a line, as far as its open item is concerned.

    Arguments:
        draft: it is to be kept as a draft, whose party may still be missing.

    Returns:
        problems whose field is that of the line, such as ``party``.
    """
    if len(line.party) > LONGEST_PARTY or "\0" in line.party:
        message = _("The party is too long: %(most)s characters at most.", most=LONGEST_PARTY)
        yield Problem(message, "party")
    if is_exchange(posting.source) or line.amount_currency == 0:
        return
    if not account.open_items:
        message = _(
            "Account %(code)s is not managed by open items: it takes no party and no due date.",
            code=line.account,
        )
        yield Problem(message, "party" if line.party else "due_date")
        return
    if account.sub_ledger is None:
        return
    plugin = account.sub_ledger.partition(".")[0]
    from_plugin = posting.source is not None and posting.source.plugin == plugin
    if not from_plugin and kind not in (EntryKind.OPENING, EntryKind.REVERSAL):
        message = _(
            "Account %(code)s is the control account of %(sub_ledger)s: lines get there only"
            " through it.",
            code=line.account,
            sub_ledger=account.sub_ledger,
        )
        yield Problem(message, "account")
    elif not line.party.strip() and not draft:
        message = _("Say whom it is owed by or to: %(code)s needs a party.", code=line.account)
        yield Problem(message, "party")


def item_values(
    entries: Iterable[tuple[EntryRow, Sequence[LineRow], date | None]],
) -> list[tuple[Any, ...]]:
    """The open items of entries as the tuples that are inserted.

    What an allocation posts makes none, nor does a line that changes nothing but a value.

    Arguments:
        entries: each with its lines, and its date if it is posted in this transaction, None if it
            stays a draft.
    """
    found = [
        (entry, line_no, line, day)
        for entry, lines, day in entries
        if entry.source_type != EXCHANGE_SOURCE
        for line_no, line in enumerate(lines, 1)
        if line.open_item and line.amount_currency != 0
    ]
    if not found:
        return []
    return [
        (
            item_id,
            entry.company_id,
            entry.id,
            line_no,
            line.account_id,
            line.party,
            day,
            line.due_date,
            line.currency,
            amount := line.amount if line.amount_currency is None else line.amount_currency,
            line.amount,
            amount,
            line.amount,
            ItemHold.NONE,
            "",
        )
        for item_id, (entry, line_no, line, day) in zip(new_ids(len(found)), found, strict=True)
    ]


def replace_items(session: Session, entries: Sequence[tuple[EntryRow, Sequence[LineRow]]]) -> None:
    """Make the items of drafts that are posted now; what was typed for them goes into those."""
    values = item_values((entry, lines, entry.date) for entry, lines in entries)
    if not values:
        return
    session.execute(
        delete(OpenItem).where(
            OpenItem.company_id == values[0][ITEM_COLUMNS.index("company_id")],
            OpenItem.entry_id.in_({row[ITEM_COLUMNS.index("entry_id")] for row in values}),
        ),
        execution_options={"audited": True},
    )
    insert_rows(session, ITEMS, ITEM_COLUMNS, values)
