"""Rows of a list drawn by a template that is compiled for this very list.

A general template asks of each cell what kind it is; 50 rows take 8 to 10 ms that way, and about
one when the kinds are decided beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup, escape

from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backstay.web.page import Tone

_SOURCE: Final = "components/flat_rows.source"
_TEMPLATES: Final = Path(__file__).parent.parent / "web" / "templates"


@dataclass(frozen=True, slots=True)
class FlatColumn:
    """What is known of a column before any row is read."""

    label: str
    kind: str
    link: bool


@lru_cache(maxsize=1)
def _writer() -> Template:
    """The template that writes row templates."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    return environment.get_template(_SOURCE)


def compile_rows(
    environment: Environment, columns: tuple[FlatColumn, ...], *, linked: bool, picks: bool = False
) -> Template:
    """The row template of a list.

    Arguments:
        linked: its rows have pages of their own.
        picks: its rows can be selected.
    """
    # A brace in a label must stay text when the written template is compiled in its turn.
    safe = [
        {
            "place": place,
            "label": Markup(str(escape(column.label)).replace("{", "&#123;")),  # noqa: S704
            "kind": column.kind,
            "link": column.link,
        }
        for place, column in enumerate(columns)
    ]
    return environment.from_string(_writer().render(columns=safe, linked=linked, picks=picks))


def draw_rows(
    environment: Environment,
    template: Template,
    rows: Sequence[tuple[Any, ...]],
    tones: Sequence[dict[str, Tone]],
) -> Markup:
    """The rows as HTML: each is its id, its address and the text of each cell.

    ``tones`` are the colours of each column's states, by their text.
    """
    icon: Any = environment.globals["icon"]
    drawn = template.render(
        rows=rows, tones=tones, tick=icon("check", _("Yes")), select=_("Select")
    )
    return Markup(drawn)  # noqa: S704 - the template escaped every value
