"""The hash of every entry computed again from what is stored, a million lines in seconds.

It is the definition of :func:`content.payload_hash`, :func:`dimensions.sets.sealed_sets` and
:func:`tax.rows.sealed` over rows as the database gives them: amounts stay the integers that they
are stored as, dates the texts, and no row becomes an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from backstay_ledger.dimensions.sets import digest_of, sealed_sets
from backstay_ledger.services.content import as_json, hash_of_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

_PIECE: Final = 2_000
"""Entries that are read and hashed together."""
_EMPTY: Final = '""'
_ENTRIES: Final = text(
    "SELECT id, journal_id, date, kind, memo, reference, source_plugin,"
    " source_type, source_id, reverses_id, payload_hash, number_text FROM ledger_entry"
    " WHERE company_id = :company AND id > :last ORDER BY id LIMIT :piece"
)
_WITHIN: Final = (
    " JOIN ledger_entry AS e ON e.id = x.entry_id"
    " WHERE e.company_id = :company AND e.id > :last AND e.id <= :until"
)
_LINES: Final = text(
    "SELECT x.entry_id, x.account_id, x.amount, x.currency, x.amount_currency, x.text,"  # noqa: S608
    f" x.line_no, x.dimset_id FROM ledger_line AS x{_WITHIN} ORDER BY x.entry_id, x.line_no"
)
_ITEMS: Final = text(
    "SELECT x.entry_id, x.line_no, x.party, x.due_date"  # noqa: S608
    f" FROM ledger_open_item AS x{_WITHIN} AND (x.party <> '' OR x.due_date IS NOT NULL)"
)
_TAXES: Final = text(
    "SELECT x.entry_id, x.base_line_no, x.line_no, x.code_id, x.part_id, x.base, x.amount,"  # noqa: S608
    f" x.waiting, x.releases_id FROM ledger_tax_detail AS x{_WITHIN} ORDER BY x.id"
)
_SETS: Final = text(
    "SELECT dimset_id, value_id FROM ledger_dimset_value WHERE company_id = :company"
)


def changed_entries(session: Session, company_id: int) -> Iterator[str]:
    """Entries whose header, lines, dimensions or taxes are not what their hash was made of."""
    company = {"company": company_id}
    values: dict[int, list[int]] = {}
    for set_id, value_id in _read(session, _SETS, company):
        values.setdefault(set_id, []).append(value_id)
    digests = {set_id: digest_of(held) for set_id, held in values.items()}
    last = 0
    while entries := _read(session, _ENTRIES, {**company, "last": last, "piece": _PIECE}).all():
        within = {**company, "last": last, "until": entries[-1][0]}
        last = entries[-1][0]
        for entry_id, said in _changed(session, entries, within, digests):
            # A draft that was saved between the statements is read once more; nothing else changes.
            alone = {**company, "last": entry_id - 1, "until": entry_id}
            again = _read(session, _ENTRIES, {**company, "last": entry_id - 1, "piece": 1}).all()
            if again and again[0][0] == entry_id and list(_changed(session, again, alone, digests)):
                yield said


def _read(session: Session, query: Any, values: dict[str, int]) -> Any:
    return session.execute(query, values, execution_options={"scope_checked": True})


def _changed(
    session: Session,
    entries: Sequence[Any],
    within: dict[str, int],
    digests: dict[int, str],
) -> Iterator[tuple[int, str]]:
    items = {
        (entry_id, line_no): f",{as_json(party)},{_null(due and as_json(str(due)))}"
        for entry_id, line_no, party, due in _read(session, _ITEMS, within)
    }
    taxes: dict[int, list[list[Any]]] = {}
    for entry_id, *values, waiting, releases_id in _read(session, _TAXES, within):
        taxes.setdefault(entry_id, []).append([*values, bool(waiting), releases_id])
    lines: dict[int, list[str]] = {entry[0]: [] for entry in entries}
    sets: dict[int, dict[int, str]] = {}
    item = ""
    # Each line is written as JSON at once: as lists until their entry is hashed, a million lines
    # would keep the garbage collector busy for longer than all the rest.
    for entry_id, account_id, amount, currency, foreign, said, line_no, set_id in _read(
        session, _LINES, within
    ):
        own = lines[entry_id]
        if items:
            item = items.get((entry_id, line_no), "")
        if set_id is not None:
            # A set that somebody took away is not what was hashed.
            sets.setdefault(entry_id, {})[len(own)] = digests.get(set_id, "?")
        own.append(
            f"[{account_id},{amount},null,null,{as_json(said) if said else _EMPTY}{item}]"
            if currency is None
            else f"[{account_id},{amount},{as_json(currency)},{_null(foreign)},"
            f"{as_json(said)}{item}]"
        )
    for entry_id, journal_id, day, *header, stored, number in entries:
        own = lines[entry_id]
        written = as_json([journal_id, str(day), *header])
        digest = hash_of_json(f"{written[:-1]},[{','.join(own)}]]")
        if entry_id in sets:
            held = sets[entry_id]
            digest = sealed_sets(digest, [held.get(place, "") for place in range(len(own))])
        if entry_id in taxes:
            digest = hash_of_json(as_json([digest, taxes[entry_id]]))
        if digest != stored:
            yield entry_id, number or header[1]


def _null(value: Any) -> Any:
    return "null" if value is None else value
