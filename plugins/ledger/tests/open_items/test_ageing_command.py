"""``backstay ledger ageing`` as scripts use it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from backstay.contracts.ledger import Posting, PostingLine
from backstay.db.context import operator_context
from backstay.db.database import Database
from backstay.testing.fixtures import company_ref
from backstay_ledger.models import AccountClass
from backstay_ledger.services.accounts import CreateAccount, add_accounts
from backstay_ledger.services.posting import post
from plugins.ledger.tests.test_commands import files, import_both, run

if TYPE_CHECKING:
    from pathlib import Path

    from backstay.kernel.suite import Suite

__all__ = ["files", "run"]


def test_what_is_open_is_printed_as_csv_and_json(run: Any, files: Path, suite: Suite) -> None:
    import_both(run, files)
    database = Database(f"sqlite:///{files / 'home' / 'backstay.db'}")
    context = operator_context("cli:test", company=company_ref(database, suite, "ACME"))
    receivables = CreateAccount(
        code="1100", name="Receivables", account_class=AccountClass.ASSET, open_item_managed=True
    )
    with database.write(context, suite) as session:
        add_accounts(session, [receivables])
        lines = (
            PostingLine("1100", Decimal(30), party="ACME Ltd", due_date=date(2026, 2, 10)),
            PostingLine("1000", Decimal(-30)),
        )
        post(session, Posting("", "GEN", date(2026, 2, 1), lines))
    database.dispose()
    common = ("--company", "ACME", "--as-of")
    status, said, _error = run("ledger", "ageing", *common, "2026-02-28", "--json")
    buckets = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
    amounts = dict.fromkeys(buckets, "0.00") | {"days_1_30": "30.00", "total": "30.00"}
    assert (status, json.loads(said)) == (
        0,
        [{"account": "1100", "party": "ACME Ltd", **amounts}],
    )
    assert run("ledger", "ageing", *common, "2026-03-31")[1].splitlines() == [
        ",".join(("account", "party", *buckets, "total")),
        "1100,ACME Ltd,0.00,0.00,30.00,0.00,0.00,30.00",
    ]
    assert json.loads(run("ledger", "ageing", *common, "2026-01-31", "--json")[1]) == []
    status, said, complaint = run("ledger", "ageing", *common, "2026-01-31", "--account", "none")
    assert (status, said, "none" in complaint) == (1, "", True)
