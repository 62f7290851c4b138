"""The page of one record: where it stands, what can be done next, its parts and its history."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flask import url_for

from backstay.db.context import context_of
from backstay.errors import Conflict
from backstay.i18n import gettext as _
from backstay.kernel.failures import FAILURES, is_failure
from backstay.lists.counting import MOST_COUNTED
from backstay.lists.query import ResourceQuery
from backstay.resources import formats
from backstay.resources.attachment_pages import attachments_panel
from backstay.resources.declare import Section
from backstay.resources.forms import schema_of
from backstay.resources.serialize import field_view, raw, tone_of, writer
from backstay.resources.timeline import timeline
from backstay.resources.urls import endpoint_of, resource_url, serves
from backstay.web.page import (
    Button,
    PanelView,
    RecordPage,
    RelatedView,
    SectionView,
    Step,
    Tag,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Action, Panel, Related, Resource
    from backstay.resources.serialize import Reader

_log = logging.getLogger(__name__)


def record_page(
    query: ResourceQuery,
    session: Session,
    suite: Suite,
    reader: Reader,
    record_id: int,
    file_problems: tuple[str, ...] = (),
    *,
    whole: bool = True,
) -> RecordPage:
    """Build the page of a record, or (not ``whole``) what a look beside its list needs of it.

    Arguments:
        file_problems: why files that were sent are not attached.

    Raises:
        NotFound: there is none of that id in the reader's scope.
    """
    resource = query.resource
    record = query.record(session, record_id)
    values = query.values(session, record_id, reader)
    state = resource.state_of(record)
    primary, actions = _buttons(resource, session, record, state, reader)
    return RecordPage(
        title=title_of(query, record, values, reader),
        subtitle=resource.label,
        status=_status(resource, values),
        steps=_steps(resource, state),
        primary=primary,
        actions=actions,
        sections=_sections(resource, values, reader),
        panels=_panels(resource, session, record, reader, file_problems, whole=whole),
        related=_related(resource, session, suite, record, reader) if whole else (),
        timeline=timeline(session, suite, resource, record, reader) if whole else None,
        help="",
    )


def _panels(
    resource: Resource,
    session: Session,
    record: Any,
    reader: Reader,
    problems: tuple[str, ...],
    *,
    whole: bool,
) -> tuple[PanelView, ...]:
    declared = tuple(_panel(resource, panel, session, record) for panel in resource.panels)
    if resource.attachments is None or not whole:
        return declared
    return (*declared, attachments_panel(session, resource, record, reader, problems))


def _panel(resource: Resource, panel: Panel, session: Session, record: Any) -> PanelView:
    """One declared part; if it fails, the page stands without it."""
    try:
        context = panel.context(session, record)
    except Exception as error:
        if not is_failure(error):
            raise
        _part_failed(resource, str(panel.title), session, error)
        return PanelView(panel.title, "resources/failed_panel.html", None)
    FAILURES.succeeded(resource.plugin)
    return PanelView(panel.title, panel.template, context, panel.flush, resource.plugin)


def _part_failed(resource: Resource, part: str, session: Session, error: Exception) -> None:
    request_id = context_of(session).request_id
    _log.error("request %s: %s: “%s” failed", request_id, resource.name, part, exc_info=error)
    FAILURES.failed(resource.plugin, error, f"{resource.name}: {part}", request_id)


def title_of(query: ResourceQuery, record: Any, values: dict[str, Any], reader: Reader) -> str:
    """The heading of a record: as declared, or else its first column."""
    resource = query.resource
    if resource.title is not None:
        return resource.title(record)
    first = resource.columns[0]
    return writer(first, reader)(values.get(first.name)) or str(resource.label)


def check_state(resource: Resource, action: Action, record: Any) -> None:
    """Refuse an action that the record's state does not allow.

    Raises:
        Conflict: names the action and the state.
    """
    state = resource.state_of(record)
    if action.states and state not in action.states:
        raise Conflict(
            _(
                "“%(action)s” is not possible while this %(thing)s is “%(state)s”.",
                action=action.operation.label,
                thing=resource.thing,
                state=_state_label(resource, state),
            )
        )


def check_editable(resource: Resource, record: Any) -> None:
    """Refuse to edit a record in a state that does not allow it.

    Raises:
        Conflict: names the state.
    """
    state = resource.state_of(record)
    if resource.update_states and state not in resource.update_states:
        raise Conflict(
            _(
                "This %(thing)s can't be edited while it is “%(state)s”.",
                thing=resource.thing,
                state=_state_label(resource, state),
            )
        )


def _state_label(resource: Resource, state: str) -> str:
    column = resource.column(resource.state)
    choices = column.choices if column is not None else ()
    return next((str(one.label) for one in choices if one.value == state), state)


def _status(resource: Resource, values: dict[str, Any]) -> Tag | None:
    column = resource.column(resource.state) if resource.state else None
    value = values.get(resource.state)
    if column is None or value is None:
        return None
    return Tag(_state_label(resource, raw(value)), tone_of(column, value) or "neutral")


def _steps(resource: Resource, state: str) -> tuple[Step, ...]:
    """The status bar; a state beside the way (void, failed) shows none."""
    if state not in resource.steps:
        return ()
    here = resource.steps.index(state)
    return tuple(
        Step(
            _state_label(resource, step),
            "current" if place == here else "done" if place < here else "next",
        )
        for place, step in enumerate(resource.steps)
    )


def _buttons(
    resource: Resource, session: Session, record: Any, state: str, reader: Reader
) -> tuple[Button | None, tuple[Button, ...]]:
    """The one next step, and what else can be done in this state.

    What the state does not allow is not offered. The next step stays visible to those who may not
    take it, with the reason; other actions are shown to those who may.
    """
    primary: Button | None = None
    others: list[Button] = []
    if (edit := _edit_button(resource, record, state, reader)) is not None:
        others.append(edit)
    for action in resource.actions:
        if action.states and state not in action.states:
            continue
        leads = action.primary and primary is None
        allowed = reader.context.may(action.operation.permission)
        if not allowed and not leads:
            continue
        button = _action_button(resource, session, record, action, leads=leads, allowed=allowed)
        if leads:
            primary = button
        else:
            others.append(button)
    return primary, tuple(others)


def _edit_button(resource: Resource, record: Any, state: str, reader: Reader) -> Button | None:
    endpoint = endpoint_of(resource, "edit")
    if resource.update is None or not reader.context.may(resource.update.permission):
        return None
    if (resource.update_states and state not in resource.update_states) or not serves(endpoint):
        return None
    return Button(_("Edit"), href=url_for(endpoint, id=record.id), icon="pencil", shortcut="e")


def _action_button(
    resource: Resource,
    session: Session,
    record: Any,
    action: Action,
    *,
    leads: bool,
    allowed: bool,
) -> Button:
    schema = schema_of(action.operation.command)
    refused = action.refuses(session, record) if allowed and action.refuses else None
    if not allowed:
        refused = _("Your roles do not let you %(what)s.", what=action.operation.permission.label)
    asks = bool(schema.fields)
    return Button(
        action.operation.label,
        href=url_for(endpoint_of(resource, "action", action.name), id=record.id),
        icon=action.icon,
        kind="danger" if action.danger else "primary" if leads else "default",
        method="get" if asks else "post",
        name="version" if schema.versioned and not asks else None,
        value=str(record.version) if schema.versioned and not asks else None,
        disabled_reason=refused,
        confirm=(action.confirm or None) if not asks else None,
    )


def _sections(
    resource: Resource, values: dict[str, Any], reader: Reader
) -> tuple[SectionView, ...]:
    declared = resource.sections or (
        Section(_("Details"), tuple(column.name for column in resource.columns)),
    )
    sections = []
    for section in declared:
        columns = [column for name in section.fields if (column := resource.column(name))]
        if columns:
            sections.append(
                SectionView(
                    section.title,
                    tuple(field_view(one, values.get(one.name), reader) for one in columns),
                    section.help,
                )
            )
    return tuple(sections)


def _related(
    resource: Resource, session: Session, suite: Suite, record: Any, reader: Reader
) -> tuple[RelatedView, ...]:
    views = []
    for related in resource.related:
        other = suite.resources.get(related.resource)
        if other is None or not reader.context.may(other.view):
            continue
        if related.count is None:
            text = _("Open")
        else:
            text = _count_text(resource, related, session, record, reader)
        href = resource_url(related.resource, "list", **{related.filter: record.id})
        views.append(RelatedView(related.label, text, href, related.icon))
    return tuple(views)


def _count_text(
    resource: Resource, related: Related, session: Session, record: Any, reader: Reader
) -> str:
    """How many there are; a question mark when counting fails."""
    assert related.count is not None  # noqa: S101 - asked by the caller
    try:
        count = related.count(session, record)
    except Exception as error:
        if not is_failure(error):
            raise
        _part_failed(resource, str(related.label), session, error)
        return "?"
    text = formats.number(min(count, MOST_COUNTED), reader.locale)
    return text + ("+" if count > MOST_COUNTED else "")
