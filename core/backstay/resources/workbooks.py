"""Workbooks as everybody here writes them: texts stay texts, no digit is lost, no formulas."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

LONGEST_CELL: Final = 32_767
_EXACT: Final = 15
"""Digits of a number that a spreadsheet keeps."""
_FIRST_YEAR: Final = 1901
"""Of the dates that a spreadsheet knows; earlier ones are texts."""
_LONGEST_NAME: Final = 31
_NO_NAME: Final = "[]:*?/\\'"


def new_workbook(target: Any, **options: Any) -> Any:
    """A workbook of xlsxwriter whose texts are never formulas, links or numbers.

    Arguments:
        target: the file that it is written into when it is closed.
        options: of xlsxwriter, such as ``constant_memory`` and ``in_memory``.
    """
    xlsxwriter: Any = import_module("xlsxwriter")  # it says nothing of its types
    texts = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return xlsxwriter.Workbook(target, {**options, **texts})


def sheet_name(label: str, ending: str = "") -> str:
    """What a sheet may be called: 31 signs, and not every one.

    Arguments:
        ending: stands behind it in any case, such as `` (2)``.
    """
    plain = "".join(one for one in label if one not in _NO_NAME).strip() or "Sheet"
    return plain[: _LONGEST_NAME - len(ending)] + ending


def money_look(minor_units: int) -> str:
    """How a spreadsheet shows amounts with so many decimals."""
    return "#,##0" + ("." + "0" * minor_units if minor_units else "")


def fits_a_cell(number: int | Decimal) -> bool:
    """Whether a spreadsheet keeps every digit of a number."""
    return len(Decimal(number).as_tuple().digits) <= _EXACT


def write_value(sheet: Any, row: int, place: int, value: Any, look: Any, zone: ZoneInfo) -> bool:
    """Write a truth, a number, a day or a moment as such; False where it can only be a text.

    Arguments:
        look: the format of the cell.
        zone: in which moments are shown.
    """
    match value:
        case bool():
            sheet.write_boolean(row, place, value)
        case int() | Decimal() if fits_a_cell(value):
            sheet.write_number(row, place, value, look)
        case datetime() if value.year >= _FIRST_YEAR:
            local = value.astimezone(zone).replace(tzinfo=None)
            sheet.write_datetime(row, place, local, look)
        case date() if value.year >= _FIRST_YEAR:
            sheet.write_datetime(row, place, value, look)
        case _:
            return False
    return True
