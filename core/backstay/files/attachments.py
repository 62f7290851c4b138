"""Attaching files to records and taking them away, each noted in the record's own history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, select

from backstay.audit.capture import Event, record_event
from backstay.clock import now
from backstay.db.context import authorize, company_of
from backstay.errors import ConfigurationError, Conflict, Invalid, NotFound
from backstay.files.models import Attachment
from backstay.files.names import shown_name
from backstay.files.previews import ask_for_preview
from backstay.files.services import Allowed, keep_file, let_go
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from backstay.files.declare import Attachments
    from backstay.resources.declare import Resource

ATTACH: Final = "attach_file"
DETACH: Final = "remove_file"


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that somebody wants to attach: its own name, and its content to be read."""

    name: str
    content: IO[bytes] | bytes


def attach_files(
    session: Session, resource: Resource, record: Any, files: Sequence[Offered]
) -> list[Attachment]:
    """Attach files to a record, all or none; what is attached already stays as it is.

    Raises:
        Forbidden: the person lacks the permission to attach.
        Invalid: a file is empty, too large or of a kind that is not taken, or they are too many.
    """
    declared = _declared(resource)
    context = authorize(session, declared.attach)
    if not files:
        raise Invalid(_("Choose a file first."), field="file")
    company = company_of(session)
    allowed = Allowed(kinds=declared.kinds, most_bytes=declared.most_bytes)
    with session.begin_nested():
        added = []
        for one in files:
            name = shown_name(one.name)
            stored = keep_file(session, one.content, allowed, name=name)
            # Keeping it locked the content's row: a second click waits, and finds the first here.
            if _same(session, resource, record, stored.sha256) is not None:
                continue
            row = Attachment(
                company_id=company.id,
                resource=resource.name,
                record_id=record.id,
                sha256=stored.sha256,
                name=name,
                size=stored.size,
                media_type=stored.media_type,
                created_by=context.actor.label,
                created_at=now(),
            )
            session.add(row)
            session.flush()
            ask_for_preview(session, stored)
            _note(session, record, ATTACH, row)
            added.append(row)
        if count_of(session, resource, record.id) > declared.most_files:
            raise Invalid(
                _("A record takes at most %(most)s files.", most=declared.most_files), field="file"
            )
    return added


def detach_file(session: Session, resource: Resource, record: Any, attachment_id: int) -> str:
    """Take a file away from a record; its content stays while anything else needs it.

    Returns:
        the file's name.

    Raises:
        Forbidden: the person lacks the permission to remove.
        Conflict: the record keeps its files (a posted entry keeps its vouchers).
        NotFound: the record has no such attachment.
    """
    declared = _declared(resource)
    authorize(session, declared.removal)
    session.refresh(record, with_for_update=True)
    row = attachment_of(session, resource, record.id, attachment_id)
    if (why := kept_because(session, resource, record)) is not None:
        raise Conflict(why)
    _note(session, record, DETACH, row)
    session.delete(row)
    let_go(session, row.sha256)
    session.flush()
    return row.name


def forget_attachments(session: Session, resource_name: str, record_id: int) -> None:
    """Let go of all files of a record that is deleted; called by the service that deletes it."""
    company = company_of(session)
    gone = session.scalars(
        delete(Attachment)
        .where(
            Attachment.company_id == company.id,
            Attachment.resource == resource_name,
            Attachment.record_id == record_id,
        )
        .returning(Attachment.sha256),
        execution_options={"synchronize_session": False, "audited": True},
    ).all()
    for sha256 in sorted(set(gone)):
        let_go(session, sha256)


def move_attachments(
    session: Session, resource_name: str, record_id: int, to_resource: str, to_record: Any
) -> int:
    """Give all files of one record to another one, whose history says that they were attached.

    For what is filed before the record exists that it belongs to; called by the service that makes
    the record. Files that the other record has already are let go.

    Returns:
        how many came to the other record.
    """
    company = company_of(session)
    of_both = select(Attachment).where(Attachment.company_id == company.id)
    there = set(
        session.scalars(
            of_both.with_only_columns(Attachment.sha256).where(
                Attachment.resource == to_resource, Attachment.record_id == to_record.id
            )
        )
    )
    moved = 0
    rows = session.scalars(
        of_both.where(
            Attachment.resource == resource_name, Attachment.record_id == record_id
        ).order_by(Attachment.id)
    ).all()
    for row in rows:
        if row.sha256 in there:
            session.delete(row)
            let_go(session, row.sha256)
            continue
        row.resource = to_resource
        row.record_id = to_record.id
        _note(session, to_record, ATTACH, row)
        moved += 1
    session.flush()
    return moved


def kept_because(session: Session, resource: Resource, record: Any) -> str | None:
    """Why the files of a record may not be taken away now, or None."""
    keeps = _declared(resource).keeps
    return keeps(session, record) if keeps is not None else None


def attachments_of(session: Session, resource: Resource, record_id: int) -> list[Attachment]:
    """The files of a record, oldest first."""
    return list(session.scalars(_of(session, resource, record_id).order_by(Attachment.id)))


def count_of(session: Session, resource: Resource, record_id: int) -> int:
    """How many files a record has."""
    counted = select(func.count()).select_from(
        _of(session, resource, record_id).with_only_columns(Attachment.id).subquery()
    )
    return session.scalar(counted.execution_options(scope_checked=True)) or 0


def attachment_of(
    session: Session, resource: Resource, record_id: int, attachment_id: int
) -> Attachment:
    """One file of a record.

    Raises:
        NotFound: the record has no such attachment.
    """
    row = session.scalars(
        _of(session, resource, record_id).where(Attachment.id == attachment_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such file here. It may have been removed."))
    return row


def _of(session: Session, resource: Resource, record_id: int) -> Select[Attachment]:
    return select(Attachment).where(
        Attachment.company_id == company_of(session).id,
        Attachment.resource == resource.name,
        Attachment.record_id == record_id,
    )


def _same(session: Session, resource: Resource, record: Any, sha256: str) -> Attachment | None:
    found: Attachment | None = session.scalars(
        _of(session, resource, record.id).where(Attachment.sha256 == sha256)
    ).one_or_none()
    return found


def _declared(resource: Resource) -> Attachments:
    if resource.attachments is None:
        message = f"{resource.name} does not declare that its records take attachments"
        raise ConfigurationError(message)
    return resource.attachments


def _note(session: Session, record: Any, action: str, row: Attachment) -> None:
    values = {"file": row.name, "sha256": row.sha256, "size": row.size, "kind": row.media_type}
    record_event(
        session,
        Event(
            action=action,
            entity=record.__tablename__,
            entity_id=str(record.id),
            label=record.audit_label(),
            plugin=row.resource.partition(".")[0],
            company_id=row.company_id,
            before=values if action == DETACH else None,
            after=values if action == ATTACH else None,
        ),
    )
