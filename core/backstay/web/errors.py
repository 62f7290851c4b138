"""Every refusal and every failure as a page: what happened, what to do, and the request's id.

The person never sees a stack trace; the log has it under the same id. Each denial is written to the
audit trail in a transaction of its own, after the request's own work was rolled back.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flask import (
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    jsonify,
    make_response,
    render_template,
    request,
)
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from backstay.audit.capture import Event
from backstay.db.context import Context
from backstay.db.database import busy_message, is_busy
from backstay.errors import BackstayError, ConfigurationError, Forbidden
from backstay.i18n import gettext as _
from backstay.kernel.failures import FAILURES, plugin_in
from backstay.web.page import Button, ErrorPage
from backstay.web.problems import is_api, problem_response
from backstay.web.render import frame
from backstay.web.request import audit_now

if TYPE_CHECKING:
    from backstay.i18n import Text
    from backstay.kernel.suite import Suite

_log = logging.getLogger("backstay.web")
_SERVER_ERROR = 500
_READ_ONLY_STATES = frozenset({"25006"})
_GONE_STATES = frozenset({"57014", "57P01", "57P02", "57P03"})


class Denied(Forbidden):
    """Refused before the view ran; knows the permission for the audit trail."""

    def __init__(self, message: str, permission: str) -> None:
        """Remember what was asked for."""
        super().__init__(message)
        self.permission = permission


class OutOfScope(BackstayError):
    """A company that the person may not know of: answered as if there was none."""

    status = 404


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(BackstayError, _refused)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(Exception, _unexpected)


def error_response(
    status: int,
    message: Text,
    *,
    title: Text = "",
    advice: Text = "",
    actions: tuple[Button, ...] = (),
    error: BackstayError | None = None,
) -> Response:
    """The page for a status; also used by views that know more than the message."""
    if is_api():
        said = message if error is None else error.message
        return problem_response(
            status, said, error.problems if error else (), getattr(error, "more", None)
        )
    if request.headers.get("Accept") == "application/json":
        # A script of a page asks, which says it where the person looks.
        answer = jsonify({"message": str(message)})
        answer.status_code = status
        return answer
    shown = ErrorPage(
        status=status,
        title=title or _title(status),
        message=message,
        advice=advice,
        request_id=g.get("request_id", ""),
        actions=actions or (Button(_("Go to the start page"), href="/", icon="home"),),
    )
    part = bool(request.headers.get("HX-Request"))
    try:
        if part:
            body = render_template("components/error_part.html", page=shown)
        else:
            body = render_template("error.html", page=shown, **frame(shown))
    except Exception:  # noqa: BLE001 - this is where errors end
        _log.exception("the error page itself failed (request %s)", g.get("request_id", ""))
        body = f"{status} {shown.title}"
        response = make_response(body, status)
        response.mimetype = "text/plain"
        return response
    response = make_response(body, status)
    if part:
        # Into the page that is open, wherever the click wanted to put its answer.
        response.headers["HX-Retarget"] = "#main"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _title(status: int) -> str:
    return {
        400: _("This request can't be understood"),
        403: _("You may not do this"),
        404: _("There is nothing here"),
        405: _("This page does not take that"),
        409: _("Not possible in this state"),
        413: _("This is too large"),
        422: _("Something is missing or wrong"),
        429: _("Too many attempts"),
        503: _("Not possible just now"),
    }.get(status, _("Something went wrong") if status >= _SERVER_ERROR else _("Not possible"))


def _csrf(error: CSRFError) -> Response:
    _log.info("request %s refused: %s", g.get("request_id", ""), error.description)
    return error_response(
        400,
        _("The page that you sent this from is out of date. Nothing was changed."),
        title=_("Open the page again"),
        advice=_(
            "It was opened before you signed in, or in another browser. Go back, reload the page"
            " and send it once more."
        ),
    )


def _http(error: HTTPException) -> Response:
    status = error.code or _SERVER_ERROR
    if error.response is not None or status < 400:  # noqa: PLR2004 - redirects to add a slash
        return make_response(error.get_response())
    messages = {
        404: _("There is no function of the API at this address: see the reference at /api/v1/.")
        if is_api()
        else _("There is no page at this address, or it is not open to you."),
        405: _taken(error),
        413: _("The file or the form is larger than this server takes."),
        400: _("The request is malformed. Nothing was changed."),
    }
    fallback = _("The request was refused. Nothing was changed.")
    response = error_response(status, messages.get(status, fallback))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _taken(error: HTTPException) -> str:
    """Which requests an address takes, where it was asked in another way."""
    taken = getattr(error, "valid_methods", None)
    wanted = sorted(set(taken or ()) - {"HEAD", "OPTIONS"})
    if not wanted:
        return _("This address answers to other requests only.")
    return _("This address takes %(methods)s only.", methods=", ".join(wanted))


def _refused(error: BackstayError) -> Response:
    if isinstance(error, ConfigurationError):
        return _unexpected(error)
    if isinstance(error, (Forbidden, OutOfScope)):
        _record_denial(error)
    if len(error.problems) == 1:
        message = error.problems[0].message
    else:
        message = " ".join([error.message, *(str(problem) for problem in error.problems)])
    response = error_response(error.status, message, advice=_advice(error), error=error)
    if error.status == 503:  # noqa: PLR2004
        response.headers["Retry-After"] = "2"
    if (seconds := getattr(error, "seconds", None)) is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _advice(error: BackstayError) -> str:
    if isinstance(error, Forbidden):
        return _("An administrator can give you a role that includes it.")
    return ""


def _record_denial(error: BackstayError) -> None:
    context: Context | None = g.get("context")
    if context is None or not has_request_context():
        return
    _close_unit()
    event = Event(
        action="deny",
        entity="permission",
        entity_id=getattr(error, "permission", ""),
        label=f"{request.method} {request.path}",
        company_id=context.company.id if context.company else None,
        after={"message": error.message},
        outcome="denied",
    )
    try:
        audit_now(event)
    except Exception:  # noqa: BLE001 - the refusal stands all the same
        _log.exception("a denial could not be recorded (request %s)", g.get("request_id", ""))


def _close_unit() -> None:
    """Give the connection back before another transaction is opened for this request."""
    unit: Any = g.get("unit")
    if unit is not None:
        unit.close()


def _stale(_error: StaleDataError) -> Response:
    return error_response(
        409,
        _("Somebody else changed this record in the meantime. Nothing was saved."),
        advice=_("Go back, reload the page and look at the new version first."),
    )


def _database(error: SQLAlchemyError) -> Response:
    _close_unit()
    if isinstance(error, IntegrityError):
        _log.warning("request %s: refused by the database: %s", g.get("request_id", ""), error.orig)
        return error_response(
            409,
            _("The database refused this, because it contradicts what is already recorded."),
            advice=_("Nothing was saved. Reload the page and look at what is there now."),
        )
    message = _unavailable(error)
    if message is None:
        return _unexpected(error)
    _log.warning("request %s: database: %s", g.get("request_id", ""), error)
    response = error_response(503, message)
    response.headers["Retry-After"] = "5"
    return response


def _unavailable(error: SQLAlchemyError) -> str | None:
    """What to say when the database is away, busy or read-only; None for anything else."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        text = str(error.orig)
        if state in _READ_ONLY_STATES or "readonly database" in text:
            return _("The database takes no changes at the moment. Reading works.")
        if isinstance(error, OperationalError) and (is_busy(error) or state in _GONE_STATES):
            return busy_message()
        if error.connection_invalidated or isinstance(error, (InterfaceError, OperationalError)):
            return _("The database does not answer. Nothing was saved; please try again.")
    return None


def _count(error: Exception) -> None:
    """Count the mistake as that of the plugin whose page it is, or whose code raised it."""
    own: dict[str, str] = getattr(current_app, "plugins", {})
    suite: Suite | None = g.get("suite")
    plugin = own.get(str(request.endpoint)) or plugin_in(error, suite.found if suite else {})
    if plugin is not None:
        where = f"{request.method} {request.path}"
        FAILURES.failed(plugin, error, where, g.get("request_id", ""))


def _unexpected(error: Exception) -> Response:
    _log.error("request %s failed", g.get("request_id", ""), exc_info=error)
    _count(error)
    _close_unit()
    return error_response(
        500,
        _("This is a mistake in the program, not yours. Nothing was saved."),
        advice=_("Try again; if it happens again, report it with the number below."),
    )
