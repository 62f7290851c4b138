"""What a machine lacks is named at the end of the run, and fails it when everything is required."""

from __future__ import annotations

import pytest

from backstay.testing.requirements import Part, need, why_missing

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.mark.needs("data")
def test_with_published_data():
    pass

def test_without():
    pass
"""


@pytest.fixture
def lacking(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A run on a machine without published data."""
    monkeypatch.delenv("BACKSTAY_DATA", raising=False)
    monkeypatch.delenv("BACKSTAY_REQUIRE_ALL", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makepyfile(TESTS)
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*arguments)


def test_a_missing_part_is_named_in_the_last_lines(lacking: pytest.Pytester) -> None:
    result = run(lacking)
    assert result.ret == 0
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*published data: 1 test did not run: no published data*"])


def test_the_workers_of_a_parallel_run_report_as_well(lacking: pytest.Pytester) -> None:
    result = run(lacking, "-n", "2")
    result.stdout.fnmatch_lines(["*published data: 1 test did not run*"])


def test_a_missing_part_fails_when_all_is_required(lacking: pytest.Pytester) -> None:
    result = run(lacking, "--require-all", "-n", "1")
    assert result.ret == 1
    result.assert_outcomes(passed=1, errors=1)


def test_no_other_skip_hides_when_all_is_required(lacking: pytest.Pytester) -> None:
    lacking.makepyfile("import pytest\ndef test_x(): pytest.skip('some day')\n")
    assert run(lacking).ret == 0
    result = run(lacking, "--require-all")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*1 test skipped: some day*"])


def test_a_part_that_is_there_is_not_mentioned(
    lacking: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKSTAY_DATA", str(lacking.path))
    result = run(lacking)
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*published data*")


def test_an_unknown_part_is_an_error_of_the_test() -> None:
    with pytest.raises(ValueError, match="abacus"):
        need("abacus")


def test_a_variable_that_names_no_folder_counts_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKSTAY_DATA", "/nowhere")
    assert "BACKSTAY_DATA" in (why_missing(Part.DATA) or "")
