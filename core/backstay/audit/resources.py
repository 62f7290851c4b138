"""The audit trail as a searchable list: over everything, and for each company by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backstay.access.core_permissions import AUDIT_EXPORT, AUDIT_VIEW
from backstay.audit.canonical import MASK
from backstay.audit.models import AuditEvent
from backstay.audit.queries import model_of, visible_events
from backstay.companies.models import Company
from backstay.db.context import context_of
from backstay.i18n import gettext
from backstay.i18n import lazy as _
from backstay.kernel.suite import suite_of
from backstay.resources.declare import (
    Choice,
    Column,
    Empty,
    Filter,
    Kind,
    Panel,
    Resource,
    Section,
)
from backstay.web.page import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


_OUTCOMES = (
    Choice("done", _("Done"), "ok"),
    Choice("denied", _("Denied"), "bad"),
    Choice("failed", _("Failed"), "warn"),
)


def _thing(entity: str) -> str:
    """A table's name in words: ``core_role_permission`` is a role permission."""
    return entity.partition("_")[2].replace("_", " ") or entity


_VERBS = {
    "create": _("created"),
    "update": _("changed"),
    "delete": _("deleted"),
    "sign_in": _("signed in"),
    "sign_out": _("signed out"),
    "revoke": _("signed out"),
    "export": _("exported"),
    "deny": _("was refused"),
    "post": _("posted"),
    "approve": _("approved"),
    "reject": _("rejected"),
    "close": _("closed"),
    "reopen": _("reopened"),
    "restore": _("restored"),
    "backup": _("backed up"),
}


def _verb(action: str) -> str:
    return str(_VERBS.get(action, action.replace("_", " ")))


def _did(value: str) -> ColumnElement[bool]:
    """By the word that the page shows, or by the action's own name."""
    typed = value.strip().casefold()
    meant = [name for name, word in _VERBS.items() if typed in str(word).casefold()]
    named: ColumnElement[bool] = AuditEvent.action.icontains(
        typed.replace(" ", "_"), autoescape=True
    )
    return named | AuditEvent.action.in_(meant)


def _title(event: AuditEvent) -> str:
    return " ".join(
        part
        for part in (event.actor, _verb(event.action), _thing(event.entity), event.label)
        if part
    )


def _by(value: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = AuditEvent.actor.icontains(value, autoescape=True)
    return found


def _about(value: str) -> ColumnElement[bool]:
    """The table's name as it is or in words."""
    return AuditEvent.entity.icontains(value.strip().replace(" ", "_"), autoescape=True)


def _with_company(statement: Any) -> Any:
    return statement.outerjoin(Company, Company.id == AuditEvent.company_id)


def _changes(session: Session, event: AuditEvent) -> Iterator[Change]:
    """Both values of each changed field, formatted and masked as on the record's own page."""
    from backstay.resources.serialize import Reader
    from backstay.resources.timeline import ChangeTeller

    suite = suite_of(session)
    reader = Reader.of(context_of(session), suite)
    resource = next(
        (
            one
            for one in suite.resources.values()
            if one.model.__tablename__ == event.entity and one.model is not AuditEvent
        ),
        None,
    )
    if resource is not None:
        teller = ChangeTeller(session, suite, resource, reader)
        teller.learn([event])  # type: ignore[list-item]
        yield from teller.changes(event.before, event.after)
        return
    groups = getattr(model_of(suite, event.entity), "__field_groups__", {})
    before, after = event.before or {}, event.after or {}
    for name in sorted({**before, **after}):
        masked = name in groups and not reader.may_read_named(groups[name])
        yield Change(
            name.replace("_", " ").capitalize(),
            MASK if masked and before.get(name) else _plain(before.get(name)),
            MASK if masked and after.get(name) else _plain(after.get(name)),
        )


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return gettext("Yes") if value else gettext("No")
    return str(value)


def _panel(session: Session, event: AuditEvent) -> dict[str, Any]:
    return {
        "changes": tuple(_changes(session, event)),
        "record_href": _record_href(session, event),
        "request_href": _request_href(session, event),
    }


def _record_href(session: Session, event: AuditEvent) -> str:
    """The record's own page, if it has one, still exists and may be seen here."""
    from backstay.resources.urls import endpoint_of, resource_url, serves

    suite = suite_of(session)
    context = context_of(session)
    for resource in suite.resources.values():
        model = resource.model
        if (
            model.__tablename__ != event.entity
            or model is AuditEvent
            or not event.entity_id.isdigit()
            or not context.may(resource.view)
            or not serves(endpoint_of(resource, "record"))
        ):
            continue
        if resource.lies_in_company:
            company = session.get(Company, event.company_id) if event.company_id else None
            if company is None or session.get(model, int(event.entity_id)) is None:
                return ""
            return resource_url(
                resource.name, "record", id=int(event.entity_id), company=company.code
            )
        if context.company is None and session.get(model, int(event.entity_id)) is not None:
            return resource_url(resource.name, "record", id=int(event.entity_id))
    return ""


def _request_href(session: Session, event: AuditEvent) -> str:
    from backstay.resources.urls import resource_url

    if not event.request_id:
        return ""
    in_company = context_of(session).company is not None
    return resource_url("core.company_audit" if in_company else "core.audit", q=event.request_id)


def _history(_session: Session, event: AuditEvent) -> list[tuple[str, str]]:
    """What else happened to the same record."""
    return [(event.entity, event.entity_id)] if event.entity_id else []


_FILTERS = (
    Filter("from", _("From"), AuditEvent.at, kind="date_from"),
    Filter("to", _("Until"), AuditEvent.at, kind="date_to"),
    Filter("action", _("Did"), AuditEvent.action, kind="text", condition=_did),
    Filter("entity", _("What kind"), AuditEvent.entity, kind="text", condition=_about),
    Filter("outcome", _("Outcome"), AuditEvent.outcome, _OUTCOMES, kind="select"),
)
_COLUMNS = (
    Column("at", _("When"), AuditEvent.at, Kind.INSTANT, link=True),
    Column("actor", _("Who"), AuditEvent.actor),
    Column("action", _("Did"), AuditEvent.action, format=_verb),
    Column("entity", _("What kind"), AuditEvent.entity, format=_thing),
    Column("label", _("Record"), AuditEvent.label),
    Column("company", _("Company"), Company.code, Kind.CODE),
    Column("outcome", _("Outcome"), AuditEvent.outcome, Kind.STATE, choices=_OUTCOMES),
    Column("reason", _("Reason"), AuditEvent.reason),
    Column("on_behalf_of", _("On behalf of"), AuditEvent.on_behalf_of, in_list=False),
    Column("approval", _("Approval"), AuditEvent.approval, in_list=False),
    Column("entity_id", _("Id"), AuditEvent.entity_id, Kind.CODE, in_list=False),
    Column("request_id", _("Request"), AuditEvent.request_id, Kind.CODE, in_list=False),
    Column("ip", _("Network address"), AuditEvent.ip, Kind.CODE, in_list=False),
    Column("plugin", _("Module"), AuditEvent.plugin, in_list=False),
    Column("plugin_version", _("Version"), AuditEvent.plugin_version, in_list=False),
    Column("row_hash", _("Hash of the row"), AuditEvent.row_hash, Kind.CODE, in_list=False),
)

AUDIT = Resource(
    name="core.audit",
    path="audit",
    model=AuditEvent,
    view=AUDIT_VIEW,
    label=_("Audit event"),
    label_many=_("Audit trail"),
    icon="history",
    help=_(
        "Everything that was changed, by whom and why. It can't be altered, not even by admins."
    ),
    columns=_COLUMNS,
    filters=(
        *_FILTERS,
        Filter(
            "company", _("Company"), AuditEvent.company_id, kind="picker", picker="core.company"
        ),
        Filter("user", _("User"), AuditEvent.actor_id, kind="picker", picker="core.user"),
    ),
    search=(AuditEvent.label, AuditEvent.actor, AuditEvent.request_id),
    search_label=_("Search by record, person or request"),
    joins=_with_company,
    criteria=visible_events,
    sections=(
        Section(
            _("Event"),
            (
                "at",
                "actor",
                "on_behalf_of",
                "action",
                "entity",
                "label",
                "company",
                "outcome",
                "reason",
                "approval",
            ),
        ),
        Section(
            _("Trace"),
            ("request_id", "ip", "plugin", "plugin_version", "entity_id", "row_hash"),
        ),
    ),
    title=_title,
    panels=(Panel(_("Before and after"), "admin/audit_panel.html", _panel, flush=True),),
    history=_history,
    export=AUDIT_EXPORT,
    in_company=False,
    empty=Empty(_("Nothing has happened yet"), _("Every change will be listed here."), "history"),
)
COMPANY_AUDIT = replace(
    AUDIT,
    name="core.company_audit",
    help=_("Everything that was changed in this company, by whom and why."),
    columns=tuple(column for column in _COLUMNS if column.name != "company"),
    filters=(*_FILTERS, Filter("actor", _("Who"), AuditEvent.actor, kind="text", condition=_by)),
    in_company=True,
)
