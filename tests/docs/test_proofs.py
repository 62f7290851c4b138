"""The page of proofs names tests that are there, and every rule and case has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "ledger-proofs.md"
LEDGER = "plugins/ledger/tests/"
NAMED = re.compile(r"`((?:[\w-]+/)*[\w-]+\.py)(?:::(\w+))?`")
CASES = {1, 2, 4, 5, 6, 7, 8, 9, 11, 13, 14, 15, 16, 17, 19, 21, 24, 25}
"""Those of the published cases that concern a ledger; others are of dunning, assets and budgets."""


def proofs() -> list[tuple[str, str]]:
    text = PAGE.read_text(encoding="utf-8")
    return sorted({(path, name) for path, name in NAMED.findall(text)})


@pytest.mark.parametrize(("path", "name"), proofs())
def test_a_proof_is_there(path: str, name: str) -> None:
    begins = path.startswith(("tests/", "plugins/"))
    file = ROOT / (path if begins else LEDGER + path)
    assert file.is_file(), path
    assert not name or f"\ndef {name}(" in file.read_text(encoding="utf-8")


def test_every_rule_and_case_is_proved() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rules, _heading, cases = text.partition("## Published cases")
    assert [int(one) for one in re.findall(r"^\| (\d+) \| .*::test_", rules, re.MULTILINE)] == [
        *range(1, 18)
    ]
    assert {int(one) for one in re.findall(r"^\| (\d+) \| .*::test_", cases, re.MULTILINE)} == CASES


def test_every_module_of_attacks_by_sql_is_on_the_page() -> None:
    """Whoever adds attacks says on the page what they prove."""
    named = {LEDGER + path for path, _name in proofs()}
    files = {str(path.relative_to(ROOT)) for path in (ROOT / LEDGER).rglob("*_by_sql.py")}
    assert files <= named
