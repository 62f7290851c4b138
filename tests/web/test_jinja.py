"""The template environment: who gets an htmx nonce, and what icons may be named."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader, Environment

from backstay.i18n import use_locale
from backstay.web.jinja import HxNonce, dom_id, initials, install


def environment() -> Environment:
    env = Environment(autoescape=True)
    install(env, sprite_url=lambda: "/static/icons.svg")
    env.globals["csp_nonce"] = lambda: "n1"
    return env


def render(source: str, **values: object) -> str:
    return environment().from_string(source).render(**values)


@pytest.mark.parametrize(
    "source",
    [
        '<form hx-get="/x">',
        "<form\n  class='a'\n  hx-get='/x'\n>",
        '<form title="a > b" hx-get="/x">',
        "<form title='{{ \"a > b\" if 2 > 1 }}' hx-get='/x'>",
        '<form{% if 2 > 1 %} hx-get="/x"{% endif %}>',
        '<form{% if 2 > 1 %}class="a" {% endif %}hx-get="/x">',
    ],
)
def test_a_tag_of_the_template_with_htmx_attributes_gets_the_nonce_once(source: str) -> None:
    out = render(source)
    assert out.startswith('<form hx-nonce="n1"')
    assert out.count("hx-nonce") == 1
    assert "hx-get" in out


def test_a_tag_without_htmx_attributes_is_left_alone() -> None:
    source = '<p data-hx="1" title="hx-get">hx-get <b>x</b></p><br hx-get="/x">'
    assert render(source) == source.replace("<br", '<br hx-nonce="n1"')


def test_a_nonce_that_the_author_wrote_is_kept() -> None:
    assert render('<a hx-nonce="{{ csp_nonce() }}" hx-get="/x">').count("hx-nonce") == 1


def test_data_never_obtains_a_nonce() -> None:
    evil = '<a hx-get="/steal">'
    assert "n1" not in render("<p>{{ text }}</p>", text=evil)
    assert "n1" not in render("<p>{{ text | safe }}</p>", text=evil)


def test_an_extension_alone_changes_nothing_in_a_template_without_htmx() -> None:
    env = Environment(autoescape=True, extensions=[HxNonce])
    assert env.from_string("<p>{{ x }}</p>").render(x=1) == "<p>1</p>"


def test_an_icon_is_ornament_unless_it_has_a_label() -> None:
    assert render("{{ icon('check') }}") == (
        '<svg class="icon" aria-hidden=true><use href="/static/icons.svg#check"/></svg>'
    )
    assert 'role="img" aria-label="a &#34;b&#34;"' in render("{{ icon('check', 'a \"b\"') }}")


def test_an_icon_name_cannot_carry_markup() -> None:
    with pytest.raises(ValueError, match="lower case"):
        render("{{ icon(name) }}", name='x"><script>')


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Trial Company", "TC"), ("anna.b", "AB"), ("Demo", "D"), ("", "?"), ("Ä Ö", "ÄÖ")],
)
def test_initials_are_the_first_letters_of_the_first_and_last_word(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_an_id_is_made_of_letters_digits_and_dashes() -> None:
    assert dom_id("Post entry…") == "post-entry"
    assert dom_id("…") == "x"


def test_a_still_part_is_drawn_once_for_each_language_and_each_value() -> None:
    env = environment()
    drawn: list[str] = []

    def note(text: str) -> str:
        drawn.append(text)
        return text

    env.globals["note"] = note
    env.loader = DictLoader({"part": "{% macro part(x) %}<b>{{ note(x) }}</b>{% endmacro %}"})
    page = env.from_string('{{ still("part", "part", x) }}')
    assert [page.render(x=x) for x in ("<", "a", "<")] == ["<b>&lt;</b>", "<b>a</b>", "<b>&lt;</b>"]
    assert drawn == ["<", "a"]
    use_locale("de")
    try:
        page.render(x="a")
    finally:
        use_locale("en")
    assert drawn == ["<", "a", "a"]
