"""How dimensions and their values are written on lines."""

from __future__ import annotations

from typing import Final

DIMENSION_CODE: Final = r"[a-z][a-z0-9_]{0,39}"
VALUE_CODE: Final = r"[^\s=,;][^=,;]{0,39}"
