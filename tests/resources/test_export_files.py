"""What is in the file of an exported list, whatever its rows and columns hold."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import python_calamine
from sqlalchemy import select

from backstay.access.models import User
from backstay.lists import take_away
from backstay.testing.web import Browser

from .exporting import LIST, ask, events, sheets, sow_many, table
from .garden import Plant

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.db.context import CompanyRef, Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

MANY = 20_100


def test_twenty_thousand_rows_are_the_list_in_both_formats(
    gardener: Browser,
    database: Database,
    garden: Suite,
    operator: Context,
    alpha: CompanyRef,
    run_jobs: Callable[[], None],
) -> None:
    with database.write(operator.in_company(alpha), garden) as session:
        sow_many(session, alpha, MANY)
        session.scalars(select(User).where(User.login == "gardener")).one().time_zone = "Asia/Tokyo"
    shown = "shown=1&columns=code,name,price,planted,watered_at,height,edible,state&sort=-code"
    texts = ask(gardener, f"{LIST}.csv?{shown}")
    book = ask(gardener, f"{LIST}.xlsx?{shown}")
    run_jobs()
    rows = table(gardener.get(f"{texts}/file"))
    (sheet,) = sheets(gardener.get(f"{book}/file"))
    with database.read(operator.in_company(alpha), garden) as session:
        plants = session.scalars(select(Plant).order_by(Plant.code.desc())).all()
    assert len(plants) == MANY

    def neutral(text: str) -> str:
        return f"'{text}" if text[0] in "=@-" else text

    assert rows[0] == [
        "code",
        "name",
        "price",
        "planted",
        "watered_at",
        "height",
        "edible",
        "state",
    ]
    assert rows[1:] == [
        [
            one.code,
            neutral(one.name),
            f"{one.price:.2f}",
            str(one.planted),
            "2026-05-05T07:30:00+09:00" if one.watered_at else "",
            "" if one.height is None else str(one.height),
            "true" if one.edible else "false",
            "seed",
        ]
        for one in plants
    ]
    assert sheet[0][:3] == ["Code", "Name", "Price"]
    assert sheet[1:] == [
        [
            one.code,
            neutral(one.name),
            float(one.price),
            one.planted,
            datetime(2026, 5, 5, 7, 30) if one.watered_at else "",  # noqa: DTZ001
            "" if one.height is None else float(one.height),
            one.edible,
            "seed",
        ]
        for one in plants
    ]
    taken = events(database, garden, operator, "export")
    assert [(one.actor, (one.after or {})["format"]) for one in taken] == [
        ("gardener", "csv"),
        ("gardener", "xlsx"),
    ]
    assert "20,100 rows" in gardener.get(texts).text


@pytest.mark.usefixtures("short")
def test_what_no_sheet_holds_goes_on_to_the_next(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(take_away, "ROWS_OF_A_SHEET", 5)
    sow(*({} for _ in range(12)))
    run = ask(gardener, f"{LIST}.xlsx?shown=1&columns=code")
    run_jobs()
    answer = gardener.get(f"{run}/file")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    assert book.sheet_names == ["Plants", "Plants (2)", "Plants (3)"]
    assert [[row[0] for row in sheet] for sheet in sheets(answer)] == [
        ["Code", *(f"P{n:04}" for n in range(1, 6))],
        ["Code", *(f"P{n:04}" for n in range(6, 11))],
        ["Code", "P0011", "P0012"],
    ]


def test_a_day_before_spreadsheets_know_any_is_a_text(
    gardener: Browser, sow: Callable[..., list[int]]
) -> None:
    sow({"planted": date(1799, 12, 14)}, {"planted": date(1901, 1, 1)})
    (sheet,) = sheets(gardener.get(f"{LIST}.xlsx?shown=1&columns=planted"))
    assert [row[0] for row in sheet[1:]] == ["1799-12-14", date(1901, 1, 1)]


@pytest.mark.usefixtures("short")
def test_the_export_is_one_read(
    gardener: Browser,
    sow: Callable[..., list[int]],
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sow(*({} for _ in range(1200)))
    monkeypatch.setattr(take_away, "TOLD_EVERY", 100)
    run = ask(gardener, f"{LIST}.csv?sort=code")
    changed: list[int] = []
    write = take_away.file_writer

    def changed_meanwhile(column: Any, reader: Any) -> Callable[[Any], str]:
        known = write(column, reader)

        def one(value: Any) -> str:
            if not changed:
                changed.extend(sow({"code": "A-NEW"}, {"code": "ZZ-NEW"}))
            return known(value)

        return one

    monkeypatch.setattr(take_away, "file_writer", changed_meanwhile)
    run_jobs()
    assert changed
    codes = [row[0] for row in table(gardener.get(f"{run}/file"))[1:]]
    assert len(codes) == 1200
    assert not any("NEW" in code for code in codes)
