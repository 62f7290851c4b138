"""Working hours as people write them: ``09:00-12:30, 13:00-17:00``."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from backstay.contracts.calendars import Span
from backstay.spi import Invalid
from backstay.spi import gettext as _

MIDNIGHT: Final = 24 * 60
LONGEST: Final = 100
_HOUR: Final = 60
_SPAN: Final = re.compile(
    r"(\d{1,2})(?:[:.h]?(\d{2}))?\s*(?:-|–|to)\s*(\d{1,2})(?:[:.h]?(\d{2}))?"  # noqa: RUF001
)


def read_hours(text: str, field: str) -> tuple[Span, ...]:
    """The spans of a day.

    Arguments:
        text: spans with commas between them: ``9-17``, ``09:00-12:30, 13:00-17:00``; empty or a
            hyphen for none.
        field: the name of the command's field, for the error.

    Raises:
        Invalid: it can't be read, a span ends before it begins, or two of them overlap.
    """
    if text.strip() in {"", "-", "–"}:  # noqa: RUF001
        return ()
    spans = [_span(part.strip(), field) for part in re.split("[,;]", text)]
    for before, after in pairwise(spans):
        if after.starts < before.ends:
            raise Invalid(
                _(
                    "%(after)s begins before %(before)s ends: write the hours in order.",
                    before=written([before]),
                    after=written([after]),
                ),
                field=field,
            )
    if len(written(spans)) > LONGEST:
        raise Invalid(_("These are too many hours for one day."), field=field)
    return tuple(spans)


def checked_hours(text: str, field: str) -> str:
    """The text in the form in which hours are stored.

    Raises:
        Invalid: see :func:`read_hours`.
    """
    return written(read_hours(text, field))


def written(spans: list[Span] | tuple[Span, ...]) -> str:
    """Spans as they are stored and shown."""
    return ", ".join(f"{_clock(span.starts)}-{_clock(span.ends)}" for span in spans)


def _clock(minutes: int) -> str:
    return f"{minutes // _HOUR:02d}:{minutes % _HOUR:02d}"


def _span(text: str, field: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise Invalid(
            _(
                "“%(text)s” can't be read as hours: write 09:00-17:00, and breaks as"
                " 09:00-12:30, 13:00-17:00.",
                text=text[:40],
            ),
            field=field,
        )
    starts = _minutes(found[1], found[2], field)
    ends = _minutes(found[3], found[4], field)
    if starts >= ends:
        raise Invalid(
            _(
                "“%(text)s” ends before it begins: split a night at midnight, 22:00-24:00 on one"
                " day and 00:00-06:00 on the next.",
                text=text[:40],
            ),
            field=field,
        )
    return Span(starts, ends)


def _minutes(hours: str, minutes: str | None, field: str) -> int:
    total = int(hours) * _HOUR + int(minutes or 0)
    if int(minutes or 0) >= _HOUR or total > MIDNIGHT:
        raise Invalid(
            _("“%(time)s” is not a time of day.", time=f"{hours}:{minutes or '00'}"), field=field
        )
    return total
