"""What the general ledger adds to Backstay: each hook returns what a module declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backstay.contracts.books import Books
from backstay.contracts.dimensions import Dimensions
from backstay.contracts.ledger import BooksChecked, EntriesPosted, EntriesReversed, Ledger
from backstay.spi import hookimpl
from backstay_ledger.approval.declared import APPROVABLES
from backstay_ledger.audit.run_jobs import CHECK_JOBS, CHECK_SCHEDULES
from backstay_ledger.books.provider import LedgerBooks
from backstay_ledger.closing.plan_jobs import PLAN_JOBS, PLAN_SCHEDULES
from backstay_ledger.closing.tasks import CLOSE_TASKS
from backstay_ledger.commands import COMMANDS
from backstay_ledger.company_setup import COMPANY_SETUP
from backstay_ledger.contract import GeneralLedger
from backstay_ledger.currencies.rate_import import RATES
from backstay_ledger.demo import DEMO
from backstay_ledger.determination.roles import ACCOUNT_ROLES
from backstay_ledger.dimensions.jobs import DIMENSION_JOBS, DIMENSION_SCHEDULES
from backstay_ledger.dimensions.kept import KeptDimensions
from backstay_ledger.guards import DECLARED
from backstay_ledger.imports import IMPORTS
from backstay_ledger.models import LedgerBase
from backstay_ledger.navigation import PAGES
from backstay_ledger.opening_wizard.imports import OPENING_IMPORTS
from backstay_ledger.pages.all_pages import BLUEPRINTS
from backstay_ledger.permissions import PERMISSIONS, ROLE_TEMPLATES
from backstay_ledger.resources.all_resources import RESOURCES

if TYPE_CHECKING:
    import click

    from backstay.contracts.approvals import Approvable
    from backstay.contracts.closing import CloseTask
    from backstay.contracts.ledger import AccountRole
    from backstay.spi import (
        DemoData,
        DomainEvent,
        ImportKind,
        JobKind,
        Page,
        Permission,
        PluginBlueprint,
        Resource,
        RoleTemplate,
        Schedule,
        SetupChoice,
    )


@hookimpl
def backstay_models() -> type[LedgerBase]:
    """The ledger's tables, with the guards that were declared for them."""
    if not DECLARED:
        message = "the ledger never runs without its guards"
        raise RuntimeError(message)
    return LedgerBase


@hookimpl
def backstay_permissions() -> Sequence[Permission]:
    """Functions that a role may hold."""
    return PERMISSIONS


@hookimpl
def backstay_role_templates() -> Sequence[RoleTemplate]:
    """Accountant, bookkeeper, controller, auditor."""
    return ROLE_TEMPLATES


@hookimpl
def backstay_resources() -> Sequence[Resource]:
    """Accounts, journals, fiscal years, periods, entries."""
    return RESOURCES


@hookimpl
def backstay_close_tasks() -> Sequence[CloseTask]:
    """Drafts, recurring entries, releases, cut-off."""
    return CLOSE_TASKS


@hookimpl
def backstay_jobs() -> Sequence[JobKind]:
    """What plans make by themselves, the checks, and values of dimensions."""
    return (*PLAN_JOBS, *CHECK_JOBS, *DIMENSION_JOBS)


@hookimpl
def backstay_schedules() -> Sequence[Schedule]:
    """The daily run of plans, and the nightly ones of the checks and of values of dimensions."""
    return (*PLAN_SCHEDULES, *CHECK_SCHEDULES, *DIMENSION_SCHEDULES)


@hookimpl
def backstay_blueprints() -> Sequence[PluginBlueprint]:
    """The entry editor and the reports."""
    return BLUEPRINTS


@hookimpl
def backstay_navigation() -> Sequence[Page]:
    """Pages of the work area Money."""
    return PAGES


@hookimpl
def backstay_imports() -> Sequence[ImportKind]:
    """Charts of accounts, journals, exchange rates, openings."""
    return (*IMPORTS, RATES, *OPENING_IMPORTS)


@hookimpl
def backstay_services() -> Mapping[type[Any], Any]:
    """Posting, reading the books, and values of dimensions that others keep."""
    return {Books: LedgerBooks(), Dimensions: KeptDimensions(), Ledger: GeneralLedger()}


@hookimpl
def backstay_approvables() -> Sequence[Approvable]:
    """Entries over a limit."""
    return APPROVABLES


@hookimpl
def backstay_events() -> Sequence[type[DomainEvent]]:
    """What others may want to follow: the classes are in the contract."""
    return (EntriesPosted, EntriesReversed, BooksChecked)


@hookimpl
def backstay_account_roles() -> Sequence[AccountRole]:
    """What entries of every company need accounts for."""
    return ACCOUNT_ROLES


@hookimpl
def backstay_company_setup() -> Sequence[SetupChoice]:
    """Journals, the fiscal year and a starter chart for a new company."""
    return COMPANY_SETUP


@hookimpl
def backstay_commands() -> Sequence[click.Command]:
    """``backstay ledger ...``."""
    return COMMANDS


@hookimpl
def backstay_demo() -> Sequence[DemoData]:
    """A year of a small trading company."""
    return DEMO
