"""Token files: what is read, what is refused, and what becomes of them in a style sheet."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.errors import Invalid
from backstay.themes.colours import contrast, read_colour
from backstay.themes.packages import installed_themes, read_theme
from backstay.themes.tokens import (
    COLOURS,
    PAIRS,
    contrasts,
    from_content,
    read_tokens,
    style_sheet,
    to_content,
)

SPRING = b"""
name = "Spring"
[light]
accent = "#1b5e20"
[dark]
accent = "oklch(0.8 0.12 150)"
[sizes]
radius = "2px"
[fonts]
font = "Iowan Old Style, 'DejaVu Serif', serif"
"""


@pytest.mark.parametrize("name", [theme.name for theme in installed_themes()])
def test_every_theme_of_ours_can_be_read_by_everybody(name: str) -> None:
    found = contrasts(None, read_theme(name).colours)
    assert len(found) == 2 * len(PAIRS)
    assert [one for one in found if not one.suffices] == []


def test_both_themes_are_installed_and_look_different() -> None:
    harbor, meadow = read_theme("harbor"), read_theme("meadow")
    assert meadow.css.startswith(harbor.css)
    assert meadow.icons == harbor.icons
    differing = [name for name in COLOURS if harbor.colours[name] != meadow.colours[name]]
    assert len(differing) > len(COLOURS) / 2


@pytest.mark.parametrize(
    ("text", "css"),
    [
        ("#fff", "#ffffff"),
        ("#1B5E20", "#1b5e20"),
        ("rgb(27 94 32)", "#1b5e20"),
        ("rgb(27, 94, 32)", "#1b5e20"),
        ("hsl(0 100% 50%)", "#ff0000"),
        ("hsl(120 100% 25%)", "#008000"),
        ("oklch(1 0 0)", "#ffffff"),
        ("oklch(62.8% 0.2577 29.23)", "#ff0000"),
    ],
)
def test_colours_are_read_as_browsers_read_them(text: str, css: str) -> None:
    colour = read_colour(text)
    assert colour is not None
    assert colour.css == css


@pytest.mark.parametrize(
    "text",
    [
        "url(x)",
        "red",
        "#12",
        "var(--x)",
        "rgb(1 2 3 / 0.5)",
        "oklch(2 0 0)",
        "#fff;}",
        "rgb(999 0 0)",
    ],
)
def test_what_is_no_plain_colour_is_none(text: str) -> None:
    assert read_colour(text) is None


def test_known_contrasts() -> None:
    black, white, grey = (read_colour(text) for text in ("#000", "#fff", "#767676"))
    assert black is not None
    assert white is not None
    assert grey is not None
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(grey, white) == pytest.approx(4.54, abs=0.01)


def test_tokens_become_a_style_sheet_that_keeps_the_other_mode() -> None:
    harbor = read_theme("harbor").colours
    made = style_sheet(read_tokens(b'name = "One"\n[light]\naccent = "#1b5e20"\n'), harbor)
    assert made.startswith("@layer theme {")
    assert f"--accent: light-dark(#1b5e20, {harbor['accent'][1].css});" in made


def test_stored_tokens_are_those_of_the_file() -> None:
    spring = read_tokens(SPRING)
    assert from_content(to_content(spring)) == from_content(
        to_content(from_content(to_content(spring)))
    )
    assert spring.sizes == {"radius": 0.125}
    assert '--font: "Iowan Old Style", "DejaVu Serif", serif;' in style_sheet(spring, {})
    assert read_tokens(json.dumps(to_content(spring)).encode()).name == "Spring"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[light]\naccent = "#1b5e20"', "needs a name"),
        ('name = "X"', "changes no token"),
        ('name = "X"\n[light]\nacent = "#000"', "light.acent"),
        ('name = "X"\n[light]\naccent = "url(http://x)"', "is not a colour"),
        ('name = "X"\n[dark]\naccent = 3', "is not a colour"),
        ('name = "X"\n[sizes]\nrow = "9rem"', "from 1.5rem to 4rem"),
        ('name = "X"\n[sizes]\ncontrol = "1rem"', "from 1.5rem to 4rem"),
        ('name = "X"\n[sizes]\nrow = "calc(1rem)"', "is not a size"),
        ('name = "X"\n[fonts]\nfont = "a; } * { display: none"', "no names of fonts"),
        ('name = "X"\n[fonts]\nfont = "url(x)"', "no names of fonts"),
        ('name = "X"\n[script]\na = "b"', "script"),
        ('name = "X"\nlight = "dark"', "must hold named tokens"),
        ("name = ", "neither TOML nor JSON"),
        ("[1]", "needs a name"),
        ('{"name": "X", "light": {"accent": null}}', "is not a colour"),
    ],
)
def test_what_can_t_be_used_is_named(content: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_tokens(content.encode())
    assert said in str(refused.value)


def test_a_file_that_is_too_large_or_no_text_is_refused() -> None:
    for content in (b"#" * 20_001, b"\xff\xfe\x00"):
        with pytest.raises(Invalid):
            read_tokens(content)


@given(st.dictionaries(st.sampled_from(COLOURS), st.text(max_size=30), max_size=4), st.text())
def test_no_part_of_a_file_reaches_the_style_sheet_as_it_was_typed(
    colours: dict[str, str], font: str
) -> None:
    content = json.dumps({"name": "X", "light": colours, "fonts": {"font": font}})
    try:
        made = style_sheet(read_tokens(content.encode()), {})
    except Invalid:
        return
    assert made.count("{") == made.count("}") == 2
    assert made.count("@") == 1
    assert not set(made) & set("<>\\")
