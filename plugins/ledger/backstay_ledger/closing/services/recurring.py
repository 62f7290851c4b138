"""Recurring entries: made from a template's content on the days of a plan."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Annotated, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.ledger import Posting
from backstay.spi import (
    Choice,
    ChoiceField,
    Conflict,
    DateField,
    Invalid,
    NotFound,
    NumberField,
    PickerField,
    TextField,
    authorize,
    company_of,
    context_of,
    lazy,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.closing.plan_models import Every, MakeAs, PlannedEntry, PlanState, Recurring
from backstay_ledger.permissions import ENTRY_POST
from backstay_ledger.services.drafts import SaveDraft, order_as_typed, post_entry, save_draft
from backstay_ledger.services.fiscal_years import add_months
from backstay_ledger.services.journals import general_journal
from backstay_ledger.services.posting import writable_company
from backstay_ledger.services.template_lines import TemplateLine, template_lines
from backstay_ledger.services.templates import load_template
from backstay_ledger.services.typed_lines import DraftLine, signed_lines
from backstay_ledger.services.validation import check_orders
from backstay_ledger.tax.entries import completed
from backstay_ledger.tax.typed import read_tax

EVERY: Final = (
    Choice(Every.MONTH.value, lazy("Every month")),
    Choice(Every.QUARTER.value, lazy("Every quarter")),
    Choice(Every.YEAR.value, lazy("Every year")),
)
MAKE_AS: Final = (
    Choice(MakeAs.DRAFT.value, lazy("As a draft")),
    Choice(MakeAs.POSTED.value, lazy("Posted at once")),
)
_MONTHS: Final = {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecurring:
    """An entry that comes again and again."""

    name: Annotated[
        str, TextField(label=lazy("Name"), example="Rent", min_length=1, max_length=100)
    ]
    template: Annotated[
        int,
        PickerField(
            label=lazy("Template"),
            help=lazy("Its accounts and amounts are copied; changing it later changes nothing."),
            resource="ledger.template",
        ),
    ]
    every: Annotated[Every, ChoiceField(label=lazy("How often"), choices=EVERY)]
    day: Annotated[
        int,
        NumberField(
            label=lazy("Day of the month"),
            help=lazy("31 is the last day of every month."),
            minimum=1,
            maximum=31,
        ),
    ]
    starts_on: Annotated[
        date, DateField(label=lazy("From"), help=lazy("The first entry is on or after this day."))
    ]
    until: Annotated[
        date | None,
        DateField(label=lazy("Until"), help=lazy("Left empty, it goes on until it is ended.")),
    ] = None
    make_as: Annotated[MakeAs, ChoiceField(label=lazy("Made"), choices=MAKE_AS)] = MakeAs.DRAFT


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRecurring:
    """A recurring entry that does not come any more."""

    id: int
    version: int | None = None


def plan_recurring(session: Session, command: PlanRecurring) -> Recurring:
    """Plan a recurring entry from a template; the entries of days gone by are missing until made.

    Raises:
        Invalid: the name is taken, the template lacks an amount, or the days are in disorder.
    """
    authorize(session, ENTRY_POST)
    company = writable_company(session)
    taken = select(Recurring.id).where(
        Recurring.company_id == company.id, Recurring.name == command.name.strip()
    )
    if session.scalar(taken) is not None:
        raise Invalid(_("There is one with this name already."), field="name")
    if command.until is not None and command.until < command.starts_on:
        raise Invalid(_("The last day is before the first."), field="until")
    template = load_template(session, command.template)
    lines = _lines(template.content, timedelta(0))
    if len(lines) < 2 or any(not (line.debit or line.credit) for line in lines):  # noqa: PLR2004
        raise Invalid(
            _("Every line of the template needs an amount, and there are at least two."),
            field="template",
        )
    _refuse_unbalanced(session, lines, command)
    recurring = Recurring(
        company_id=company.id,
        name=command.name.strip(),
        content=template.content,
        every=command.every,
        day=command.day,
        starts_on=command.starts_on,
        until=command.until,
        make_as=command.make_as,
        created_by=context_of(session).actor.label,
        created_at=now(),
    )
    session.add(recurring)
    session.flush()
    return recurring


def end_recurring(session: Session, command: EndRecurring) -> Recurring:
    """End a recurring entry; what was made stays.

    Raises:
        Conflict: it was ended already.
    """
    authorize(session, ENTRY_POST)
    recurring = session.scalars(
        select(Recurring)
        .where(Recurring.id == command.id, Recurring.company_id == company_of(session).id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if recurring is None:
        raise NotFound(_("There is no such recurring entry in this company."))
    if recurring.state is not PlanState.ACTIVE:
        raise Conflict(_("It was ended already."))
    recurring.state = PlanState.ENDED
    session.flush()
    return recurring


def due_days(recurring: Recurring, up_to: date) -> Iterator[date]:
    """The days of a plan up to a day, oldest first.

    The first is the plan's day of the month on or after its start, in the same month or the next
    one; the others follow it at whole months, so that none is lost however long they are.
    """
    last = up_to if recurring.until is None else min(up_to, recurring.until)
    first = recurring.starts_on.replace(day=1)
    if _day_in(first, recurring.day) < recurring.starts_on:
        first = add_months(first, 1)
    for n in count():
        day = _day_in(add_months(first, n * _MONTHS[recurring.every]), recurring.day)
        if day > last:
            return
        yield day


def missing_days(session: Session, recurring: Recurring, up_to: date) -> list[date]:
    """The days up to a day on which the entry should have been made and was not."""
    made = set(
        session.scalars(
            select(PlannedEntry.due_on).where(PlannedEntry.recurring_id == recurring.id)
        )
    )
    return [day for day in due_days(recurring, up_to) if day not in made]


def make_recurring(session: Session, recurring: Recurring, day: date) -> int:
    """Make the entry of a day, as the plan says; returns its id.

    Amounts in foreign currencies are those of the template; the rate of the day says what they are
    worth. Part of a larger use case, which has checked its permission and locked the plan.

    Raises:
        Invalid, Conflict: as for posting; or a currency has no rate on the day.
    """
    command = _entry(session, recurring, day)
    entry = (
        post_entry(session, command).id
        if recurring.make_as is MakeAs.POSTED
        else save_draft(session, command).id
    )
    session.add(
        PlannedEntry(
            company_id=recurring.company_id,
            recurring_id=recurring.id,
            due_on=day,
            entry_id=entry,
        )
    )
    session.flush()
    return entry


def _day_in(month: date, day: int) -> date:
    """A day of a month, or its last one where the month is shorter."""
    return month.replace(day=min(day, calendar.monthrange(month.year, month.month)[1]))


def not_to_be_made(session: Session, recurring: Recurring, day: date) -> str | None:
    """Why the entry of a day can't be made as it stands now, or None."""
    try:
        order = order_as_typed(session, _entry(session, recurring, day))
        drafts = recurring.make_as is MakeAs.DRAFT
        check_orders(session, [order], lock=False, drafts=drafts)
    except (Invalid, Conflict) as error:
        return error.problems[0].message if error.problems else error.message
    return None


def _entry(session: Session, recurring: Recurring, day: date) -> SaveDraft:
    """The entry of a day, as it would be typed."""
    content: dict[str, Any] = recurring.content
    first = next(due_days(recurring, day), day)
    return SaveDraft(
        journal=str(content.get("journal") or general_journal(session)),
        date=day,
        memo=str(content.get("memo") or recurring.name),
        reference=str(content.get("reference") or ""),
        lines=_lines(content, day - first),
        at_rate=True,
    )


def _refuse_unbalanced(
    session: Session, lines: tuple[DraftLine, ...], command: PlanRecurring
) -> None:
    """Refuse what could not be posted on the first day, its taxes included.

    Raises:
        Invalid: a line can't be understood, or debit and credit differ.
    """
    day = command.starts_on
    signed, problems = signed_lines(session, lines)
    if problems:
        raise Invalid(problems[0].message, field="template")
    posting = Posting(key="", journal="", date=day, lines=signed)
    try:
        complete = completed(session, posting).posting
    except Invalid as error:
        raise Invalid(error.message, field="template") from error
    if sum(line.amount for line in complete.lines):
        raise Invalid(_("Debit and credit of the template differ."), field="template")
    left: dict[str, Decimal] = {}
    for line in complete.lines:
        if line.currency and line.amount_currency:
            left[line.currency] = left.get(line.currency, Decimal(0)) + line.amount_currency
    if command.make_as is MakeAs.POSTED and (out := [code for code in left if left[code]]):
        raise Invalid(
            _("Debit and credit of the template differ in %(currency)s.", currency=out[0]),
            field="template",
        )


def _lines(content: dict[str, Any], later: timedelta) -> tuple[DraftLine, ...]:
    """The lines of a template.

    Arguments:
        later: by how much due dates move: as long after an entry as after the first one.
    """
    return tuple(_line(line, later) for line in template_lines(content))


def _line(line: TemplateLine, later: timedelta) -> DraftLine:
    tax = read_tax(line.tax)
    return DraftLine(
        account=line.account or "",
        debit=line.debit,
        credit=line.credit,
        text=line.text,
        currency=line.currency or None,
        amount_currency=line.foreign,
        tax_code=tax.code,
        tax_included=tax.included,
        tax_line=tax.is_tax,
        party=line.party,
        due_date=line.due + later if line.due else None,
        dimensions=line.dimensions,
    )
