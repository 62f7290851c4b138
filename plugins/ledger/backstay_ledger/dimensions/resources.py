"""Lists, records and forms of dimensions, their values and the accounts that require them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import url_for
from sqlalchemy import func, select

from backstay.spi import (
    Action,
    Column,
    Empty,
    Filter,
    Kind,
    Operation,
    Panel,
    Related,
    Resource,
    Section,
    context_of,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay.spi import view as ui
from backstay_ledger.dimensions.permissions import DIMENSION_EDIT
from backstay_ledger.dimensions.values import (
    AddDimension,
    AddValue,
    EditDimension,
    EditValue,
    RequireDimension,
    StopRequiring,
    add_dimension,
    add_value,
    edit_dimension,
    edit_value,
    require_dimension,
    stop_requiring,
)
from backstay_ledger.models import Account
from backstay_ledger.models.dimensions import Dimension, DimensionValue, RequiredDimension
from backstay_ledger.permissions import BOOKS_VIEW
from backstay_ledger.resources.asked_on import asked_on
from backstay_ledger.resources.figures import heads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Response
    from sqlalchemy.orm import Session

_PARENT: Final = DimensionValue.__table__.alias("parent")
_MOST: Final = 500
"""Values that the record of a dimension shows; the list has all of them."""


def _values(session: Session, dimension: Dimension) -> int:
    counted = select(func.count(DimensionValue.id)).where(
        DimensionValue.dimension_id == dimension.id
    )
    return session.scalar(counted) or 0


def _tree(session: Session, dimension: Dimension) -> dict[str, Any]:
    """The values of a dimension, each with those below it after it."""
    values = session.scalars(
        select(DimensionValue)
        .where(DimensionValue.dimension_id == dimension.id)
        .order_by(DimensionValue.code)
        .limit(_MOST + 1)
    ).all()
    shown = values[:_MOST]
    known = {value.id for value in shown}
    below: dict[int | None, list[DimensionValue]] = {}
    for value in shown:
        # One whose parent is not shown any more stands at the top.
        below.setdefault(value.parent_id if value.parent_id in known else None, []).append(value)

    def rows(parent: int | None, depth: int) -> Iterator[ui.Row]:
        for value in below.get(parent, ()):
            yield ui.Row(
                (ui.Cell(value.code, "code"), ui.Cell(value.name)),
                href=resource_url("ledger.dimension_value", "record", id=value.id),
                depth=depth,
            )
            yield from rows(value.id, depth + 1)

    buttons = [
        ui.Button(
            translate("Profit and loss by it"),
            url_for("ledger.profit_loss", by=dimension.code),
            "chart-bar",
        )
    ]
    if context_of(session).may(DIMENSION_EDIT):
        new = resource_url("ledger.dimension_value", "create", dimension=dimension.id)
        buttons.append(ui.Button(translate("New value"), new, "plus"))
    return {
        "heads": heads(("code", translate("Code"), False), ("name", translate("Name"), False)),
        "rows": tuple(rows(None, 0)),
        "buttons": tuple(buttons),
        "label": translate("Values")
        if len(shown) == len(values)
        else translate("The first %(most)s values; the list has all", most=_MOST),
        "nothing": translate("No values yet: add those that lines may carry."),
    }


def _of_value(query: Any) -> Any:
    return query.join(Dimension, Dimension.id == DimensionValue.dimension_id).outerjoin(
        _PARENT, _PARENT.c.id == DimensionValue.parent_id
    )


def _of_requirement(query: Any) -> Any:
    return query.join(Dimension, Dimension.id == RequiredDimension.dimension_id).join(
        Account, Account.id == RequiredDimension.account_id
    )


def _to_the_requirements(_session: Session, _result: None) -> Response:
    return redirect_to(resource_url("ledger.required_dimension"))


DIMENSIONS: Final = Resource(
    name="ledger.dimension",
    path="dimensions",
    model=Dimension,
    view=BOOKS_VIEW,
    label=_("Dimension"),
    label_many=_("Dimensions"),
    icon="tag",
    help=_("What lines are about besides their account: cost centres, projects, regions."),
    columns=(
        Column("code", _("Code"), Dimension.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), Dimension.name, link=True),
        Column("active", _("Active"), Dimension.active, Kind.BOOL),
        Column("kept_by", _("Kept by"), Dimension.kept_by, in_list=False),
    ),
    search=(Dimension.code, Dimension.name),
    search_label=_("Search by code or name"),
    order=("code",),
    title=lambda dimension: str(dimension.name),
    sections=(Section(_("Dimension"), ("code", "name", "active", "kept_by")),),
    create=Operation(
        add_dimension, AddDimension, DIMENSION_EDIT, _("New dimension"), done=_("Dimension saved.")
    ),
    update=Operation(
        edit_dimension,
        EditDimension,
        DIMENSION_EDIT,
        _("Edit dimension"),
        done=_("Dimension saved."),
    ),
    related=(Related(_("Values"), "ledger.dimension_value", "dimension", _values, "list-details"),),
    panels=(Panel(_("Values"), "ledger/tree.html", _tree, flush=True),),
    empty=Empty(
        _("No dimensions yet"),
        _("Add one, such as cost_centre, if reports should tell more than accounts do."),
        "tag",
    ),
    picker_label=lambda dimension: str(dimension.name),
)
VALUES: Final = Resource(
    name="ledger.dimension_value",
    path="dimension-values",
    model=DimensionValue,
    view=BOOKS_VIEW,
    label=_("Value of a dimension"),
    label_many=_("Values of dimensions"),
    icon="list-details",
    help=_("Values may stand below others; a report by one contains all below it."),
    columns=(
        Column("code", _("Code"), DimensionValue.code, Kind.CODE, sortable=True, link=True),
        Column("name", _("Name"), DimensionValue.name, link=True),
        Column("dimension_id", _("Dimension"), Dimension.name, sortable=True),
        Column("parent_id", _("Below"), _PARENT.c.code),
        Column("valid_from", _("Valid from"), DimensionValue.valid_from, Kind.DATE),
        Column("valid_to", _("Valid to"), DimensionValue.valid_to, Kind.DATE),
    ),
    filters=(
        Filter(
            "dimension",
            _("Dimension"),
            DimensionValue.dimension_id,
            kind="picker",
            picker="ledger.dimension",
        ),
    ),
    search=(DimensionValue.code, DimensionValue.name),
    search_label=_("Search by code or name"),
    joins=_of_value,
    order=("dimension_id", "code"),
    title=lambda value: str(value.label),
    sections=(
        Section(
            _("Value"), ("dimension_id", "code", "name", "parent_id", "valid_from", "valid_to")
        ),
    ),
    create=Operation(
        add_value,
        AddValue,
        DIMENSION_EDIT,
        _("New value"),
        initial=asked_on("dimension"),
        done=_("Value saved."),
    ),
    update=Operation(
        edit_value, EditValue, DIMENSION_EDIT, _("Edit value"), done=_("Value saved.")
    ),
    empty=Empty(_("No values yet"), _("Add the first value of a dimension."), "list-details"),
    picker_label=lambda value: str(value.label),
)
REQUIRED: Final = Resource(
    name="ledger.required_dimension",
    path="required-dimensions",
    model=RequiredDimension,
    view=BOOKS_VIEW,
    label=_("Required dimension"),
    label_many=_("Required dimensions"),
    icon="shield-check",
    help=_("Lines on these accounts carry a value of the dimension, or are not posted."),
    columns=(
        Column("account_id", _("Account"), Account.code, Kind.CODE, link=True),
        Column("account_name", _("Name"), Account.name),
        Column("dimension_id", _("Dimension"), Dimension.name),
    ),
    joins=_of_requirement,
    title=lambda _row: str(_("Required dimension")),
    sections=(Section(_("Required dimension"), ("account_id", "account_name", "dimension_id")),),
    create=Operation(
        require_dimension,
        RequireDimension,
        DIMENSION_EDIT,
        _("Require a dimension"),
        done=_("Required from now on."),
        submit=_("Require it"),
    ),
    actions=(
        Action(
            "stop",
            Operation(
                stop_requiring,
                StopRequiring,
                DIMENSION_EDIT,
                _("Stop requiring"),
                done=_("Not required any more."),
                respond=_to_the_requirements,
            ),
            icon="x",
        ),
    ),
    empty=Empty(
        _("No account requires a dimension"),
        _("Name an account, such as wages, whose lines must always have one."),
        "shield-check",
    ),
)
DIMENSION_RESOURCES: Final = (DIMENSIONS, VALUES, REQUIRED)
