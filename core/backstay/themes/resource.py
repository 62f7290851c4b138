"""The pages of uploaded tokens: list, record with contrasts and a way to the preview, forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from backstay.access.core_permissions import THEME_EDIT
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.resources.declare import (
    Action,
    Choice,
    Column,
    Empty,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
)
from backstay.themes.models import ThemeTokens, TokensState
from backstay.themes.services import (
    ApplyTokens,
    DeleteTokens,
    RevertTokens,
    UploadTokens,
    apply_tokens,
    contrasts_of,
    delete_tokens,
    revert_tokens,
    upload_tokens,
)
from backstay.web.page import Button, Cell, Head, Row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_MOST: Final = 12
_STATES: Final = (
    Choice(TokensState.UPLOADED.value, _("Uploaded")),
    Choice(TokensState.APPLIED.value, _("In force"), "ok"),
)


def _contrasts(session: Session, row: ThemeTokens) -> dict[str, Any]:
    """The pairs that come nearest to what is needed, the worst first."""
    rows = tuple(
        Row(
            (
                Cell(gettext("Light") if one.mode == "light" else gettext("Dark")),
                Cell(gettext("%(over)s on %(under)s", over=one.over, under=one.under)),
                Cell(f"{one.ratio:.2f}:1", "number"),
                Cell(f"{one.needed:g}:1", "number"),
                Cell(
                    gettext("enough") if one.suffices else gettext("too little"),
                    "state",
                    tone="ok" if one.suffices else "bad",
                ),
            )
        )
        for one in contrasts_of(session, row)[:_MOST]
    )
    heads = (
        Head("mode", gettext("Mode")),
        Head("pair", gettext("Colours")),
        Head("ratio", gettext("Contrast"), "end"),
        Head("needed", gettext("Needed"), "end"),
        Head("result", gettext("Result")),
    )
    return {"heads": heads, "rows": rows}


def _changes(_session: Session, row: ThemeTokens) -> dict[str, Any]:
    """Every token that the file changes, and the way to the preview."""
    rows = tuple(
        Row((Cell(part), Cell(name, "code"), Cell(str(value), "code")))
        for part in ("light", "dark", "sizes", "fonts")
        for name, value in row.content.get(part, {}).items()
    )
    heads = (
        Head("part", gettext("Part")),
        Head("token", gettext("Token")),
        Head("value", gettext("Value")),
    )
    preview = Button(gettext("Preview"), url_for("themes.preview", tokens_id=row.id), "eye")
    return {"heads": heads, "rows": rows, "preview": preview}


TOKENS: Final = Resource(
    name="core.theme_tokens",
    path="theme-tokens",
    model=ThemeTokens,
    view=THEME_EDIT,
    label=_("Theme tokens"),
    label_many=_("Theme tokens"),
    icon="adjustments-horizontal",
    help=_("Colours, sizes and fonts of your own, over those of the theme."),
    columns=(
        Column("name", _("Name"), ThemeTokens.name, link=True),
        Column("state", _("State"), ThemeTokens.state, Kind.STATE, choices=_STATES),
        Column("uploaded_by", _("Uploaded by"), ThemeTokens.uploaded_by),
        Column("uploaded_at", _("Uploaded"), ThemeTokens.uploaded_at, Kind.INSTANT),
    ),
    title=lambda row: str(row.name),
    state="state",
    sections=(Section(_("Tokens"), ("name", "uploaded_by", "uploaded_at")),),
    create=Operation(
        upload_tokens,
        UploadTokens,
        THEME_EDIT,
        _("Upload tokens"),
        help=_("Nothing changes before you apply them. Too little contrast is refused."),
        done=_("The tokens can be applied. Look at the preview first."),
        in_api=False,
    ),
    actions=(
        Action(
            "apply",
            Operation(
                apply_tokens,
                ApplyTokens,
                THEME_EDIT,
                _("Apply"),
                done=_("The tokens are in force."),
            ),
            icon="check",
            primary=True,
            past=_("applied this"),
            confirm=_("Everybody sees it on their next page. It can be reverted at any time."),
            states=(TokensState.UPLOADED.value,),
            leads_to=TokensState.APPLIED.value,
        ),
        Action(
            "revert",
            Operation(
                revert_tokens,
                RevertTokens,
                THEME_EDIT,
                _("Revert"),
                done=_("The theme is shown as it was made."),
            ),
            icon="arrow-back-up",
            past=_("reverted this"),
            states=(TokensState.APPLIED.value,),
            leads_to=TokensState.UPLOADED.value,
        ),
        Action(
            "delete",
            Operation(delete_tokens, DeleteTokens, THEME_EDIT, _("Delete"), done=_("Deleted.")),
            icon="trash",
            danger=True,
            confirm=_("The uploaded tokens are forgotten."),
            states=(TokensState.UPLOADED.value,),
        ),
    ),
    panels=(
        Panel(_("What changes"), "admin/theme_changes.html", _changes, flush=True),
        Panel(
            _("Contrast, the weakest first"), "admin/theme_contrasts.html", _contrasts, flush=True
        ),
    ),
    empty=Empty(
        _("No tokens yet"),
        _("Upload a file with your own colours; the theme stays as it is until you apply it."),
        "adjustments-horizontal",
    ),
)
