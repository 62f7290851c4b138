"""Days as programs and date inputs send them."""

from __future__ import annotations

from datetime import date

import pytest

from backstay.resources.form_fields import read_day


def test_a_day_is_read() -> None:
    assert read_day("2026-01-31") == date(2026, 1, 31)


@pytest.mark.parametrize(
    "text",
    ["20260131", "2026-W05-6", "2026-1-31", "２０２６-01-31", "2026-02-30", "2026-01-31\n", ""],  # noqa: RUF001
)
def test_what_python_reads_as_a_day_beside_that_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="like 2026-01-31"):
        read_day(text)
