"""Tokens of an installation: named colours, sizes and fonts that are put over those of a theme.

A file names what it changes and nothing else::

    name = "Spring"

    [light]
    accent = "#1b5e20"

    [dark]
    accent = "oklch(0.8 0.12 150)"

    [sizes]
    radius = "0.125rem"

    [fonts]
    font = "Georgia, serif"

It may be TOML or JSON. Each value is read and written anew, so that no part of a file ends up in
the style sheet as it was typed.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backstay.errors import Invalid, Problem
from backstay.i18n import gettext as _
from backstay.themes.colours import Colour, contrast, read_colour

LARGEST: Final = 20_000
"""Bytes of a token file."""
COLOURS: Final = (
    *("canvas", "surface", "raised", "sunken", "hover"),
    *("line", "line-strong", "line-field"),
    *("text", "text-soft", "muted"),
    *("accent", "accent-strong", "on-accent", "accent-wash", "beacon"),
    *("ok", "warn", "bad", "mark"),
)
SIZES: Final[dict[str, tuple[float, float]]] = {
    "size": (0.75, 1.25),
    "size-small": (0.6875, 1.125),
    "size-tiny": (0.6875, 1.0),
    "size-title": (1.0, 2.5),
    "row": (1.5, 4.0),
    # 24 CSS pixels: WCAG 2.2, 2.5.8.
    "control": (1.5, 4.0),
    "cell": (0.25, 2.0),
    "gap": (0.25, 2.5),
    "pad": (0.5, 4.0),
    "radius": (0.0, 2.0),
    "radius-control": (0.0, 2.0),
    "radius-small": (0.0, 1.0),
}
"""Sizes with the least and the most that they may be, in rem."""
FONTS: Final = ("font", "font-code")
MODES: Final = ("light", "dark")
TEXT: Final = 4.5
"""What text needs: WCAG 2.2, 1.4.3 (AA)."""
SHAPE: Final = 3.0
"""What the edge of an input needs: WCAG 2.2, 1.4.11 (AA)."""
PAIRS: Final = (
    *(("text", under, TEXT) for under in ("canvas", "surface", "raised", "sunken", "hover")),
    *(("text-soft", under, TEXT) for under in ("canvas", "surface", "sunken")),
    *(("muted", under, TEXT) for under in ("canvas", "surface", "raised", "sunken")),
    *(("accent", under, TEXT) for under in ("canvas", "surface", "raised")),
    ("accent-strong", "surface", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("text", "accent-wash", TEXT),
    ("text", "mark", TEXT),
    *((tone, "surface", TEXT) for tone in ("ok", "warn", "bad")),
    ("line-field", "surface", SHAPE),
)
"""What is written or drawn on what, with the contrast that it needs."""
_SIZE: Final = re.compile(r"(\d{1,2}(?:\.\d{1,5})?)(rem|px)?")
_FAMILY: Final = re.compile(r"[A-Za-z][A-Za-z0-9 \-]{0,39}")
_MOST_FAMILIES: Final = 12
_PIXELS: Final = 16
_NAME: Final = re.compile(r"[^\W_][\w .()/-]{0,39}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an installation changes of its theme.

    Arguments:
        light, dark: colours by name.
        sizes: in rem.
        fonts: families in order.
    """

    name: str
    light: dict[str, Colour]
    dark: dict[str, Colour]
    sizes: dict[str, float]
    fonts: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Contrast:
    """How well one colour is told from another in a mode.

    Arguments:
        needed: the least ratio that WCAG 2.2 AA asks for here.
    """

    mode: str
    over: str
    under: str
    ratio: float
    needed: float

    @property
    def suffices(self) -> bool:
        """Whether it is enough."""
        return self.ratio >= self.needed


def read_tokens(content: bytes) -> Tokens:
    """Read a token file.

    Raises:
        Invalid: lists all that is wrong, each with the name of its token.
    """
    given = _parsed(content)
    problems: list[Problem] = []
    known = {"name", "sizes", "fonts", *MODES}
    problems += [_unknown(part, known) for part in given if part not in known]
    name = given.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name.strip()):
        problems.append(
            Problem(_("The file needs a name of up to 40 letters: name = “Spring”."), "file")
        )
    tokens = Tokens(str(name).strip(), {}, {}, {}, {})
    _read_colours(given, tokens, problems)
    _read_sizes(given, tokens, problems)
    _read_fonts(given, tokens, problems)
    if not problems and not (tokens.light or tokens.dark or tokens.sizes or tokens.fonts):
        problems.append(Problem(_("The file changes no token."), "file"))
    if problems:
        raise Invalid(_("The token file can't be used."), problems=tuple(problems))
    return tokens


def contrasts(
    tokens: Tokens | None, defaults: Mapping[str, tuple[Colour, Colour]]
) -> list[Contrast]:
    """How well everything can be told apart under these tokens, the worst first.

    Arguments:
        defaults: colours of the theme in light and dark, for what the tokens leave as it is.
    """
    found = []
    for place, mode in enumerate(MODES):
        own = {} if tokens is None else tokens.light if mode == "light" else tokens.dark
        colours = {**{name: both[place] for name, both in defaults.items()}, **own}
        found += [
            Contrast(mode, over, under, contrast(colours[over], colours[under]), needed)
            for over, under, needed in PAIRS
            if over in colours and under in colours
        ]
    return sorted(found, key=lambda one: one.ratio / one.needed)


def style_sheet(tokens: Tokens, defaults: Mapping[str, tuple[Colour, Colour]]) -> str:
    """The tokens as a style sheet that wins over the one of the theme.

    Arguments:
        defaults: see :func:`contrasts`; a colour that is given for one mode stays in the other.
    """
    lines = [f"--{name}: {size:g}rem;" for name, size in sorted(tokens.sizes.items())]
    lines += [f"--{name}: {_stack(names)};" for name, names in sorted(tokens.fonts.items())]
    for name in COLOURS:
        light, dark = tokens.light.get(name), tokens.dark.get(name)
        if light is None and dark is None:
            continue
        other = defaults.get(name, (light or dark, dark or light))
        both = (light or other[0], dark or other[1])
        lines.append(f"--{name}: light-dark({', '.join(one.css for one in both if one)});")
    # A list may have a density of its own, so sizes are said where densities are.
    body = "\n    ".join(lines)
    return f"@layer theme {{\n  :root,\n  [data-density] {{\n    {body}\n  }}\n}}\n"


def to_content(tokens: Tokens) -> dict[str, Any]:
    """The tokens as they are stored, in the form of a file."""
    return {
        "name": tokens.name,
        "light": {name: colour.css for name, colour in tokens.light.items()},
        "dark": {name: colour.css for name, colour in tokens.dark.items()},
        "sizes": {name: f"{size:g}rem" for name, size in tokens.sizes.items()},
        "fonts": {name: ", ".join(names) for name, names in tokens.fonts.items()},
    }


def from_content(content: Mapping[str, Any]) -> Tokens:
    """Stored tokens, read by the same rules as a file.

    Raises:
        Invalid: the stored content was changed by hand, or the rules have become stricter.
    """
    return read_tokens(json.dumps(content).encode())


def _parsed(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST:
        raise Invalid(_("A token file has at most %(most)s bytes.", most=LARGEST), field="file")
    try:
        text = content.decode("utf-8-sig")
        given = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Invalid(
            _("The file is neither TOML nor JSON: %(why)s.", why=str(error)[:200]), field="file"
        ) from error
    if not isinstance(given, dict):
        raise Invalid(_("The file holds no named tokens."), field="file")
    return given


def _read_colours(given: Mapping[str, Any], tokens: Tokens, problems: list[Problem]) -> None:
    for mode, colours in (("light", tokens.light), ("dark", tokens.dark)):
        for token, value in _section(given, mode, problems):
            found = read_colour(value) if isinstance(value, str) else None
            if token not in COLOURS:
                problems.append(_unknown(f"{mode}.{token}", set(COLOURS)))
            elif found is None:
                problems.append(_no_colour(f"{mode}.{token}", value))
            else:
                colours[token] = found


def _read_sizes(given: Mapping[str, Any], tokens: Tokens, problems: list[Problem]) -> None:
    for token, value in _section(given, "sizes", problems):
        size = _size(value)
        if token not in SIZES:
            problems.append(_unknown(f"sizes.{token}", set(SIZES)))
        elif size is None or not SIZES[token][0] <= size <= SIZES[token][1]:
            problems.append(_no_size(token, value))
        else:
            tokens.sizes[token] = size


def _read_fonts(given: Mapping[str, Any], tokens: Tokens, problems: list[Problem]) -> None:
    for token, value in _section(given, "fonts", problems):
        families = _families(value)
        if token not in FONTS:
            problems.append(_unknown(f"fonts.{token}", set(FONTS)))
        elif families is None:
            problems.append(_no_font(token, value))
        else:
            tokens.fonts[token] = families


def _section(
    given: Mapping[str, Any], part: str, problems: list[Problem]
) -> Iterator[tuple[str, Any]]:
    section = given.get(part, {})
    if not isinstance(section, dict):
        problems.append(Problem(_("“%(part)s” must hold named tokens.", part=part), "file"))
        return
    for name, value in section.items():
        yield str(name).removeprefix("--"), value


def _size(value: object) -> float | None:
    """In rem; pixels are a sixteenth of it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = _SIZE.fullmatch(str(value).strip())
    if found is None or (found[2] is None and float(found[1]) != 0):
        return None
    return float(found[1]) / (_PIXELS if found[2] == "px" else 1)


def _families(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, str):
        return None
    names = tuple(part.strip().strip("\"'") for part in value.split(","))
    good = len(names) <= _MOST_FAMILIES and all(_FAMILY.fullmatch(name) for name in names)
    return names if good else None


def _stack(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' if " " in name else name for name in names)


def _unknown(token: str, known: set[str]) -> Problem:
    return Problem(
        _(
            "“%(token)s” is not the name of a token. There are: %(known)s.",
            token=token[:60],
            known=", ".join(sorted(known)),
        ),
        "file",
    )


def _no_colour(token: str, value: object) -> Problem:
    return Problem(
        _(
            "%(token)s: “%(value)s” is not a colour: write #1b5e20, rgb(27 94 32),"
            " hsl(124 55%% 24%%) or oklch(0.42 0.12 145), without transparency.",
            token=token,
            value=str(value)[:60],
        ),
        "file",
    )


def _no_size(token: str, value: object) -> Problem:
    least, most = SIZES[token]
    return Problem(
        _(
            "sizes.%(token)s: “%(value)s” is not a size from %(least)srem to %(most)srem.",
            token=token,
            value=str(value)[:60],
            least=f"{least:g}",
            most=f"{most:g}",
        ),
        "file",
    )


def _no_font(token: str, value: object) -> Problem:
    return Problem(
        _(
            "fonts.%(token)s: “%(value)s” are no names of fonts with commas between them.",
            token=token,
            value=str(value)[:60],
        ),
        "file",
    )
