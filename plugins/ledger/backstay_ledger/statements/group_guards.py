"""What both databases keep of shares in companies: one on a day, above nothing, at most all."""

# ruff: noqa: S608 - the SQL of triggers is put together from names in this code

from __future__ import annotations

from typing import Final

from backstay_ledger.closing.guards import rule
from backstay_ledger.guards.tables import keep, keep_while_used
from backstay_ledger.statements.group_models import CompanyGroup, GroupShare

TWO_SHARES: Final = "A company of a group has one share on a day."
_LAST: Final = "'9999-12-31'"
_MET: Final = (
    "EXISTS (SELECT 1 FROM ledger_group_share AS held"
    " WHERE held.group_id = NEW.group_id AND held.member = NEW.member AND held.id <> NEW.id"
    f" AND held.valid_from <= coalesce(NEW.valid_to, {_LAST})"
    f" AND coalesce(held.valid_to, {_LAST}) >= NEW.valid_from)"
)

keep(
    GroupShare.__table__,
    fixed=("id", "company_id", "group_id", "member"),
    what="a share",
)
keep_while_used(CompanyGroup.__table__, (("ledger_group_share", "group_id"),), "group")
for _event in ("INSERT", "UPDATE"):
    rule(
        GroupShare.__table__,
        f"apart_{_event.lower()}",
        _event,
        ((_MET, TWO_SHARES),),
        # The group's row is locked, so that two people can't add shares of the same days.
        before="PERFORM 1 FROM ledger_company_group AS g WHERE g.id = NEW.group_id FOR UPDATE;",
    )
