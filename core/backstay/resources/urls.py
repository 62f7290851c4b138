"""The addresses of a resource's pages, by the resource's name.

Endpoints are ``<plugin>.<noun>.<view>``; an action is an endpoint of its own (``do_<action>``), so
that each route says which permission opens it. A bespoke page named in the declaration takes the
place of the generated one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, g, url_for

from backstay.errors import ConfigurationError

if TYPE_CHECKING:
    from backstay.kernel.suite import Suite
    from backstay.resources.declare import Resource


def resource_url(name: str, view: str = "list", **values: Any) -> str:
    """The URL of a page of a resource.

    Arguments:
        name: such as ``ledger.account``.
        view: ``list``, ``record``, ``create``, ``edit``, ``action``, ``export`` or ``picker``.
        values: ``id`` of the record, ``action`` by name, ``company`` by code where it is not the
            current one; the rest goes into the query (filters by name).

    Raises:
        ConfigurationError: no running plugin declares the resource.
    """
    suite: Suite = g.suite
    resource = suite.resources.get(name)
    if resource is None:
        message = f"no running plugin declares the resource {name}"
        raise ConfigurationError(message)
    return url_for(endpoint_of(resource, view, values.pop("action", "")), **values)


def endpoint_of(resource: Resource, view: str, action: str = "") -> str:
    """The Flask endpoint of a resource's view."""
    bespoke = {
        "create": resource.create_endpoint,
        "edit": resource.edit_endpoint,
        "record": resource.record_endpoint,
    }.get(view, "")
    if bespoke:
        return bespoke
    kinds = {"action": "do", "bulk": "bulk"}
    return f"{resource.name}.{f'{kinds[view]}_{action}' if view in kinds else view}"


def serves(endpoint: str) -> bool:
    """Whether the running application has such a route."""
    return endpoint in current_app.view_functions


class RecordLinks:
    """URLs of many records of one resource, made by one call of Flask's URL builder."""

    _MARK = 7_234_567_890_123_456_789

    def __init__(self, resource: Resource) -> None:
        """Prepare for the current request's company; without a record page there are no links."""
        endpoint = endpoint_of(resource, "record")
        before, _mark, after = (
            url_for(endpoint, id=self._MARK).partition(str(self._MARK))
            if serves(endpoint)
            else ("", "", "")
        )
        self._before = before
        self._after = after

    def __bool__(self) -> bool:
        """Whether records have pages."""
        return bool(self._before)

    def __call__(self, record_id: int) -> str:
        """The URL of one record's page."""
        return f"{self._before}{record_id}{self._after}"
