"""Asking for an audit file; a job makes it, and whoever may downloads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from sqlalchemy.orm import Session

from backstay.spi import (
    Choice,
    ChoiceField,
    Conflict,
    DateField,
    Invalid,
    NotFound,
    authorize,
    company_of,
    context_of,
    enqueue,
    now,
)
from backstay.spi import gettext as _
from backstay.spi import lazy as _l
from backstay_auditfiles.books import books_of
from backstay_auditfiles.formats.making import FORMATS
from backstay_auditfiles.models import AuditFile, AuditFileState
from backstay_auditfiles.permissions import FILE_MAKE, FILE_TAKE

MAKE: Final = "auditfiles.make"
"""The job that makes a file."""
FORMS: Final = tuple(Choice(one.name, one.label) for one in FORMATS)


def year_choices(session: Session) -> Sequence[Choice]:
    """The fiscal years of the company, the latest first."""
    return [
        Choice(one.fiscal_year, f"{one.fiscal_year} ({one.start} / {one.end})")
        for one in books_of(session).fiscal_years(session)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeAuditFile:
    """The books of a fiscal year, or of some days, as a file."""

    form: Annotated[str, ChoiceField(label=_l("Form"), choices=FORMS)]
    fiscal_year: Annotated[
        str,
        ChoiceField(label=_l("Fiscal year"), choices=year_choices, blank=_l("Other days (below)")),
    ] = ""
    start: Annotated[
        date | None,
        DateField(label=_l("First day"), help=_l("Only where no fiscal year is chosen.")),
    ] = None
    end: Annotated[date | None, DateField(label=_l("Last day"))] = None


def make_audit_file(session: Session, command: MakeAuditFile) -> AuditFile:
    """Ask for a file; a job writes it, reads it back and compares it with the books.

    Raises:
        Invalid: there is no such form or fiscal year, or the days are wrong.
    """
    authorize(session, FILE_MAKE)
    if command.form not in {one.value for one in FORMS}:
        raise Invalid(_("There is no form “%(form)s”.", form=command.form), field="form")
    span = books_of(session).span(session, command.fiscal_year, command.start, command.end)
    row = AuditFile(
        company_id=company_of(session).id,
        form=command.form,
        fiscal_year=span.fiscal_year,
        starts_on=span.start,
        ends_on=span.end,
        made_by=context_of(session).actor.label,
        made_at=now(),
    )
    session.add(row)
    session.flush()
    _enqueue(session, row)
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeAgain:
    """A file whose job ended without making it."""

    id: int


def make_again(session: Session, command: MakeAgain) -> AuditFile:
    """Give a file that is still being made a new job, in place of one that ended without it.

    A job that was cancelled, that failed too often or whose person may not work any more leaves
    the file as it is. Where the first job runs after all, whichever is second finds nothing to do.

    Raises:
        NotFound: the company has none of this id.
        Conflict: it was made or refused already.
    """
    authorize(session, FILE_MAKE)
    row = session.get(AuditFile, command.id, with_for_update=True)
    if row is None:
        raise NotFound(_("There is no such audit file in this company."))
    if row.state is not AuditFileState.WAITING:
        raise Conflict(_("This file is not being made any more: ask for a new one."))
    row.made_by, row.made_at = context_of(session).actor.label, now()
    session.flush()
    _enqueue(session, row)
    return row


def _enqueue(session: Session, row: AuditFile) -> None:
    """Pressing twice makes one job while none has begun."""
    enqueue(session, MAKE, {"id": str(row.id)}, unique=str(row.id))


def finished_file(session: Session, file_id: int) -> AuditFile:
    """A file that can be downloaded.

    Raises:
        NotFound: the company has none of this id.
        Conflict: it is not made yet, or was refused.
    """
    authorize(session, FILE_TAKE)
    row = session.get(AuditFile, file_id)
    if row is None:
        raise NotFound(_("There is no such audit file in this company."))
    if row.state is not AuditFileState.READY:
        raise Conflict(_("There is nothing to download: the file is not made."))
    return row
