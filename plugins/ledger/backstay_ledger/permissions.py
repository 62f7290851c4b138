"""What can be permitted in the general ledger, and the roles it proposes."""

from __future__ import annotations

from typing import Final

from backstay.spi import LIST_VIEW_SHARE, Permission, Risk, RoleTemplate
from backstay.spi import lazy as _
from backstay_ledger.currencies.permissions import CURRENCY_PERMISSIONS
from backstay_ledger.dimensions.permissions import DIMENSION_PERMISSIONS

BOOKS_VIEW: Final = Permission(
    "ledger.books.view",
    _("see accounts, entries and reports of the general ledger"),
    Risk.READ,
)
BOOKS_EXPORT: Final = Permission(
    "ledger.books.export",
    _("export accounts, entries and reports of the general ledger"),
    Risk.READ,
    _("A file leaves the system; every export is noted in the audit trail."),
)
ACCOUNT_EDIT: Final = Permission(
    "ledger.account.edit", _("create and change accounts of the chart")
)
CHART_IMPORT: Final = Permission("ledger.chart.import", _("import a chart of accounts"))
JOURNAL_EDIT: Final = Permission("ledger.journal.edit", _("create and change journals"))
FISCAL_YEAR_CREATE: Final = Permission(
    "ledger.fiscal_year.create", _("create fiscal years with their periods")
)
PERIOD_CLOSE: Final = Permission(
    "ledger.period.close",
    _("close accounting periods"),
    Risk.SENSITIVE,
    _("Nothing dated in a closed period can be posted."),
)
PERIOD_REOPEN: Final = Permission(
    "ledger.period.reopen",
    _("reopen closed accounting periods"),
    Risk.CRITICAL,
    _("Figures that were reported may change afterwards; a reason is asked for and kept."),
)
PERIOD_LOCK: Final = Permission(
    "ledger.period.lock",
    _("lock accounting periods for good"),
    Risk.CRITICAL,
    _("A locked period is never reopened, by anybody."),
)
SOFT_CLOSED_POST: Final = Permission(
    "ledger.period.post_soft_closed",
    _("post in soft-closed periods"),
    Risk.SENSITIVE,
    _("Each such entry is noted."),
)
LOCK_SET: Final = Permission(
    "ledger.lock.set",
    _("lock days of a sub-ledger, and take such locks back"),
    Risk.SENSITIVE,
)
EXCEPTION_REQUEST: Final = Permission(
    "ledger.exception.request",
    _("ask for exceptions from closed periods and locks"),
)
EXCEPTION_APPROVE: Final = Permission(
    "ledger.exception.approve",
    _("approve and revoke exceptions from closed periods and locks"),
    Risk.CRITICAL,
    _("Nobody approves what they asked for, or what is for themselves."),
)
YEAR_CLOSE: Final = Permission(
    "ledger.fiscal_year.close",
    _("close fiscal years to retained earnings"),
    Risk.SENSITIVE,
)
YEAR_REOPEN: Final = Permission(
    "ledger.fiscal_year.reopen",
    _("cancel the closing of the last closed fiscal year"),
    Risk.CRITICAL,
)
ENTRY_DRAFT: Final = Permission("ledger.entry.draft", _("write and delete draft entries"))
ENTRY_POST: Final = Permission(
    "ledger.entry.post",
    _("post entries"),
    Risk.SENSITIVE,
    _("A posted entry can't be changed or deleted, only reversed."),
)
ENTRY_APPROVE: Final = Permission(
    "ledger.entry.approve",
    _("approve entries that others submitted, and send them back"),
    Risk.SENSITIVE,
    _("Nobody approves what they wrote or submitted themselves, administrators included."),
)
APPROVAL_LIMIT_EDIT: Final = Permission(
    "ledger.approval_limit.edit",
    _("set from which amount on an entry needs a second person"),
    Risk.CRITICAL,
    _("Raising a limit lets entries be posted that nobody else has seen."),
)
ENTRY_REVERSE: Final = Permission(
    "ledger.entry.reverse", _("reverse posted entries"), Risk.SENSITIVE
)
ENTRY_IMPORT: Final = Permission(
    "ledger.entry.import",
    _("import entries from a file"),
    Risk.SENSITIVE,
    _("All entries of the file are posted at once."),
)
TAX_EDIT: Final = Permission(
    "ledger.tax.edit",
    _("create and change tax codes, boxes and account rules"),
    Risk.SENSITIVE,
    _("They decide the tax and the accounts of entries that are posted from then on."),
)
TAX_FILE: Final = Permission(
    "ledger.tax.file",
    _("file tax returns"),
    Risk.SENSITIVE,
    _("The figures are frozen, and entries with tax are locked up to the last day."),
)
ITEM_ALLOCATE: Final = Permission(
    "ledger.item.allocate",
    _("allocate open items to each other, undo it, and block items"),
    Risk.SENSITIVE,
    _("Exchange differences that it realises are posted at once."),
)
OPENING_POST: Final = Permission("ledger.opening.post", _("post opening balances"), Risk.SENSITIVE)

AUDIT_VIEW: Final = Permission(
    "ledger.audit.view",
    _("see the auditor's page: checks of the books, samples, control queries"),
    Risk.READ,
)
AUDIT_RUN: Final = Permission(
    "ledger.audit.run",
    _("have the books checked and sealed now"),
    Risk.READ,
    _("The books are only read; the answers are kept."),
)

STATEMENT_EDIT: Final = Permission(
    "ledger.statement.edit",
    _("change presentation trees and name cash accounts"),
)

PERMISSIONS: Final = (
    BOOKS_VIEW,
    BOOKS_EXPORT,
    ACCOUNT_EDIT,
    CHART_IMPORT,
    JOURNAL_EDIT,
    FISCAL_YEAR_CREATE,
    PERIOD_CLOSE,
    PERIOD_REOPEN,
    PERIOD_LOCK,
    SOFT_CLOSED_POST,
    LOCK_SET,
    EXCEPTION_REQUEST,
    EXCEPTION_APPROVE,
    YEAR_CLOSE,
    YEAR_REOPEN,
    ENTRY_DRAFT,
    ENTRY_POST,
    ENTRY_APPROVE,
    APPROVAL_LIMIT_EDIT,
    ENTRY_REVERSE,
    ENTRY_IMPORT,
    ITEM_ALLOCATE,
    OPENING_POST,
    STATEMENT_EDIT,
    TAX_EDIT,
    AUDIT_VIEW,
    AUDIT_RUN,
    TAX_FILE,
    *CURRENCY_PERMISSIONS,
    *DIMENSION_PERMISSIONS,
)

_OF_THE_CONTROLLER: Final = (PERIOD_REOPEN, PERIOD_LOCK, EXCEPTION_APPROVE, YEAR_REOPEN)

ROLE_TEMPLATES: Final = (
    RoleTemplate(
        "accountant",
        _("Accountant"),
        _("Keeps the books: posts, reverses, imports, closes periods and reads every report."),
        (
            *(
                permission
                for permission in PERMISSIONS
                if permission not in (*_OF_THE_CONTROLLER, ENTRY_APPROVE, APPROVAL_LIMIT_EDIT)
            ),
            LIST_VIEW_SHARE,
        ),
    ),
    RoleTemplate(
        "bookkeeper",
        _("Bookkeeper"),
        _("Prepares draft entries for the accountant to post."),
        (BOOKS_VIEW, ENTRY_DRAFT),
    ),
    RoleTemplate(
        "controller",
        _("Controller"),
        _(
            "Answers for the figures: reads and exports everything, approves entries over the"
            " limits, closes and reopens periods."
        ),
        (
            BOOKS_VIEW,
            BOOKS_EXPORT,
            ENTRY_APPROVE,
            APPROVAL_LIMIT_EDIT,
            PERIOD_CLOSE,
            LOCK_SET,
            EXCEPTION_REQUEST,
            AUDIT_VIEW,
            AUDIT_RUN,
            *_OF_THE_CONTROLLER,
        ),
    ),
    RoleTemplate(
        "auditor",
        _("Auditor"),
        _("Reads everything, changes nothing, until a given day."),
        (BOOKS_VIEW, BOOKS_EXPORT, AUDIT_VIEW, AUDIT_RUN),
        read_only=True,
    ),
)
