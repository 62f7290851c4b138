"""Each attack finds what it is there for, and nothing in a plugin that keeps the rules."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backstay.db.database import Database
from backstay.testing.attack import CHECKS, Check
from backstay.testing.attack.arena import Arena, Ground, furnish
from backstay.testing.attack.core_samples import SAMPLES
from backstay.testing.attack.on_roles import _differences
from backstay.testing.conformance import RULES, Outcome, check_ground
from backstay.web.blueprint import PERMISSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.kernel.suite import Suite

    Make = Callable[[str], Arena]

_spec = importlib.util.spec_from_file_location("hostile", Path(__file__).with_name("hostile.py"))
assert _spec is not None
assert _spec.loader is not None
hostile = importlib.util.module_from_spec(_spec)
import sys  # noqa: E402

sys.modules["hostile"] = hostile
_spec.loader.exec_module(hostile)

BY_NAME = {check.name: check for check in CHECKS}
RULE_BY_NAME = {rule.name: rule for rule in RULES}
BROKEN_BY_A_PLUGIN = (
    "reading",
    "headers",
    "parameters",
    "redirects",
    "samples",
    "foreign-ids",
    "texts",
    "columns",
    "groups",
    "states",
    "faults",
    "jobs",
    "api-columns",
    "api-texts",
    "api-groups",
    "api-states",
    "api-faults",
)


@pytest.fixture
def arena_with(suite: Suite, tmp_path: Path) -> Make:
    def make(fault: str) -> Arena:
        changed, samples = hostile.with_hostile(suite, tmp_path, fault)
        ground = Ground("hostile", changed, (*SAMPLES, *samples), tmp_path / "matrix.golden")
        database = Database(f"sqlite:///{tmp_path / 'arena.db'}", files=tmp_path / "files")
        furnish(ground, database)
        return Arena(ground, database)

    return make


@pytest.mark.parametrize("check", [c for c in CHECKS if c.name != "roles"], ids=lambda c: c.name)
def test_a_plugin_that_keeps_the_rules_withstands(check: Check, arena_with: Make) -> None:
    assert list(check.run(arena_with(""))) == []


@pytest.mark.parametrize("fault", BROKEN_BY_A_PLUGIN)
def test_a_plugin_that_breaks_a_rule_is_caught_by_its_check(fault: str, arena_with: Make) -> None:
    findings = list(BY_NAME[fault].run(arena_with(fault)))
    assert findings
    assert all("hostile" in one.place for one in findings), findings


@pytest.mark.parametrize("fault", BROKEN_BY_A_PLUGIN)
def test_the_conformance_suite_fails_the_rule_that_a_plugin_breaks(
    fault: str, suite: Suite, tmp_path: Path
) -> None:
    changed, samples = hostile.with_hostile(suite, tmp_path, fault)
    ground = Ground("hostile", changed, (*SAMPLES, *samples))
    (found,) = check_ground(ground, None, "", (RULE_BY_NAME[fault],))
    assert found.outcome is Outcome.FAIL
    assert "hostile" in found.detail
    assert found.mend == BY_NAME[fault].mend


@pytest.mark.needs("postgresql")
def test_the_conformance_suite_tries_on_both_databases_what_depends_on_them(
    suite: Suite, tmp_path: Path, postgres_url: str
) -> None:
    changed, samples = hostile.with_hostile(suite, tmp_path, "columns")
    ground = Ground("hostile", changed, (*SAMPLES, *samples))
    (found,) = check_ground(ground, None, postgres_url, (RULE_BY_NAME["columns"],))
    assert found.outcome is Outcome.FAIL
    assert {line.rpartition("(")[2] for line in found.detail.splitlines()} == {
        "SQLite)",
        "PostgreSQL)",
    }


def test_the_conformance_suite_tells_what_it_could_not_try(suite: Suite, tmp_path: Path) -> None:
    changed, samples = hostile.with_hostile(suite, tmp_path)
    ground = Ground("hostile", changed, (*SAMPLES, *samples))
    names = ("roles", "wheel", "columns", "jobs", "groups")
    found = check_ground(ground, None, "", tuple(RULE_BY_NAME[name] for name in names))
    assert {one.rule: (one.outcome.value, one.detail) for one in found} == {
        "roles": (
            "not applicable",
            "the reviewed file lies with its sources, which are not at hand",
        ),
        "wheel": (
            "not applicable",
            "it is installed from a wheel, and its sources are not at hand",
        ),
        "columns": ("pass", "on SQLite"),
        "jobs": ("pass", "on SQLite"),
        "groups": ("pass", "on SQLite"),
    }


def test_an_answer_that_was_not_reviewed_is_found(arena_with: Make) -> None:
    arena = arena_with("")
    golden = arena.ground.golden
    assert [one.said for one in BY_NAME["roles"].run(arena)] == [
        "there is no reviewed file; BACKSTAY_WRITE_GOLDEN=1 writes it"
    ]
    golden.write_text("GET /c/<company>/hostile/notes [hostile.note.view]\n    200 administrator\n")
    said = {(one.place, one.role): one.said for one in _differences(golden.read_text(), MATRIX)}
    assert said == {
        ("GET /c/<company>/hostile/notes [hostile.note.view]", "administrator"): (
            "answers 403; 200 was reviewed"
        )
    }


MATRIX = "GET /c/<company>/hostile/notes [hostile.note.view]\n    403 administrator\n"


def test_a_route_that_nobody_decided_about_is_found(arena_with: Make) -> None:
    arena = arena_with("")
    delattr(arena.app.view_functions["hostile.bespoke"], PERMISSION)
    assert "neither" in "".join(one.said for one in BY_NAME["marks"].run(arena))


def test_a_form_that_needs_no_token_is_found(arena_with: Make) -> None:
    arena = arena_with("")
    arena.app.config["WTF_CSRF_METHODS"] = set()
    assert list(BY_NAME["tokens"].run(arena))


def test_a_cookie_that_opens_the_api_is_found(
    arena_with: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = arena_with("")
    known = arena.program().token
    monkeypatch.setattr("backstay.api.guard._token", lambda: known)
    assert list(BY_NAME["api-tokens"].run(arena))


def test_a_value_that_is_taken_unchecked_is_found(
    arena_with: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = arena_with("")
    monkeypatch.setattr("backstay.api.schemas.read_text", lambda text, _kind: text[:100])
    said = [str(one) for one in BY_NAME["api-values"].run(arena)]
    assert any("a wrong name is answered 201" in one for one in said), said
    assert any("changed hostile_note" in one for one in said), said


def test_a_column_that_is_taken_is_found(arena_with: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from backstay.api.schemas import Sent

    monkeypatch.setitem(Sent.model_config, "extra", "ignore")
    said = [str(one) for one in BY_NAME["api-columns"].run(arena_with(""))]
    assert any("a wrong secret_of is answered 201" in one for one in said), said


@pytest.mark.parametrize("check", ["faults", "api-faults"])
def test_what_is_cleared_away_after_the_commit_is_no_fault_of_a_plugin(
    check: str, arena_with: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstay.access.idempotency.EVERY", 1)
    assert not list(BY_NAME[check].run(arena_with("")))


def test_the_documentation_lists_every_check() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "test-your-plugin.md"
    text = page.read_text(encoding="utf-8")
    assert [check.name for check in CHECKS if f"| `{check.name}` | {check.rule}" not in text] == []
