"""One POST is one transaction: the change, its audit rows and the proof that it was done.

The idempotency token of the form is claimed before the view runs, in the same transaction, so a
double click, a reload or a retry by a proxy can't do it twice: the second one waits for the first
and is answered with its result. Serialization failures are retried here and nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from flask import Response, current_app, g, request
from flask import session as cookie
from sqlalchemy import bindparam, delete, func, literal_column, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import OperationalError

from backstay.access.idempotency import note_written
from backstay.access.models import IdempotencyRecord
from backstay.clock import now
from backstay.db.context import context_of
from backstay.db.database import ACTOR_IS_TOLD, busy_message, is_busy
from backstay.db.fixed import Fixed
from backstay.db.round_trips import commit_now, together
from backstay.errors import BackstayError, Conflict, Malformed, Unavailable
from backstay.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Table
    from sqlalchemy.orm import Session

    from backstay.db.context import Context
    from backstay.db.database import Database
    from backstay.kernel.suite import Suite

View = TypeVar("View", bound="Callable[..., Any]")
TOKEN_FIELD: Final = "_idem"  # noqa: S105 - the name of a form field
TOKENLESS: Final = "__backstay_without_form_token__"
OUTSIDE: Final = "__backstay_outside_transaction__"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_NOT_PART_OF_IT: Final = frozenset({TOKEN_FIELD, "csrf_token"})
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TRIES: Final = 4
_LONGEST_OUTSIDE: Final = timedelta(minutes=10)
"""A view that waits for another process this long has died with it; the form may come again."""
_PATIENCE: Final = 20.0
"""Seconds after which a request is not tried again, however often it was."""
_ERROR: Final = 400
_RECORDS: Final = cast("Table", IdempotencyRecord.__table__)
# Built once: building a statement costs more than running it. The table belongs to no company.
_COLUMNS: Final = ("token", "user_id", "request_digest", "status", "location", "at")
_GIVEN: Final = select(*(bindparam(name, type_=_RECORDS.c[name].type) for name in _COLUMNS))
_TAKE: Final = {
    "sqlite": Fixed(
        sqlite_insert(_RECORDS)
        .from_select(_COLUMNS, _GIVEN.where(true()))  # or ON would be taken for that of a join
        .on_conflict_do_nothing()
        .returning(_RECORDS.c.status)
    ),
    # The first statement of the transaction: it tells the guards of the audit trail who acts.
    "postgresql": Fixed(
        postgres_insert(_RECORDS)
        .from_select(
            _COLUMNS,
            _GIVEN.select_from(
                func.set_config(
                    "backstay.actor", bindparam("actor"), literal_column("true")
                ).alias()
            ),
        )
        .on_conflict_do_nothing()
        .returning(_RECORDS.c.status)
    ),
}
_KEEP: Final = Fixed(
    update(_RECORDS)
    .where(_RECORDS.c.token == bindparam("of_token"), _RECORDS.c.user_id == bindparam("of_user"))
    .values(status=bindparam("done"), location=bindparam("place"), body=bindparam("said"))
)


def outside_transaction(view: View) -> View:
    """Mark a POST view that waits for another process (switching a plugin on).

    ``session()`` reads only in it; a repeated form is still carried out once.
    """
    setattr(view, OUTSIDE, True)
    return view


def without_form_token(view: View) -> View:
    """Mark a POST view that may be carried out twice, such as signing out, and needs no token."""
    setattr(view, TOKENLESS, True)
    return view


class Unit:
    """The database work of one request: opened when it is first asked for, closed at its end."""

    def __init__(self, database: Database, suite: Suite, context: Context, *, write: bool) -> None:
        """Remember what to open; ``context`` may be exchanged until then."""
        self.database = database
        self.suite = suite
        self.context = context
        self.write = write
        self._session: Session | None = None

    def session(self) -> Session:
        """The session, opened now if it is not yet."""
        if self._session is None:
            self._session = (
                self.database.open(self.context, self.suite, write=True)
                if self.write
                else self.database.look(self.context, self.suite)
            )
        return self._session

    def become(self, context: Context) -> None:
        """Go on with another context: who it is became known."""
        self.context = context
        if self._session is not None:
            self._session.info["context"] = context

    def commit(self, claim: Claim | None = None, response: Response | None = None) -> None:
        """Make it last, with the proof that it was done."""
        if claim is not None and response is not None:
            session = self.session()
            session.flush()
            connection = session.connection()
            with together(connection):
                claim.keep(session, response)
                commit_now(connection)
        if self._session is not None:
            self._session.commit()

    def close(self) -> None:
        """Roll back what was not committed and give the connection back."""
        if self._session is not None:
            self._session.close()
            self._session = None


def carry_out(answer: Callable[[], Response], view: object, user_id: int) -> Response:
    """Answer an unsafe request in one transaction, once.

    Arguments:
        answer: calls the view.
        view: the function, for its marks.
        user_id: who is signed in.

    Raises:
        Malformed: the form has no token.
        Conflict: the token is none of ours, or came before with other values.
        Unavailable: the database stayed busy.
    """
    token = request.form.get(TOKEN_FIELD, "")
    if not token and not hasattr(view, TOKENLESS):
        raise Malformed(_("The form is not complete. Open the page again; nothing was saved."))
    if token and not _TOKEN.fullmatch(token):
        raise Conflict(_("The form is not one of ours. Open the page again."))
    claim = Claim(token, user_id, _digest()) if token else None
    if hasattr(view, OUTSIDE):
        return once_outside(answer, claim)
    return in_one_transaction(answer, claim)


def in_one_transaction(answer: Callable[[], Response], claim: Claim | None) -> Response:
    """Call a view in one transaction, with its proof, again when the database was busy.

    Raises:
        Unavailable: it was busy each time, or for too long; nothing was saved.
    """
    flashed = list(cookie.get("_flashes", ()))
    give_up = time.monotonic() + _PATIENCE
    for attempt in range(1, _TRIES + 1):
        try:
            return _attempt(answer, claim)
        except OperationalError as error:
            g.unit.close()
            if not is_busy(error):
                raise
            if attempt == _TRIES or time.monotonic() > give_up:
                raise Unavailable(busy_message()) from error
        except BaseException:
            g.unit.close()
            raise
        _as_it_came(flashed)
    raise AssertionError


def _as_it_came(flashed: list[Any]) -> None:
    """Take back what an attempt said and read outside of the database."""
    if flashed:
        cookie["_flashes"] = flashed
    elif "_flashes" in cookie:
        cookie.pop("_flashes", None)
    for uploads in request.files.listvalues():
        for upload in uploads:
            upload.stream.seek(0)


class Claim:
    """The token of a request and the digest of what was sent with it."""

    def __init__(self, token: str, user_id: int, digest: str) -> None:
        self.token = token
        self.user_id = user_id
        self.digest = digest

    def _key(self) -> tuple[Any, Any]:
        return (IdempotencyRecord.token == self.token, IdempotencyRecord.user_id == self.user_id)

    def take(self, session: Session) -> Response | None:
        """Claim the token, waiting for another request with it; its answer if there is one.

        Raises:
            Conflict, or what :meth:`differs` says: it came before with other values, or is being
                carried out.
        """
        dialect = session.get_bind().dialect.name
        claimed = {
            "token": self.token,
            "user_id": self.user_id,
            "request_digest": self.digest,
            "status": 0,
            "location": "",
            "at": now(),
        }
        if dialect == "postgresql":
            claimed["actor"] = context_of(session).actor.label
            session.info[ACTOR_IS_TOLD] = not session.in_transaction()
        taken = _TAKE[dialect].execute(session.connection(), claimed)
        if taken.first() is not None:
            return None
        found = session.execute(
            select(
                IdempotencyRecord.request_digest,
                IdempotencyRecord.status,
                IdempotencyRecord.location,
                IdempotencyRecord.body,
            ).where(*self._key())
        ).one()
        if found.request_digest != self.digest:
            raise self.differs()
        if found.status == 0:
            if self._take_over(session):
                return None
            raise Conflict(_("This is already being carried out. Look again in a moment."))
        return self.repeat(found)

    def _take_over(self, session: Session) -> bool:
        """Claim what somebody who waited for another process claimed and never came back from."""
        at = now()
        taken = (
            update(_RECORDS)
            .where(*self._key(), _RECORDS.c.status == 0, _RECORDS.c.at < at - _LONGEST_OUTSIDE)
            .values(at=at)
        )
        return session.connection().execute(taken).rowcount == 1

    def differs(self) -> BackstayError:
        """What is said when the token comes again with something else."""
        return Conflict(
            _(
                "This form was already sent with other values. Nothing was changed now;"
                " open the page again to see what was saved."
            )
        )

    def repeat(self, found: Any) -> Response:
        """The answer that was given before."""
        if found.location:
            from backstay.web.render import redirect_to

            return redirect_to(found.location)
        raise Conflict(_("This was already carried out; it was not done a second time."))

    def keep(self, session: Session, response: Response) -> None:
        """Remember the answer."""
        location = response.headers.get("HX-Redirect") or response.headers.get("Location") or ""
        self.store(session, response.status_code, location[:2000], None)

    def store(self, session: Session, status: int, location: str, body: str | None) -> None:
        """Write the answer down beside the claim."""
        _KEEP.execute(
            session.connection(),
            {
                "of_token": self.token,
                "of_user": self.user_id,
                "done": status,
                "place": location,
                "said": body,
            },
        )

    def drop(self, session: Session) -> None:
        """Forget a claim whose work failed, so that the form can be sent again."""
        session.execute(
            delete(IdempotencyRecord).where(*self._key()),
            execution_options={"synchronize_session": False},
        )


def _attempt(answer: Callable[[], Response], claim: Claim | None) -> Response:
    unit: Unit = g.unit
    if claim is not None:
        earlier = claim.take(unit.session())
        if earlier is not None:
            return earlier
    response = answer()
    if response.status_code >= _ERROR:
        # The page is already made; what the view changed is undone when the request ends.
        return response
    unit.commit(claim, response)
    if claim is not None:
        note_written(unit.database.engine)
    return response


def once_outside(answer: Callable[[], Response], claim: Claim | None) -> Response:
    """Call a view that waits for another process, once; its proof has transactions of its own."""
    if claim is None:
        return answer()
    unit: Unit = g.unit

    @contextmanager
    def writing() -> Iterator[Session]:
        with unit.database.write(unit.context, unit.suite) as session:
            yield session

    with writing() as session:
        earlier = claim.take(session)
        if earlier is not None:
            return earlier
    # Who signed in was read in it; nothing stays open while another process is waited for.
    unit.close()
    try:
        response = answer()
    except BaseException:
        with writing() as session:
            claim.drop(session)
        raise
    with writing() as session:
        if response.status_code >= _ERROR:
            claim.drop(session)
        else:
            claim.keep(session, response)
    return response


def _digest() -> str:
    """HMAC-SHA256 of where the form went and what was in it.

    Keyed with a secret that the database does not hold: a form may contain a password, and a plain
    hash of it would let whoever gets a copy of the table guess it quickly.
    """
    digest = hmac.new(str(current_app.secret_key).encode(), digestmod=hashlib.sha256)
    digest.update(f"{request.method} {request.full_path}\n".encode())
    for name, value in sorted(request.form.items(multi=True)):
        if name not in _NOT_PART_OF_IT:
            digest.update(f"{len(name)}:{name}={len(value)}:{value}\n".encode())
    for name, upload in sorted(request.files.items(multi=True), key=lambda item: item[0]):
        digest.update(f"file {name} {upload.filename}\n".encode())
        while block := upload.stream.read(1 << 20):
            digest.update(block)
        upload.stream.seek(0)
    return digest.hexdigest()


__all__ = [
    "SAFE",
    "TOKEN_FIELD",
    "Claim",
    "Unit",
    "carry_out",
    "in_one_transaction",
    "once_outside",
    "outside_transaction",
    "without_form_token",
]
