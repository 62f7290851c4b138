"""What a file is, told by its content: its name is what somebody wished it were."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from backstay.files.archives import member_names, open_document_type
from backstay.i18n import lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.i18n import Text

_LOOKED_AT: Final = 64 * 1024
_ACTIVE: Final = re.compile(
    rb"<\s*(?:!doctype\s+html|html|head|body|script|svg|iframe|object|embed)\b|<\?php|<%",
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SVG_OR_HTML: Final = re.compile(rb"<(?:[\w.-]+:)?(?:svg|html)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that Backstay knows by its content.

    Arguments:
        media_type: what it is served as.
        endings: of names, the usual one first.
        family: ``document``, ``picture``, ``table`` or ``text``, for the icon.
        preview: its pages can be shown as pictures.
    """

    media_type: str
    label: Text
    endings: tuple[str, ...]
    family: str
    preview: bool = False


PDF: Final = FileKind("application/pdf", _("PDF"), (".pdf",), "document", preview=True)
PNG: Final = FileKind("image/png", "PNG", (".png",), "picture", preview=True)
JPEG: Final = FileKind("image/jpeg", "JPEG", (".jpg", ".jpeg"), "picture", preview=True)
GIF: Final = FileKind("image/gif", "GIF", (".gif",), "picture", preview=True)
WEBP: Final = FileKind("image/webp", "WebP", (".webp",), "picture", preview=True)
TIFF: Final = FileKind("image/tiff", "TIFF", (".tif", ".tiff"), "picture", preview=True)
XLSX: Final = FileKind(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    _("Excel (XLSX)"),
    (".xlsx",),
    "table",
)
DOCX: Final = FileKind(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    _("Word (DOCX)"),
    (".docx",),
    "document",
)
ODS: Final = FileKind(
    "application/vnd.oasis.opendocument.spreadsheet", _("OpenDocument (ODS)"), (".ods",), "table"
)
ODT: Final = FileKind(
    "application/vnd.oasis.opendocument.text", _("OpenDocument (ODT)"), (".odt",), "document"
)
XML: Final = FileKind("application/xml", "XML", (".xml",), "text")
TEXT: Final = FileKind("text/plain", _("text and CSV"), (".txt", ".csv", ".tsv", ".md"), "text")

KINDS: Final = (PDF, PNG, JPEG, GIF, WEBP, TIFF, XLSX, DOCX, ODS, ODT, XML, TEXT)
"""All that can be told apart; what is none of them is unknown."""
UNKNOWN: Final = "application/octet-stream"

_BY_TYPE: Final = {kind.media_type: kind for kind in KINDS}
_ZIP: Final = b"PK\x03\x04"
_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
)
_IN_ARCHIVES: Final = (("xl/workbook.xml", XLSX), ("word/document.xml", DOCX))


def kind_named(media_type: str) -> FileKind | None:
    """The kind of a stored media type, or None for unknown content."""
    return _BY_TYPE.get(media_type)


def kind_of(file: BinaryIO) -> FileKind | None:
    """Tell what a file is by its content; None when it is nothing known or could run.

    Programs, web pages, scripts, SVG pictures, documents with macros, encrypted documents and plain
    archives are all None.

    Arguments:
        file: open for reading, at any place; it is left at its beginning.
    """
    file.seek(0)
    head = file.read(_LOOKED_AT)
    found = _kind_of(head, file)
    file.seek(0)
    return found


def _kind_of(head: bytes, file: BinaryIO) -> FileKind | None:
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if b"%PDF-" in head[:1024]:
        return None if _ACTIVE.search(head[: head.index(b"%PDF-")]) else PDF
    if head.startswith(_ZIP):
        return _in_archive(file)
    return _written(head)


def _in_archive(file: BinaryIO) -> FileKind | None:
    names = member_names(file)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    if "mimetype" in names:
        kind = _BY_TYPE.get(open_document_type(file))
        return kind if kind in {ODS, ODT} and not _has_scripts(names) else None
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for name, kind in _IN_ARCHIVES if name in names), None)


def _has_scripts(names: Sequence[str]) -> bool:
    return any(name.startswith(("Basic/", "Scripts/")) for name in names)


def _written(head: bytes) -> FileKind | None:
    """Text in UTF-8, UTF-16 with a mark, or a one-byte encoding, that no browser would run."""
    if not head or head.startswith(b"#!"):
        return None
    text = _decoded(head)
    if text is None or _CONTROL.search(text):
        return None
    plain = text.encode()
    beginning = plain.lstrip(b"\xef\xbb\xbf \t\r\n")
    if beginning.startswith(b"<?xml"):
        refused = _SVG_OR_HTML.search(plain) or b"<!DOCTYPE" in plain or b"<!ENTITY" in plain
        return None if refused else XML
    return None if _ACTIVE.search(plain[:4096]) else TEXT


def _decoded(head: bytes) -> str | None:
    encodings = ("utf-16",) if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8", "cp1252")
    for encoding in encodings:
        try:
            # A character may be cut in two at the end of what was looked at.
            return codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
    return None
