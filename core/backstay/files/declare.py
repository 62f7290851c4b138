"""What a resource says when its records take attachments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backstay.files.kinds import KINDS, FileKind
from backstay.files.services import MAX_BYTES
from backstay.i18n import lazy as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.i18n import Text


@dataclass(frozen=True, slots=True)
class Attachments:
    """Records of the resource take files; its pages lie inside a company.

    Whoever may see a record sees its attachments.

    Arguments:
        attach: the permission to add files.
        remove: the permission to take one away; left out, as ``attach``.
        keeps: why the files of this record may not be taken away now, or None (a posted entry
            keeps its vouchers). Asked again under the lock of the record.
        kinds: what is taken, by content.
        most_bytes: of one file; ``most_files`` of one record.
    """

    attach: Permission
    remove: Permission | None = None
    label: Text = field(default_factory=lambda: _("Attachments"))
    help: Text = ""
    keeps: Callable[[Session, Any], str | None] | None = None
    kinds: tuple[FileKind, ...] = KINDS
    most_bytes: int = MAX_BYTES
    most_files: int = 50

    @property
    def removal(self) -> Permission:
        """The permission to take a file away."""
        return self.remove or self.attach
