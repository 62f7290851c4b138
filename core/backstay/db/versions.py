"""The check that a save is based on what is there: nobody overwrites what they have not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.errors import Stale
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from backstay.db.base import Versioned


def check_version(row: Versioned, version: int | None) -> None:
    """Refuse a change that was prepared on an older version of the row.

    Arguments:
        row: the row that is about to change.
        version: the version that the form was filled from; None where nothing was read before
            (the command line names the change itself).

    Raises:
        Stale: somebody saved in the meantime.
    """
    if version is not None and row.version != version:
        raise Stale(
            _("Somebody else changed this record in the meantime. Nothing of yours was saved.")
        )
