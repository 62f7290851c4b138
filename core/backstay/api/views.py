"""What the API does with a resource: list, read, create, change, act."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Response, request, url_for
from sqlalchemy import inspect
from sqlalchemy.orm.exc import StaleDataError

from backstay.api.body import read_object, read_parameters
from backstay.api.commands import read_command
from backstay.api.etags import ANY, HEADER, WEAK, etag, read_if_match
from backstay.api.guard import caller
from backstay.api.idempotency import claim_of
from backstay.api.represent import (
    create_of,
    current_values,
    record_json,
    result_value,
    row_json,
    update_of,
    versioned,
)
from backstay.errors import BackstayError, Forbidden, Malformed, NotFound, Stale
from backstay.i18n import gettext as _
from backstay.lists import filters as narrow
from backstay.lists.counting import MOST_COUNTED
from backstay.resources.forms import schema_of
from backstay.resources.record_page import check_editable, check_state
from backstay.resources.serialize import Reader
from backstay.search.words import LONGEST_SEARCH
from backstay.web.request import context, session, suite
from backstay.web.transaction import in_one_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session

    from backstay.lists.query import ResourceQuery
    from backstay.resources.declare import Action, Operation, Resource

PAGE: Final = 50
LARGEST_PAGE: Final = 200
PAGING: Final = ("limit", "after", "before", "sort")


class PreconditionRequired(BackstayError):
    """A change must say which version it is based on."""

    status = 428


class PreconditionFailed(BackstayError):
    """The record changed since the version that the change is based on."""

    status = 412

    def __init__(self, message: str, more: dict[str, Any]) -> None:
        """Carry both versions."""
        super().__init__(message, field=HEADER)
        self.more = more


def answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers, mimetype="application/json")


@dataclass(frozen=True, slots=True)
class ApiViews:
    """The views of one resource."""

    resource: Resource
    queries: dict[str, ResourceQuery]

    @property
    def query(self) -> ResourceQuery:
        """The resource's own queries."""
        return self.queries[self.resource.name]

    def list(self) -> Response:
        """One page of the list."""
        reader = _reader()
        names = {*PAGING, *(one.name for one in self.resource.filters)}
        if self.resource.search:
            names.add("q")
        arguments = read_parameters(names)
        if "\0" in arguments.get("q", ""):
            raise Malformed(_("“q” holds a character that no text has."), field="q")
        if len(arguments.get("q", "")) > LONGEST_SEARCH:
            raise Malformed(
                _("“q” has at most %(most)s characters.", most=LONGEST_SEARCH), field="q"
            )
        for name, value in arguments.items():
            if value == "" and name != "q":
                raise Malformed(_("“%(name)s” is empty: leave it out.", name=name), field=name)
        if "after" in arguments and "before" in arguments:
            raise Malformed(_("Send “after” or “before”, not both."), field="before")
        state = narrow.read_state(self.resource, arguments, reader)
        rows = self.query.page(session(), state, reader, arguments, size=_limit(arguments))
        return answer(
            {
                "items": [row_json(self.resource, row, rows.index, reader) for row in rows.rows],
                "count": min(rows.count, MOST_COUNTED),
                "count_is_exact": rows.count <= MOST_COUNTED,
                "after": rows.after or None,
                "before": rows.before or None,
            }
        )

    def get(self, id: int) -> Response:  # noqa: A002 - the name of the URL's part
        """One record."""
        read_parameters(())
        return self._record(self.query.record(session(), id))

    def create(self) -> Response:
        """A new record."""
        operation = create_of(self.resource)
        assert operation is not None  # noqa: S101 - the route was made for it
        return self._once(lambda: self._do(operation, 201))

    def update(self, id: int) -> Response:  # noqa: A002
        """Change a record: what is not sent stays."""
        operation = update_of(self.resource)
        assert operation is not None  # noqa: S101
        return self._once(lambda: self._change(operation, id))

    def action(self, action: Action) -> Callable[..., Response]:
        """The view of an action on a record."""

        def act(id: int) -> Response:  # noqa: A002
            return self._once(lambda: self._act(action, id))

        return act

    def on_list(self, action: Action) -> Callable[..., Response]:
        """The view of an action without a record."""
        status = 200 if action.only_answers else 201
        return lambda: self._once(lambda: self._do(action.operation, status))

    def _once(self, work: Callable[[], Response]) -> Response:
        read_parameters(())
        return in_one_transaction(work, claim_of(caller().access.person.id))

    def _do(self, operation: Operation, status: int) -> Response:
        reader, writing = _reader(), session()
        values = read_command(operation.command, read_object(), writing, reader, self._pick)
        command = _command(operation, values, reader)
        result = operation.service(writing, command)
        writing.flush()
        return self._result(result, status)

    def _change(self, operation: Operation, record_id: int) -> Response:
        reader, writing = _reader(), session()
        record = self.query.record(writing, record_id)
        check_editable(self.resource, record)
        sent = read_object()
        version = self._expected(record, needed=versioned(self.resource))
        current = current_values(operation, writing, record)
        given = read_command(operation.command, sent, writing, reader, self._pick, current=current)
        known = {one.name for one in schema_of(operation.command).fields}
        values = {name: value for name, value in current.items() if name in known}
        command = _command(operation, {**values, **given}, reader, record, version)
        try:
            result = operation.service(writing, command)
            writing.flush()
        except (Stale, StaleDataError):
            writing.rollback()
            raise self._stale(writing, record_id, sent) from None
        return self._result(result, 200, record_id)

    def _act(self, action: Action, record_id: int) -> Response:
        reader, writing = _reader(), session()
        operation = action.operation
        record = self.query.record(writing, record_id)
        check_state(self.resource, action, record)
        sent = read_object()
        version = self._expected(record, needed=False)
        given = read_command(operation.command, sent, writing, reader, self._pick)
        command = _command(operation, given, reader, record, version)
        try:
            result = operation.service(writing, command)
            writing.flush()
        except (Stale, StaleDataError):
            writing.rollback()
            raise self._stale(writing, record_id, sent) from None
        return self._result(result, 200, record_id)

    def _expected(self, record: Any, *, needed: bool) -> int | None:
        """The version that the request is based on.

        Raises:
            PreconditionRequired: it does not say, and must.
            PreconditionFailed: the record has another one.
            Malformed: what it says is no ETag.
        """
        header = request.headers.get(HEADER, "").strip()
        if not header:
            if needed:
                raise PreconditionRequired(
                    _('Send the ETag that you read the record with: “If-Match: "v…"”.'),
                    field=HEADER,
                )
            return None
        asked = read_if_match(header)
        if not versioned(self.resource):
            return None
        if not asked & {ANY, etag(record.version)}:
            refusal = self._stale(session(), record.id, read_object())
            if all(one.startswith(WEAK) for one in asked):
                raise PreconditionFailed(
                    _(
                        "A weak ETag (%(weak)s…) matches nothing here, so nothing was saved."
                        " Proxies that compress answers make ETags weak: send it without %(weak)s.",
                        weak=WEAK,
                    ),
                    refusal.more,
                )
            raise refusal
        return int(record.version)

    def _stale(
        self, reading: Session, record_id: int, sent: Mapping[str, Any]
    ) -> PreconditionFailed:
        record = self.query.record(reading, record_id)
        reading.refresh(record)
        return PreconditionFailed(
            _(
                "This %(thing)s was changed after you read it, so nothing of yours was saved."
                " Compare both versions and send it again with the new ETag.",
                thing=self.resource.thing,
            ),
            {
                "yours": dict(sent),
                "current": record_json(self.query, reading, record, _reader()),
                "etag": etag(record.version),
            },
        )

    def _result(self, result: Any, status: int, record_id: int | None = None) -> Response:
        model = self.resource.model
        if isinstance(result, model):
            if inspect(result).was_deleted or inspect(result).deleted:
                return Response(status=204)
            return self._record(result, status)
        if dataclasses.is_dataclass(result) and not isinstance(result, type):
            headers = {}
            if getattr(result, "waits", False):
                # RFC 9110, 15.3.3: accepted, but others have to agree first.
                status = 202
            if isinstance(found := getattr(result, "id", None), int) and status in {201, 202}:
                headers["Location"] = self._href(found)
            return answer(result_value(result), status, headers)
        if record_id is None:
            return Response(status=204)
        try:
            session().expire_all()
            return self._record(self.query.record(session(), record_id), 200)
        except NotFound:
            return Response(status=204)

    def _record(self, record: Any, status: int = 200) -> Response:
        shown = record_json(self.query, session(), record, _reader())
        headers = {}
        if versioned(self.resource):
            headers["ETag"] = etag(record.version)
        if status == 201:  # noqa: PLR2004
            headers["Location"] = self._href(record.id)
        return answer(shown, status, headers)

    def _href(self, record_id: int) -> str:
        return url_for(f"api.{self.resource.name}.get", id=record_id)

    def _pick(self, name: str, record_id: int, before: bool) -> bool:  # noqa: FBT001
        query = self.queries.get(name)
        if query is None or not context().may(query.resource.view):
            return False
        return query.pickable(session(), record_id, anyhow=before) is not None


def _command(
    operation: Operation,
    values: dict[str, Any],
    reader: Reader,
    record: Any = None,
    version: int | None = None,
) -> Any:
    schema = schema_of(operation.command)
    for one in schema.fields:
        if one.required and one.name not in values and not reader.may_write(one.kind.group):
            raise Forbidden(
                _("You may not fill in “%(name)s”, which is needed.", name=one.kind.label)
            )
    if record is not None and "id" in schema.takes:
        values["id"] = record.id
    if schema.versioned and version is not None:
        values["version"] = version
    return operation.command(**values)


def _limit(arguments: Mapping[str, str]) -> int:
    text = arguments.get("limit", str(PAGE))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= LARGEST_PAGE:
        raise Malformed(
            _("“limit” is a number from 1 to %(most)s.", most=LARGEST_PAGE), field="limit"
        )
    return int(text)


def _reader() -> Reader:
    return Reader.of(context(), suite())
