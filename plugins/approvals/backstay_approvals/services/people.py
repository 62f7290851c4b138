"""Who can decide: the people of a stage, and who stands in for whom."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.spi import Permission, company_of, holders, holders_of_roles, role_names, today
from backstay.spi import gettext as _
from backstay_approvals.models import Deputy, Stage


@dataclass(frozen=True, slots=True)
class People:
    """Roles and deputies of a company today, looked up once.

    Arguments:
        roles: sign-in names by the code of the role.
        stand_in: for each deputy, the people in whose place they decide.
    """

    roles: dict[str, frozenset[str]]
    stand_in: dict[str, tuple[str, ...]]

    @classmethod
    def today(cls, session: Session) -> People:
        """Look them up."""
        company = company_of(session)
        day = today(company.time_zone)
        stand_in: dict[str, tuple[str, ...]] = {}
        for login, stands_for in session.execute(
            select(Deputy.login, Deputy.stands_for)
            .where(
                Deputy.company_id == company.id,
                Deputy.ended_at.is_(None),
                Deputy.starts_on <= day,
                Deputy.ends_on >= day,
            )
            .order_by(Deputy.id)
        ):
            stand_in[login] = (*stand_in.get(login, ()), stands_for)
        return cls(holders_of_roles(session), stand_in)

    def in_stage(self, login: str, stage: Stage) -> bool:
        """Whether somebody is asked by a stage themselves."""
        if not stage.role and not stage.persons:
            return True
        return login in stage.persons or login in self.roles.get(stage.role, frozenset())

    def counts_for(self, login: str, stage: Stage, taken: frozenset[str]) -> str | None:
        """Whose approval somebody's is: their own, or that of who they stand in for.

        Arguments:
            taken: who began it or has decided already.
        """
        if login in taken:
            return None
        if self.in_stage(login, stage):
            return login
        if not stage.role and not stage.persons:
            return None
        return next(
            (
                other
                for other in self.stand_in.get(login, ())
                if other not in taken and self.in_stage(other, stage)
            ),
            None,
        )


def shortfall(session: Session, stages: tuple[Stage, ...], decide: Permission) -> str:
    """Why a rule can never be satisfied, or hardly; empty where it can.

    Each person counts once in all stages, and one of them may be who began it.
    """
    may = frozenset(person.login for person in holders(session, decide))
    people = People(holders_of_roles(session), {})
    everybody: set[str] = set()
    for number, stage in enumerate(stages, 1):
        able = {login for login in may if people.in_stage(login, stage)}
        everybody |= able
        if len(able) < stage.people:
            return _(
                "Stage %(n)s can never be satisfied: it asks for %(people)s, and %(able)s can"
                " decide (it takes the permission “%(permission)s” as well).",
                n=number,
                people=stage.people,
                able=len(able),
                permission=decide.label,
            )
    needed = sum(stage.people for stage in stages)
    if len(everybody) < needed:
        return _(
            "It can never be satisfied: it asks for %(people)s different people in all, and"
            " %(able)s can decide.",
            people=needed,
            able=len(everybody),
        )
    if len(everybody) == needed:
        return _(
            "It can't be satisfied when one of these began it: %(people)s.",
            people=", ".join(sorted(everybody)),
        )
    return ""


def in_words(session: Session, stage: Stage, names: dict[str, str] | None = None) -> str:
    """Who is asked by a stage.

    Arguments:
        names: the names of the roles by their codes, where they are known already.
    """
    known = names if names is not None else names_of_roles(session)
    parts = [*([known.get(stage.role, stage.role)] if stage.role else []), *stage.persons]
    return _(" or ").join(parts) if parts else _("anybody who may approve it")


def names_of_roles(session: Session) -> dict[str, str]:
    """The names of all roles by their codes."""
    return {role.code: role.name for role in role_names(session)}
