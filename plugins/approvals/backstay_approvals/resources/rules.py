"""Rules: list, record page and form, with a warning where too few people can decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from backstay.spi import (
    Action,
    Column,
    Empty,
    Kind,
    Operation,
    Panel,
    Resource,
    Section,
    approvables,
    flash_done,
    flash_problem,
    redirect_to,
    resource_url,
)
from backstay.spi import gettext as translate
from backstay.spi import lazy as _
from backstay_approvals.models import Rule
from backstay_approvals.permissions import RULE_EDIT, RULE_VIEW
from backstay_approvals.services.people import in_words, names_of_roles, shortfall
from backstay_approvals.services.rules import (
    CreateRule,
    DeleteRule,
    EditRule,
    as_typed,
    create_rule,
    delete_rule,
    edit_rule,
)

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session

_SECTIONS: Final = (
    Section(
        _("When it fits"),
        ("name", "about", "position", "over_amount", "conditions", "active"),
        _("All of it has to hold. Where no rule fits, one other person who may decide approves."),
    ),
    Section(_("First stage"), ("role_1", "persons_1", "people_1")),
    Section(_("Second stage"), ("second", "role_2", "persons_2", "people_2")),
    Section(_("Third stage"), ("third", "role_3", "persons_3", "people_3")),
)


def _saved(session: Session, rule: Rule) -> Response:
    """Back to the rule; whether it can be satisfied is said at once."""
    flash_done(translate("The rule is in force.") if rule.active else translate("Rule saved."))
    if problem := why_not(session, rule):
        flash_problem(problem)
    return redirect_to(resource_url("approvals.rule", "record", id=rule.id))


def why_not(session: Session, rule: Rule) -> str:
    """Why a rule can't be satisfied; empty where it can, or where its module is off."""
    about = approvables(session).get(rule.about)
    return "" if about is None else shortfall(session, rule.read_stages, about.decide)


def _stages(session: Session, rule: Rule) -> dict[str, Any]:
    names = names_of_roles(session)
    return {
        "stages": [
            (in_words(session, stage, names), stage.people, ()) for stage in rule.read_stages
        ],
        "problem": why_not(session, rule) if rule.active else "",
    }


RULES: Final = Resource(
    name="approvals.rule",
    path="rules",
    model=Rule,
    view=RULE_VIEW,
    label=_("Approval rule"),
    label_many=_("Approval rules"),
    icon="shield-check",
    help=_("The first rule that fits a record says who has to agree, and how many of them."),
    columns=(
        Column("name", _("Name"), Rule.name, link=True),
        Column("about", _("About"), Rule.about, Kind.CODE),
        Column("position", _("Position"), Rule.position, Kind.NUMBER, total=False),
        Column("over_amount", _("Over the amount"), Rule.over_amount, Kind.MONEY, total=False),
        Column("conditions", _("Conditions"), Rule.conditions),
        Column("active", _("In force"), Rule.active, Kind.BOOL),
    ),
    search=(Rule.name,),
    order=("about", "position"),
    title=lambda rule: str(rule.name),
    sections=(
        Section(
            _("When it fits"),
            ("name", "about", "position", "over_amount", "conditions", "active"),
        ),
    ),
    panels=(Panel(_("Who has to approve"), "approvals/stages.html", _stages),),
    create=Operation(
        create_rule,
        CreateRule,
        RULE_EDIT,
        _("New rule"),
        sections=_SECTIONS,
        respond=_saved,
    ),
    update=Operation(
        edit_rule,
        EditRule,
        RULE_EDIT,
        _("Edit rule"),
        initial=as_typed,
        sections=_SECTIONS,
        respond=_saved,
    ),
    actions=(
        Action(
            "delete",
            Operation(delete_rule, DeleteRule, RULE_EDIT, _("Delete"), done=_("Rule deleted.")),
            icon="trash",
            danger=True,
            confirm=_("Delete this rule? Requests that are open go on as they began."),
        ),
    ),
    empty=Empty(
        _("No rules yet"),
        _("Without a rule one other person who may decide approves what waits."),
        "shield-check",
    ),
)
