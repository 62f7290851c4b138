"""Choosing a theme, and putting tokens of one's own over it: in force everywhere at once.

Both raise the generation, so every process builds its style sheet anew on its next request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from sqlalchemy import select

from backstay.access.core_permissions import THEME_EDIT
from backstay.clock import now
from backstay.db.context import authorize, context_of
from backstay.errors import Conflict, Invalid, NotFound, Problem
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.kernel.models import Installation
from backstay.kernel.state import INSTALLATION, next_generation
from backstay.resources.fields import FileField, Upload
from backstay.themes.models import ThemeTokens, TokensState
from backstay.themes.packages import Listed, installed_themes, read_theme
from backstay.themes.tokens import (
    LARGEST,
    Contrast,
    Tokens,
    contrasts,
    from_content,
    read_tokens,
    style_sheet,
    to_content,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DEFAULT_THEME: Final = "harbor"
_MOST_NAMED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseTheme:
    """The theme that everybody is to see.

    Arguments:
        name: of its entry point.
    """

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTokens:
    """A token file; nothing changes until it is applied."""

    file: Annotated[
        Upload,
        FileField(
            label=lazy("Token file"),
            help=lazy("TOML or JSON with named colours, sizes and fonts."),
            accept=".toml,.json",
            max_bytes=LARGEST,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyTokens:
    """Tokens that are to be in force."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertTokens:
    """Tokens that are to be in force no longer."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteTokens:
    """Tokens that nobody needs any more."""

    id: int


def list_themes(session: Session) -> tuple[str, list[Listed]]:
    """The name of the theme in force, and all that are installed."""
    authorize(session, THEME_EDIT)
    return _theme_in_force(session), installed_themes()


def choose_theme(session: Session, command: ChooseTheme) -> str:
    """Let everybody see another theme; returns its title.

    Raises:
        NotFound: no such theme is installed.
        ConfigurationError: it can't be read.
        Conflict: it is in force, or with the tokens in force it could not be read by everybody.
    """
    authorize(session, THEME_EDIT)
    if command.name not in {one.name for one in installed_themes()}:
        raise NotFound(_("There is no theme “%(name)s” here.", name=command.name[:60]))
    theme = read_theme(command.name)
    if _theme_in_force(session) == theme.name:
        raise Conflict(_("%(theme)s is in force already.", theme=theme.title))
    applied = applied_tokens(session)
    if applied is not None:
        failing = failures(contrasts(from_content(applied.content), theme.colours))
        if failing:
            raise Conflict(
                _(
                    "With the tokens “%(tokens)s” parts of %(theme)s could not be read by"
                    " everybody: revert the tokens first. %(why)s",
                    tokens=applied.name,
                    theme=theme.title,
                    why=" ".join(in_words(one) for one in failing[:_MOST_NAMED]),
                )
            )
    installation = session.get(Installation, INSTALLATION)
    if installation is None:
        raise NotFound(_("This installation is not set up yet."))
    installation.theme = theme.name
    _tell_every_process(session)
    return theme.title


def upload_tokens(session: Session, command: UploadTokens) -> ThemeTokens:
    """Keep a token file, to look at it and to apply it.

    Raises:
        Invalid: lists all that is wrong with the file, and every pair of colours with too little
            contrast, with its ratio.
    """
    authorize(session, THEME_EDIT)
    return keep_tokens(session, command.file.content)


def keep_tokens(session: Session, content: bytes) -> ThemeTokens:
    """Check and keep the bytes of a token file; the caller has checked the permission.

    Raises:
        Invalid: see :func:`upload_tokens`.
    """
    tokens = read_tokens(content)
    _refuse_low_contrast(session, tokens)
    row = ThemeTokens(
        name=tokens.name,
        content=to_content(tokens),
        uploaded_by=context_of(session).actor.label,
        uploaded_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def apply_tokens(session: Session, command: ApplyTokens) -> ThemeTokens:
    """Put tokens over those of the theme, for everybody; others that are in force go.

    Raises:
        Conflict: they are in force.
        Invalid: with the theme in force now, some contrast is too low.
    """
    authorize(session, THEME_EDIT)
    row = _tokens(session, command.id)
    if row.state is TokensState.APPLIED:
        raise Conflict(_("“%(name)s” is in force already.", name=row.name))
    _refuse_low_contrast(session, from_content(row.content))
    before = applied_tokens(session)
    if before is not None:
        before.state = TokensState.UPLOADED
        session.flush()
    row.state = TokensState.APPLIED
    session.flush()
    _tell_every_process(session)
    return row


def revert_tokens(session: Session, command: RevertTokens) -> ThemeTokens:
    """Show the theme as it was made.

    Raises:
        Conflict: these tokens are not in force.
    """
    authorize(session, THEME_EDIT)
    row = _tokens(session, command.id)
    if row.state is not TokensState.APPLIED:
        raise Conflict(_("“%(name)s” is not in force.", name=row.name))
    row.state = TokensState.UPLOADED
    session.flush()
    _tell_every_process(session)
    return row


def delete_tokens(session: Session, command: DeleteTokens) -> None:
    """Forget tokens.

    Raises:
        Conflict: they are in force.
    """
    authorize(session, THEME_EDIT)
    row = _tokens(session, command.id)
    if row.state is TokensState.APPLIED:
        raise Conflict(_("“%(name)s” is in force: revert it first.", name=row.name))
    session.delete(row)
    session.flush()


def applied_tokens(session: Session) -> ThemeTokens | None:
    """The tokens in force, or None."""
    return session.scalar(select(ThemeTokens).where(ThemeTokens.state == TokensState.APPLIED))


def contrasts_of(session: Session, row: ThemeTokens) -> list[Contrast]:
    """How well everything is told apart with these tokens over the theme in force."""
    return contrasts(from_content(row.content), read_theme(_theme_in_force(session)).colours)


def sheet_of(session: Session, row: ThemeTokens) -> str:
    """The style sheet that these tokens make over the theme in force."""
    theme = read_theme(_theme_in_force(session))
    return style_sheet(from_content(row.content), theme.colours)


def failures(found: list[Contrast]) -> list[Contrast]:
    """Those that WCAG 2.2 AA does not allow."""
    return [one for one in found if not one.suffices]


def in_words(one: Contrast) -> str:
    """A pair of colours with its ratio and what it would have to be."""
    return _(
        "%(mode)s: %(over)s on %(under)s has a contrast of %(ratio)s:1, and needs %(needed)s:1.",
        mode=_("Light") if one.mode == "light" else _("Dark"),
        over=one.over,
        under=one.under,
        ratio=f"{one.ratio:.2f}",
        needed=f"{one.needed:g}",
    )


def _refuse_low_contrast(session: Session, tokens: Tokens) -> None:
    theme = read_theme(_theme_in_force(session))
    failing = failures(contrasts(tokens, theme.colours))
    if failing:
        raise Invalid(
            _("Parts of the pages could not be read by everybody (WCAG 2.2, AA)."),
            problems=tuple(Problem(in_words(one), "file") for one in failing),
        )


def _theme_in_force(session: Session) -> str:
    installation = session.get(Installation, INSTALLATION)
    return DEFAULT_THEME if installation is None else installation.theme


def _tell_every_process(session: Session) -> None:
    """Raise the generation; a database that was never set up has no process to tell."""
    if session.get(Installation, INSTALLATION) is not None:
        next_generation(session)


def _tokens(session: Session, tokens_id: int) -> ThemeTokens:
    row = session.get(ThemeTokens, tokens_id)
    if row is None:
        raise NotFound(_("There are no such tokens."))
    return row
