"""The opening of a company's books as a record: for programs, and for whoever looks it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import case, select
from sqlalchemy.orm import aliased

from backstay.spi import (
    Action,
    ApiShape,
    Choice,
    Column,
    Empty,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
    context_of,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.models import Account
from backstay_ledger.opening_wizard.by_machine import (
    FinishOpening,
    PreviewOpening,
    enter_balances,
    enter_items,
    finish,
    preview_opening,
    undo_list,
)
from backstay_ledger.opening_wizard.entering import PostBalances
from backstay_ledger.opening_wizard.models import Opening
from backstay_ledger.opening_wizard.opening import (
    BeginOpening,
    ReopenOpening,
    UndoOpening,
    begin_opening,
    missing_of,
    reopen_opening,
)
from backstay_ledger.opening_wizard.state import entries_of, opening_state, standing_on
from backstay_ledger.opening_wizard.typed_items import PostItems
from backstay_ledger.permissions import BOOKS_VIEW, OPENING_POST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

_BEGUN: Final = "begun"
_FINISHED: Final = "finished"
_STATES: Final = (
    Choice(_BEGUN, _("Begun"), "warn"),
    Choice(_FINISHED, _("Finished"), "ok"),
)
_BALANCES: Final = aliased(Account)
_ITEMS: Final = aliased(Account)


def _of_opening(query: Any) -> Any:
    return query.join(_BALANCES, _BALANCES.id == Opening.balances_account_id).join(
        _ITEMS, _ITEMS.id == Opening.items_account_id
    )


def _as_begun(_session: Session, opening: Opening) -> dict[str, Any]:
    return {
        "day": opening.date,
        "balances_account": opening.balances_account_id,
        "items_account": opening.items_account_id,
    }


def _unreasoned(_session: Session, _opening: Opening) -> dict[str, Any]:
    return {"reason": ""}


def _not_complete(session: Session, opening: Opening) -> str | None:
    return " ".join(missing_of(session, opening_state(session, opening))) or None


def _nothing_to_undo(session: Session, _opening: Opening) -> str | None:
    return None if entries_of(session) else translate("Nothing of it is in the books.")


def _wizard(session: Session) -> Sequence[ui.Button]:
    """From the list to the steps."""
    if not context_of(session).may(OPENING_POST):
        return ()
    label = translate("Opening of the books")
    return (ui.Button(label, url_for("ledger.opening_wizard"), "table-import", "primary"),)


def _to_the_wizard(session: Session, opening: Opening) -> dict[str, Any]:
    """What is missing, and the page where it is entered."""
    missing = " ".join(missing_of(session, opening_state(session, opening)))
    way = ui.Button(
        translate("Opening of the books"), url_for("ledger.opening_wizard"), "table-import"
    )
    return {
        "text": missing or translate("Both lists are in the books exactly once."),
        "way": way
        if context_of(session).may(OPENING_POST)
        else ui.Button(translate("Ledger"), url_for("ledger.overview"), "book-2"),
    }


def _example_lines(session: Session) -> dict[str, Any]:
    """Two accounts of the company that a trial balance can name as they are."""
    codes = _some_accounts(session, managed=False)
    if len(codes) < 2:  # noqa: PLR2004 - an entry has two sides
        return {}
    lines = [
        {"account": code, side: "100"}
        for code, side in zip(codes, ("debit", "credit"), strict=True)
    ]
    return {"lines": lines}


def _example_items(session: Session) -> dict[str, Any]:
    """A document on an account that is managed by open items, if there is one."""
    codes = _some_accounts(session, managed=True)[:1]
    items = [
        {"account": code, "party": "ACME Ltd", "reference": "INV-113", "debit": "100"}
        for code in codes
    ]
    return {"items": items} if items else {}


def _some_accounts(session: Session, *, managed: bool) -> Sequence[str]:
    return session.scalars(
        select(Account.code)
        .where(Account.active, Account.open_item_managed.is_(managed))
        .order_by(Account.code.desc())
        .limit(2)
    ).all()


OPENINGS: Final = Resource(
    name="ledger.opening",
    path="openings",
    model=Opening,
    view=BOOKS_VIEW,
    label=_("Opening of the books"),
    label_many=_("Openings of the books"),
    icon="table-import",
    help=_("When the books begin here, and whether everything of the old system is in them."),
    columns=(
        Column("date", _("First day"), Opening.date, Kind.DATE, link=True),
        Column("balances_account", _("Trial balance against"), _BALANCES.code, Kind.CODE),
        Column(
            "balances_standing",
            _("Not cleared of it"),
            standing_on(Opening.balances_account_id, Opening.company_id),
            Kind.MONEY,
            total=False,
        ),
        Column("items_account", _("Open items against"), _ITEMS.code, Kind.CODE),
        Column(
            "items_standing",
            _("Not cleared of them"),
            standing_on(Opening.items_account_id, Opening.company_id),
            Kind.MONEY,
            total=False,
        ),
        Column(
            "state",
            _("State"),
            case((Opening.finished_at.is_(None), _BEGUN), else_=_FINISHED),
            Kind.STATE,
            _STATES,
        ),
        Column("begun_by", _("Begun by"), Opening.begun_by, in_list=False),
        Column("finished_by", _("Finished by"), Opening.finished_by, in_list=False),
        Column("finished_at", _("Finished at"), Opening.finished_at, Kind.INSTANT, in_list=False),
    ),
    joins=_of_opening,
    title=lambda opening: translate("Opening on %(day)s", day=opening.date.isoformat()),
    state="state",
    steps=(_BEGUN, _FINISHED),
    update=Operation(
        begin_opening,
        BeginOpening,
        OPENING_POST,
        _("Change day and accounts"),
        initial=_as_begun,
        help=_("Possible until something is posted."),
        done=_("Saved."),
    ),
    update_states=(_BEGUN,),
    actions=(
        Action(
            "finish",
            Operation(
                finish,
                FinishOpening,
                OPENING_POST,
                _("Finish"),
                help=_("From then on accounts can be claimed by their sub-ledgers."),
                done=_("The opening is finished."),
            ),
            icon="check",
            states=(_BEGUN,),
            leads_to=_FINISHED,
            past=_("finished this"),
            primary=True,
            refuses=_not_complete,
        ),
        Action(
            "undo",
            Operation(
                undo_list,
                UndoOpening,
                OPENING_POST,
                _("Undo a list"),
                initial=_unreasoned,
                help=_("Reverses all its entries on the first day, so that it can come again."),
                done=_("Its entries were reversed."),
            ),
            icon="arrow-back-up",
            states=(_BEGUN,),
            past=_("undid a list of this"),
            danger=True,
            refuses=_nothing_to_undo,
        ),
        Action(
            "reopen",
            Operation(
                reopen_opening,
                ReopenOpening,
                OPENING_POST,
                _("Reopen"),
                initial=_unreasoned,
                done=_("The opening takes entries again."),
            ),
            icon="rotate",
            states=(_FINISHED,),
            leads_to=_BEGUN,
            past=_("reopened this"),
        ),
    ),
    sections=(
        Section(
            _("Opening"),
            (
                "date",
                "balances_account",
                "balances_standing",
                "items_account",
                "items_standing",
                "state",
            ),
        ),
        Section(_("By whom"), ("begun_by", "finished_by", "finished_at")),
    ),
    panels=(Panel(_("What is missing"), "ledger/way.html", _to_the_wizard),),
    empty=Empty(
        _("No opening was begun"),
        _("Where the books begin with lists of an old system, the opening brings them in."),
        "table-import",
    ),
    buttons=_wizard,
    api=ApiShape(
        create=Operation(
            begin_opening,
            BeginOpening,
            OPENING_POST,
            _("Begin the opening"),
            help=_(
                "Names the first day and the clearing accounts. A company has one opening: sent"
                " again, it changes them until something is posted."
            ),
        ),
        on_list=(
            Action(
                "post_balances",
                Operation(
                    enter_balances,
                    PostBalances,
                    OPENING_POST,
                    _("Post the trial balance"),
                    example=_example_lines,
                    help=_(
                        "One entry on the first day. Accounts that are managed by open items stand"
                        " on the clearing account of the items instead."
                    ),
                ),
            ),
            Action(
                "post_items",
                Operation(
                    enter_items,
                    PostItems,
                    OPENING_POST,
                    _("Post open items"),
                    example=_example_items,
                    help=_(
                        "Each becomes an entry of its own, all or none. The same document comes in"
                        " once."
                    ),
                ),
            ),
            Action(
                "preview",
                Operation(
                    preview_opening,
                    PreviewOpening,
                    OPENING_POST,
                    _("Preview lists of the opening"),
                    help=_(
                        "Says what the lists would post and what is missing then; without lists,"
                        " how far the opening is. Nothing is changed."
                    ),
                ),
                only_answers=True,
            ),
        ),
    ),
)
