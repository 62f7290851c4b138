"""Which form a file has, by its content, and reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay.spi import Invalid
from backstay.spi import gettext as _
from backstay_auditfiles.formats.fec_reader import read_fec
from backstay_auditfiles.formats.saft_reader import read_saft

if TYPE_CHECKING:
    from backstay.contracts.audit_files import AuditFileTarget
    from backstay_auditfiles.formats.reading import FileRead

_HEAD: Final = 4096
_MARK: Final = b"\xef\xbb\xbf"


def read_file(file: AuditFileTarget) -> FileRead:
    """Read an audit file, of whatever origin.

    Raises:
        Invalid: it is none.
    """
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if b"JournalCode" in head.partition(b"\n")[0]:
        return read_fec(file)
    if head.removeprefix(_MARK).lstrip().startswith(b"<"):
        return read_saft(file)
    raise Invalid(_("This is no audit file: neither FEC nor SAF-T."), field="file")
