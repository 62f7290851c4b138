"""Rules: making, changing and deleting them, and finding the one that a record falls under."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Annotated, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from backstay.contracts.approvals import Approvable, Subject
from backstay.spi import (
    BoolField,
    Choice,
    ChoiceField,
    Invalid,
    MoneyField,
    NotFound,
    NumberField,
    TextField,
    approvables,
    authorize,
    check_version,
    colleagues,
    company_of,
    lazy,
    role_names,
)
from backstay.spi import gettext as _
from backstay_approvals.conditions import read_conditions
from backstay_approvals.models import MOST_STAGES, Rule, Stage
from backstay_approvals.permissions import RULE_EDIT

MOST_PEOPLE: Final = 9
EVERYTHING: Final = "*"
"""A rule about all that can be approved; it can ask about amount and maker only."""


def about_choices(session: Session) -> tuple[Choice, ...]:
    """What the running modules let rules be about."""
    return (
        *(Choice(name, one.label) for name, one in sorted(approvables(session).items())),
        Choice(EVERYTHING, _("Everything that can be approved")),
    )


def role_choices(session: Session) -> tuple[Choice, ...]:
    """All roles, by name."""
    return tuple(Choice(role.code, role.name) for role in role_names(session))


def _role(stage: int) -> ChoiceField:
    return ChoiceField(
        label=lazy("Role"),
        help=lazy("Its holders decide.") if stage == 1 else "",
        choices=role_choices,
        blank=lazy("none"),
    )


def _persons(stage: int) -> TextField:
    return TextField(
        label=lazy("Persons"),
        help=lazy(
            "Sign-in names, with commas. With a role they are added to its holders; without role"
            " and persons, everybody who may approve the record decides."
        )
        if stage == 1
        else "",
        example="anna, berta",
        max_length=400,
    )


def _people() -> NumberField:
    return NumberField(
        label=lazy("How many have to approve"),
        help=lazy("Different people; nobody counts in two stages."),
        minimum=1,
        maximum=MOST_PEOPLE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRule:
    """A new rule.

    Arguments:
        about: record and action, such as ``ledger.entry.post``.
        position: rules are tried from the smallest on; the first that fits decides.
        over_amount: it fits where the amount is larger, in the base currency; None for any.
        second, third: whether there is such a stage.
    """

    name: Annotated[str, TextField(label=lazy("Name"), min_length=1, max_length=100)]
    about: Annotated[str, ChoiceField(label=lazy("What it is about"), choices=about_choices)]
    position: Annotated[
        int,
        NumberField(
            label=lazy("Position"),
            help=lazy("Rules are tried from the smallest on, and the first that fits decides."),
            minimum=1,
            maximum=9999,
        ),
    ] = 10
    over_amount: Annotated[
        Decimal | None,
        MoneyField(label=lazy("Over the amount"), help=lazy("Empty: whatever the amount.")),
    ] = None
    conditions: Annotated[
        str,
        TextField(
            label=lazy("Conditions"),
            help=lazy(
                "One a line; all have to hold. Such as: journal = GEN, BNK or account_class !="
                " income or maker = anna."
            ),
            example="journal = GEN, BNK",
            multiline=True,
            wide=True,
            max_length=1000,
        ),
    ] = ""
    role_1: Annotated[str, _role(1)] = ""
    persons_1: Annotated[str, _persons(1)] = ""
    people_1: Annotated[int, _people()] = 1
    second: Annotated[bool, BoolField(label=lazy("There is a second stage"))] = False
    role_2: Annotated[str, _role(2)] = ""
    persons_2: Annotated[str, _persons(2)] = ""
    people_2: Annotated[int, _people()] = 1
    third: Annotated[bool, BoolField(label=lazy("There is a third stage"))] = False
    role_3: Annotated[str, _role(3)] = ""
    persons_3: Annotated[str, _persons(3)] = ""
    people_3: Annotated[int, _people()] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRule(CreateRule):
    """A changed rule. Requests that are open go on with the stages that they began with."""

    id: int
    version: int | None = None
    active: Annotated[bool, BoolField(label=lazy("In force"))] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRule:
    """A rule that is not needed any more."""

    id: int
    version: int | None = None


def create_rule(session: Session, command: CreateRule) -> Rule:
    """Make a rule.

    Raises:
        Invalid: the name is taken, or names the field that can't be as it is.
    """
    authorize(session, RULE_EDIT)
    row = Rule(company_id=company_of(session).id, active=True, **_values(session, command, None))
    session.add(row)
    session.flush()
    return row


def edit_rule(session: Session, command: EditRule) -> Rule:
    """Change a rule.

    Raises:
        Invalid: as for a new one.
        Stale: somebody else saved in the meantime.
    """
    authorize(session, RULE_EDIT)
    row = get_rule(session, command.id)
    check_version(row, command.version)
    for name, value in _values(session, command, row).items():
        setattr(row, name, value)
    row.active = command.active
    session.flush()
    return row


def delete_rule(session: Session, command: DeleteRule) -> None:
    """Delete a rule; the audit trail keeps what it said.

    Raises:
        Stale: somebody else saved in the meantime.
    """
    authorize(session, RULE_EDIT)
    row = get_rule(session, command.id)
    check_version(row, command.version)
    session.delete(row)
    session.flush()


def as_typed(_session: Session, rule: Rule) -> dict[str, Any]:
    """A rule as its form shows it."""
    values: dict[str, Any] = {
        one.name: getattr(rule, one.name) for one in fields(EditRule) if hasattr(rule, one.name)
    }
    stages = rule.read_stages
    values |= {"second": len(stages) > 1, "third": len(stages) > 2}  # noqa: PLR2004
    for number, stage in enumerate(stages, 1):
        values[f"role_{number}"] = stage.role
        values[f"persons_{number}"] = ", ".join(stage.persons)
        values[f"people_{number}"] = stage.people
    return values


def get_rule(session: Session, rule_id: int) -> Rule:
    """A rule of the company.

    Raises:
        NotFound: the company has no such rule.
    """
    found = session.scalar(
        select(Rule).where(Rule.id == rule_id, Rule.company_id == company_of(session).id)
    )
    if found is None:
        raise NotFound(_("There is no such rule in this company."))
    return found


def approvable_of(session: Session, name: str) -> Approvable:
    """What a running module declares under a name.

    Raises:
        Invalid: none does.
    """
    found = approvables(session).get(name)
    if found is None:
        raise Invalid(_("No running module lets “%(name)s” be approved.", name=name), field="about")
    return found


def attributes_of(session: Session, about: str) -> frozenset[str]:
    """What conditions can ask about.

    Raises:
        Invalid: no running module lets it be approved.
    """
    if about == EVERYTHING:
        return frozenset({"maker"})
    return frozenset(
        {"maker", *(name for name, _label in approvable_of(session, about).attributes)}
    )


def rule_for(session: Session, subject: Subject) -> Rule | None:
    """The first rule that a record falls under, or None."""
    about = f"{subject.record}.{subject.action}"
    known = attributes_of(session, about)
    for rule in session.scalars(
        select(Rule)
        .where(
            Rule.company_id == company_of(session).id,
            Rule.about.in_([about, EVERYTHING]),
            Rule.active,
        )
        .order_by(Rule.position, Rule.id)
    ):
        if rule.over_amount is not None and (subject.amount or Decimal(0)) <= rule.over_amount:
            continue
        lines = read_conditions(rule.conditions, known, "conditions")
        values = {**subject.attributes, "maker": subject.made_by}
        if all(one.holds(values) for one in lines):
            return rule
    return None


def _values(session: Session, command: CreateRule, row: Rule | None) -> dict[str, Any]:
    """The checked values of a rule's columns."""
    taken = select(Rule.id).where(
        Rule.company_id == company_of(session).id, Rule.name == command.name
    )
    if session.scalar(taken) not in {None, row.id if row else None}:
        raise Invalid(_("There is a rule of this name already."), field="name")
    if command.over_amount is not None and command.over_amount < 0:
        raise Invalid(_("An amount is not negative."), field="over_amount")
    known = attributes_of(session, command.about)
    read_conditions(command.conditions, known, "conditions")
    return {
        "name": command.name,
        "about": command.about,
        "position": command.position,
        "over_amount": command.over_amount,
        "conditions": command.conditions,
        "stages": [stage.stored() for stage in _stages(session, command)],
    }


def _stages(session: Session, command: CreateRule) -> list[Stage]:
    wanted = [1, *([2] if command.second or command.third else []), *([3] * command.third)]
    known = {person.login for person in colleagues(session)}
    stages: list[Stage] = []
    for number in wanted[:MOST_STAGES]:
        text: str = getattr(command, f"persons_{number}")
        persons = tuple(dict.fromkeys(part for one in text.split(",") if (part := one.strip())))
        if missing := [login for login in persons if login not in known]:
            raise Invalid(
                _(
                    "“%(login)s” is nobody who works in this company. Give sign-in names.",
                    login=missing[0],
                ),
                field=f"persons_{number}",
            )
        people: int = getattr(command, f"people_{number}")
        if not 1 <= people <= MOST_PEOPLE:
            raise Invalid(
                _("It takes 1 to %(most)s people.", most=MOST_PEOPLE), field=f"people_{number}"
            )
        stages.append(Stage(getattr(command, f"role_{number}"), persons, people))
    return stages
