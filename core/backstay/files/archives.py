"""Archives (XLSX, DOCX, ODS, ODT) are looked into before anybody unpacks them.

What a small file claims to unpack to is added up first, then every member is unpacked with a
counter and thrown away: a bomb, a lie about a size and a damaged member are all found here.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO, Final

from backstay.errors import Invalid
from backstay.i18n import gettext as _

_CHUNK: Final = 256 * 1024
_LARGEST_NAME_MEMBER: Final = 200
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    UnicodeDecodeError,
)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """How much an archive may hold.

    Arguments:
        most_bytes: of all members together when unpacked.
        most_members: files in it.
        most_ratio: unpacked size over packed size of all together, looked at from 1 MB on.
    """

    most_bytes: int = 200 * 1024 * 1024
    most_members: int = 5_000
    most_ratio: int = 200


def member_names(file: BinaryIO) -> list[str]:
    """The names in an archive; empty when it can't be read as one."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except _BROKEN:
        return []


def open_document_type(file: BinaryIO) -> str:
    """What an OpenDocument file says it is, or an empty text."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive, archive.open("mimetype") as member:
            return member.read(_LARGEST_NAME_MEMBER).decode("ascii").strip()
    except (*_BROKEN, KeyError):
        return ""


def check_archive(file: BinaryIO, allowed: Unpacked | None = None) -> None:
    """Refuse an archive that unpacks to too much, or that can't be unpacked at all.

    Arguments:
        file: open for reading; it is left at its beginning.

    Raises:
        Invalid: says what is wrong, in words for whoever chose the file.
    """
    allowed = allowed or Unpacked()
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            _check_claims(archive.infolist(), allowed)
            _unpack_all(archive, allowed)
    except _BROKEN as error:
        raise Invalid(
            _("The file is damaged: it can't be unpacked. Save it again in its program."),
            field="file",
        ) from error
    finally:
        file.seek(0)


def _check_claims(members: list[zipfile.ZipInfo], allowed: Unpacked) -> None:
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise Invalid(_("The file is protected by a password. Save it without one."), field="file")
    claimed = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > allowed.most_members or claimed > allowed.most_bytes:
        raise _too_much(allowed)
    if claimed > 1024 * 1024 and claimed > packed * allowed.most_ratio:
        raise _too_much(allowed)


def _unpack_all(archive: zipfile.ZipFile, allowed: Unpacked) -> None:
    total = 0
    for member in archive.infolist():
        with archive.open(member) as content:
            while chunk := content.read(_CHUNK):
                total += len(chunk)
                if total > allowed.most_bytes:
                    raise _too_much(allowed)


def _too_much(allowed: Unpacked) -> Invalid:
    return Invalid(
        _(
            "The file is small but unpacks to far more than it should (at most %(most)s MB in"
            " %(files)s parts, %(ratio)s times its size). It was not kept.",
            most=allowed.most_bytes // 1024 // 1024,
            files=allowed.most_members,
            ratio=allowed.most_ratio,
        ),
        field="file",
    )
