"""Style sheets, scripts and icons under one address that changes with their content.

All files of a generation (core, theme, plugins) are read when it is built and share one digest in
their URLs, so relative imports between scripts hold and browsers may keep them for ever. What every
page loads is sent as one file: a first visit waits for requests more than for bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, abort, current_app, make_response, request

from backstay.errors import ConfigurationError
from backstay.themes.packages import read_theme
from backstay.themes.tokens import style_sheet
from backstay.web.blueprint import public

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from backstay.kernel.suite import Suite
    from backstay.themes.tokens import Tokens

THEME_CSS: Final = "theme.css"
THEME_ICONS: Final = "icons.svg"
FRAME_SCRIPT: Final = "frame.js"
_VENDOR: Final = ("vendor/htmx.min.js", "vendor/hx-csp.min.js")
_ISLANDS: Final = tuple(
    f"js/{name}.js" for name in ("frame", "forms", "keys", "palette", "combobox", "dates", "list")
)
"""Scripts of every page. They import nothing, so each can be a function of its own."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_TEXT: Final = frozenset({".css", ".js", ".mjs", ".svg", ".json", ".txt"})
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".svg": "image/svg+xml"}

blueprint = Blueprint("static_files", __name__)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent."""

    body: bytes
    mimetype: str
    packed: bytes | None


@dataclass(frozen=True, slots=True)
class Assets:
    """All static files of a generation."""

    digest: str
    files: dict[str, StaticFile]

    def url(self, path: str) -> str:
        """The address of a file.

        Raises:
            ConfigurationError: there is no such file.
        """
        if path not in self.files:
            message = f"there is no static file {path}"
            raise ConfigurationError(message)
        return f"/static/{self.digest}/{path}"


def collect(suite: Suite, theme: str, core: Path, tokens: Tokens | None = None) -> Assets:
    """Read the static files of core, the theme and the running plugins.

    Arguments:
        core: core's ``static`` folder.
        tokens: the installation's own, put over those of the theme.
    """
    bodies = dict(_tree(core))
    bodies[FRAME_SCRIPT] = _frame_script(bodies)
    shown = read_theme(theme)
    own = style_sheet(tokens, shown.colours).encode() if tokens is not None else b""
    bodies.update({THEME_CSS: shown.css + own, THEME_ICONS: shown.icons})
    for plugin in suite.running:
        for path, body in _tree(suite.found[plugin].root / "static"):
            bodies[f"{plugin}/{path}"] = body
    digest = hashlib.sha256()
    for path in sorted(bodies):
        digest.update(f"{path}\n{len(bodies[path])}\n".encode())
        digest.update(bodies[path])
    return Assets(
        digest.hexdigest()[:16], {path: _file(path, body) for path, body in bodies.items()}
    )


def _frame_script(bodies: dict[str, bytes]) -> bytes:
    """Everything that ``base.html`` needs, in one script for the end of the page."""
    parts = [bodies[path] for path in _VENDOR]
    # What an island exports is for its tests; nothing that is loaded with it asks for it.
    islands = [bodies[path].replace(b"\nexport ", b"\n") for path in _ISLANDS]
    parts += [b'(() => {\n"use strict";\n' + island + b"\n})();" for island in islands]
    return b";\n".join(parts)


def _tree(folder: Path) -> Iterator[tuple[str, bytes]]:
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path.read_bytes()


def _file(path: str, body: bytes) -> StaticFile:
    ending = "." + path.rpartition(".")[2]
    mimetype = _TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    packed = gzip.compress(body, 9, mtime=0) if ending in _TEXT else None
    return StaticFile(
        body, mimetype, packed if packed is not None and len(packed) < len(body) else None
    )


@blueprint.get("/static/<digest>/<path:path>")
@public
def send(digest: str, path: str) -> Response:
    """Send a file; one asked for under an older digest is not kept by the browser."""
    from backstay.web.request import EXTENSION

    assets: Assets = current_app.extensions[EXTENSION].assets
    found = assets.files.get(path)
    if found is None:
        abort(404)
    packed = found.packed is not None and bool(request.accept_encodings["gzip"])
    response = make_response(found.packed if packed and found.packed else found.body)
    response.mimetype = found.mimetype
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    if found.packed is not None:
        response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _FOR_EVER if digest == assets.digest else "no-cache"
    return response
