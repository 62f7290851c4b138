"""Fetching the files that the program made for one person."""

from __future__ import annotations

from flask import Response

from backstay.access.permissions import SIGNED_IN
from backstay.audit.capture import Event
from backstay.files.download import sent
from backstay.files.models import PrivateFile
from backstay.files.services import open_file, private_file
from backstay.web.blueprint import PluginBlueprint, requires
from backstay.web.request import audit_now, session

blueprint = PluginBlueprint("core", __name__, in_company=False, name="core_files")


@blueprint.get("/files/<int:id>")
@requires(SIGNED_IN)
def private(id: int) -> Response:  # noqa: A002 - the name of the URL's part
    """A file of one's own; everybody else is told that there is none."""
    return hand_over(id)


def hand_over(file_id: int) -> Response:
    """The response that saves a private file of the person who asks; noted in the audit trail.

    Raises:
        NotFound: as :func:`private_file`.
    """
    row = private_file(session(), file_id)
    content = open_file(session(), row.sha256)
    audit_now(
        Event(
            "download", PrivateFile.__tablename__, str(row.id), row.name, company_id=row.company_id
        )
    )
    return sent(content, row.name, row.media_type)
