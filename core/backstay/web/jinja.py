"""The pure part of the template environment: htmx nonces, icons and a few filters.

``install(env, sprite_url=...)`` is called once when the app is built. What depends on the request
(``csp_nonce``, ``csrf_token``, ``shell``, ...) is supplied by the app itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from flask.templating import Environment as FlaskEnvironment
from jinja2.bccache import BytecodeCache
from jinja2.ext import Extension
from markupsafe import Markup

from backstay.i18n import current_locale
from backstay.web.parts import drawn_panel

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from types import CodeType

    from jinja2 import Environment
    from jinja2.bccache import Bucket

_TAG_START: Final = re.compile(r"<[a-zA-Z][\w-]*")
_TOKEN: Final = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\"(?:\{\{.*?\}\}|\{%.*?%\}|[^\"])*\""
    r"|'(?:\{\{.*?\}\}|\{%.*?%\}|[^'])*'|(?P<hx>(?<=[\s}])hx-[\w:.-]+)|(?P<end>>)|.",
    re.DOTALL,
)
_ICON_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")


class Pages(FlaskEnvironment):
    """The environment of the pages, whose globals are complete before a template is loaded.

    So each template may have them as one plain dictionary. Jinja's chain of two is walked through
    key by key wherever a page imports a macro, a dozen times a page.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template."""
        return {**self.globals, **(d or {})}


class HxNonce(Extension):
    """Stamps ``hx-nonce`` on every tag of a template's source that carries ``hx-*`` attributes.

    It works on the source, before anything is compiled, so a value that is printed into the page
    can never obtain a nonce: without one, hx-csp strips its ``hx-*`` attributes.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Give the source back with the nonces in place."""
        del name, filename
        if "hx-" not in source:
            return source
        out: list[str] = []
        position = 0
        while found := _TAG_START.search(source, position):
            end, wants_nonce = _scan_tag(source, found.end())
            out.append(source[position : found.end()])
            if wants_nonce:
                out.append(' hx-nonce="{{ csp_nonce() }}"')
            out.append(source[found.end() : end])
            position = end
        out.append(source[position:])
        return "".join(out)


def _scan_tag(source: str, start: int) -> tuple[int, bool]:
    """Find the end of the tag whose name ends at ``start``, and whether it needs a nonce."""
    needs = has = False
    for token in _TOKEN.finditer(source, start):
        attribute = token.group("hx")
        if attribute == "hx-nonce":
            has = True
        elif attribute:
            needs = True
        elif token.group("end"):
            return token.end(), needs and not has
    return len(source), needs and not has


class Compiled(BytecodeCache):
    """Templates that this process has compiled already: the next generation has most of them too.

    A template is known by its file and the digest of its source, so one that changed is compiled.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a template that did not change."""
        checksum, code = self._known.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was just compiled."""
        if bucket.code is not None:
            self._known[bucket.key] = (bucket.checksum, bucket.code)


COMPILED: Final = Compiled()
"""Those of the pages, whose environments are all alike."""


def dom_id(text: object) -> str:
    """Make an HTML id out of any text: ``Post entry…`` becomes ``post-entry``."""
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-") or "x"


def initials(name: object) -> str:
    """Two letters that stand for a name: ``Trial Company`` becomes ``TC``."""
    words = [word for word in re.split(r"[\s._@-]+", str(name)) if word]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def install(env: Environment, *, sprite_url: Callable[[], str]) -> None:
    """Add the extension, ``icon()`` and the filters to an environment.

    ``sprite_url`` answers with the hashed URL of the theme's ``icons.svg``.
    """
    env.add_extension(HxNonce)
    env.trim_blocks = True
    env.lstrip_blocks = True

    @lru_cache(maxsize=1024)
    def icon(name: str, label: str = "") -> Markup:
        """Draw an icon of the theme; with a label it is read out, without one it is ornament."""
        if not _ICON_NAME.fullmatch(name):
            message = f"an icon is named in lower case letters, digits and dashes, not {name!r}"
            raise ValueError(message)
        aria = Markup('role="img" aria-label="{}"').format(label) if label else "aria-hidden=true"
        return Markup('<svg class="icon" {}><use href="{}#{}"/></svg>').format(
            aria, sprite_url(), name
        )

    @lru_cache(maxsize=256)
    def drawn(template: str, macro: str, locale: str, *values: Any) -> Markup:
        del locale  # part of what is looked up
        drawer: Callable[..., str] = getattr(env.get_template(template).module, macro)
        return Markup(drawer(*values))  # noqa: S704 - a macro escapes what it prints

    def still(template: str, macro: str, *values: Any) -> Markup:
        """Draw a macro once for each language and each set of values, which must be hashable.

        For parts of the frame that are the same on page after page. The macro must print nothing
        that belongs to one request: no nonce (so no ``hx-*`` attribute) and no token.
        """
        return drawn(template, macro, current_locale(), *values)

    env.globals["still"] = still
    env.globals["icon"] = icon
    env.globals["drawn_panel"] = drawn_panel
    env.filters["dom_id"] = dom_id
    env.filters["initials"] = initials
