"""Books whose opening is begun."""

from __future__ import annotations

from typing import Any

import pytest

from .beginnings import Beginning, beginning_of


@pytest.fixture
def beginning(books: Any) -> Beginning:
    """ALPHA's, in EUR; the opening is begun."""
    made = beginning_of(books)
    made.begin()
    return made
