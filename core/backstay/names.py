"""Names that somebody mistyped: which one was probably meant, and which there are."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST: Final = 40
_LONGEST: Final = 60
"""Nobody mistypes a name of a hundred characters, and comparing takes the square of the length."""


def names_instead(name: str, known: Iterable[str]) -> str:
    """What to say after “there is no …”: the nearest name, if it looks mistyped, and all of them.

    Arguments:
        name: what was given.
        known: the names that would have been taken, in the order in which they are listed.
    """
    names = list(known)
    if not names:
        return _("It takes none.")
    said = _("There are: %(names)s.", names=", ".join(names[:_MOST] + ["…"] * (len(names) > _MOST)))
    by_folded = {one.casefold(): one for one in names}
    near = get_close_matches(name.casefold()[:_LONGEST], by_folded, n=1, cutoff=0.7)
    if near:
        return f"{_('Did you mean “%(name)s”?', name=by_folded[near[0]])} {said}"
    return said
