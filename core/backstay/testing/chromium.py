"""The Chromium that browser tests drive: the one of the system, never a downloaded one."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium() -> Path | None:
    """Return the browser to drive: `BACKSTAY_CHROMIUM`, else the first one on the PATH.

    None also where Playwright, which drives it, is not installed.
    """
    if find_spec("playwright") is None:
        return None
    if named := os.environ.get("BACKSTAY_CHROMIUM"):
        path = Path(named)
        return path if os.access(path, os.X_OK) else None
    for program in PROGRAMS:
        if found := shutil.which(program):
            return Path(found)
    return None


def launch_args() -> list[str]:
    """Return the arguments that keep the browser quiet and make it work inside containers."""
    return [
        "--no-sandbox",  # root and most containers cannot have the sandbox
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--force-color-profile=srgb",
        "--font-render-hinting=none",
    ]


def axe_source() -> str:
    """Return the source of axe-core, the accessibility checker, to be evaluated in a page."""
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        message = "axe-core is not installed: the package axe-playwright-python is missing"
        raise RuntimeError(message)
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")
