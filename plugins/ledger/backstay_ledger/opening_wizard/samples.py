"""Sample openings for the tests that attack every plugin: a company has one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from backstay.spi import company_of, today
from backstay.testing.attack import Sample
from backstay_ledger.models import AccountClass, EntryState
from backstay_ledger.opening_wizard.by_machine import PreviewOpening
from backstay_ledger.opening_wizard.entering import PostBalances, post_balances
from backstay_ledger.opening_wizard.opening import (
    BeginOpening,
    ReopenOpening,
    UndoOpening,
    begin_opening,
    finish_opening,
    opening_of,
    reopen_opening,
    undo_opening,
)
from backstay_ledger.opening_wizard.state import entries_of
from backstay_ledger.opening_wizard.typed_items import PostItems, TypedItem
from backstay_ledger.services.accounts import CreateAccount, create_account
from backstay_ledger.services.fiscal_years import ensure_fiscal_years
from backstay_ledger.services.journals import add_standard_journals
from backstay_ledger.services.typed_lines import DraftLine

if TYPE_CHECKING:
    from backstay.testing.attack import Making
    from backstay_ledger.models import Account, Opening


def opening(making: Making) -> Opening:
    """An opening that was begun today, with accounts of its own and nothing in it."""
    return begin_opening(making.session, to_begin(making))


def to_begin(making: Making) -> BeginOpening:
    """What begins it; whatever was in it before is taken back."""
    session = making.session
    day = today(company_of(session).time_zone)
    ensure_fiscal_years(session, [day])
    there = opening_of(session)
    if there is not None and there.finished_at is not None:
        reopen_opening(session, ReopenOpening(reason="Sample"))
    for part in {one.part for one in entries_of(session) if one.state is EntryState.POSTED}:
        undo_opening(session, UndoOpening(part=part, reason="Sample"))
    first, second = (_account(making, letter).id for letter in "VW")
    return BeginOpening(day=day, balances_account=first, items_account=second)


def posted(making: Making) -> Opening:
    """The same with a trial balance in it, so that it can be finished or undone."""
    made = opening(making)
    post_balances(making.session, _balances(making))
    return made


def finished(making: Making) -> Opening:
    """The same, finished."""
    posted(making)
    return finish_opening(making.session)


def to_post(making: Making) -> PostBalances:
    """A trial balance for an opening that was begun."""
    opening(making)
    return _balances(making)


def to_preview(making: Making) -> PreviewOpening:
    """The same, to be looked at."""
    return PreviewOpening(lines=to_post(making).lines)


def to_owe(making: Making) -> PostItems:
    """An open item for an opening that was begun."""
    opening(making)
    code = _account(making, "X", managed=True).code
    item = TypedItem(account=code, party=f"Sample {making.number}", debit=Decimal(1))
    return PostItems(items=(item,))


def _balances(making: Making) -> PostBalances:
    codes = [_account(making, letter).code for letter in "YZ"]
    return PostBalances(
        lines=(
            DraftLine(account=codes[0], debit=Decimal(1)),
            DraftLine(account=codes[1], credit=Decimal(1)),
        )
    )


def _account(making: Making, letter: str, *, managed: bool = False) -> Account:
    add_standard_journals(making.session)
    return create_account(
        making.session,
        CreateAccount(
            code=f"{letter}{making.number}",
            name=f"Sample {making.number}",
            account_class=AccountClass.ASSET,
            open_item_managed=managed,
        ),
    )


_NAME: Final = "ledger.opening"
OPENING_SAMPLES: Final = (
    Sample(resource=_NAME, make=opening),
    Sample(resource=_NAME, make=finished, state="finished"),
    Sample(resource=_NAME, make=posted, action="finish"),
    Sample(resource=_NAME, make=posted, action="undo"),
    Sample(resource=_NAME, make=to_begin, action="create"),
    Sample(resource=_NAME, make=to_post, action="post_balances"),
    Sample(resource=_NAME, make=to_owe, action="post_items"),
    Sample(resource=_NAME, make=to_preview, action="preview"),
)
