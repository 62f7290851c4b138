"""How the API writes amounts, ids and days, and describes them in JSON Schema."""

from __future__ import annotations

from typing import Any, Final

MONEY_PATTERN: Final = r"^-?\d{1,15}(\.\d{1,4})?$"
ID_PATTERN: Final = r"^[1-9]\d{0,18}$"
MONEY_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": MONEY_PATTERN,
    "examples": ["1250.00"],
    "description": "An exact amount as text, with at most the decimals of the currency.",
}
ID_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": ID_PATTERN,
    "examples": ["7234567890123456789"],
}
DATE_SCHEMA: Final[dict[str, Any]] = {"type": "string", "format": "date"}


def listed(choices: Any) -> str:
    """The values of some choices, as a message names them."""
    values = [str(one.value) for one in choices]
    return ", ".join(values[:20]) + (", …" if len(values) > 20 else "")  # noqa: PLR2004
