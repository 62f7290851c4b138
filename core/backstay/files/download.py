"""Sending a stored file to a browser, which saves it and never shows it as a page of ours."""

from __future__ import annotations

from typing import BinaryIO

from flask import Response, send_file

from backstay.files.kinds import kind_named
from backstay.files.names import saved_name


def sent(content: BinaryIO, name: str, media_type: str) -> Response:
    """The response that saves a file: as an attachment, never sniffed, in a sandbox.

    ``web.security`` adds the headers of every response and the sandbox of every attachment.

    Arguments:
        content: open for reading, already compared with its hash; closed at the end.
        name: as it is shown; it gets the ending of its content.
    """
    response = send_file(
        content,
        mimetype=media_type,
        as_attachment=True,
        download_name=saved_name(name, kind_named(media_type)),
        etag=False,
        conditional=False,
    )
    # Flask lets a browser keep it; what somebody may see today they may not see tomorrow.
    del response.headers["Cache-Control"]
    return response
