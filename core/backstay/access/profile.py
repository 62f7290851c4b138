"""What people may change about themselves: name, e-mail, language, time zone and the look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import available_timezones

from backstay.access.models import User
from backstay.access.permissions import SIGNED_IN
from backstay.db.context import authorize
from backstay.errors import Invalid
from backstay.i18n import gettext as _
from backstay.i18n import lazy
from backstay.resources.declare import Choice
from backstay.resources.fields import ChoiceField, TextField

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

THEMES: Final = ("auto", "light", "dark")
DENSITIES: Final = ("comfortable", "dense")
LOCALES: Final = {"en": "English"}
"""Languages that have a catalogue; further ones come with theirs."""
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _languages(_session: Session) -> tuple[Choice, ...]:
    return tuple(Choice(code, name) for code, name in LOCALES.items())


def _zones(_session: Session) -> tuple[Choice, ...]:
    return tuple(Choice(zone, zone.replace("_", " ")) for zone in _zone_names())


@cache
def _zone_names() -> tuple[str, ...]:
    """Names of places; asking the system for them reads a folder of files."""
    return tuple(
        sorted(
            zone
            for zone in available_timezones()
            if zone == "UTC" or ("/" in zone and not zone.startswith(("Etc/", "SystemV/")))
        )
    )


@dataclass(frozen=True, slots=True)
class EditProfile:
    """The actor's own particulars."""

    name: Annotated[str, TextField(label=lazy("Name"), autocomplete="name")]
    locale: Annotated[str, ChoiceField(label=lazy("Language"), choices=_languages)]
    time_zone: Annotated[
        str,
        ChoiceField(
            label=lazy("Time zone"),
            help=lazy("Times on the pages are shown in it."),
            choices=_zones,
        ),
    ]
    email: Annotated[
        str,
        TextField(
            label=lazy("E-mail"),
            help=lazy("Where notices about your work are sent."),
            max_length=254,
            autocomplete="email",
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class ChooseAppearance:
    """Theme and density; empty leaves as it is."""

    theme: str = ""
    density: str = ""


def edit_profile(session: Session, command: EditProfile) -> User:
    """Change the actor's own particulars.

    Raises:
        Invalid: names the field.
    """
    user = _own(session)
    name, email = command.name.strip(), command.email.strip()
    if not name or len(name) > 200:  # noqa: PLR2004 - as the column
        raise Invalid(_("Say your name, with at most 200 characters."), field="name")
    if email and (len(email) > 254 or not _EMAIL.fullmatch(email)):  # noqa: PLR2004 - RFC 5321
        raise Invalid(_("This is not an e-mail address."), field="email")
    if command.locale not in LOCALES:
        raise Invalid(_("Choose one of the languages."), field="locale")
    if command.time_zone not in _zone_names():
        raise Invalid(
            _("There is no time zone of this name; write it like Europe/Zurich."),
            field="time_zone",
        )
    user.name, user.email = name, email
    user.locale, user.time_zone = command.locale, command.time_zone
    return user


def choose_appearance(session: Session, command: ChooseAppearance) -> User:
    """Change how the pages look for the actor.

    Raises:
        Invalid: there is no such theme or density.
    """
    user = _own(session)
    if command.theme and command.theme not in THEMES:
        raise Invalid(_("There is no such theme."), field="theme")
    if command.density and command.density not in DENSITIES:
        raise Invalid(_("There is no such density."), field="density")
    user.theme = command.theme or user.theme
    user.density = command.density or user.density
    return user


def _own(session: Session) -> User:
    context = authorize(session, SIGNED_IN)
    return session.get_one(User, context.actor.user_id)
