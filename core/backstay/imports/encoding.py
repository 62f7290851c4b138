"""What the bytes of an uploaded file are: text in one of two encodings, or not text at all."""

from __future__ import annotations

from typing import Final

from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.i18n import lazy

_SIGNATURES: Final = (
    (b"PK\x03\x04", lazy("a spreadsheet or a ZIP archive")),
    (b"\xd0\xcf\x11\xe0", lazy("a spreadsheet of the old Excel format")),
    (b"%PDF", lazy("a PDF document")),
    (b"\x1f\x8b", lazy("a compressed file")),
    (b"\xff\xfe", lazy("a UTF-16 text")),
    (b"\xfe\xff", lazy("a UTF-16 text")),
)
_BOM: Final = b"\xef\xbb\xbf"


def decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a file, and what had to be assumed to read it.

    Raises:
        Invalid: the file is empty or is no text.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise Invalid(_("The file is empty."), row=1)
    for signature, what in _SIGNATURES:
        if content.startswith(signature):
            raise Invalid(
                _(
                    "This is %(what)s, not a CSV file. Save it as CSV (comma separated, UTF-8) and"
                    " import that.",
                    what=what,
                ),
                row=1,
            )
    if b"\x00" in content:
        row = content.count(b"\n", 0, content.index(b"\x00")) + 1
        raise Invalid(
            _("The file contains a NUL character, so it is not a text file. Save it as CSV."),
            row=row,
        )
    return _text(content.removeprefix(_BOM))


def _text(content: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            row = content.count(b"\n") + 1
            raise Invalid(
                _("The file ends in the middle of row %(row)s: it was cut off.", row=row), row=row
            ) from error
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Invalid(
            _("The text is neither UTF-8 nor Windows-1252. Save the file as CSV in UTF-8."),
            row=content.count(b"\n", 0, error.start) + 1,
        ) from error
    return text, (
        _(
            "The file is not in UTF-8; it was read as Windows-1252. Check accents and special"
            " characters below."
        ),
    )
