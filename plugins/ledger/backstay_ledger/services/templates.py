"""Templates for entries that come again and again: saved from the editor, renamed, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from backstay.spi import (
    BoolField,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TextField,
    authorize,
    check_version,
    company_of,
    context_of,
    lazy,
    now,
)
from backstay.spi import gettext as _
from backstay_ledger.models import EntryTemplate
from backstay_ledger.permissions import ENTRY_DRAFT, JOURNAL_EDIT
from backstay_ledger.services.posting import writable_company

_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveTemplate:
    """An entry to begin others with.

    Arguments:
        content: journal, reference, memo and lines; amounts as plain decimals, or empty.
    """

    name: str
    content: dict[str, Any]
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTemplate:
    """A template that gets another name, or is shared from now on."""

    id: int
    version: int | None = None
    name: Annotated[str, TextField(label=lazy("Name"), min_length=1, max_length=100)]
    shared: Annotated[
        bool,
        BoolField(
            label=lazy("Shared"),
            help=lazy("Everybody who writes entries in this company can use it."),
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTemplate:
    """A template that is not needed any more."""

    id: int
    version: int | None = None


def save_template(session: Session, command: SaveTemplate) -> EntryTemplate:
    """Keep a template; one of one's own with the same name is refused, not replaced.

    Raises:
        Invalid: the name is missing, too long or taken, or there are no lines.
    """
    authorize(session, ENTRY_DRAFT)
    company = writable_company(session)
    actor = context_of(session).actor
    if actor.user_id is None:
        raise Conflict(_("Templates belong to a person who is signed in."))
    if not command.content.get("lines"):
        raise Invalid(_("A template needs at least one line with an account."), field="lines")
    _check_name(session, command.name, actor.user_id)
    template = EntryTemplate(
        company_id=company.id,
        owner_id=actor.user_id,
        name=command.name.strip(),
        shared=command.shared,
        content=command.content,
        created_by=actor.label,
        created_at=now(),
    )
    session.add(template)
    session.flush()
    return template


def edit_template(session: Session, command: EditTemplate) -> EntryTemplate:
    """Rename or share a template (:func:`not_theirs` says who may).

    Raises:
        Invalid: the name is missing or taken.
        Forbidden: it is somebody else's.
        Stale: it was changed in the meantime.
    """
    template = _to_change(session, command.id)
    check_version(template, command.version)
    _check_name(session, command.name, template.owner_id, template.id)
    template.name = command.name.strip()
    template.shared = command.shared
    session.flush()
    return template


def delete_template(session: Session, command: DeleteTemplate) -> None:
    """Delete a template (:func:`not_theirs` says who may).

    Raises:
        Forbidden: it is somebody else's.
        Stale: it was changed in the meantime.
    """
    template = _to_change(session, command.id)
    check_version(template, command.version)
    session.delete(template)
    session.flush()


def load_template(session: Session, template_id: int) -> EntryTemplate:
    """A template that whoever asks may use.

    Raises:
        NotFound: there is none, or it is somebody else's own.
    """
    authorize(session, ENTRY_DRAFT)
    found = session.scalars(
        select(EntryTemplate).where(
            EntryTemplate.id == template_id,
            EntryTemplate.company_id == company_of(session).id,
            *visible(session),
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such template for you in this company."))
    return found


def visible(session: Session) -> Sequence[ColumnElement[bool]]:
    """Conditions on the templates that whoever asks sees: shared ones and their own."""
    owner = context_of(session).actor.user_id
    return (or_(EntryTemplate.shared.is_(True), EntryTemplate.owner_id == owner),)


def not_theirs(session: Session, template: EntryTemplate) -> str | None:
    """Why whoever asks may not change a template they see, or None.

    Its owner may; and, while it is shared, whoever changes journals: owners leave.
    """
    context = context_of(session)
    if template.owner_id == context.actor.user_id:
        return None
    if template.shared and context.may(JOURNAL_EDIT):
        return None
    return _(
        "This template is %(who)s's; they change it, or who may change journals.",
        who=template.created_by,
    )


def _to_change(session: Session, template_id: int) -> EntryTemplate:
    template = load_template(session, template_id)
    writable_company(session)
    if problem := not_theirs(session, template):
        raise Forbidden(problem)
    return template


def _check_name(session: Session, name: str, owner: int, own: int | None = None) -> None:
    if not name.strip() or "\0" in name:
        raise Invalid(_("Give the template a name."), field="name")
    if len(name.strip()) > _LONGEST:
        raise Invalid(_("The name is too long: 100 characters at most."), field="name")
    taken = session.scalar(
        select(EntryTemplate.id).where(
            EntryTemplate.company_id == company_of(session).id,
            EntryTemplate.owner_id == owner,
            EntryTemplate.name == name.strip(),
        )
    )
    if taken is not None and taken != own:
        raise Invalid(_("There is a template “%(name)s” already.", name=name.strip()), field="name")
