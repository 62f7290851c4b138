"""What plugins put into the sidebar and the command palette."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.orm import Session

    from backstay.access.permissions import Permission
    from backstay.i18n import Text
    from backstay.kernel.suite import Suite


class Area(enum.Enum):
    """The work areas of the sidebar, in this order; an empty one is not shown."""

    HOME = "home"
    PEOPLE = "people"
    MONEY = "money"
    SUPPLY = "supply"
    SERVICE = "service"
    COMPLIANCE = "compliance"
    INSIGHT = "insight"
    ADMINISTRATION = "administration"


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the sidebar and the palette.

    Arguments:
        endpoint: Flask's endpoint; a page of a company gets the current company's code.
        order: position in its area.
        in_palette_only: found by the palette, not shown in the sidebar (“New journal entry”).
        keywords: further words by which the palette finds it.
        first_step: what the home page's list of first steps calls it (“Import your journal”).
        first_step_help: one sentence under it.
        step_done: whether that was done, asked with the reader's own session.
        any_of: it is shown to those only who also hold one of these, which depend on what the
            running plugins declare (the page of imports: the permissions of their kinds).
    """

    area: Area
    label: Text
    endpoint: str
    icon: str
    permission: Permission
    order: int = 100
    in_palette_only: bool = False
    keywords: Text = ""
    first_step: Text = ""
    first_step_help: Text = ""
    step_done: Callable[[Session], bool] | None = None
    any_of: Callable[[Suite], Iterable[Permission]] | None = None
