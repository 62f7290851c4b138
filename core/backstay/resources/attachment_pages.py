"""The files of a record as its page shows them, and the routes below the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from flask import Response, jsonify, request, send_file, url_for

from backstay.clock import now
from backstay.errors import ConfigurationError, Invalid, NotFound
from backstay.files.attachments import (
    Offered,
    attach_files,
    attachment_of,
    attachments_of,
    detach_file,
    kept_because,
)
from backstay.files.download import sent
from backstay.files.kinds import kind_named
from backstay.files.models import PreviewState
from backstay.files.previews import PATIENCE, pages_of, picture_of, previews_of
from backstay.files.services import open_file
from backstay.files.store import size_text
from backstay.i18n import gettext as _
from backstay.i18n import ngettext
from backstay.resources.formats import instant_text
from backstay.resources.urls import endpoint_of, resource_url, serves
from backstay.web.page import Button, Crumb, FieldView, Note, PanelView
from backstay.web.page.attachments import (
    AttachmentPage,
    AttachmentsView,
    AttachmentView,
    PictureView,
)
from backstay.web.render import fragment, page, redirect_to
from backstay.web.request import flash_done, session

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from backstay.files.declare import Attachments
    from backstay.files.models import Attachment, Preview
    from backstay.resources.declare import Resource
    from backstay.resources.serialize import Reader

_ICONS = {"table": "layout-rows", "picture": "eye"}


def attachments_panel(
    working: Session,
    resource: Resource,
    record: Any,
    reader: Reader,
    problems: tuple[str, ...] = (),
) -> PanelView:
    """The panel of a record page with its files, their number in the title.

    Arguments:
        record: None for one that is not there yet: nothing but what it would take is said then.
    """
    declared = _declared(resource)
    rows = [] if record is None else attachments_of(working, resource, record.id)
    previews = previews_of(working, [row.sha256 for row in rows])
    kept = kept_because(working, resource, record) if rows else None
    removable = kept is None and reader.context.may(declared.removal)
    items = tuple(
        _item(row, previews.get(row.sha256), resource, reader, removable=removable) for row in rows
    )
    waiting = any(item.waiting for item in items)
    may_attach = record is not None and reader.context.may(declared.attach)
    title = f"{declared.label} ({len(items)})" if items else declared.label
    return PanelView(
        title,
        "resources/attachments.html",
        AttachmentsView(
            items=items,
            attach_href=_href(resource, "attach", record.id) if may_attach else None,
            poll_href=_href(resource, "attachments", record.id) if waiting else None,
            accept=",".join(ending for kind in declared.kinds for ending in kind.endings),
            most_bytes=declared.most_bytes,
            help=declared.help,
            limits=_(
                "%(kinds)s; at most %(size)s each.",
                kinds=", ".join(str(kind.label) for kind in declared.kinds),
                size=size_text(declared.most_bytes),
            ),
            too_large=_(
                "is too large: at most %(size)s are taken here.",
                size=size_text(declared.most_bytes),
            ),
            kept=kept or "",
            problems=problems,
        ),
    )


class Records(Protocol):
    """Where the records are found whose files are shown."""

    @property
    def resource(self) -> Resource:
        """What they are."""

    def record(self, session: Session, record_id: int) -> Any:
        """One of them, if whoever asks may see it."""


class AttachmentViews:
    """The views of the files of one resource's records.

    Scripts of a page that stays open ask for JSON: ``{}``, or ``message`` with what was wrong.
    """

    def __init__(
        self,
        query: Records,
        reader: Callable[[], Reader],
        show_record: Callable[[int, tuple[str, ...]], Response],
    ) -> None:
        """Remember how records are found.

        Arguments:
            reader: who looks at it, for the request.
            show_record: the record's page with problems at its files.
        """
        self.query = query
        self.resource = query.resource
        self._reader = reader
        self._show_record = show_record

    def listed(self, id: int) -> Response:  # noqa: A002 - the name of the URL's part
        """The list alone, for htmx, while previews are being made."""
        record = self.query.record(session(), id)
        shown = attachments_panel(session(), self.resource, record, self._reader())
        return fragment("resources/attachment_list.html", files=shown.context)

    def attach(self, id: int) -> Response:  # noqa: A002
        """Attach what was sent, all or none."""
        record = self.query.record(session(), id)
        files = [
            Offered(one.filename, one.stream)
            for one in request.files.getlist("file")
            if one.filename
        ]
        try:
            added = attach_files(session(), self.resource, record, files)
        except Invalid as refused:
            problems = tuple(str(one.message) for one in refused.problems)
            if _by_script():
                answer = jsonify({"message": " ".join(problems)})
                answer.status_code = refused.status
                return answer
            return self._show_record(id, problems)
        if _by_script():
            return jsonify({})
        if added:
            flash_done(ngettext("%(n)s file attached.", "%(n)s files attached.", len(added)))
        else:
            flash_done(_("That is attached already; nothing was changed."))
        return redirect_to(self._record_href(id))

    def show(self, id: int, attachment: int) -> Response:  # noqa: A002
        """One file with its first pages."""
        record = self.query.record(session(), id)
        row = attachment_of(session(), self.resource, id, attachment)
        reader = self._reader()
        preview = previews_of(session(), [row.sha256]).get(row.sha256)
        href = _href(self.resource, "attachment", id, attachment=row.id)
        waiting = _waits(preview)
        kind = kind_named(row.media_type)
        title = record.audit_label()
        return page(
            "resources/attachment.html",
            page=AttachmentPage(
                title=row.name,
                subtitle=self.resource.label,
                primary=Button(
                    _("Download"),
                    href=_href(self.resource, "attachment_file", id, attachment=row.id),
                    icon="download",
                    kind="primary",
                ),
                actions=(Button(_("Back"), href=self._record_href(id), icon="arrow-left"),),
                facts=(
                    FieldView("kind", _("Kind"), kind.label if kind else row.media_type),
                    FieldView("size", _("Size"), size_text(row.size)),
                    FieldView("by", _("Attached by"), row.created_by),
                    FieldView(
                        "at",
                        _("Attached at"),
                        instant_text(row.created_at, reader.time_zone, reader.locale),
                    ),
                    FieldView("sha256", "SHA-256", row.sha256, kind="code", wide=True),
                ),
                pictures=self._pictures(id, row),
                poll_href=href if waiting else None,
                notes=_about_preview(preview, waiting=waiting),
            ),
            crumbs=[
                Crumb(
                    self.resource.label_many,
                    resource_url(self.resource.name)
                    if serves(f"{self.resource.name}.list")
                    else None,
                ),
                Crumb(title, self._record_href(id)),
                Crumb(row.name, None),
            ],
        )

    def file(self, id: int, attachment: int) -> Response:  # noqa: A002
        """The file itself, to be saved."""
        self.query.record(session(), id)
        row = attachment_of(session(), self.resource, id, attachment)
        return sent(open_file(session(), row.sha256), row.name, row.media_type)

    def picture(self, id: int, attachment: int, number: int) -> Response:  # noqa: A002
        """A picture of a page, which we drew ourselves."""
        self.query.record(session(), id)
        row = attachment_of(session(), self.resource, id, attachment)
        image = picture_of(session(), row.sha256, number)
        if image is None:
            raise NotFound(_("There is no picture of this page."))
        response = send_file(open_file(session(), image), mimetype="image/png", etag=False)
        del response.headers["Cache-Control"]
        return response

    def remove(self, id: int, attachment: int) -> Response:  # noqa: A002
        """Take a file away."""
        record = self.query.record(session(), id)
        name = detach_file(session(), self.resource, record, attachment)
        if _by_script():
            return jsonify({})
        flash_done(_("“%(name)s” was removed.", name=name))
        return redirect_to(self._record_href(id))

    def _pictures(self, record_id: int, row: Attachment) -> tuple[PictureView, ...]:
        return tuple(
            PictureView(
                _href(
                    self.resource,
                    "attachment_picture",
                    record_id,
                    attachment=row.id,
                    number=one.page,
                ),
                one.width,
                one.height,
                _("Page %(n)s of %(name)s", n=one.page, name=row.name),
            )
            for one in pages_of(session(), row.sha256)
        )

    def _record_href(self, record_id: int) -> str:
        return url_for(endpoint_of(self.resource, "record"), id=record_id)


def _item(
    row: Attachment,
    preview: Preview | None,
    resource: Resource,
    reader: Reader,
    *,
    removable: bool,
) -> AttachmentView:
    kind = kind_named(row.media_type)
    drawn = preview is not None and preview.state is PreviewState.READY
    at = {"attachment": row.id}
    return AttachmentView(
        name=row.name,
        href=_href(resource, "attachment", row.record_id, **at),
        file_href=_href(resource, "attachment_file", row.record_id, **at),
        about=_(
            "%(kind)s, %(size)s · %(who)s, %(when)s",
            kind=kind.label if kind else row.media_type,
            size=size_text(row.size),
            who=row.created_by,
            when=instant_text(row.created_at, reader.time_zone, reader.locale),
        ),
        icon=_ICONS.get(kind.family if kind else "", "file-text"),
        small_href=_href(resource, "attachment_picture", row.record_id, number=0, **at)
        if drawn
        else None,
        picture_href=_href(resource, "attachment_picture", row.record_id, number=1, **at)
        if drawn
        else None,
        waiting=_waits(preview),
        remove=_removal(row, resource) if removable else None,
    )


def _removal(row: Attachment, resource: Resource) -> Button:
    return Button(
        _("Remove"),
        href=_href(resource, "remove_attachment", row.record_id, attachment=row.id),
        icon="trash",
        method="post",
        confirm=_("Remove “%(name)s”? The history keeps its name and hash.", name=row.name),
    )


def _by_script() -> bool:
    return request.headers.get("Accept") == "application/json"


def _waits(preview: Preview | None) -> bool:
    if preview is None or preview.state is not PreviewState.WAITING:
        return False
    return now() - preview.asked_at < PATIENCE


def _about_preview(preview: Preview | None, *, waiting: bool) -> tuple[Note, ...]:
    if waiting:
        return (Note(_("The preview is being made.")),)
    if preview is None:
        return (Note(_("Files of this kind have no preview. Save it to look at it.")),)
    if preview.state is not PreviewState.READY:
        return (
            Note(
                _(
                    "No preview could be made: the file is damaged, protected or too large to be"
                    " drawn. It can be saved all the same."
                ),
                "warn",
            ),
        )
    return ()


def _href(resource: Resource, view: str, record_id: int, **values: Any) -> str:
    return url_for(f"{resource.name}.{view}", id=record_id, **values)


def _declared(resource: Resource) -> Attachments:
    if resource.attachments is None:
        message = f"{resource.name} takes no attachments"
        raise ConfigurationError(message)
    return resource.attachments
