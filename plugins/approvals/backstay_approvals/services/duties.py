"""Separation of duties: who can both begin and approve the same thing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.approvals import Approvable
from backstay.spi import Colleague, approvables, authorize, company_of, holders
from backstay_approvals.models import Rule
from backstay_approvals.permissions import REQUEST_VIEW
from backstay_approvals.services.people import shortfall


@dataclass(frozen=True, slots=True)
class Duty:
    """What one person can do with one kind of record."""

    person: Colleague
    begins: bool
    approves: bool


@dataclass(frozen=True, slots=True)
class Duties:
    """Everybody who can do something with one kind of record."""

    approvable: Approvable
    people: tuple[Duty, ...]


def duties(session: Session) -> list[Duties]:
    """Who begins and who approves, for all that running modules let be approved."""
    authorize(session, REQUEST_VIEW)
    found: list[Duties] = []
    for _name, one in sorted(approvables(session).items()):
        make = {person.login: person for person in holders(session, one.make)}
        decide = {person.login: person for person in holders(session, one.decide)}
        both = sorted((make | decide).values(), key=lambda person: (person.name, person.login))
        people = tuple(
            Duty(person, person.login in make, person.login in decide) for person in both
        )
        found.append(Duties(one, people))
    return found


def hopeless_rules(session: Session) -> list[tuple[Rule, str]]:
    """The rules in force that can't be satisfied, or not always, each with why."""
    authorize(session, REQUEST_VIEW)
    known = approvables(session)
    rules = session.scalars(
        select(Rule)
        .where(Rule.company_id == company_of(session).id, Rule.active)
        .order_by(Rule.about, Rule.position, Rule.id)
    )
    return [
        (rule, why)
        for rule in rules
        if rule.about in known
        and (why := shortfall(session, rule.read_stages, known[rule.about].decide))
    ]
