"""Lists, records and forms of allocation rules; a rule is run from its record."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import aliased

from backstay.spi import (
    Action,
    Column,
    Empty,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
    company_of,
    flash_done,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.cost_allocation.models import (
    AllocationRule,
    AllocationRun,
    AllocationShare,
    Basis,
)
from backstay_ledger.cost_allocation.rules import (
    BASES,
    AddAllocationRule,
    EditAllocationRule,
    add_rule,
    edit_rule,
    written_shares,
)
from backstay_ledger.cost_allocation.running import RunAllocationRule, run_rule
from backstay_ledger.dimensions.permissions import DIMENSION_EDIT
from backstay_ledger.models import Account, Entry, EntryState, Period
from backstay_ledger.models.dimensions import Dimension, DimensionValue
from backstay_ledger.pages.report_dates import company_today
from backstay_ledger.permissions import BOOKS_VIEW, ENTRY_POST
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.services.fiscal_years import period_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response
    from sqlalchemy.orm import Session

_TARGET: Final = aliased(Account)
_RELIEF: Final = aliased(Account)
_MOST: Final = 60


def _joined(query: Any) -> Any:
    return (
        query.join(Dimension, Dimension.id == AllocationRule.dimension_id)
        .outerjoin(_TARGET, _TARGET.id == AllocationRule.target_account_id)
        .outerjoin(_RELIEF, _RELIEF.id == AllocationRule.relief_account_id)
    )


def _as_it_is(session: Session, rule: AllocationRule | None) -> dict[str, Any]:
    """What the form of a rule starts with."""
    if rule is None:
        return {"valid_from": company_today(session).replace(month=1, day=1)}
    fields = (
        *("name", "sources", "source_values", "dimension_id", "basis", "basis_accounts"),
        *("target_account_id", "relief_account_id", "valid_from", "valid_to"),
    )
    return {name: getattr(rule, name) for name in fields} | {
        "shares": written_shares(session, rule)
    }


def _this_month(session: Session, _rule: AllocationRule) -> dict[str, Any]:
    period = period_on(session, company_today(session))
    return {"period_id": None if period is None else period.id}


def _ran(_session: Session, run: AllocationRun) -> Response:
    flash_done(translate("Allocated. This is the entry."))
    return redirect_to(resource_url("ledger.entry", "record", id=run.entry_id))


def _shares(session: Session, rule: AllocationRule) -> dict[str, Any]:
    """The fixed shares of a rule, with what part of the whole each is."""
    shares = session.execute(
        select(DimensionValue.code, DimensionValue.name, AllocationShare.weight)
        .join(AllocationShare, AllocationShare.value_id == DimensionValue.id)
        .where(AllocationShare.rule_id == rule.id, AllocationShare.company_id == rule.company_id)
        .order_by(DimensionValue.code)
    ).all()
    total = sum((row.weight for row in shares), Decimal(0))
    return {
        "heads": heads(
            ("value", translate("Value"), False),
            ("share", translate("Share"), True),
            ("percent", translate("Percent"), True),
        ),
        "rows": tuple(
            ui.Row(
                (
                    ui.Cell(f"{row.code} {row.name}"),
                    ui.Cell(f"{row.weight.normalize():f}", "number"),
                    ui.Cell(f"{100 * row.weight / total:.2f} %", "number"),
                )
            )
            for row in shares
        ),
        "label": translate("Shares"),
        "nothing": translate("None: the parts are in proportion to what accounts moved."),
        "buttons": (),
    }


def _runs(session: Session, rule: AllocationRule) -> dict[str, Any]:
    """The entries that a rule made, the latest first."""
    figures = Figures(session)
    mirror = aliased(Entry)
    found = session.execute(
        select(Period.starts_on, Entry, mirror.number_text)
        .select_from(AllocationRun)
        .join(Period, Period.id == AllocationRun.period_id)
        .join(Entry, Entry.id == AllocationRun.entry_id)
        .outerjoin(mirror, (mirror.reverses_id == Entry.id) & (mirror.state == EntryState.POSTED))
        .where(AllocationRun.rule_id == rule.id, AllocationRun.company_id == company_of(session).id)
        .order_by(Period.starts_on.desc(), AllocationRun.attempt.desc())
        .limit(_MOST)
    )
    return {
        "heads": heads(
            ("period", translate("Period"), False),
            ("entry", translate("Entry"), False),
            ("date", translate("Date"), False),
            ("reversed", translate("Reversed by"), False),
        ),
        "rows": tuple(
            ui.Row(
                (
                    ui.Cell(f"{starts_on:%Y-%m}", "code"),
                    ui.Cell(_said_of(entry), "code"),
                    ui.Cell(figures.day(entry.date), "date"),
                    ui.Cell(reversal or "", "code"),
                ),
                href=resource_url("ledger.entry", "record", id=entry.id),
            )
            for starts_on, entry, reversal in found
        ),
        "label": translate("What it allocated"),
    }


def _said_of(entry: Entry) -> str:
    if entry.state is EntryState.DRAFT:
        return translate("Draft: post it, or delete it")
    return entry.number_text or translate("Waits for approval")


def _preview(session: Session) -> Sequence[ui.Button]:
    found = select(AllocationRule.id).where(AllocationRule.company_id == company_of(session).id)
    if session.scalar(found.limit(1)) is None:
        return ()
    return (ui.Button(translate("Preview"), url_for("ledger.allocation_preview"), "eye"),)


ALLOCATION_RULES: Final = Resource(
    name="ledger.allocation_rule",
    path="allocation-rules",
    model=AllocationRule,
    view=BOOKS_VIEW,
    label=_("Allocation rule"),
    label_many=_("Allocation rules"),
    icon="chart-bar",
    help=_(
        "What accounts took in a month is spread over cost centres or projects: by fixed shares,"
        " or by what other accounts moved. Each rule makes one entry a month."
    ),
    columns=(
        Column("name", _("Name"), AllocationRule.name, link=True, sortable=True),
        Column("sources", _("Accounts"), AllocationRule.sources),
        Column("source_values", _("Only lines with"), AllocationRule.source_values),
        Column("dimension_id", _("Spread over"), Dimension.name),
        Column("basis", _("In proportion to"), AllocationRule.basis, choices=BASES),
        Column(
            "basis_accounts",
            _("Accounts of the basis"),
            AllocationRule.basis_accounts,
            in_list=False,
        ),
        Column("target_account_id", _("Parts go to"), _TARGET.code, Kind.CODE, in_list=False),
        Column(
            "relief_account_id",
            _("The whole is taken off"),
            _RELIEF.code,
            Kind.CODE,
            in_list=False,
        ),
        Column("valid_from", _("Valid from"), AllocationRule.valid_from, Kind.DATE),
        Column("valid_to", _("Valid to"), AllocationRule.valid_to, Kind.DATE),
    ),
    search=(AllocationRule.name,),
    search_label=_("Search by name"),
    joins=_joined,
    order=("name",),
    title=lambda rule: str(rule.name),
    sections=(
        Section(
            _("Rule"),
            (
                *("name", "sources", "source_values", "dimension_id", "basis", "basis_accounts"),
                *("target_account_id", "relief_account_id", "valid_from", "valid_to"),
            ),
        ),
    ),
    panels=(
        Panel(_("Shares"), "ledger/tree.html", _shares, flush=True),
        Panel(_("What it allocated"), "ledger/plan.html", _runs, flush=True),
    ),
    create=Operation(
        add_rule,
        AddAllocationRule,
        DIMENSION_EDIT,
        _("New allocation rule"),
        initial=_as_it_is,
        done=_("Rule saved."),
        example={"basis": Basis.BALANCES.value, "basis_accounts": "6000"},
    ),
    update=Operation(
        edit_rule,
        EditAllocationRule,
        DIMENSION_EDIT,
        _("Edit rule"),
        initial=_as_it_is,
        done=_("Rule saved."),
    ),
    actions=(
        Action(
            "run",
            Operation(
                run_rule,
                RunAllocationRule,
                ENTRY_POST,
                _("Run for a month"),
                initial=_this_month,
                help=_(
                    "One entry is posted on the last day of the month. A month that it was run for"
                    " leads to the entry that is there; reverse that to run it again."
                ),
                respond=_ran,
            ),
            icon="player-play",
        ),
    ),
    empty=Empty(
        _("No allocation rules yet"),
        _("Add one, such as rent by floor space, to spread shared costs every month."),
        "chart-bar",
    ),
    buttons=_preview,
    picker_label=lambda rule: str(rule.name),
)
