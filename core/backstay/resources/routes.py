"""The routes of every declared resource, each marked with the permission that opens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request, url_for

from backstay.access.permissions import Permission
from backstay.errors import ConfigurationError, Invalid
from backstay.i18n import gettext as _
from backstay.lists import filters as narrow
from backstay.lists.exports import permission_to_export
from backstay.lists.query import ResourceQuery
from backstay.lists.take_away import CSV, XLSX
from backstay.lists.views import ListViews
from backstay.resources.attachment_pages import AttachmentViews
from backstay.resources.attachment_routes import routes_of
from backstay.resources.form_page import Task, answer
from backstay.resources.forms import Desk, schema_of
from backstay.resources.record_page import check_editable, check_state, record_page, title_of
from backstay.resources.serialize import Reader
from backstay.resources.titles import label_of_record
from backstay.resources.urls import endpoint_of, serves
from backstay.web import page as view
from backstay.web.blueprint import requires
from backstay.web.render import fragment, page
from backstay.web.request import context, session, suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from backstay.files.declare import Attachments
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Action, Operation, Resource


def blueprints(suite: Suite) -> list[Blueprint]:
    """One blueprint for each resource; routes are made when it is registered."""
    queries = {name: ResourceQuery(resource) for name, resource in suite.resources.items()}
    return [ResourceBlueprint(resource, queries) for resource in suite.resources.values()]


class ResourceBlueprint(Blueprint):
    """The pages of one resource, under ``<plugin>.<noun>``."""

    def __init__(self, resource: Resource, queries: dict[str, ResourceQuery]) -> None:
        """Place the pages in the company, in the plugin, or in the administration."""
        plugin = resource.plugin
        if resource.lies_in_company:
            prefix = f"/c/<company>/{plugin}/{resource.path}"
        else:
            prefix = f"/{'admin' if plugin == 'core' else plugin}/{resource.path}"
        # Not url_prefix: Flask would put a slash between the path and “.csv”.
        super().__init__(resource.noun, __name__)
        self.plugin = plugin
        self.prefix = prefix
        self.resource = resource
        self.pages = ResourceViews(resource, queries)
        self.lists = ListViews(queries[resource.name], self.pages.desk)

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Make the routes, so that a mistake in a declaration is told as its plugin's."""
        self._check()
        pages, lists, resource = self.pages, self.lists, self.resource
        self._add("", "list", lists.list, resource.view)
        self._add_files(permission_to_export(resource))
        self._add("/total", "total", lists.total, resource.view)
        self._add("/views", "views", lists.views, resource.view, methods=("POST",))
        self._add("/pick", "picker", lists.picker, resource.view)
        if not resource.record_endpoint:
            self._add("/<int:id>", "record", pages.record, resource.view)
            self._add("/<int:id>/preview", "preview", pages.preview, resource.view)
        if any(action.bulk for action in resource.actions):
            self._add("/bulk/run/<int:run>", "bulk_run", lists.bulk_run, resource.view)
        if resource.create is not None and not resource.create_endpoint:
            self._add("/new", "create", pages.create, resource.create.permission, post=True)
        if resource.update is not None and not resource.edit_endpoint:
            self._add("/<int:id>/edit", "edit", pages.edit, resource.update.permission, post=True)
        for action in resource.actions:
            self._add(
                f"/<int:id>/do/{action.name}",
                f"do_{action.name}",
                pages.action(action),
                action.operation.permission,
                post=True,
            )
            if action.bulk is not None:
                self._add(
                    f"/bulk/{action.name}",
                    f"bulk_{action.name}",
                    lists.bulk(action),
                    action.operation.permission,
                    post=True,
                )
        if resource.attachments is not None:
            self._add_attachments(resource.attachments)
        super().register(app, {**options, "name_prefix": self.plugin})
        # It is made for one application: what Flask keeps for the next takes half a megabyte.
        self.deferred_functions.clear()

    def _add_files(self, take: Permission) -> None:
        views, run = self.lists.files(), "/export/<int:run>"
        self._add(".csv", "export", lambda: views.at_once(CSV), take)
        self._add(".xlsx", "workbook", lambda: views.at_once(XLSX), take)
        self._add("/export/<form>", "offer_export", views.offer, take, post=True)
        self._add(run, "export_run", views.run, take)
        self._add(f"{run}/cancel", "cancel_export", views.cancel, take, methods=("POST",))
        self._add(f"{run}/file", "export_file", views.file, take)

    def _add_attachments(self, declared: Attachments) -> None:
        for route in routes_of(self.pages.attachments(), declared):
            self._add(route.path, route.name, route.view, route.permission, methods=route.methods)

    def _add(
        self,
        path: str,
        name: str,
        view: Callable[..., Response],
        permission: Permission,
        *,
        post: bool = False,
        methods: tuple[str, ...] = (),
    ) -> None:
        def answering(**values: Any) -> Response:
            return view(**values)

        self.add_url_rule(
            f"{self.prefix}{path}",
            name,
            requires(permission)(answering),
            methods=methods or (("GET", "POST") if post else ("GET",)),
        )

    def _check(self) -> None:
        """Refuse a declaration that can't work, while the application is built."""
        resource = self.resource
        operations = [resource.create, resource.update, *(a.operation for a in resource.actions)]
        for operation in operations:
            if operation is not None:
                schema_of(operation.command)
        if resource.attachments is not None and not resource.lies_in_company:
            message = f"{resource.name} takes attachments, but its records are of no company"
            raise ConfigurationError(message)
        names = [column.name for column in resource.columns]
        if not names or len(set(names)) != len(names):
            message = f"{resource.name} needs columns, each with a name of its own"
            raise ConfigurationError(message)
        taken = [one.name for one in resource.filters if one.name in narrow.RESERVED]
        odd = [
            choice.value
            for one in resource.filters
            for choice in one.choices
            if "," in choice.value
        ]
        if taken or odd:
            message = f"{resource.name}: a filter can't be named {taken} or take {odd}"
            raise ConfigurationError(message)
        for name in (*resource.order, *filter(None, (resource.state,))):
            if name.removeprefix("-") not in names:
                message = f"{resource.name} orders by {name}, which is none of its columns"
                raise ConfigurationError(message)


@dataclass(frozen=True, slots=True)
class ResourceViews:
    """The views of one resource's records."""

    resource: Resource
    queries: dict[str, ResourceQuery]

    @property
    def query(self) -> ResourceQuery:
        """The resource's own queries."""
        return self.queries[self.resource.name]

    def preview(self, id: int) -> Response:  # noqa: A002
        """One record as a panel beside its list."""
        shown = record_page(self.query, session(), suite(), _reader(), id, whole=False)
        return fragment("resources/preview.html", page=shown, href=self._href_of(id))

    def record(self, id: int) -> Response:  # noqa: A002 - the name of the URL's part
        """One record."""
        shown = record_page(self.query, session(), suite(), _reader(), id)
        return page("resources/record.html", page=shown)

    def attachments(self) -> AttachmentViews:
        """The views of the files of its records."""

        def refused(id: int, problems: tuple[str, ...]) -> Response:  # noqa: A002
            if self.resource.record_endpoint:
                raise Invalid(" ".join(problems), field="file")
            shown = record_page(self.query, session(), suite(), _reader(), id, problems)
            return page("resources/record.html", status=422, page=shown)

        return AttachmentViews(self.query, _reader, refused)

    def create(self) -> Response:
        """A form for a new record."""
        operation = self.resource.create
        if operation is None:
            abort(404)
        return answer(
            self._task(
                operation,
                title=operation.label,
                submit=view.Button(
                    str(operation.submit) or _("Create"), icon="check", kind="primary"
                ),
                cancel_href=url_for(endpoint_of(self.resource, "list")),
            )
        )

    def edit(self, id: int) -> Response:  # noqa: A002
        """The form of a record."""
        operation = self.resource.update
        if operation is None:
            abort(404)
        record = self.query.record(session(), id)
        check_editable(self.resource, record)
        return answer(
            self._task(
                operation,
                title=_("Edit %(name)s", name=self._title(record)),
                submit=view.Button(_("Save"), icon="check", kind="primary"),
                cancel_href=self._record_href(record),
                record=record,
            )
        )

    def action(self, action: Action) -> Callable[..., Response]:
        """The view of one action."""

        def act(id: int) -> Response:  # noqa: A002
            record = self.query.record(session(), id)
            check_state(self.resource, action, record)
            notes = (view.Note(action.confirm, "warn"),) if action.confirm else ()
            return answer(
                self._task(
                    action.operation,
                    title=f"{action.operation.label}: {self._title(record)}",
                    submit=view.Button(
                        action.operation.label,
                        icon=action.icon,
                        kind="danger" if action.danger else "primary",
                    ),
                    cancel_href=self._record_href(record),
                    record=record,
                    notes=notes,
                )
            )

        return act

    def _task(
        self,
        operation: Operation,
        *,
        title: Any,
        submit: view.Button,
        cancel_href: str,
        record: Any = None,
        notes: tuple[view.Note, ...] = (),
    ) -> Task:
        return Task(
            operation=operation,
            resource=self.resource,
            title=title,
            submit=submit,
            desk=self.desk(),
            suite=suite(),
            cancel_href=cancel_href,
            goes_to=self._record_href,
            fresh_href=request.path,
            record=record,
            again=None if record is None else lambda: session().refresh(record),
            notes=notes,
        )

    def desk(self) -> Desk:
        """What the forms of this request need."""
        reader = _reader()

        def pick(name: str, record_id: int, anyhow: bool) -> str | None:  # noqa: FBT001
            query = self.queries.get(name)
            found = query and query.pickable(session(), record_id, anyhow=anyhow)
            if query is None or found is None:
                return None
            return label_of_record(query.resource, found)

        return Desk(session(), reader, lambda name: url_for(f"{name}.picker"), pick)

    def _title(self, record: Any) -> str:
        reader = _reader()
        values = (
            {}
            if self.resource.title is not None
            else self.query.values(session(), record.id, reader)
        )
        return title_of(self.query, record, values, reader)

    def _href_of(self, record_id: int) -> str:
        return url_for(endpoint_of(self.resource, "record"), id=record_id)

    def _record_href(self, record: Any) -> str:
        endpoint = endpoint_of(self.resource, "record")
        if record is None or not serves(endpoint):
            return url_for(endpoint_of(self.resource, "list"))
        return url_for(endpoint, id=record.id)


def _reader() -> Reader:
    return Reader.of(context(), suite())
