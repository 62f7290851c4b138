"""Creating, editing and acting on records through forms: the way from a POST to a service.

A refused form comes back with everything that was typed; a save that came too late comes back with
both versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Response, request
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from backstay.audit.models import AuditEvent
from backstay.errors import BackstayError, Conflict, Forbidden, NotFound, Stale, Unavailable
from backstay.i18n import gettext as _
from backstay.resources import fields as kinds
from backstay.resources.forms import CommandForm, Desk, make_form, schema_of, sections_of
from backstay.resources.serialize import text_of
from backstay.resources.timeline import ChangeTeller
from backstay.web import page as view
from backstay.web.render import page, redirect_to
from backstay.web.request import flash_done

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.errors import Problem
    from backstay.i18n import Text
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Operation, Resource

_NOT_TOLD_IN_FORM = (NotFound, Forbidden, Unavailable)


@dataclass(frozen=True, slots=True)
class Task:
    """One use of a form.

    Arguments:
        record: the record it is about, or None for a new one.
        again: reads the record anew after a rollback.
        goes_to: URL of a record (or of the list, for None) after success.
        fresh_href: the same form, filled from what is saved now.
    """

    operation: Operation
    resource: Resource
    title: Text
    submit: view.Button
    desk: Desk
    suite: Suite
    cancel_href: str
    goes_to: Callable[[Any], str]
    fresh_href: str
    record: Any = None
    again: Callable[[], Any] | None = None
    notes: tuple[view.Note, ...] = ()


def answer(task: Task) -> Response:
    """Show the form, or carry out what was posted."""
    if request.method == "POST":
        return _posted(task)
    return _shown(task, _form(task))


def _form(task: Task, formdata: Any = None) -> CommandForm:
    return make_form(
        task.operation.command,
        task.desk,
        initial=initial_values(task),
        formdata=formdata,
        version=getattr(task.record, "version", None),
    )


def initial_values(task: Task) -> dict[str, Any]:
    """What a form starts with: as the operation says, or the record's own attributes."""
    operation = task.operation
    if operation.initial is not None:
        return operation.initial(task.desk.session, task.record)
    if task.record is None:
        return {}
    return {
        field.name: getattr(task.record, field.name)
        for field in schema_of(operation.command).fields
        if hasattr(task.record, field.name)
    }


def _posted(task: Task) -> Response:
    form = _form(task, _everything_posted())
    # A form without inputs has nothing to check; the pickers' look-ups happen in validate().
    if not form.validate():
        return _shown(task, form, form.problems(), 422)
    session = task.desk.session
    version = form.posted_version()
    if version is not None and task.record is not None and version != task.record.version:
        return _conflict(task, form, version)
    try:
        command = form.command(task.record, initial_values(task))
        result = task.operation.service(session, command)
        session.flush()
    except (Stale, StaleDataError):
        session.rollback()
        if task.again is None:
            raise
        task.again()
        return _conflict(task, form, version)
    except _NOT_TOLD_IN_FORM:
        raise
    except IntegrityError as error:
        session.rollback()
        return _refused(task, form, _already_there(error))
    except BackstayError as error:
        session.rollback()
        return _refused(task, form, error)
    return _done(task, result)


def _everything_posted() -> Any:
    if not request.files:
        return request.form
    from werkzeug.datastructures import CombinedMultiDict

    return CombinedMultiDict([request.form, request.files])


def _already_there(error: IntegrityError) -> BackstayError:
    """The database refused it: mostly somebody used the same code a moment ago."""
    del error
    return Conflict(
        _(
            "The database refused this, because it contradicts what is already recorded:"
            " perhaps the same code or number was just used. Change it and save again."
        )
    )


def _done(task: Task, result: Any) -> Response:
    if task.operation.respond is not None:
        response = task.operation.respond(task.desk.session, result)
        if response is not None:
            return response  # type: ignore[no-any-return]
    flash_done(str(task.operation.done or _("Saved.")))
    target = result if isinstance(result, task.resource.model) else task.record
    return redirect_to(task.goes_to(None if target is None or _gone(target) else target))


def _gone(row: Any) -> bool:
    state = inspect(row)
    return bool(state.deleted or state.detached or state.was_deleted)


def _refused(task: Task, form: CommandForm, error: BackstayError) -> Response:
    problems: tuple[Problem, ...] = error.problems
    if not form.schema.fields:
        raise error
    return _shown(task, form, form.refuse(problems), error.status)


def _shown(
    task: Task,
    form: CommandForm,
    errors: tuple[view.FormProblem, ...] = (),
    status: int = 200,
    conflict: view.Conflict | None = None,
) -> Response:
    extra: tuple[view.Button, ...] = ()
    if conflict is not None:
        extra = (
            view.Button(
                _("Drop mine, keep what is saved"), href=task.fresh_href, icon="arrow-back-up"
            ),
        )
    shown = view.FormPage(
        title=task.title,
        form=form,
        sections=sections_of(form, task.operation.sections or task.resource.sections, _("Details")),
        submit=task.submit,
        cancel_href=task.cancel_href,
        action=request.path,
        help=task.operation.help,
        errors=errors,
        conflict=conflict,
        extra_buttons=extra,
        notes=task.notes,
        multipart=any(isinstance(one.kind, kinds.FileField) for one in form.schema.fields),
    )
    return page("resources/form.html", status=status, page=shown)


def _conflict(task: Task, form: CommandForm, version: int | None) -> Response:
    """409 with both versions: the form keeps the reader's, and the current version to save over."""
    current = initial_values(task)
    base = _values_at(task, version)
    teller = ChangeTeller(task.desk.session, task.suite, task.resource, task.desk.reader)
    rows = []
    for field in form.schema.fields:
        if field.name not in form or isinstance(field.kind, kinds.SecretField):
            continue
        yours = _words(task, field.kind, form[field.name].data)
        theirs = _words(task, field.kind, current.get(field.name))
        before = teller.text(field.name, base[field.name]) if field.name in base else theirs
        if yours != theirs or before != theirs:
            rows.append(view.ConflictRow(field.kind.label, yours, theirs, before))
    if "version" in form:
        form["version"].data = task.record.version
        form["version"].raw_data = None
    conflict = view.Conflict(
        _(
            "This %(thing)s was changed after you opened it, so nothing of yours was saved."
            " Compare both versions and decide.",
            thing=task.resource.thing,
        ),
        tuple(rows),
    )
    return _shown(task, form, status=409, conflict=conflict)


def _words(task: Task, kind: kinds.FieldKind, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(kind, kinds.PickerField) and isinstance(value, int):
        return task.desk.pick(kind.resource, value, True) or str(value)  # noqa: FBT003
    if isinstance(kind, (kinds.ChoiceField, kinds.ChoicesField)):
        choices = kind.choices(task.desk.session) if callable(kind.choices) else kind.choices
        labels = {choice.value: str(choice.label) for choice in choices}
        values = value if isinstance(value, (list, tuple)) else (value,)
        return ", ".join(
            labels.get(str(getattr(v, "value", v)), text_of(v, task.desk.reader)) for v in values
        )
    return text_of(value, task.desk.reader)


def _values_at(task: Task, version: int | None) -> dict[str, Any]:
    """Canonical values that the form was filled with, where they changed since.

    The audit trail is walked back from now to the version that the form carries.
    """
    if version is None or task.record is None:
        return {}
    events = task.desk.session.execute(
        select(AuditEvent.before)
        .where(
            AuditEvent.entity == task.resource.model.__tablename__,
            AuditEvent.entity_id == str(task.record.id),
            AuditEvent.action == "update",
        )
        .order_by(AuditEvent.id.desc())
        .limit(50)
    )
    values: dict[str, Any] = {}
    for (before,) in events:
        if not before or before.get("version", version) < version:
            break
        values.update(before)
    return values
