"""Before each view of the API: which token is it, whose, in which company, may it.

Cookies are not even looked at here, so no other site can make a browser call the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from flask import current_app, g

from backstay.access.callers import Callers, Unauthenticated
from backstay.api.body import LARGEST_BODY
from backstay.i18n import gettext as _
from backstay.web.blueprint import PERMISSION
from backstay.web.errors import Denied, OutOfScope
from backstay.web.proxied import kept, this_request

if TYPE_CHECKING:
    from flask import Request

    from backstay.access.callers import Caller
    from backstay.access.permissions import Permission

EXTENSION: Final = "backstay_api_callers"


def caller() -> Caller:
    """The token that this request came with."""
    return cast("Caller", g.caller)


def enter() -> None:
    """Exchange the anonymous context for that of the token's owner, within the token's reach.

    Raises:
        Unauthenticated: there is no token, or it opens nothing.
        OutOfScope: the company is not open to it.
        Denied: the permission of the route is not in force.
    """
    known, asked = kept(), this_request()
    asked.max_content_length = LARGEST_BODY
    callers: Callers = current_app.extensions[EXTENSION]
    found = callers.find(_token(asked), known.context)
    known.caller = found
    callers.note_use(found, asked.remote_addr or "")
    code = known.get("company_code")
    company = found.access.company(code) if code else None
    known.context = found.access.context(
        company,
        # The trail names the token where it names the browser of a person.
        session_id=found.token_id,
        request_id=known.request_id,
        ip=asked.remote_addr or "",
    )
    known.unit.become(known.context)
    view = current_app.view_functions.get(asked.endpoint or "")
    if view is None:
        return
    if code and company is None:
        raise OutOfScope(_("There is no company of this name that is open to you."))
    permission: Permission = getattr(view, PERMISSION)
    if not known.context.may(permission):
        raise Denied(
            _(
                "This needs the permission “%(name)s” (%(label)s), which the token or its owner"
                " does not have here.",
                name=permission.name,
                label=permission.label,
            ),
            permission.name,
        )


def _token(asked: Request) -> str:
    scheme, _space, token = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            _("Send an API token: “Authorization: Bearer bst_…”. Tokens are made under My profile.")
        )
    return token.strip()
