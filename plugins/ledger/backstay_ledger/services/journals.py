"""Journals: creating and changing them; each company begins with the usual ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import (
    BoolField,
    Choice,
    ChoiceField,
    Invalid,
    Problem,
    TextField,
    authorize,
    check_version,
    company_of,
    lazy,
)
from backstay.spi import gettext as _
from backstay_ledger.models import Journal, JournalKind, SequenceHead
from backstay_ledger.permissions import JOURNAL_EDIT
from backstay_ledger.services.owned import load_owned

CODE_PATTERN: Final = r"[0-9A-Z]{1,10}"
JOURNAL_KINDS: Final = (
    Choice("general", lazy("General"), help=lazy("Whatever has no journal of its own")),
    Choice("sales", lazy("Sales"), help=lazy("Invoices and credit notes to customers")),
    Choice("purchases", lazy("Purchases"), help=lazy("Bills and credit notes from vendors")),
    Choice("bank", lazy("Bank and cash"), help=lazy("Money received and paid")),
    Choice("opening", lazy("Opening balances"), help=lazy("Balances brought in at the start")),
)
STANDARD_JOURNALS: Final = (
    ("GEN", lazy("General journal"), JournalKind.GENERAL),
    ("SAL", lazy("Sales"), JournalKind.SALES),
    ("PUR", lazy("Purchases"), JournalKind.PURCHASES),
    ("BNK", lazy("Bank"), JournalKind.BANK),
    ("OPN", lazy("Opening balances"), JournalKind.OPENING),
)
DEFAULT_JOURNAL: Final = "GEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateJournal:
    """A new journal."""

    code: Annotated[
        str,
        TextField(
            label=lazy("Code"),
            help=lazy("The first part of every number, such as GEN in GEN-2026-000017."),
            example="GEN",
            min_length=1,
            max_length=10,
            pattern=CODE_PATTERN,
            pattern_help=lazy("1 to 10 capital letters and digits."),
        ),
    ]
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1, max_length=100)]
    kind: Annotated[JournalKind, ChoiceField(label=lazy("Kind"), choices=JOURNAL_KINDS)] = (
        JournalKind.GENERAL
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EditJournal(CreateJournal):
    """A changed journal. The code stays once a number carries it."""

    id: int
    version: int | None = None
    active: Annotated[
        bool,
        BoolField(
            label=lazy("Active"),
            help=lazy("An inactive journal keeps its entries but takes no new ones."),
        ),
    ] = True


def create_journal(session: Session, command: CreateJournal) -> Journal:
    """Add a journal.

    Raises:
        Invalid: the code is taken or has a wrong form, or the name is missing.
    """
    authorize(session, JOURNAL_EDIT)
    _check_form(session, command, current=None)
    journal = Journal(
        company_id=company_of(session).id,
        code=command.code,
        name=command.name,
        kind=command.kind,
        active=True,
    )
    session.add(journal)
    session.flush()
    return journal


def edit_journal(session: Session, command: EditJournal) -> Journal:
    """Change a journal.

    Raises:
        Invalid: the code is taken, or is part of numbers already.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, JOURNAL_EDIT)
    journal = load_journal(session, command.id)
    check_version(journal, command.version)
    _check_form(session, command, current=journal)
    journal.code = command.code
    journal.name = command.name
    journal.kind = command.kind
    journal.active = command.active
    session.flush()
    return journal


def add_standard_journals(session: Session) -> None:
    """Give a new company the usual journals, leaving those that it has."""
    company = company_of(session)
    present = set(
        session.scalars(select(Journal.code).where(Journal.company_id == company.id)).all()
    )
    session.add_all(
        Journal(company_id=company.id, code=code, name=str(name), kind=kind, active=True)
        for code, name, kind in STANDARD_JOURNALS
        if code not in present
    )
    session.flush()


def load_journal(session: Session, journal_id: int) -> Journal:
    """A journal of the company by its id.

    Raises:
        NotFound: the company has no such journal.
    """
    return load_owned(session, Journal, journal_id, _("There is no such journal in this company."))


def active_journal(session: Session, kind: JournalKind, otherwise: str) -> str:
    """The code of the company's first active journal of a kind.

    Arguments:
        otherwise: what is said where there is none.

    Raises:
        Invalid: there is none.
    """
    code = session.scalar(
        select(Journal.code)
        .where(Journal.company_id == company_of(session).id, Journal.kind == kind, Journal.active)
        .order_by(Journal.code)
        .limit(1)
    )
    if code is None:
        raise Invalid(otherwise)
    return code


def general_journal(session: Session) -> str:
    """The code of the first active general journal.

    Raises:
        Invalid: there is none.
    """
    return active_journal(
        session, JournalKind.GENERAL, _("There is no active general journal; create one.")
    )


def _check_form(session: Session, command: CreateJournal, current: Journal | None) -> None:
    problems: list[Problem] = []
    if not re.fullmatch(CODE_PATTERN, command.code):
        problems.append(
            Problem(
                _(
                    "“%(code)s” can't be a journal's code: use 1 to 10 capital letters and digits.",
                    code=command.code,
                ),
                "code",
            )
        )
    if not command.name.strip():
        problems.append(Problem(_("Give the journal a name."), "name"))
    if current is None or current.code != command.code:
        taken = select(Journal.id).where(
            Journal.code == command.code, Journal.company_id == company_of(session).id
        )
        if session.scalar(taken) is not None:
            problems.append(
                Problem(_("There is a journal “%(code)s” already.", code=command.code), "code")
            )
        if current is not None and _has_numbers(session, current):
            problems.append(
                Problem(
                    _(
                        "“%(code)s” is part of the numbers of posted entries and can't change.",
                        code=current.code,
                    ),
                    "code",
                )
            )
    if problems:
        raise Invalid(_("The journal can't be saved."), problems=tuple(problems))


def _has_numbers(session: Session, journal: Journal) -> bool:
    found = select(SequenceHead.last_number).where(SequenceHead.journal_id == journal.id).limit(1)
    return session.scalar(found) is not None
