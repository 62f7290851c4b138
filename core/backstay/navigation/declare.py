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
    from backstay.web.page import HomePart


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
        section: the heading under which the start page lists it; without one the module's name.
        home: what it puts on the start page of the company (or of the administration): figures,
            first steps. Asked with the reader's own session; a failure leaves only this part out.
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
    section: Text = ""
    home: Callable[[Session], HomePart | None] | None = None
    any_of: Callable[[Suite], Iterable[Permission]] | None = None
