"""The ledger's pages in the sidebar (work area Money) and in the command palette."""

from __future__ import annotations

from typing import Final

from backstay.spi import Area, Page
from backstay.spi import lazy as _
from backstay_ledger.pages.overview import home_part
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_DRAFT, OPENING_POST

PAGES: Final = (
    Page(
        Area.MONEY,
        _("Ledger"),
        "ledger.overview",
        "book-2",
        BOOKS_VIEW,
        order=10,
        home=home_part,
    ),
    Page(
        Area.MONEY,
        _("Journal entries"),
        "ledger.entry.list",
        "receipt-2",
        BOOKS_VIEW,
        order=20,
        keywords=_("bookings vouchers postings drafts"),
    ),
    Page(
        Area.MONEY,
        _("Chart of accounts"),
        "ledger.account.list",
        "sitemap",
        BOOKS_VIEW,
        order=30,
    ),
    Page(
        Area.MONEY,
        _("Trial balance"),
        "ledger.trial_balance",
        "scale",
        BOOKS_VIEW,
        order=40,
        keywords=_("report balances totals"),
    ),
    Page(
        Area.MONEY,
        _("Balance sheet"),
        "ledger.balance_sheet",
        "building-bank",
        BOOKS_VIEW,
        order=42,
        keywords=_("statement assets liabilities equity"),
    ),
    Page(
        Area.MONEY,
        _("Profit and loss"),
        "ledger.profit_loss",
        "chart-bar",
        BOOKS_VIEW,
        order=44,
        keywords=_("income statement result expenses"),
    ),
    Page(
        Area.MONEY,
        _("General ledger"),
        "ledger.general_ledger",
        "report-analytics",
        BOOKS_VIEW,
        order=50,
        keywords=_("report all accounts lines"),
    ),
    Page(
        Area.MONEY,
        _("Fiscal years and periods"),
        "ledger.period.list",
        "calendar",
        BOOKS_VIEW,
        order=60,
        keywords=_("close month reopen"),
    ),
    Page(
        Area.MONEY,
        _("Fiscal years"),
        "ledger.fiscal_year.list",
        "calendar",
        BOOKS_VIEW,
        order=65,
        in_palette_only=True,
    ),
    Page(
        Area.MONEY,
        _("Journals"),
        "ledger.journal.list",
        "notebook",
        BOOKS_VIEW,
        order=70,
        in_palette_only=True,
    ),
    Page(
        Area.MONEY,
        _("New journal entry"),
        "ledger.entry_new",
        "plus",
        ENTRY_DRAFT,
        order=80,
        in_palette_only=True,
        keywords=_("create book post"),
    ),
    Page(
        Area.MONEY,
        _("Entry templates"),
        "ledger.template.list",
        "copy",
        ENTRY_DRAFT,
        order=85,
        in_palette_only=True,
    ),
    Page(
        Area.MONEY,
        _("Opening balances"),
        "ledger.opening",
        "table-import",
        OPENING_POST,
        order=90,
        in_palette_only=True,
        keywords=_("start carry forward"),
    ),
)
