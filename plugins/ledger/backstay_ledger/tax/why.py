"""Why an entry has this tax and these accounts, in words, for its record page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from backstay.spi import gettext as _
from backstay.spi import view as ui
from backstay_ledger.determination.models import LineRole
from backstay_ledger.resources.figures import Figures, heads
from backstay_ledger.tax.boxes import POLICIES
from backstay_ledger.tax.models import TaxBox, TaxCode, TaxDetail, TaxRate

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay_ledger.models import Entry

_POLICIES = {choice.value: choice.label for choice in POLICIES}


def reasons(session: Session, entry: Entry, figures: Figures) -> dict[str, Any]:
    """Table of taxes and list of account rules for ``ledger/entry_reasons.html``."""
    found = session.execute(
        select(
            TaxDetail,
            TaxCode.id,
            TaxCode.code,
            TaxRate.valid_from,
            TaxBox.code,
            func.coalesce(TaxCode.cumulative_threshold, TaxCode.single_threshold).is_not(None),
        )
        .join(TaxCode, TaxCode.id == TaxDetail.code_id)
        .join(TaxRate, TaxRate.id == TaxDetail.rate_id)
        .outerjoin(TaxBox, TaxBox.id == TaxDetail.box_id)
        .where(TaxDetail.entry_id == entry.id)
        .order_by(TaxDetail.id)
    ).all()
    roles = session.scalars(
        select(LineRole).where(LineRole.entry_id == entry.id).order_by(LineRole.line_no)
    ).all()
    return {
        "tax_heads": heads(
            ("line", _("Line"), False),
            ("code", _("Tax code"), False),
            ("rate", _("Rate"), True),
            ("since", _("Since"), False),
            ("base", _("Base"), True),
            ("tax", _("Tax"), True),
            ("box", _("Box"), False),
            ("rounded", _("Rounded"), False),
        ),
        "tax_rows": tuple(
            _row(figures, detail, code, valid_from, box)
            for detail, _id, code, valid_from, box, _limits in found
        ),
        "tax_reasons": tuple(
            _limit(figures, detail, code)
            for detail, _id, code, _from, _box, limits in found
            if limits
        ),
        "account_reasons": tuple(
            _("Line %(n)s: %(rule)s", n=role.line_no, rule=role.rule) for role in roles
        ),
    }


def _limit(figures: Figures, detail: TaxDetail, code: str) -> str:
    """Why a tax above limits has its base, in words."""
    words = {"line": detail.base_line_no, "code": code, "net": figures.text(abs(detail.net))}
    before = abs(detail.base) - abs(detail.net)
    if detail.base == 0:
        return _(
            "Line %(line)s: nothing of %(net)s is withheld by %(code)s below its limit.", **words
        )
    if before > 0:
        words["before"] = figures.text(before)
        return _(
            "Line %(line)s: the bills of the party reached the limit of %(code)s in this fiscal"
            " year, so %(before)s of earlier bills is taxed besides these %(net)s.",
            **words,
        )
    return _("Line %(line)s: %(net)s is above the limit of %(code)s.", **words)


def _row(
    figures: Figures, detail: TaxDetail, code: str, valid_from: Any, box: str | None
) -> ui.Row:
    tax = figures.text(detail.amount)
    if detail.computed != detail.amount:
        tax = _("%(tax)s (computed %(own)s)", tax=tax, own=figures.text(detail.computed))
    counted = box or _("none")
    if detail.waiting:
        counted = _("%(box)s, when paid", box=counted)
    place = (
        _("%(base)s, tax on %(line)s", base=detail.base_line_no, line=detail.line_no)
        if detail.line_no not in {None, detail.base_line_no}
        else str(detail.base_line_no)
    )
    return ui.Row(
        (
            ui.Cell(place),
            ui.Cell(code, "code"),
            ui.Cell(f"{detail.rate.normalize():f} %", "number"),
            ui.Cell(figures.day(valid_from), "date"),
            figures.cell(detail.base),
            ui.Cell(tax, "money"),
            ui.Cell(counted),
            ui.Cell(str(_POLICIES[detail.policy.value])),
        )
    )
