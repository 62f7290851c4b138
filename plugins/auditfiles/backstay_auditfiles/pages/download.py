"""Downloading an audit file, which the audit trail notes."""

from __future__ import annotations

from typing import Final

from flask import Response, send_file

from backstay.spi import Event, PluginBlueprint, audit_now, open_file, requires, session
from backstay_auditfiles.formats.making import FORMATS
from backstay_auditfiles.permissions import FILE_TAKE
from backstay_auditfiles.services.files import finished_file

blueprint: Final = PluginBlueprint("auditfiles", __name__)
_MEDIA_TYPES: Final = {one.name: one.media_type for one in FORMATS}


@blueprint.get("/files/<int:id>/content", endpoint="content")
@requires(FILE_TAKE)
def take(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """The file itself, to be saved."""
    row = finished_file(session(), id)
    content = open_file(session(), row.sha256 or "")
    audit_now(
        Event(
            action="download",
            entity="auditfiles_file",
            entity_id=str(row.id),
            label=row.name,
            plugin="auditfiles",
            company_id=row.company_id,
            after={"sha256": row.sha256},
        )
    )
    response = send_file(
        content,
        mimetype=_MEDIA_TYPES[row.form],
        as_attachment=True,
        download_name=row.name,
        etag=False,
        conditional=False,
    )
    # What somebody may see today they may not see tomorrow.
    del response.headers["Cache-Control"]
    return response
