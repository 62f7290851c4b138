"""What the demo company looks at its figures by: dimensions, shares of rent, a tree of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from backstay_ledger.cost_allocation.models import Basis
from backstay_ledger.cost_allocation.rules import AddAllocationRule, add_rule
from backstay_ledger.demo.lines import (
    ADVERTISING,
    CENTRE,
    ENERGY,
    OFFICE,
    PROJECT,
    REFIT,
    RENT,
    SCHOOL,
    SHOP,
    WAGES,
    WEB_SHOP,
    WHOLESALE,
)
from backstay_ledger.dimensions.values import (
    AddDimension,
    AddValue,
    RequireDimension,
    add_dimension,
    add_value,
    require_dimension,
)
from backstay_ledger.services.accounts import account_by_code
from backstay_ledger.statements.kinds import Purpose
from backstay_ledger.statements.tree_commands import CreateTree
from backstay_ledger.statements.tree_edits import create_tree

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

_CENTRES: Final = (
    ("100", "Trading", ""),
    (SHOP, "Shop at the quay", "100"),
    (WHOLESALE, "Wholesale", "100"),
    (SCHOOL, "Boats of the school", ""),
    (OFFICE, "Office", ""),
)
_PROJECTS: Final = ((REFIT, "Refit of the school's boats"), (WEB_SHOP, "Shop on the web"))


def set_up_dimensions(session: Session, first: date) -> int:
    """Cost centres as a tree, and projects; returns the id of the former."""
    centre = add_dimension(session, AddDimension(code=CENTRE, name="Cost centre")).id
    ids: dict[str, int] = {}
    for code, name, above in _CENTRES:
        command = AddValue(dimension_id=centre, code=code, name=name, parent_id=ids.get(above))
        ids[code] = add_value(session, command).id
    project = add_dimension(session, AddDimension(code=PROJECT, name="Project")).id
    for code, name in _PROJECTS:
        add_value(session, AddValue(dimension_id=project, code=code, name=name, valid_from=first))
    advertising = account_by_code(session, ADVERTISING).id
    require_dimension(session, RequireDimension(account_id=advertising, dimension_id=centre))
    return centre


def add_rules(session: Session, centre: int, first: date, last: date) -> list[int]:
    """How rent and energy are spread over cost centres from a day to a day; the rules' ids."""
    rules = (
        AddAllocationRule(
            name="Rent by floor space",
            sources=RENT,
            source_values=f"{CENTRE}=-",
            dimension_id=centre,
            basis=Basis.SHARES,
            shares=f"{SHOP}=45, {WHOLESALE}=30, {SCHOOL}=15, {OFFICE}=10",
            valid_from=first,
            valid_to=last,
        ),
        AddAllocationRule(
            name="Energy as wages",
            sources=ENERGY,
            source_values=f"{CENTRE}=-",
            dimension_id=centre,
            basis=Basis.BALANCES,
            basis_accounts=WAGES,
            valid_from=first,
            valid_to=last,
        ),
    )
    return [add_rule(session, one).id for one in rules]


def add_tree(session: Session) -> None:
    """A tree of the company's own, to be divided further."""
    create_tree(session, CreateTree(code="board", name="For the board", purpose=Purpose.MANAGEMENT))
