"""Accounts as allocation rules name them: by code, by range, or by a node of a tree.

Ranges are written ``6000..6999``, as in trees. ``6000-6999`` is taken too where it can mean nothing
else: codes of accounts may have hyphens themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from backstay.spi import Invalid, Problem, company_of
from backstay.spi import gettext as _
from backstay_ledger.models import Account
from backstay_ledger.statements.compute import known_accounts
from backstay_ledger.statements.trees import choose_tree

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session

_BETWEEN: Final = re.compile(r"\s*[,;\n]\s*")
"""Between accounts; their codes may have spaces."""
_HYPHENS: Final = re.compile(r"[-\u2013]")
"""A hyphen, or the dash that some programs make of it."""


def accounts_said(session: Session, text: str, field: str) -> list[tuple[int, str]]:
    """Ids and codes of accounts that are named by code, by range, or by a node of a tree.

    Raises:
        Invalid: names what there is not.
    """
    known = known_accounts(session)
    codes = {one.code for one in known}
    found: dict[int, str] = {}
    problems: list[Problem] = []
    for said in _parts(text):
        tree_code, slash, node = said.partition("/")
        ends = _range(said, codes)
        if slash:
            tree, missing = choose_tree(session, tree_code)
            if missing or tree.node(node) is None:
                members = []
            else:
                nodes = tree.with_below(node)
                placed = tree.place(known)
                members = [one for one in known if placed.get(one.id) in nodes]
        elif ends is None:
            members = [one for one in known if one.code == said]
        else:
            members = [one for one in known if ends[0] <= one.code <= ends[1]]
        if not members:
            problems.append(Problem(_unknown(said), field))
        found |= {one.id: one.code for one in members}
    if problems:
        raise Invalid(problems[0].message, field=field, problems=tuple(problems))
    return sorted(found.items(), key=lambda one: one[1])


def may_name(text: str, codes: Sequence[str]) -> bool:
    """Whether a text may name one of some accounts; a node of a tree may name any."""
    for said in _parts(text):
        if "/" in said or said in codes:
            return bool(codes)
        ends = _range(said, codes)
        if ends is not None and any(ends[0] <= code <= ends[1] for code in codes):
            return True
    return False


def as_shown(session: Session, text: str) -> str:
    """A text of :func:`accounts_said` with its ranges in the one notation."""
    parts = _parts(text)
    query = select(Account.code).where(
        Account.company_id == company_of(session).id, Account.code.in_(parts)
    )
    codes = set(session.scalars(query)) if parts else set()
    return ", ".join(
        said if "/" in said or (ends := _range(said, codes)) is None else "..".join(ends)
        for said in parts
    )


def _parts(text: str) -> list[str]:
    return [one for one in _BETWEEN.split(text.strip()) if one]


def _range(said: str, codes: Collection[str]) -> tuple[str, str] | None:
    """First and last code of a range; None where it is none, or could be read in two ways."""
    if said in codes:
        return None
    first, points, last = said.partition("..")
    if not points:
        ends = _HYPHENS.split(said)
        if len(ends) != 2:  # noqa: PLR2004 - first and last
            return None
        first, last = ends
    return (first.strip(), last.strip()) if first.strip() and last.strip() else None


def _unknown(said: str) -> str:
    if len(_HYPHENS.split(said)) > 2 and ".." not in said:  # noqa: PLR2004
        return _(
            "“%(said)s” names no account. Write a range with two points: 6000..6999.",
            said=said[:40],
        )
    return _("“%(said)s” names no account.", said=said[:40])
