"""Which list is meant: its own URL parameters, a saved view, or the view that it opens with.

``view=ID`` shows a view; what else stands in the address comes on top of it. Links inside a list
say everything and ``base=ID``, so that the page knows which view was changed; ``base=all`` keeps
the default view away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from backstay.errors import BackstayError, NotFound
from backstay.i18n import gettext as _
from backstay.lists.filters import ListState, given_once, read_state
from backstay.lists.saved_views import no_such_view, opening_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from backstay.lists.saved_views import SavedView
    from backstay.resources.declare import Resource
    from backstay.resources.serialize import Reader

ALL: Final = "all"
_ABOUT_THE_PAGE: Final = frozenset({"after", "before", "view", "base"})


@dataclass(frozen=True, slots=True)
class Opened:
    """A list as it was asked for.

    Arguments:
        base: the address of the list.
        view: the saved view that it started from.
        problem: why a view can't be shown; the plain list is shown then.
    """

    base: str
    state: ListState
    views: tuple[SavedView, ...] = ()
    view: SavedView | None = None
    problem: str = ""

    @property
    def started_from(self) -> dict[str, str]:
        """The parameter that says which view the list started from."""
        if self.view is not None:
            return {"base": str(self.view.id)}
        return {"base": ALL} if opening_view(self.views) is not None else {}

    @property
    def changed(self) -> bool:
        """Whether the list shows something else than its view says."""
        return self.view is not None and self.view.query != self.state.query()

    def href(self, values: Mapping[str, str]) -> str:
        """The address of the same list with other parameters."""
        asked = {**values, **self.started_from}
        return f"{self.base}?{urlencode(asked)}" if asked else self.base


def open_list(
    resource: Resource,
    views: tuple[SavedView, ...],
    arguments: Mapping[str, str],
    reader: Reader,
    base: str,
    *,
    by_itself: bool = True,
) -> Opened:
    """Read what the URL asks for.

    Arguments:
        by_itself: without any parameter the default view is meant (not so for files).

    Raises:
        Invalid, Malformed: as :func:`read_state`.
        NotFound: there is no such view, or it is another person's own.
    """
    given = given_once(resource, arguments)
    named = given.get("view", "")
    if named and named != ALL:
        return _with_view(resource, views, _named(views, named), given, reader, base)
    if by_itself and not given and (default := opening_view(views)) is not None:
        return _with_view(resource, views, default, given, reader, base)
    started = given.get("base", "")
    view = _named(views, started) if started and started != ALL else None
    return Opened(base, read_state(resource, given, reader), views, view)


def _named(views: tuple[SavedView, ...], text: str) -> SavedView:
    found = next((one for one in views if str(one.id) == text), None)
    if found is None:
        raise NotFound(no_such_view())
    return found


def _with_view(
    resource: Resource,
    views: tuple[SavedView, ...],
    view: SavedView,
    given: Mapping[str, str],
    reader: Reader,
    base: str,
) -> Opened:
    own = {name: value for name, value in given.items() if name not in _ABOUT_THE_PAGE}
    try:
        read_state(resource, view.query, reader)
    except BackstayError as error:
        # A filter or column that is gone, or that this reader may not use.
        problem = _("The view “%(name)s” can't be shown: %(why)s", name=view.name, why=str(error))
        return Opened(base, read_state(resource, own, reader), views, None, problem)
    return Opened(base, read_state(resource, {**view.query, **own}, reader), views, view)
