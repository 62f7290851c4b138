"""Deputies: named until a day, and ended before it where somebody is back early."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    Choice,
    ChoiceField,
    Conflict,
    DateField,
    Forbidden,
    Invalid,
    NotFound,
    TextField,
    authorize,
    check_version,
    colleagues,
    company_of,
    context_of,
    lazy,
    now,
    today,
)
from backstay.spi import gettext as _
from backstay_approvals.models import Deputy
from backstay_approvals.permissions import DEPUTY_NAME, DEPUTY_NAME_FOR_OTHERS

LONGEST: Final = timedelta(days=366)


def people_choices(session: Session) -> tuple[Choice, ...]:
    """Everybody who works in the company."""
    return tuple(
        Choice(person.login, f"{person.name} ({person.login})") for person in colleagues(session)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NameDeputy:
    """Somebody who decides in somebody's place.

    Arguments:
        login: the deputy.
        stands_for: in whose place; empty for the actor's own.
        ends_on: the last day, included.
    """

    login: Annotated[str, ChoiceField(label=lazy("Deputy"), choices=people_choices)]
    starts_on: Annotated[date, DateField(label=lazy("From"))]
    ends_on: Annotated[
        date, DateField(label=lazy("Until"), help=lazy("The last day, a year at most."))
    ]
    stands_for: Annotated[
        str,
        ChoiceField(
            label=lazy("In the place of"),
            help=lazy("Naming a deputy for somebody else takes a permission of its own."),
            choices=people_choices,
            blank=lazy("myself"),
        ),
    ] = ""
    reason: Annotated[str, TextField(label=lazy("Reason"), example="Holiday", max_length=200)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDeputy:
    """Somebody who stands in no longer."""

    id: int
    version: int | None = None


def name_deputy(session: Session, command: NameDeputy) -> Deputy:
    """Let somebody decide in somebody's place until a day.

    Raises:
        Forbidden: it is for somebody else, and the actor may not do that.
        Invalid: it is the same person, nobody who works here, or the days are not right.
    """
    context = authorize(session, DEPUTY_NAME)
    company = company_of(session)
    stands_for = command.stands_for or context.actor.label
    if stands_for != context.actor.label:
        authorize(session, DEPUTY_NAME_FOR_OTHERS)
    known = {person.login for person in colleagues(session)}
    for field, login in (("login", command.login), ("stands_for", stands_for)):
        if login not in known:
            raise Invalid(_("“%(login)s” does not work in this company.", login=login), field=field)
    if command.login == stands_for:
        raise Invalid(_("Nobody is their own deputy."), field="login")
    if command.ends_on < command.starts_on:
        raise Invalid(_("The last day lies before the first."), field="ends_on")
    if command.ends_on < today(company.time_zone):
        raise Invalid(_("The last day is over already."), field="ends_on")
    if command.ends_on - command.starts_on > LONGEST:
        raise Invalid(_("A year at most; name the deputy again then."), field="ends_on")
    row = Deputy(
        company_id=company.id,
        login=command.login,
        stands_for=stands_for,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        reason=command.reason,
        named_by=context.actor.label,
    )
    session.add(row)
    session.flush()
    return row


def end_deputy(session: Session, command: EndDeputy) -> Deputy:
    """End it at once; what the deputy decided stays.

    Raises:
        Forbidden: it is somebody else's, and the actor may not do that.
        Conflict: it was ended already.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, DEPUTY_NAME)
    company = company_of(session)
    row = session.scalar(
        select(Deputy).where(Deputy.id == command.id, Deputy.company_id == company.id)
    )
    if row is None:
        raise NotFound(_("There is no such deputy in this company."))
    context = context_of(session)
    own = context.actor.label in {row.stands_for, row.login}
    if not own and not context.may(DEPUTY_NAME_FOR_OTHERS):
        raise Forbidden(_("Only %(who)s can end it.", who=row.stands_for))
    check_version(row, command.version)
    if row.ended_at is not None:
        raise Conflict(_("It was ended already."))
    row.ended_at = now()
    session.flush()
    return row
