"""Audit files of a whole book: seconds to write, read back and compare, and the memory it takes."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from backstay.contracts.books import BookSpan
from backstay.home import Home
from backstay.kernel.discovery import discover
from backstay.kernel.load import load
from backstay_auditfiles.formats.making import FORMATS
from backstay_auditfiles.models import ReportingCompany
from backstay_ledger.books.provider import LedgerBooks
from benchmarks.rig.bench import Bench, Installation, Size, opened
from benchmarks.rig.result import Result

SPAN: Final = BookSpan(date(2024, 1, 1), date(2026, 12, 31))
"""The three years of the books."""
_MIB: Final = 1024
"""Of the kibibytes in which Linux counts."""


def measure(bench: Bench) -> Iterator[Result]:
    """Make a file of each form in a process of its own."""
    for kind in bench.databases:
        made = bench.books(kind, Size(bench.lines // 4, 4))
        _enter_company(made)
        for form in FORMATS:
            address = (str(made.home.path), made.home.database_url, form.name)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                took, before, after, size, entries = pool.apply(make_one, address)
            detail: dict[str, float | str] = {
                "lines": bench.lines,
                "entries": entries,
                "MiB of the file": size / 1024 / 1024,
                "peak memory, MiB": after,
                "of that before it began, MiB": before,
            }
            yield Result(f"audit_files.{form.name}", took, "s", kind, detail)
        bench.discard(made)


def _enter_company(made: Installation) -> None:
    """What the forms have to say of the company."""
    context = made.context
    with made.database.write(context, load(discover())) as session:
        assert context.company is not None  # noqa: S101 - it works in one
        session.add(
            ReportingCompany(
                company_id=context.company.id,
                siren="732829320",
                registration_number="732829320",
                country="FR",
                postal_code="44000",
                city="Nantes",
                last_name="Accounting",
            )
        )


def make_one(home: str, url: str, name: str) -> tuple[float, float, float, int, int]:
    """Make a file; returns seconds, memory before and at its peak, bytes and entries."""
    made = opened(Home(Path(home), url))
    suite = load(discover())
    form = next(one for one in FORMATS if one.name == name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB
    began = time.perf_counter()
    with tempfile.TemporaryFile() as file:
        with made.database.read(made.context, suite) as session:
            LedgerBooks().hold_still(session)
            done = form.make(session, SPAN, file)
        took = time.perf_counter() - began
        file.seek(0, 2)
        size = file.tell()
    made.database.dispose()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB
    return took, before, after, size, done.entries
