"""Files that the ledger can import: charts of accounts and journals, as CSV."""

from __future__ import annotations

from typing import Final

from backstay_ledger.imports.chart import CHART
from backstay_ledger.imports.journal import JOURNAL
from backstay_ledger.statements.tree_files import STATEMENT_TREES

IMPORTS: Final = (CHART, JOURNAL, STATEMENT_TREES)
